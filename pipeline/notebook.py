"""What notebooks/evaluation.ipynb calls: evaluations in TFMA's own views, and as plain tables.

TFMA 0.52 brings its viewers as an extension of the classic notebook, which JupyterLab does not
load. They are web components in one file of the installed package; here they get a frame of their
own. The confusion matrix needs no network. The others draw with Google Charts, which the browser
fetches: without a network their controls are there, and nothing else.
"""

import html
import json
import pathlib
import sysconfig
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from components.config_checks import expand_home
from components.errors import PipelineError
from components.features import CLASS_TEXT

if TYPE_CHECKING:
    import pandas as pd

REPOSITORY = pathlib.Path(__file__).parents[1]
ALL_IMAGES = "all images"
COMPONENTS = {
    "SlicingMetricsViewer": "tfma-nb-slicing-metrics",
    "TimeSeriesViewer": "tfma-nb-time-series",
    "PlotViewer": "tfma-nb-plot",
}
SCRIPT = "share/jupyter/nbextensions/tensorflow_model_analysis/vulcanized_tfma.js"
_CONFIG_FILE = "eval_config.json"
_MODEL_PARTS = 5


def output_folder(given: str) -> str:
    """The output folder of a pipeline, wherever the notebook runs: JupyterLab starts in its folder.

    Args:
        given: Absolute, or as seen from the repository.
    """
    return str(REPOSITORY / expand_home("output", given))


def find_evaluations(output: str) -> list[str]:
    """The folders of all evaluations in `<output>/<name>`, the oldest first.

    Raises:
        PipelineError: There are none.
    """
    folders = pathlib.Path(output, "artifacts", "Evaluator", "evaluation").glob("*")
    # Their names are numbers of executions. Without the file, TFMA would look for a pickled one.
    whole = [path for path in folders if path.name.isdigit() and (path / _CONFIG_FILE).is_file()]
    found = sorted(whole, key=lambda path: int(path.name))
    if not found:
        raise PipelineError(
            f"A pipeline must have evaluated a model. Received: {output} without evaluations. Run "
            "the pipeline first, or set EVALUATION_OUTPUT to its folder, <output>/<name>."
        )
    return [str(path) for path in found]


def load_evaluation(folder: str) -> Any:
    """Loads what is said of the new model: a `tfma.EvalResult`."""
    import tensorflow_model_analysis as tfma

    result = tfma.load_eval_result(folder)
    if result.plots:
        return result
    # With a baseline, TFMA gives both models names, and finds no plots without one.
    return tfma.load_eval_result(folder, model_name=tfma.CANDIDATE_KEY)


def evaluated_model(result: Any, output: str) -> str:
    """The folder of the SavedModel that an evaluation is of.

    Args:
        result: A `tfma.EvalResult`. It has the path as the run saw it, which ends in
            `artifacts/Trainer/model/<number>/Format-Serving`.
        output: Where the output folder is now.
    """
    return str(pathlib.Path(output, *pathlib.PurePath(result.model_location).parts[-_MODEL_PARTS:]))


def load_evaluations(folders: Sequence[str]) -> Any:
    """Loads several, with baseline or without, as `tfma.view.render_time_series` takes them."""
    import tensorflow_model_analysis as tfma
    from tensorflow_model_analysis.view import view_types

    results = [load_evaluation(folder) for folder in folders]
    return view_types.EvalResults(results, tfma.MODEL_CENTRIC_MODE)


def metric_table(result: Any) -> "pd.DataFrame":
    """The metrics of a `tfma.EvalResult`: a row for each slice, NaN for what was not computed.

    "all images" come first, then the classes by name.
    """
    # Not above: TFMA and TensorFlow take seconds to load, and a wrong folder is told at once.
    import pandas as pd

    from components.evaluation.evaluator_config import ACCURACY, LOSS, TOP_3_ACCURACY

    names = ("example_count", ACCURACY, TOP_3_ACCURACY, LOSS)
    rows = {
        _slice_name(key): {name: _find(metrics, name) for name in names}
        for key, metrics in result.slicing_metrics
    }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(names))
    table.index.name = CLASS_TEXT
    by_name = table.sort_index()
    return by_name.sort_index(key=lambda index: index != ALL_IMAGES, kind="stable")


def confusion_table(folder: str, class_names: tuple[str, ...]) -> "pd.DataFrame":
    """How many test images of each class, a row, were predicted as each class, a column.

    Args:
        folder: Of the evaluation.
        class_names: In the order of their labels.
    """
    import pandas as pd
    import tensorflow_model_analysis as tfma

    table = pd.DataFrame(0, index=list(class_names), columns=list(class_names))
    table.index.name, table.columns.name = "class", "prediction"
    for sliced in tfma.load_plots(folder):
        if sliced.slice_key.single_slice_keys:
            continue
        for plot in sliced.plot_keys_and_values:
            if plot.key.model_name == tfma.BASELINE_KEY:
                continue
            for at in plot.value.multi_class_confusion_matrix_at_thresholds.matrices:
                # TFMA leaves out ids that are zero.
                for entry in at.entries:
                    row, column = entry.actual_class_id, entry.predicted_class_id
                    table.iloc[row, column] = int(entry.num_weighted_examples)
    return table


def frame(viewer: Any, height: int = 900) -> str:
    """An iframe, so many pixels high, of a viewer that `tfma.view` made: it needs no extension.

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


def _slice_name(key: tuple[tuple[str, str], ...]) -> str:
    return key[0][1] if key else ALL_IMAGES


def _find(metrics: Any, name: str) -> float:
    value = metrics.get("", {}).get("", {}).get(name, {})
    return float(value.get("doubleValue", "nan"))


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
