"""Which code this is, so that a pipeline never runs with another than it was compiled from."""

import pathlib
import tomllib

from components.caching import SUFFIXES, digest_files
from components.errors import PipelineError

PACKAGES = ("components", "pipeline")


def code_version() -> str:
    """Version of the package and digest of all its code, such as "0.1.0+3f2a9c0d11e84b57"."""
    root = pathlib.Path(__file__).parent.parent.parent
    files = [path for package in PACKAGES for path in sorted((root / package).rglob("*"))]
    digest = digest_files((path for path in files if path.suffix in SUFFIXES), root)
    # Images have the project as it is, and not installed.
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return f"{project['version']}+{digest}"


def check_code_version(compiled: str) -> None:
    """Checks that this code is what a pipeline was compiled from.

    Args:
        compiled: What `code_version` said then.

    Raises:
        PipelineError: It is not.
    """
    here = code_version()
    if here != compiled:
        raise PipelineError(
            "The image must have the very code that the pipeline was compiled from. "
            f"Received: an image with {here}, a pipeline of {compiled}. Build the image anew, or "
            "compile the pipeline with the code of the image, then submit it again."
        )
