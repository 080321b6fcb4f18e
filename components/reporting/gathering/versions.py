"""The libraries that a result may depend on."""

import importlib.metadata
import platform

LIBRARIES = (
    "tfx",
    "tensorflow",
    "keras",
    "numpy",
    "apache-beam",
    "tensorflow-transform",
    "tensorflow-data-validation",
    "tensorflow-model-analysis",
    "ml-metadata",
    "pillow",
    "pillow-heif",
    "scipy",
    "cleanlab",
)


def library_versions() -> dict[str, str]:
    """Versions of Python, and of the libraries that are installed, by name."""
    versions = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions
