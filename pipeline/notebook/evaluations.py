"""The output folder of a pipeline -> its evaluations."""

import pathlib

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
