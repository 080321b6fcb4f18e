"""The output folder of a pipeline -> its evaluations."""

import pathlib
from collections.abc import Sequence
from typing import Any

from components.errors import PipelineError


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
    # Their names are numbers of executions.
    found = sorted((path for path in folders if path.name.isdigit()), key=lambda p: int(p.name))
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


def load_evaluations(folders: Sequence[str]) -> Any:
    """Loads several, with baseline or without, as `tfma.view.render_time_series` takes them."""
    import tensorflow_model_analysis as tfma
    from tensorflow_model_analysis.view import view_types

    results = [load_evaluation(folder) for folder in folders]
    return view_types.EvalResults(results, tfma.MODEL_CENTRIC_MODE)
