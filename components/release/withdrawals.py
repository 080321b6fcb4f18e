"""Whether this very model was rolled back before: it must not come back by itself."""

from tfx import types
from tfx.utils import path_utils

from components.serving.directory.log import Event, withdrawals_of
from components.serving.directory.release import digest_files, digest_model
from components.text import escape_unprintable


def find_withdrawals(model: types.Artifact, model_folder: str) -> list[str]:
    """Says when, by whom and why a model was taken out of use.

    Args:
        model: The Trainer's.
        model_folder: `<serving>/<name>`, which need not exist.

    Returns:
        A sentence for each time.
    """
    files = digest_files(path_utils.serving_model_path(model.uri))
    return [_describe(event) for event in withdrawals_of(model_folder, digest_model(files))]


def _describe(event: Event) -> str:
    withdrawn = ", ".join(map(str, event.origin.withdraws))
    return (
        f"Version {withdrawn} was withdrawn on {event.time} by "
        f"{escape_unprintable(event.origin.actor)}: "
        f"{escape_unprintable(event.origin.reason)}."
    )
