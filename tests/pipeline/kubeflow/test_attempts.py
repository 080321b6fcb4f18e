"""Pods that are killed: what the next attempt, and the end of the run, can know of them."""

import dataclasses
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import ml_metadata as mlmd
import pytest
from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata

from components.ingestion import image_folder_example_gen as ingestion
from pipeline.config import PipelineConfig, to_dict
from pipeline.kubeflow import attempts
from pipeline.kubeflow.attempts import (
    Attempt,
    close_abandoned_runs,
    describe_killed,
    read_attempts,
    recorded,
)
from pipeline.kubeflow.prepare_run import PreparedRun, prepare_run
from pipeline.kubeflow.run_step import closing_line, launch_step, record_killed
from pipeline.kubeflow.settings import KubeflowConfig, PodSettings

REPOSITORY = pathlib.Path(__file__).parents[3]
SAMPLE = REPOSITORY / "data" / "fashion_mnist_sample"
GIB = 2**30
STEP = "ImageFolderExampleGen"


class Killed(BaseException):
    """Ends a step as a signal would: nothing of TFX catches it, nor tidies up."""


@pytest.fixture
def run(tmp_path, monkeypatch) -> PreparedRun:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(attempts, "memory_limit", lambda: 8 * GIB)
    for folder in ("Bag", "Trouser"):
        (tmp_path / "photos" / folder).mkdir(parents=True)
        for path in sorted((SAMPLE / folder).iterdir())[:30]:
            shutil.copy(path, tmp_path / "photos" / folder)
    kubeflow = KubeflowConfig(pods=PodSettings(memory="8Gi"))
    settings = {
        "config": to_dict(PipelineConfig("photos")),
        "kubeflow": dataclasses.asdict(kubeflow),
    }
    return prepare_run("r-1", json.dumps(settings), {})


def attempt(number: int = 1, **changes) -> Attempt:
    made = Attempt("nowhere", "Trainer", number, "", "2026-11-29T03:00:00+00:00", 8 * GIB, 28_800)
    return dataclasses.replace(made, **changes)


def killed_at(run: PreparedRun, monkeypatch) -> None:
    """An attempt that leaves half of an output, an execution that runs, and no word."""

    def half(self, inputs, outputs, properties):
        del self, inputs, properties
        [examples] = outputs["examples"]
        (pathlib.Path(examples.uri) / "Split-train").mkdir(parents=True)
        (pathlib.Path(examples.uri) / "Split-train" / "half-written").write_text("x")
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(ingestion.ImageFolderExecutor, "Do", half)
        with pytest.raises(Killed), recorded(run.folder, STEP, 0) as recorder:
            launch_step(run, STEP, recorder)


def states(run: PreparedRun) -> list[str]:
    connection = metadata.sqlite_metadata_connection_config("output/photos/metadata.sqlite")
    names = metadata_store_pb2.Execution.State.Name
    return [
        names(each.last_known_state) for each in mlmd.MetadataStore(connection).get_executions()
    ]


class TestWhatAKilledAttemptLeaves:
    """Fault A11: recognized by the next attempt, without a signal, a clock or a process."""

    def test_a_process_that_is_killed_leaves_no_end(self, tmp_path):
        program = (
            "import os, signal, sys\n"
            "from pipeline.kubeflow.attempts import recorded\n"
            "with recorded(sys.argv[1], 'Trainer', 60):\n"
            "    os.kill(os.getpid(), signal.SIGKILL)\n"
        )
        environment = {**os.environ, "KFP_POD_NAME": "flowers-x7-impl-12"}
        for number in (1, 2):
            finished = subprocess.run(
                [sys.executable, "-c", program, str(tmp_path)],
                cwd=REPOSITORY,
                env=environment,
                check=False,
            )
            assert finished.returncode == -signal.SIGKILL
            last = read_attempts(str(tmp_path), "Trainer")[-1]
            assert (last.number, last.end, last.timeout_seconds) == (number, "", 60)
            assert last.pod == "flowers-x7-impl-12"

    def test_its_half_written_output_and_its_execution(self, run, monkeypatch):
        killed_at(run, monkeypatch)
        assert states(run) == ["RUNNING"]
        [half] = pathlib.Path("output/photos/artifacts").rglob("half-written")
        with recorded(run.folder, STEP, 0) as recorder:
            records = launch_step(run, STEP, recorder)
        assert states(run) == ["COMPLETE"]
        assert not half.exists()
        assert list(half.parent.glob("*.gz"))
        assert pathlib.Path(records[STEP].outputs["examples"].uri) == half.parent.parent
        assert [each.end for each in read_attempts(run.folder)] == ["", "done"]
        assert read_attempts(run.folder)[-1].work == {STEP: "computed"}

    def test_it_is_closed_also_where_the_next_attempt_is_killed(self, run, monkeypatch):
        """Fault A10: ML Metadata kept the execution as running for ever."""
        killed_at(run, monkeypatch)
        killed_at(run, monkeypatch)
        assert states(run) == ["FAILED"]

    def test_work_that_was_published_is_not_done_again(self, run, monkeypatch):
        """Killed after its work was done, and before it could say so."""

        def die(*_):
            raise Killed

        with monkeypatch.context() as patched:
            patched.setattr(attempts.Recorder, "did", die)
            with pytest.raises(Killed), recorded(run.folder, STEP, 0) as recorder:
                launch_step(run, STEP, recorder)
        before = sorted(pathlib.Path("output/photos/artifacts").rglob("*"))
        with recorded(run.folder, STEP, 0) as recorder:
            launch_step(run, STEP, recorder)
        assert sorted(pathlib.Path("output/photos/artifacts").rglob("*")) == before
        assert read_attempts(run.folder)[-1].work == {STEP: "had been done"}


class TestWhatIsSaidOfIt:
    """Fault A10: a pod that was killed for memory was invisible."""

    def test_the_next_attempt_and_the_page(self, run, monkeypatch, capsys):
        killed_at(run, monkeypatch)
        killed_at(run, monkeypatch)
        record_killed(run, STEP)
        said = capsys.readouterr().out
        assert f"2 attempts at {STEP} ended without a word" in said
        assert f"the memory limit of 8.0 GiB: give kubeflow.steps.{STEP}.memory more" in said
        outcome = json.loads(pathlib.Path(run.folder, "outcome.json").read_text())
        assert outcome["outcome"] == "failed"
        assert outcome["text"] == f"{said.strip()} Attempt 3 has begun."
        assert "ended without a word" in pathlib.Path("output/photos/index.html").read_text()

    def test_a_step_that_nobody_killed(self, run, capsys):
        with pytest.raises(ValueError, match="no"), recorded(run.folder, STEP, 0):
            raise ValueError("no")
        record_killed(run, STEP)
        assert capsys.readouterr().out == ""
        [failed] = read_attempts(run.folder)
        assert (failed.end, failed.message) == ("failed", "ValueError: no")
        # Fault A13: all that only the pod's log had.
        assert failed.traceback.startswith("Traceback (most recent call last):")
        assert 'raise ValueError("no")' in failed.traceback

    def test_memory(self):
        assert describe_killed([attempt(seconds=412.2, memory=int(7.8 * GIB), pod="p-1")]) == (
            "An attempt at Trainer ended without a word, as pods do that are killed. Last seen: "
            "attempt 1, pod p-1, after 412 s with 7.8 GiB in use. The likely reason is the memory "
            "limit of 8.0 GiB: give kubeflow.steps.Trainer.memory more, or have the step need "
            "less, as by a smaller train.batch_size or image.height and width."
        )

    def test_a_time_out(self):
        late = [attempt(number, seconds=28_650, memory=2 * GIB) for number in (1, 2)]
        assert describe_killed(late).endswith(
            "The likely reason is the time-out of 28,800 s: give "
            "kubeflow.steps.Trainer.attempt_timeout_seconds more."
        )

    def test_memory_at_the_time_out(self):
        full = attempt(seconds=28_650, memory=int(7.9 * GIB))
        assert "the memory limit of 8.0 GiB" in describe_killed([full])

    def test_no_limit_at_all(self):
        unlimited = attempt(memory_limit=None, timeout_seconds=0)
        assert "its node ran out of memory" in describe_killed([unlimited])

    def test_a_limit_that_linux_does_not_tell(self):
        asked_for = attempt(memory_limit=None, memory_setting="8Gi")
        assert "the memory limit of 8Gi: give" in describe_killed([asked_for])

    def test_an_attempt_notes_how_far_it_is(self, tmp_path, monkeypatch):
        """By its own seconds, and the most memory that was seen."""
        used = iter([3 * GIB, 7 * GIB, 5 * GIB, 1 * GIB])
        monkeypatch.setattr(attempts, "memory_in_use", lambda: next(used))
        seconds = iter([100.0, 100.0, 110.0, 120.0])
        monkeypatch.setattr(attempts.time, "monotonic", lambda: next(seconds))
        recorder = attempts.Recorder(attempt(path=str(tmp_path / "attempts" / "Trainer-1-a.json")))
        recorder.note()
        recorder.note()
        [noted] = read_attempts(str(tmp_path))
        assert (noted.seconds, noted.memory, noted.end) == (20.0, 7 * GIB, "")


class TestARunThatIsKilledForGood:
    """Fault A10: no page, and an execution that ran for ever; the next run says it."""

    @pytest.fixture
    def close(self, run):
        """What the next run finds, while it waits as long as `meanwhile` takes."""

        def close(meanwhile=lambda: None, name: str = "r-2") -> list[str]:
            following = dataclasses.replace(run, id=name, folder=f"output/photos/runs/{name}")
            os.makedirs(following.folder)
            waited: list[float] = []

            def sleep(seconds: float) -> None:
                waited.append(seconds)
                meanwhile()

            lines = close_abandoned_runs(following, sleep)
            assert len(waited) <= 1
            assert sum(waited) in (0, 3 * attempts.BEAT_SECONDS)
            return lines

        return close

    def test_its_page_and_its_execution(self, run, monkeypatch, close):
        killed_at(run, monkeypatch)
        [line] = close()
        assert line.startswith(f"Run r-1: An attempt at {STEP} ended without a word")
        assert "the memory limit of 8.0 GiB" in line
        assert states(run) == ["FAILED"]
        outcome = json.loads(pathlib.Path(run.folder, "outcome.json").read_text())
        assert (outcome["outcome"], f"Run r-1: {outcome['text']}") == ("failed", line)
        assert "ended without a word" in pathlib.Path("output/photos/index.html").read_text()
        # It is told once.
        assert close(name="r-3") == []

    def test_a_run_that_goes_on_is_left_alone(self, run, monkeypatch, close):
        killed_at(run, monkeypatch)
        [alive] = read_attempts(run.folder)
        assert close(dataclasses.replace(alive, seconds=99.5).save) == []
        assert states(run) == ["RUNNING"]
        assert not pathlib.Path(run.folder, "outcome.json").exists()

    def test_a_run_that_ended_well_keeps_its_verdict(self, run, close):
        with recorded(run.folder, STEP, 0):
            pass
        assert close() == []


class TestTheLastLine:
    """Fault A12: a run that did nothing said "A new model was trained."."""

    @pytest.mark.parametrize(
        ("trainer", "pusher", "line"),
        [
            ("computed", "computed", "A new model was trained; version 17 was pushed."),
            (
                "cached",
                "cached",
                "Data, code and configuration of the training are unchanged: no new model was "
                "trained, the earlier one was taken from the cache; nothing was pushed.",
            ),
            (
                "cached",
                "computed",
                "Data, code and configuration of the training are unchanged: no new model was "
                "trained, the earlier one was taken from the cache; version 17 was pushed.",
            ),
            # As every run but the first had it, when all had one id.
            (
                "had been done",
                "had been done",
                "This run trained nothing: its training had been done before it began; nothing "
                "was pushed.",
            ),
        ],
    )
    def test_by_the_records_of_the_run(self, trainer, pusher, line):
        of_run = [
            attempt(end="done", work={"Trainer": trainer}),
            attempt(step="Pusher", end="done", work={"Pusher": pusher}),
        ]
        assert closing_line(of_run, "serving/photos/17") == line

    def test_a_refused_model(self):
        of_run = [
            attempt(end="done", work={"Trainer": "computed"}),
            attempt(step="Pusher", end="done", work={"Pusher": "computed"}),
        ]
        assert closing_line(of_run, "") == "A new model was trained; it was refused."

    def test_an_attempt_that_was_killed_after_its_work(self):
        of_run = [
            attempt(1),
            attempt(2, end="done", work={"Trainer": "had been done"}),
            attempt(step="Pusher", end="done", work={"Pusher": "computed"}),
        ]
        assert closing_line(of_run, "serving/photos/17").startswith("A new model was trained")
