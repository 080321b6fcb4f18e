"""A digest of source code, so that TFX's cache notices when a step works differently.

TFX compares parameters and inputs; of code that is imported it knows only the name.
"""

import hashlib
import os
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

PACKAGE = pathlib.Path(__file__).parent
SUFFIXES = (".py", ".html", ".css")


def code_fingerprint(*steps: str) -> str:
    """Digest of the code of some steps and of what all steps share.

    Args:
        steps: Modules or packages below `components`, such as "ingestion".

    Returns:
        A hexadecimal digest of 16 digits.

    Raises:
        ValueError: There is no such step.
    """
    return digest_files([*_files(*steps), PACKAGE / "features.py", PACKAGE / "images.py"], PACKAGE)


def digest_files(paths: Iterable[pathlib.Path], root: pathlib.Path) -> str:
    """Digest of the names and contents of files.

    Args:
        paths: In an order that is always the same.
        root: From which their names are counted.

    Returns:
        A hexadecimal digest of 16 digits.
    """
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.relative_to(root)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def file_fingerprints(options: Mapping[str, Any]) -> dict[str, str]:
    """Digests of the files among some options: for one is as good as another of the same name.

    Args:
        options: Values by name; those that are paths of files on this machine count.

    Returns:
        For each such option, a hexadecimal digest of its file.
    """
    digests = {}
    for name, value in options.items():
        if isinstance(value, str) and os.path.isfile(value):
            with open(value, "rb") as file:
                digests[name] = hashlib.file_digest(file, "sha256").hexdigest()[:16]
    return digests


def _files(*steps: str) -> list[pathlib.Path]:
    files: set[pathlib.Path] = set()
    for step in steps:
        below = (PACKAGE / step).rglob("*")
        own = {PACKAGE / f"{step}.py", *(path for path in below if path.suffix in SUFFIXES)}
        own = {path for path in own if path.is_file()}
        if not own:
            raise ValueError(f"A step must be a module of components. Received: {step!r}.")
        files |= own
    return sorted(files)
