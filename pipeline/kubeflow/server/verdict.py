"""Whether the model of a run was released, from what the API tells of the run.

The pipeline has output parameters `released` and `verdict`, but no client can read them: in the API
v2beta1 up to KFP 2.18 neither a run nor a task has a field for output parameters, and a task's
`outputs`, which are for ids of artifacts, are never filled (kubeflow/pipelines#9858). There is no
call to read an artifact either; the pages of Kubeflow read both from ML Metadata, past the API.

What is told, and documented, is the state of every task. So the pipeline has a task ModelRefused
in a group with a condition: the group runs if the model was refused, and is skipped otherwise. A
release is concluded from two states that must both be there, the skipped group and the Pusher that
succeeded, so that whatever is missing is never taken for a release. Why a model was refused,
ModelReport's report says, and what lies on the volume.

KFP 3 has tasks of their own, `GET /apis/v2beta1/runs/{run_id}/tasks`. Once the published client has
that call, this is the only file to change.
"""

import dataclasses
import enum
import re
from collections.abc import Mapping
from typing import Any

from components.config_checks import ConfigurationError
from pipeline.kubeflow.names import LAST_STEP, MODEL_REFUSED

SUCCEEDED = "SUCCEEDED"
SKIPPED = "SKIPPED"


class Verdict(enum.Enum):
    """What became of a model."""

    RELEASED = "released"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True)
class Marks:
    """The tasks whose states tell it, by their names in the pipeline's file.

    Attributes:
        refusal: The task that runs for a refused model alone.
        group: Around it, with the condition.
        pushing: The task that pushes.
    """

    refusal: str
    group: str
    pushing: str


def find_marks(specification: Mapping[str, Any], path: str) -> Marks:
    """Finds the tasks that tell it in a compiled pipeline.

    Args:
        specification: The pipeline.
        path: Its file.

    Raises:
        ConfigurationError: There are none.
    """
    tasks = specification["root"].get("dag", {}).get("tasks", {})
    pushing = [name for name, task in tasks.items() if label(name, task) == LAST_STEP]
    for group, task in tasks.items():
        component = specification.get("components", {}).get(task["componentRef"]["name"], {})
        inner = component.get("dag", {}).get("tasks", {})
        refusal = [name for name, each in inner.items() if label(name, each) == MODEL_REFUSED]
        if refusal and pushing and task.get("triggerPolicy", {}).get("condition"):
            return Marks(refusal[0], group, pushing[0])
    raise ConfigurationError(
        "For --wait the pipeline must have the tasks that tell the verdict: Pusher, and "
        f"ModelRefused under a condition. Received: {path}, without them. Compile it again with "
        "this version, or submit it without --wait."
    )


def label(name: str, task: Mapping[str, Any]) -> str:
    """What people call a task."""
    return str(task.get("taskInfo", {}).get("name") or name)


def read_states(run: Any) -> dict[str, str]:
    """The states of a run's tasks, by their names in the pipeline's file.

    Args:
        run: A V2beta1Run.
    """
    details = (run.run_details.task_details if run.run_details else None) or []
    # A repetition has a number: trainer(0).
    names = [re.sub(r"\(\d+\)$", "", str(task.display_name or "")) for task in details]
    return {name: str(task.state) for name, task in zip(names, details, strict=True) if task.state}


def read_verdict(run: Any, marks: Marks) -> Verdict:
    """What became of the model of a run that succeeded.

    Args:
        run: A V2beta1Run.
        marks: The tasks that tell it.
    """
    states = read_states(run)
    if states.get(marks.refusal) == SUCCEEDED:
        return Verdict.REFUSED
    is_skipped = SKIPPED in (states.get(marks.group), states.get(marks.refusal))
    if is_skipped and states.get(marks.pushing) == SUCCEEDED:
        return Verdict.RELEASED
    return Verdict.UNKNOWN
