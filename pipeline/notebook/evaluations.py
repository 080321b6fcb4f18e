"""The output folder of a pipeline -> its evaluations."""

import pathlib
from collections.abc import Sequence
from typing import Any

from components.config_checks import expand_home
from components.errors import PipelineError

REPOSITORY = pathlib.Path(__file__).parents[2]
_CONFIG_FILE = "eval_config.json"
_MODEL_PARTS = 5


def output_folder(given: str) -> str:
    """The output folder of a pipeline, wherever the notebook runs: JupyterLab starts in its folder.

    Args:
        given: Absolute, or as seen from the repository.
    """
    return str(REPOSITORY / expand_home("output", given))


def find_evaluations(output: str) -> list[str]:
    """Finds the evaluations of all runs.

    Args:
        output: `<output>/<name>`.

    Returns:
        Their folders, the oldest first, as `tfma.load_eval_result` takes them.

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
    """Loads what is said of the new model.

    Args:
        folder: One of `find_evaluations`.

    Returns:
        A `tfma.EvalResult`.
    """
    # Not above: TensorFlow takes seconds to load, and a wrong folder is told at once.
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
