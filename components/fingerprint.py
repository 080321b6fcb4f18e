"""A digest of source code, so that TFX's cache notices when a step works differently.

TFX compares parameters and inputs; of code that is imported it knows only the name.
"""

import hashlib
import pathlib

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
    digest = hashlib.sha256()
    for path in [*_files(*steps), PACKAGE / "features.py", PACKAGE / "images.py"]:
        digest.update(f"{path.relative_to(PACKAGE)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


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
