"""Folders that look like SavedModels, and what is in a serving directory."""

import pathlib

from components.serving.directory.publishing import publish
from components.serving.directory.release import PUSH, ReleaseOrigin

NOW = 1_700_000_000.5
FILES = {
    "saved_model.pb": b"graph",
    "assets/class_names": "Größe\n".encode(),
    "assets.extra/class_names.json": b'["a", "b"]',
    "variables/variables.data-00000-of-00001": b"w" * 100_000,
    "variables/variables.index": b"",
}


def write_saved_model(folder: pathlib.Path, weights: bytes = b"") -> str:
    """Writes a model; other weights make it another one."""
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    if weights:
        (folder / "variables/variables.data-00000-of-00001").write_bytes(weights)
    return str(folder)


def read_tree(folder: pathlib.Path) -> dict[str, bytes]:
    """All files below a folder, by path."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def make_origin(**changes) -> ReleaseOrigin:
    return ReleaseOrigin(
        **{"action": PUSH, "actor": "ann@host", "sentence": "Released.", **changes}
    )


def publish_models(folder: pathlib.Path, names: str) -> list[int]:
    """Publishes a model for each letter, equal ones for equal letters; returns their versions."""
    versions = []
    for number, name in enumerate(names):
        source = write_saved_model(folder.parent / f"source-{name}", name.encode() * 1000)
        versions.append(publish(source, str(folder), make_origin(), NOW + 10 * number))
    return versions
