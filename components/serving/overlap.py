"""What is known of a push: over which version it goes, and whether it is still there.

By versions, never by clocks: one that is wrong would hold up every push, or let one through.
"""

from collections.abc import Iterator

import ml_metadata as mlmd

from components.artifact_types import LOOKED_UP_VERSION, ServingLookup
from components.lineage import NODE, RUN, executions_in, outputs_of, readers_of
from components.serving.directory.publishing import is_whole

IS_PUSHED, PUSHED_VERSION = "pushed", "pushed_version"
"""The properties in which TFX's Pusher says whether it pushed, and what."""
DIRECTORY_KEY = "serving_directory_id"


def looked_up_version(store: mlmd.MetadataStore, step: str, run: str) -> int | None:
    """Which version served when a step of a run looked first.

    Args:
        store: ML Metadata.
        step: "<pipeline>.<step>", as TFX names the context of a step.
        run: TFX's id of the run.

    Returns:
        The version; None if there was none.

    Raises:
        LookupError: The step did not look.
    """
    of_run = {execution.id for execution in executions_in(store, RUN, run)}
    of_step = {execution.id for execution in executions_in(store, NODE, step)}
    for artifact in outputs_of(store, of_step & of_run, (mlmd.proto.Event.INTERNAL_OUTPUT,)):
        if artifact.type == ServingLookup.TYPE_NAME:
            version = artifact.custom_properties[LOOKED_UP_VERSION].string_value
            return int(version) if version else None
    raise LookupError(f"ML Metadata does not say what served when {step} of {run} looked.")


def lost_versions(
    store: mlmd.MetadataStore, model: int, model_folder: str, identity: str
) -> list[int]:
    """The versions as which a model was pushed that are not there any more, or not as they were.

    Args:
        store: ML Metadata.
        model: Id of the artifact.
        model_folder: `<serving>/<name>`.
        identity: Of that very folder.
    """
    pushed = set(_pushed_versions(store, model, identity))
    return [version for version in sorted(pushed) if not is_whole(model_folder, version)]


def _pushed_versions(store: mlmd.MetadataStore, model: int, identity: str) -> Iterator[int]:
    for execution in readers_of(store, model):
        if execution.custom_properties[DIRECTORY_KEY].string_value != identity:
            continue
        for artifact in outputs_of(store, [execution.id]):
            if artifact.custom_properties[IS_PUSHED].int_value:
                yield int(artifact.custom_properties[PUSHED_VERSION].string_value)
