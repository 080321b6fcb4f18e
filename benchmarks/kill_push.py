"""Kills a push, a rollback and a removal at every system call that changes a serving directory.

    python benchmarks/kill_push.py [--every N]

strace (Debian's package of that name) counts the calls of one undisturbed run, and then kills a new
run at the first of them, the second, and so on. After each kill the directory must hold complete
versions only, and the next push must succeed. Exit status: 0 if that is so, else 1.
"""

import argparse
import dataclasses
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from components.errors import PipelineError
from components.serving.directory.layout import list_versions, version_folder
from components.serving.directory.log import is_publishing, read_lines, rolled_back_versions
from components.serving.directory.publishing import publish
from components.serving.directory.release import (
    PUSH,
    ROLLBACK,
    ReleaseOrigin,
    find_damage,
    find_release,
)

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
CALLS = (
    "mkdir,rename,renameat,renameat2,unlink,unlinkat,rmdir,openat,write,pwrite64,ftruncate,"
    "fsync,fdatasync,flock,copy_file_range,sendfile"
)
KILLED = -9
NOW = 1_700_000_000.0

_SCRIPTS = {
    "push": """
from components.serving.directory.publishing import publish
from components.serving.directory.release import PUSH, ReleaseOrigin
publish(sys.argv[1], sys.argv[2], ReleaseOrigin(PUSH, "ann@host"), 1_700_000_000.0)
""",
    "rollback": """
from components.serving.directory.rollback import roll_back
roll_back(sys.argv[2], "a test", 1_700_000_000.0)
""",
    "removal": """
from components.serving.directory.lock import locked
from components.serving.directory.removing import keep_newest
with locked(sys.argv[2]):
    keep_newest(sys.argv[2], 1)
""",
}
ACTIONS = tuple(_SCRIPTS)
# So that the calls of the action can be told from those by which Python starts.
_MARK = "import os, sys\nos.mkdir(sys.argv[3])\n"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of an action that was killed, again and again.

    Attributes:
        action: One of `ACTIONS`.
        calls: System calls of an undisturbed run that change something.
        kills: Runs that were killed.
        incomplete: Kills after which a version was there that is not complete.
        forgotten: Kills after which a rollback served, and nobody knew what it had withdrawn.
        stuck: Kills after which the next push failed.
        unlogged: Kills after which, and after the next push, a version had come or gone without a
            line in the log.
    """

    action: str
    calls: int
    kills: int
    incomplete: int
    forgotten: int
    stuck: int
    unlogged: int


def main() -> int:
    """Kills, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--every", type=int, default=1, help="kill at each N-th call only")
    every = parser.parse_args().every
    if shutil.which("strace") is None:
        parser.error("strace must be installed (Debian, Ubuntu: apt install strace).")
    outcomes = [kill_everywhere(action, every) for action in ACTIONS]
    table = Table(*(field.name for field in dataclasses.fields(Outcome)))
    for outcome in outcomes:
        table.add_row(*map(str, dataclasses.astuple(outcome)))
    Console().print(table)
    return int(any(sum(dataclasses.astuple(outcome)[3:]) for outcome in outcomes))


def kill_everywhere(action: str, every: int = 1) -> Outcome:
    """Kills an action at each of its system calls.

    Args:
        action: One of `ACTIONS`.
        every: 1 for each call, 2 for each second one, and so on.
    """
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        points = list(_count_calls(action, _prepare(folder / "undisturbed")))
        for number, point in enumerate(points[::every]):
            place = _prepare(folder / str(number))
            status = _run(action, place, f"--inject={point[0]}:signal=SIGKILL:when={point[1]}")
            found["kills"] += status == KILLED
            found.update(_look(place))
            shutil.rmtree(place)
    return Outcome(
        action,
        len(points),
        found["kills"],
        found["incomplete"],
        found["forgotten"],
        found["stuck"],
        found["unlogged"],
    )


def _prepare(place: pathlib.Path) -> pathlib.Path:
    """A serving directory with two models, and a third one to push."""
    for name in ("first", "second", "third"):
        model = place / name
        (model / "variables").mkdir(parents=True)
        (model / "saved_model.pb").write_text(name)
        (model / "variables/variables.index").write_text(name * 100)
    for number, name in enumerate(("first", "second")):
        origin = ReleaseOrigin(PUSH, "ann@host")
        publish(str(place / name), str(place / "serving"), origin, NOW - 100 + number)
    return place


def _count_calls(action: str, place: pathlib.Path) -> Iterator[tuple[str, int]]:
    """Yields the calls after the mark: the name of each, and how many of that name came before."""
    _run(action, place, f"--output={place / 'calls'}")
    counts: Counter[str] = Counter()
    is_marked = False
    for line in (place / "calls").read_text(errors="replace").splitlines():
        call = re.match(r"(?:\d+ +)?(\w+)\(", line)
        if call is None:
            continue
        counts[call[1]] += 1
        # Modules are only read.
        if is_marked and not (call[1] == "openat" and "O_RDONLY" in line):
            yield call[1], counts[call[1]]
        is_marked |= str(place / "mark") in line


def _run(action: str, place: pathlib.Path, option: str) -> int:
    """Runs an action under strace, and returns its exit status."""
    places = [str(place / name) for name in ("third", "serving", "mark")]
    command = ["strace", "--quiet=all", f"--trace={CALLS}", option]
    finished = subprocess.run(
        [*command, sys.executable, "-c", _MARK + _SCRIPTS[action], *places],
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
    )
    return finished.returncode


def _look(place: pathlib.Path) -> Iterator[str]:
    """Yields what is wrong in a serving directory after a kill."""
    serving = str(place / "serving")
    if _has_damage(serving):
        yield "incomplete"
    before = list_versions(serving)
    last = find_release(serving, before[-1])
    if last and last.origin.action == ROLLBACK and not rolled_back_versions(serving):
        yield "forgotten"
    (place / "third/saved_model.pb").write_text("fourth")
    try:
        newest = publish(str(place / "third"), serving, ReleaseOrigin(PUSH, "ann@host"), NOW)
    except (OSError, PipelineError):
        yield "stuck"
        return
    versions = list_versions(serving)
    if versions[-1] != newest or _has_damage(serving):
        yield "stuck"
    lines = read_lines(serving)
    came = {event.version for event in lines if is_publishing(event)}
    gone = {event.version for event in lines if not is_publishing(event)}
    if came - gone != set(versions):
        yield "unlogged"


def _has_damage(serving: str) -> bool:
    folders = (version_folder(serving, version) for version in list_versions(serving))
    return any(sentence for folder in folders for sentence in find_damage(folder))


if __name__ == "__main__":
    sys.exit(main())
