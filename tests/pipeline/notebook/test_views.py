import html
import json

import pytest

from components.errors import PipelineError
from pipeline.notebook import views
from pipeline.notebook.views import frame


class PlotViewer:
    """As TFMA's, of the same name."""

    config = {"title": "</script><script>alert(1)</script>"}
    data = {"values": [1, 2]}


def test_a_viewer_has_its_script_and_data_with_it():
    shown = frame(PlotViewer(), height=300)
    assert shown.startswith('<iframe style="width: 100%; height: 300px; border: 0" srcdoc="')
    page = html.unescape(shown.partition('srcdoc="')[2].removesuffix('"></iframe>'))
    assert "<tfma-nb-plot id=view></tfma-nb-plot>" in page
    assert 'view.data = {"values": [1, 2]};' in page
    # Three scripts would mean that a name ended one of the two.
    assert page.count("</script>") == 2
    escaped = json.dumps(PlotViewer.config).replace("<", "\\u003c")
    assert f"view.config = {escaped};" in page
    assert len(page) > 1_000_000


def test_what_is_no_viewer():
    with pytest.raises(PipelineError) as raised:
        frame("text")
    assert str(raised.value) == (
        "A viewer must be one of SlicingMetricsViewer, TimeSeriesViewer, PlotViewer, as tfma.view "
        "makes them. Received: str."
    )


def test_an_environment_without_the_views(monkeypatch, tmp_path):
    monkeypatch.setattr(views.sysconfig, "get_path", lambda name: str(tmp_path))
    with pytest.raises(PipelineError) as raised:
        frame(PlotViewer())
    assert str(raised.value) == (
        f"TFMA's views must be installed. Received: {tmp_path}/{views.SCRIPT}: No such file or "
        "directory. Set the environment up with `make set-up`."
    )
