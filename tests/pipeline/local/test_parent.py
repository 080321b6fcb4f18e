import contextlib
import errno
import io
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

import pytest
import yaml
from rich.console import Console

from pipeline.config import PipelineConfig, from_dict
from pipeline.local import parent
from pipeline.local.temporary import temporary_folder
from tests.pipeline.local.fake_worker import FILE

REPOSITORY = pathlib.Path(__file__).parents[3]
FAKE_WORKER = (sys.executable, str(pathlib.Path(__file__).with_name("fake_worker.py")))
SECONDS = 30.0
RUN = """
import json, signal, sys
from rich.console import Console
from pipeline.config import PipelineConfig
from pipeline.local import parent
signal.signal(signal.SIGTERM, signal.default_int_handler)
sys.exit(parent.run(PipelineConfig("photos"), Console(), tuple(json.loads(sys.argv[1]))))
"""
KILLED = (
    "The run failed in Trainer.\n"
    "The step was killed, most likely by the system because it was out of memory. Free some "
    "memory, or use smaller images or batches.\n"
    "Log: "
)
DEFECT = "\nThis is an unexpected error; please report it, with the log.\nLog: "
INTERRUPTED = "\nInterrupted. The next run reuses the steps that are done.\n"


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """The current directory of a run, with our code on the path of its worker."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    for name in ("cat", "dog"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        (tmp_path / "photos" / name / "1.png").touch()
    return tmp_path


def run(behavior: str, **settings: str) -> tuple[int, str]:
    """Exit status and output of a run in this process."""
    console = Console(file=io.StringIO(), width=100)
    config = PipelineConfig(**{"data": "photos", **settings})
    status = parent.run(config, console, (*FAKE_WORKER, behavior))
    return status, console.file.getvalue()


@pytest.fixture
def started(place) -> Iterator[Callable[..., tuple[subprocess.Popen, list[int]]]]:
    """Starts a parent as a process; returns it, and the ids of its worker and of its child."""
    processes = []

    def start(behavior: str) -> tuple[subprocess.Popen, list[int]]:
        command = json.dumps([*FAKE_WORKER, behavior])
        processes.append(
            subprocess.Popen(
                [sys.executable, "-c", RUN, command],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        wait_until((place / FILE).exists)
        return processes[-1], [int(number) for number in (place / FILE).read_text().split()]

    yield start
    for process in processes:
        process.kill()
        process.wait()


def wait_until(is_done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not is_done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def have_ended(process_ids: list[int]) -> bool:
    """Whether no process of them runs; one that only waits to be counted does not."""
    for process_id in process_ids:
        with contextlib.suppress(FileNotFoundError):
            status = pathlib.Path(f"/proc/{process_id}/stat").read_text()
            if status.rpartition(")")[2].split()[0] != "Z":
                return False
    return True


@pytest.mark.parametrize(
    ("behavior", "status", "text"),
    [
        ("pushed", 0, "passed on 1 test images. Version 1: serving/photos/1\n"),
        ("refused", 3, "Refused: no. The model is not pushed.\n"),
        (
            "failed",
            1,
            "\nThe run failed in Trainer.\nThe images must be [red]right[/].\nLog: output/photos/",
        ),
        ("silent", 1, f"The run failed in Trainer.\nThe worker ended with status 7.{DEFECT}"),
        ("dead on arrival", 1, f"The run failed.\nThe worker ended with status 7.{DEFECT}"),
        ("killed", 1, KILLED),
        ("half a line", 1, KILLED),
        ("aborted", 1, f"The worker ended with signal 6: Aborted.{DEFECT}"),
        ("crash at the end", 1, f"The worker ended with signal 6: Aborted.{DEFECT}"),
    ],
)
def test_how_a_run_ends(place, behavior, status, text):
    received, out = run(behavior)
    assert text in out
    assert received == status
    (log,) = place.glob("output/photos/runs/*/run.log")
    # What a killed worker printed, too.
    said = "" if behavior == "dead on arrival" else "The worker was given photos.\n"
    assert log.read_text() == said


@pytest.mark.parametrize(("behavior", "status"), [("pushed before", 0), ("refused before", 3)])
def test_a_run_that_had_nothing_to_do_says_so(place, behavior, status):
    """Fault D10: it said "Released" as if it had published, and was a row of the index."""
    run(behavior.removesuffix(" before"))
    received, out = run(behavior)
    assert received == status
    (verdict,) = [line for line in out.splitlines() if "Released:" in line or "Refused:" in line]
    assert verdict.startswith("Nothing changed")
    assert (place / "output/photos/index.html").read_text().count('<th scope="row">') == 1
    assert len(list(place.glob("output/photos/runs/*/run.log"))) == 2


def test_a_run_says_first_what_it_is_and_stores_its_configuration(place):
    (place / "photos").rename(place / "[red]x")
    _, out = run("pushed", data="[red]x", name="photos")
    (folder,) = (place / "output/photos/runs").iterdir()
    assert out.startswith(
        "Pipeline photos, images from [red]x\nSchema: schemas/photos.pbtxt\n"
        f"Log: output/photos/runs/{folder.name}/run.log\n\n"
    )
    stored = from_dict(yaml.safe_load((folder / "config.yaml").read_text()))
    assert stored == PipelineConfig("[red]x", name="photos")


def test_a_worker_that_talks_nonsense_is_ended(place):
    with pytest.raises(json.JSONDecodeError):
        run("nonsense")
    assert have_ended([int(number) for number in (place / FILE).read_text().split()])


class TestInterruption:
    """Whatever a step is at, and whoever ends it, nothing of a run goes on."""

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_by_a_signal(self, started, temporary, place, number):
        """Fault D13: nor are there temporary files left; what cannot be removed is no matter."""
        (place / "output/photos").mkdir(parents=True)
        (place / "output/photos/metadata.sqlite").write_text("no database")
        process, processes = started("long")
        assert len(names(temporary)) == 1
        process.send_signal(number)
        out, _ = process.communicate(timeout=SECONDS)
        assert process.returncode == 130
        assert out.endswith(INTERRUPTED)
        assert "Traceback" not in out
        assert have_ended(processes)
        assert names(temporary) == []
        (outcome,) = place.glob("output/photos/runs/*/outcome.json")
        assert json.loads(outcome.read_text())["outcome"] == "interrupted"

    def test_by_a_kill_of_the_parent(self, started):
        """Fault D2: a killed parent holds up nobody, and its worker is not run into."""
        process, processes = started("watching")
        process.kill()
        process.wait()
        assert run("pushed")[0] == 0
        assert have_ended(processes)

    def test_where_the_reader_has_enough(self, started):
        process, processes = started("long")
        process.stdout.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) != 0
        assert have_ended(processes)


def test_two_runs_on_one_output_folder(started, place):
    """Fault D2: the second is refused at once, with who is at it, and leaves no trace."""
    process, _ = started("long")
    runs = sorted((place / "output/photos/runs").iterdir())
    status, output = run("pushed")
    assert status == 1
    assert output.replace("\n", " ").startswith(
        "One run at a time may use an output folder. Received: output/photos, used by process "
        f"{process.pid} of "
    )
    assert "flock output/photos/.run_lock true" in output
    assert sorted((place / "output/photos/runs").iterdir()) == runs
    assert run("pushed", name="others")[0] == 0
    process.send_signal(signal.SIGINT)
    process.wait(SECONDS)
    assert run("pushed")[0] == 0


@pytest.fixture
def temporary(place, monkeypatch) -> Iterator[pathlib.Path]:
    """TMPDIR of the user, with a folder that is somebody else's; its path must be short."""
    folder = pathlib.Path(tempfile.mkdtemp(dir="/tmp"))
    (folder / "run-of-another").mkdir(parents=True)
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield folder
    shutil.rmtree(folder)


def names(folder: pathlib.Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name != "run-of-another"]


@pytest.mark.parametrize("behavior", ["pushed", "failed", "killed"])
def test_a_run_leaves_no_temporary_files(temporary, place, behavior):
    """Fault D13: whatever the worker's processes left in TMPDIR goes with the run."""
    run(behavior)
    assert os.listdir(temporary) == ["run-of-another"]
    assert not list(place.glob("output/photos/runs/*/temporary_folder"))


def test_the_next_run_removes_the_temporary_files_of_a_parent_that_was_killed(started, temporary):
    """Fault D13: a killed parent leaves one folder, and another output's run leaves it alone.

    So does a run whose record of it was changed to a folder that is not its own.
    """
    process, processes = started("watching")
    process.kill()
    process.wait()
    wait_until(lambda: have_ended(processes))
    (left,) = names(temporary)
    assert run("pushed", name="others")[0] == 0
    assert names(temporary) == [left]
    (record,) = pathlib.Path("output/photos/runs").glob("*/temporary_folder")
    record.write_text(str(temporary / "run-of-another"))
    assert run("pushed")[0] == 0
    assert sorted(os.listdir(temporary)) == sorted([left, "run-of-another"])
    record.write_text(str(temporary / left))
    assert run("pushed")[0] == 0
    assert names(temporary) == []


def test_the_temporary_files_of_a_worker_that_lives_stay(temporary, place):
    """Fault D13: the lock of a folder tells that it is in use, also where outputs have no lock."""
    for number in "12":
        (place / "runs" / number).mkdir(parents=True)
    with temporary_folder(str(place / "runs/1")) as (first, _):
        with temporary_folder(str(place / "runs/2")) as (second, _):
            assert sorted(names(temporary)) == sorted(map(os.path.basename, (first, second)))
        assert names(temporary) == [os.path.basename(first)]


class TestRefusals:
    """What is said before TensorFlow is loaded, and makes nothing."""

    def test_a_folder_of_one_class(self, place):
        shutil.rmtree(place / "photos" / "dog")
        status, output = run("pushed")
        assert status == 1
        assert output.startswith(
            "A classifier needs at least two classes. Received: photos with 'cat'. Expected "
            "<folder>/"
        )
        assert [path.name for path in place.iterdir()] == ["photos"]

    @pytest.mark.parametrize(
        ("settings", "path", "reason"),
        [
            ({"output": "file/out"}, "file/out/photos/runs/", "Not a directory"),
            ({"output": "file"}, "file/photos/runs/", "Not a directory"),
            ({"serving": "file"}, "file/photos", "Not a directory"),
            ({"schema": "file/a.pbtxt"}, "file", "File exists"),
            ({"output": "/proc/x"}, "/proc/x", "No such file or directory"),
            ({"serving": "/proc/x"}, "/proc/x", "No such file or directory"),
        ],
    )
    def test_a_folder_that_cannot_be_written(self, place, settings, path, reason):
        (place / "file").write_text("")
        status, out = run("pushed", **settings)
        assert status == 1
        assert out.startswith(
            f"The folders of --output, --serving and --schema must be writable. Received: {path}"
        )
        assert out.endswith(f": {reason}. Change its permissions or choose another folder.\n")

    def test_the_folder_of_a_schema_that_is_there_need_not_be_writable(self, place, monkeypatch):
        schema = place / "frozen/a.pbtxt"
        schema.parent.mkdir()
        schema.write_text("")

        def refuse(dir: str) -> contextlib.nullcontext[None]:
            """The permissions of files mean nothing to root."""
            if dir == "frozen":
                raise PermissionError(errno.EACCES, "Permission denied")
            return contextlib.nullcontext()

        monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
        assert run("pushed", schema="frozen/a.pbtxt")[0] == 0
        status, out = run("pushed", schema="frozen/b.pbtxt")
        assert status == 1
        assert "Received: frozen: Permission denied (it has the user " in out

    @pytest.mark.parametrize(
        ("settings", "flags"),
        [
            ({"output": "photos/output"}, "--output photos/output"),
            ({"serving": "photos"}, "--serving photos"),
            ({"schema": "photos/a.pbtxt"}, "--schema photos/a.pbtxt"),
            ({"output": "way/in/deeper"}, "--output way/in/deeper"),
        ],
    )
    def test_what_it_writes_lies_in_the_data_folder(self, place, settings, flags):
        """Fault C1: `--data .` made classes of output/ and serving/."""
        (place / "way").symlink_to(place / "photos")
        before = sorted(place.rglob("*"))
        status, out = run("pushed", **settings)
        assert status == 1
        assert f"Received: --data photos, and in it {flags}" in out.replace("\n", " ")
        assert sorted(place.rglob("*")) == before

    def test_in_the_data_folder_itself(self, place, monkeypatch):
        """Fault C1: the defaults name three folders below the current one."""
        monkeypatch.chdir(place / "photos")
        status, out = run("pushed", data=".")
        assert status == 1
        assert (
            "--data ., and in it --output output, --serving serving, --schema schemas/photos.pbtxt."
        ) in " ".join(out.split())

    def test_the_defaults_of_a_folder_named_data_work(self, place):
        """Fault C1: they do not lie in it."""
        (place / "photos").rename(place / "data")
        assert run("pushed", data="data")[0] == 0
        assert {path.name for path in place.iterdir()} == {"data", "output", "schemas", "serving"}
