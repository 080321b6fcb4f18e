"""What a phone shows of the pages, measured by a browser."""

import html
import json
import pathlib
import re
import shutil
import subprocess

import pytest

from components.reporting.report_page import render_report
from components.reporting.run_index import render_index
from tests.components.release.made_up import make_predictions
from tests.components.reporting.made_up import make_facts
from tests.components.reporting.test_run_index import make_runs

CHROMIUM = shutil.which("chromium")
CLASSES = ("golden_retriever", "labrador_retriever", "pug", "Ankle boot", "Sneaker",
           "T-shirt", "Coat", "Bag", "Dress", "Shirt")  # fmt: skip
# Within a frame, since the windows of browsers have a least width.
FRAME = (
    '<iframe id="phone" src="page.html" width="390" height="4000" style="border: 0"></iframe><pre '
    'id="found"></pre><script>onload = () => {{ const page = phone.contentDocument; '
    "found.textContent = JSON.stringify({measure}) }}</script>"
)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium, to measure pages")


def measured(page: str, measure: str, folder: pathlib.Path):
    """What a JavaScript expression says of a page, 390 pixels wide."""
    (folder / "page.html").write_text(page)
    (folder / "frame.html").write_text(FRAME.format(measure=measure))
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
               "--allow-file-access-from-files", "--window-size=800,4200",
               f"--user-data-dir={folder / 'profile'}"]  # fmt: skip
    done = subprocess.run(
        [*command, (folder / "frame.html").as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    found = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found is not None
    return json.loads(html.unescape(found[1]))


@pytest.fixture(scope="module")
def report():
    texts = [name for name in CLASSES for _ in range(20)]
    return render_report(make_facts(make_predictions(texts, texts[10:] + texts[:10], CLASSES)), [])


@pytest.mark.parametrize("table", ["Metrics by class", "Checks", "Confusion matrix"])
def test_no_interval_and_no_class_is_cut_off(report, tmp_path, table):
    """Fault D14: at 390 pixels, the intervals of the precision were cut off."""
    widths = measured(
        report,
        f'[...page.querySelectorAll(\'[role=region][aria-label="{table}"], '
        "[aria-labelledby=confusion] .matrix')].map(e => [e.scrollWidth, e.clientWidth])",
        tmp_path,
    )
    assert widths
    for needed, there in widths:
        assert needed <= there


def test_names_of_classes_are_broken_at_underscores_alone(report, tmp_path):
    """Fault D14: at 390 pixels, names were broken within words."""
    lines = measured(
        report,
        "[...page.querySelectorAll('[aria-label=\"Metrics by class\"] tbody th bdi')].map(name => "
        "[...name.childNodes].filter(part => part.nodeType == 3).map(part => { const range = "
        "page.createRange(); range.selectNodeContents(part); return [part.data, "
        "range.getClientRects().length] })).flat()",
        tmp_path,
    )
    words = {text: count for text, count in lines if " " not in text}
    assert {"golden_", "labrador_", "retriever"} <= words.keys()
    assert set(words.values()) == {1}


def test_the_newest_run_is_in_sight(tmp_path):
    """Fault D14: the chart began with the oldest run, and the newest was off the screen."""
    right = measured(
        render_index("pets", make_runs(30)),
        "[...page.querySelectorAll('.plot circle, .plot rect')].map(mark => "
        "mark.getBoundingClientRect().right)",
        tmp_path,
    )
    assert len(right) == 30
    assert 300 < max(right) <= 390
