"""What TFX's cache does not look at by itself: source code, files, and the world outside.

TFX compares parameters and inputs; of code that is imported it knows only the name.
"""

import abc
import ast
import functools
import hashlib
import os
import pathlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tfx.dsl.components.base import base_driver
from tfx.orchestration import data_types_utils
from tfx.orchestration.portable import data_types
from tfx.proto.orchestration import driver_output_pb2

PACKAGE = pathlib.Path(__file__).parent
SUFFIXES = (".py", ".html", ".css")


def code_fingerprint(*modules: str, templates: bool = False) -> str:
    """Digest of some modules and of everything in `components` that they import, by any path.

    A style sheet must not ingest and train anew: templates count only where a step makes a page.

    Args:
        modules: Below `components`, such as "ingestion.write": where a step's work begins, and
            what is loaded by name, which no import shows. A package is all that lies in it.
        templates: Whether the templates and style sheets that lie by these modules count.

    Returns:
        A hexadecimal digest of 16 digits.

    Raises:
        ValueError: There is no such module.
    """
    files = _reached(modules)
    if templates:
        folders = {path.parent / "templates" for path in files}
        files |= {
            path for folder in folders for path in folder.glob("*") if path.suffix in SUFFIXES
        }
    return digest_files(sorted(files), PACKAGE)


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


def _reached(modules: Iterable[str]) -> set[pathlib.Path]:
    """The files of modules and of all that they import, directly or not."""
    waiting = [path for name in modules for path in _files_of(name)]
    for name in modules:
        waiting.extend(_files_on_the_way(PACKAGE, tuple(name.split("."))))
    reached: set[pathlib.Path] = set()
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            waiting.extend(_imported_files(path, PACKAGE))
    return reached


def _files_of(name: str) -> list[pathlib.Path]:
    path = PACKAGE.joinpath(*name.split("."))
    files = [*path.rglob("*.py"), path.with_suffix(".py")]
    files = [file for file in files if file.is_file()]
    if not files:
        raise ValueError(f"A step must be a module of components. Received: {name!r}.")
    return files


# Most steps share most of what they import.
@functools.cache
def _imported_files(path: pathlib.Path, package: pathlib.Path) -> frozenset[pathlib.Path]:
    """The files of `components` that a file imports, anywhere in it, without running it."""
    place = path.relative_to(package.parent).parent.parts
    files: set[pathlib.Path] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        for name in _imported_names(node, place):
            if name[0] == "components":
                files |= set(_files_on_the_way(package, name[1:]))
    return frozenset(files)


def _imported_names(node: ast.AST, place: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The dotted names that a statement may import, in parts; `place` is the package it is in."""
    if isinstance(node, ast.Import):
        yield from (tuple(alias.name.split(".")) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = place[: len(place) - node.level + 1] if node.level else ()
        base += tuple(node.module.split(".")) if node.module else ()
        # What is imported from a package may be a module of it.
        yield from ((*base, alias.name) for alias in node.names)


def _files_on_the_way(package: pathlib.Path, name: tuple[str, ...]) -> Iterator[pathlib.Path]:
    """The files that Python runs to import a name: those of the packages it is in, and its own."""
    for length in range(len(name) + 1):
        path = package.joinpath(*name[:length])
        candidates = (path / "__init__.py", path.with_suffix(".py"))
        yield from (candidate for candidate in candidates if candidate.is_file())


class CacheDriver(base_driver.BaseDriver, abc.ABC):
    """Adds execution properties just before TFX looks for a cached execution."""

    @abc.abstractmethod
    def observe(self, execution_info: data_types.ExecutionInfo) -> dict[str, str]:
        """Looks at the world outside of TFX.

        Args:
            execution_info: The parameters of the step, and which step of which pipeline it is.

        Returns:
            What must be equal for a cached result to be used, by names of its own.
        """

    def run(self, execution_info: data_types.ExecutionInfo) -> driver_output_pb2.DriverOutput:
        """What TFX calls before it computes the cache key."""
        properties = execution_info.exec_properties | self.observe(execution_info)
        output = driver_output_pb2.DriverOutput()
        for key, value in properties.items():
            data_types_utils.set_metadata_value(output.exec_properties[key], value)
        return output
