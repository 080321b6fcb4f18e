"""The version that a run released, as the serving directory has it when the run ends."""

import os

from components.errors import PipelineError
from components.serving.directory.layout import find_serving
from components.serving.directory.log import REMOVAL, Event, read_events, withdrawals_of
from components.serving.directory.publishing import is_whole
from components.serving.directory.release import find_release
from components.text import escape_unprintable


def check_pushed(folder: str) -> list[str]:
    """Checks that a version is there, and was not taken out of use.

    Args:
        folder: `<serving>/<name>/<version>`, as the Pusher noted it, now or earlier.

    Returns:
        What to know besides: nothing, or which other version serves.

    Raises:
        PipelineError: It is gone, damaged, or rolled back.
    """
    model_folder, version = os.path.dirname(folder), int(os.path.basename(folder))
    events = read_events(model_folder)
    release = find_release(model_folder, version)
    if release is None or not is_whole(model_folder, version):
        removals = [e for e in events if e.version == version and e.origin.action == REMOVAL]
        how = f": {_describe(removals[-1])}" if removals else ""
        raise PipelineError(
            "A released version must be whole in the serving directory when its run ends. "
            f"Received: {folder}, which is missing or was changed{how}. Run again, which pushes "
            "the model again; what is done is cached."
        )
    if withdrawals := withdrawals_of(model_folder, release.model_digest):
        raise PipelineError(
            "A released model must not have been rolled back when its run ends. Received: "
            f"{folder}: {_describe(withdrawals[-1])}. The gate refuses it from now on; "
            "--force-push REASON overrules that."
        )
    return _describe_other(model_folder, version, release.model_digest, events)


def _describe_other(
    model_folder: str, version: int, model_digest: str, events: list[Event]
) -> list[str]:
    serving = find_serving(model_folder)
    if serving is None or serving == version:
        return []
    release = find_release(model_folder, serving)
    if release is not None and release.model_digest == model_digest:
        return [f"It serves as version {serving}, which is the same model."]
    how = [_describe(event) for event in events if event.version == serving]
    what = f", {how[0]}" if how else ""
    return [f"Version {version} is there and does not serve: version {serving} does{what}."]


def _describe(event: Event) -> str:
    """Such as "a rollback by ann@host at ...: takes bags for shirts"."""
    origin = event.origin
    reason = f": {escape_unprintable(origin.reason)}" if origin.reason else ""
    return f"a {origin.action} by {escape_unprintable(origin.actor)} at {event.time}{reason}"
