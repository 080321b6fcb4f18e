"""TFMA's viewers -> what any notebook shows.

TFMA 0.52 brings its viewers as an extension of the classic notebook, which JupyterLab does not
load. They are web components in one file of the installed package; here they get a frame of their
own. The confusion matrix needs no network. The others draw with Google Charts, which the browser
fetches: without a network their controls are there, and nothing else.
"""

import html
import json
import pathlib
import sysconfig
from typing import Any

from components.errors import PipelineError

COMPONENTS = {
    "SlicingMetricsViewer": "tfma-nb-slicing-metrics",
    "TimeSeriesViewer": "tfma-nb-time-series",
    "PlotViewer": "tfma-nb-plot",
}
SCRIPT = "share/jupyter/nbextensions/tensorflow_model_analysis/vulcanized_tfma.js"


def frame(viewer: Any, height: int = 900) -> str:
    """A viewer of TFMA as HTML that needs no extension.

    Args:
        viewer: What a function of `tfma.view` returned.
        height: Pixels.

    Returns:
        An iframe.

    Raises:
        PipelineError: It is no viewer, or TFMA's script is not installed.
    """
    kind = type(viewer).__name__
    if kind not in COMPONENTS:
        raise PipelineError(
            f"A viewer must be one of {', '.join(COMPONENTS)}, as tfma.view makes them. "
            f"Received: {kind}."
        )
    page = (
        f"<!DOCTYPE html><script>{_read_script()}</script>"
        f"<{COMPONENTS[kind]} id=view></{COMPONENTS[kind]}><script>"
        "const view = document.getElementById('view');"
        f"view.config = {_to_script(viewer.config)};view.data = {_to_script(viewer.data)};"
        "</script>"
    )
    return (
        f'<iframe style="width: 100%; height: {height}px; border: 0" '
        f'srcdoc="{html.escape(page)}"></iframe>'
    )


def _read_script() -> str:
    path = pathlib.Path(sysconfig.get_path("data"), SCRIPT)
    try:
        return path.read_text(encoding="utf-8").replace("</script", "<\\/script")
    except OSError as error:
        raise PipelineError(
            f"TFMA's views must be installed. Received: {path}: {error.strerror}. Set the "
            "environment up with `make set-up`."
        ) from error


def _to_script(value: Any) -> str:
    """A value as JavaScript; names of classes in it cannot end the script."""
    return json.dumps(value).replace("<", "\\u003c")
