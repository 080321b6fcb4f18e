"""What steps that were killed left behind: executions that seem to go on, and their folders."""

import glob
import os
import shutil

from pipeline.runs.records import StepRecords


def remove_leftovers(artifacts: str, step: str, records: StepRecords) -> None:
    """Removes what unfinished executions of a step have written, and ends them as failed.

    Args:
        artifacts: Folder of all artifacts of the pipeline.
        step: Name of the step in TFX; the caller knows that none of its executions goes on.
        records: Of the run whose executions are meant.
    """
    # In this order: whoever is killed in between leaves it to the next.
    for execution in records.find_unfinished(step):
        node = os.path.join(glob.escape(artifacts), step)
        for place in ("*", os.path.join(".system", "executor_execution")):
            for folder in glob.glob(os.path.join(node, place, str(execution.id))):
                shutil.rmtree(folder)
    records.close_unfinished(step)
