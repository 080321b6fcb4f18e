"""An older version becomes a new one, and the newer ones are rolled back.

Nothing is removed: a new number is what every server takes up that serves the newest, caches
included, and what was rolled back stays there to be looked at. The log says what that was, so that
neither the gate lets the same model out again nor a new one is compared with it.
"""

from components.errors import PipelineError
from components.serving.directory.layout import list_versions, version_folder
from components.serving.directory.lock import locked
from components.serving.directory.log import rolled_back_versions
from components.serving.directory.publishing import add_version, prepare
from components.serving.directory.release import (
    ROLLBACK,
    Release,
    ReleaseOrigin,
    find_actor,
    find_damage,
    find_release,
)


def roll_back(model_folder: str, reason: str, now: float, target: int | None = None) -> int:
    """Publishes an older version anew.

    Args:
        model_folder: `<serving>/<name>`.
        reason: Why, for the log.
        now: Seconds since the epoch.
        target: The version to go back to; None for the newest that has another model than the
            serving one and was not rolled back.

    Returns:
        The new version.

    Raises:
        PipelineError: There is no such version, or it is damaged.
    """
    with locked(model_folder):
        prepare(model_folder)
        versions = list_versions(model_folder)
        release = _find(model_folder, versions, target)
        folder = version_folder(model_folder, release.version)
        damage = list(find_damage(folder))
        if damage:
            raise PipelineError(
                f"A version to go back to must be as it was published. Received: {folder}: "
                f"{' '.join(damage)} Go back to another version."
            )
        origin = ReleaseOrigin(
            ROLLBACK,
            find_actor(),
            reason,
            of_version=release.version,
            withdraws=tuple(version for version in versions if version > release.version),
        )
        return add_version(folder, release.files, model_folder, origin, now, {})


def _find(model_folder: str, versions: list[int], target: int | None) -> Release:
    known = ", ".join(map(str, reversed(versions))) or "none"
    if target is not None:
        release = find_release(model_folder, target) if target in versions else None
        if release is None or target == versions[-1]:
            raise PipelineError(
                "A rollback must go to a version that was published by this pipeline and is not "
                f"the newest. Received: {target} in {model_folder}, which has {known}."
            )
        return release
    serving = find_release(model_folder, versions[-1]) if versions else None
    rolled_back = rolled_back_versions(model_folder)
    for version in reversed(versions[:-1]):
        release = find_release(model_folder, version)
        is_other = serving is None or (release and release.model_digest != serving.model_digest)
        if release is not None and is_other and version not in rolled_back:
            return release
    raise PipelineError(
        "A rollback must have an older version to go back to, with another model, that was not "
        f"rolled back. Received: {model_folder} with the versions {known}. Train and push another."
    )
