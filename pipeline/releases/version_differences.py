"""Two versions -> what is different."""

from collections.abc import Iterator, Mapping
from typing import Any

from components.errors import PipelineError
from components.serving.directory.layout import version_folder
from components.serving.model_assets import read_class_names
from pipeline.releases.versions import Version, find_version, read_metrics

METRICS = ("accuracy", "top_3_accuracy", "loss", "calibration.expected_error", "images.test")


def find_differences(model_folder: str, first: int, second: int) -> Iterator[tuple[str, str, str]]:
    """Yields what is different: its name, and the values of the two versions.

    Raises:
        PipelineError: There is no such version.
    """
    versions = [find_version(model_folder, number) for number in (first, second)]
    metrics = [read_metrics(model_folder, number) for number in (first, second)]
    classes = [_class_names(model_folder, number) for number in (first, second)]
    rows = [
        ("model", *(_digest(version) for version in versions)),
        ("published", *(version.release.time if version.release else "" for version in versions)),
        *((name, *(_text(_find(each, name)) for each in metrics)) for name in METRICS),
        ("classes only here", *(_only(classes[one], classes[1 - one]) for one in (0, 1))),
        ("images trained on", *(_text(_find(each, "data_fingerprint"))[:12] for each in metrics)),
        *_pairs("bound of", *map(_bounds, metrics)),
        *_pairs("version of", *map(_libraries, metrics)),
        *_pairs("file", *(_digests(version) for version in versions)),
    ]
    yield from ((name, a, b) for name, a, b in rows if a != b)


def _pairs(
    heading: str, first: Mapping[str, Any], second: Mapping[str, Any]
) -> Iterator[tuple[str, str, str]]:
    for name in sorted(first.keys() | second.keys()):
        yield f"{heading} {name}", _text(first.get(name)), _text(second.get(name))


def _bounds(metrics: dict[str, Any]) -> dict[str, Any]:
    checks = metrics.get("checks")
    found = checks if isinstance(checks, list) else []
    return {str(each.get("name")): each.get("bound") for each in found if isinstance(each, dict)}


def _libraries(metrics: dict[str, Any]) -> dict[str, Any]:
    versions = metrics.get("versions")
    return versions if isinstance(versions, dict) else {}


def _digests(version: Version) -> dict[str, str]:
    files = version.release.files if version.release else {}
    return {path: digest[:12] for path, digest in files.items()}


def _digest(version: Version) -> str:
    return version.release.model_digest[:12] if version.release else "unknown"


def _class_names(model_folder: str, number: int) -> tuple[str, ...]:
    try:
        return read_class_names(version_folder(model_folder, number))
    except PipelineError:
        return ()


def _only(here: tuple[str, ...], there: tuple[str, ...]) -> str:
    return ", ".join(name for name in here if name not in there)


def _find(metrics: dict[str, Any], name: str) -> Any:
    value: Any = metrics
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value.get("value") if isinstance(value, dict) else value


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, int):
        return f"{value:,}"
    return "" if value is None else str(value)
