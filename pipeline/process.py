"""A command as a process of its own: what Python does not do by itself.

Nothing but what Python has loaded already is imported here: until `prepare` has run, a file of the
user's may be taken for any module.
"""

from __future__ import annotations

import io
import os
import sys

FAILED = 1
TYPE_CHECKING = False
"""As of `typing`, which is not loaded yet."""
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

REPOSITORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class OutputError(Exception):
    """Standard output cannot be written; not an `OSError`, which commands take for their own."""


class _Outlet(io.TextIOWrapper):
    """Standard output whose reader, such as `head`, may have had enough: work goes on unread."""

    def write(self, text: str) -> int:
        """Writes, or drops what nobody reads."""
        try:
            return super().write(text)
        except OSError as error:
            self._drop(error)
            return len(text)

    def flush(self) -> None:
        """Flushes, or drops what nobody reads."""
        try:
            super().flush()
        except OSError as error:
            self._drop(error)

    def _drop(self, error: OSError) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)
        if not isinstance(error, BrokenPipeError):
            raise OutputError(
                "Standard output must be a place that can be written. Received: "
                f"{error.strerror}. Make room, or write to another place."
            ) from error


def run_command(main: Callable[[Sequence[str]], int], unshowable: str) -> int:
    """Runs a command with the arguments of the process, which `prepare` made ready.

    Args:
        main: From arguments to the exit status.
        unshowable: How characters that standard output cannot show are written, as of
            `io.TextIOWrapper.reconfigure`.

    Returns:
        The exit status.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=unshowable)
    try:
        try:
            return main(sys.argv[1:])
        finally:
            sys.stdout.flush()
    except OutputError as error:
        sys.stderr.write(f"error: {error}\n")
    except MemoryError as error:
        # Not above: see the first lines of this file.
        from pipeline.runs.failures import explain

        sys.stderr.write(f"error: {explain(error)[0]}\n")
    return FAILED


def prepare() -> None:
    """Makes the process and those that it starts independent of where and how it was called.

    To be called before anything else is imported.
    """
    if sys.flags.optimize > 1 and os.environ.pop("PYTHONOPTIMIZE", ""):
        # Libraries build on their docstrings, which that removes.
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    _open_streams()
    _forget_warnings()
    os.environ.update(safe_environment())
    here = os.path.realpath(".")
    # What -m puts first: the current folder, in which the user's files lie.
    is_there = not sys.flags.safe_path and os.path.realpath(sys.path[0]) == here
    if is_there and here != os.path.realpath(REPOSITORY):
        del sys.path[0]


def safe_environment() -> dict[str, str]:
    """Variables by which a Python process takes our modules, and none of the current folder."""
    paths = [REPOSITORY, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {"PYTHONSAFEPATH": "1", "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}


def _open_streams() -> None:
    """Replaces streams that are closed, whose numbers the next files would get."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest free number: those below are open by now.
            os.open(os.devnull, os.O_RDWR)
            # Else it were closed again in every process that is started.
            os.set_inheritable(descriptor, True)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(descriptor, "r" if name == "stdin" else "w"))
    sys.stdout, sys.stderr = _outlet(sys.stdout), _outlet(sys.stderr)


def _outlet(stream: object) -> _Outlet:
    if not isinstance(stream, io.TextIOWrapper):
        raise RuntimeError(f"A standard stream must be one of Python's. Received: {stream!r}.")
    options = {name: getattr(stream, name) for name in ("encoding", "errors", "line_buffering")}
    return _Outlet(stream.detach(), **options)


def _forget_warnings() -> None:
    """Takes back -W and PYTHONWARNINGS: the libraries warn while they load, and must not fail."""
    os.environ.pop("PYTHONWARNINGS", None)
    if sys.warnoptions:
        # What multiprocessing hands on.
        sys.warnoptions.clear()
        import warnings

        warnings.resetwarnings()
        warnings.simplefilter("ignore")
