"""Runs the pipeline as its users do, in a process of its own, and looks at what it left."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ml_metadata as mlmd
from tfx.orchestration import metadata

REPOSITORY = Path(__file__).resolve().parents[2]
SAMPLE = REPOSITORY / "data" / "fashion_mnist_sample"
GRAY_28 = ("--image.height=28", "--image.width=28", "--image.channels=1")
SECONDS = 600


@dataclasses.dataclass(frozen=True)
class Workplace:
    """A folder that holds everything of one pipeline.

    Attributes:
        folder: Where it is.
        data: The images.
        name: The pipeline's.
    """

    folder: Path
    data: Path
    name: str = "tested"

    @property
    def models(self) -> Path:
        return self.folder / "serving" / self.name

    @property
    def versions(self) -> list[int]:
        return sorted(int(path.name) for path in self.models.glob("[0-9]*"))

    @property
    def artifacts(self) -> Path:
        return self.folder / "output" / self.name / "artifacts"

    @property
    def schema(self) -> Path:
        return self.folder / "schema.pbtxt"

    def command(self, *flags: str) -> list[str]:
        return [
            sys.executable,
            str(REPOSITORY / "runner_local.py"),
            f"--data={self.data}",
            f"--name={self.name}",
            f"--output={self.folder / 'output'}",
            f"--serving={self.folder / 'serving'}",
            f"--schema={self.schema}",
            *flags,
        ]

    def run(self, *flags: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*flags),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            env=wide_terminal(),
        )

    def releases(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Calls the command over the serving directory."""
        command = [sys.executable, "-m", "pipeline.releases", *arguments]
        return subprocess.run(
            [*command, f"--model={self.models}"],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            cwd=REPOSITORY,
            env=wide_terminal(),
        )

    def release_log(self) -> list[dict[str, Any]]:
        """What the log of the serving directory says."""
        lines = (self.models / "releases.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def interrupt(self, step: str, *flags: str) -> tuple[int, str]:
        """Presses Ctrl-C as soon as a step runs; returns the exit status and the output."""
        process = subprocess.Popen(
            self.command(*flags),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=wide_terminal(),
        )
        deadline = time.monotonic() + SECONDS
        while f"Step {step} begins." not in self._newest_log():
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise AssertionError(f"{step} never ran.")
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=SECONDS)
        return process.returncode, output

    def kill_training(self, epochs: int, *flags: str) -> None:
        """Kills a run, all its processes at once, as soon as so many epochs were trained."""
        process = subprocess.Popen(
            self.command(*flags),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=wide_terminal(),
            start_new_session=True,
        )
        states = self.folder / "output" / self.name / "checkpoints"
        deadline = time.monotonic() + SECONDS
        while not any(
            int(path.stem.rpartition("-")[2]) >= epochs for path in states.glob("*/*/last/*.index")
        ):
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise AssertionError("It never trained that far.")
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def history(self) -> dict[str, Any]:
        """What the newest training wrote about itself."""
        [*_, newest] = sorted(
            self.artifacts.glob("Trainer/model_run/*/history.json"),
            key=lambda path: int(path.parent.name),
        )
        return dict(json.loads(newest.read_text()))

    def _newest_log(self) -> str:
        logs = sorted((self.folder / "output" / self.name / "runs").glob("*/run.log"))
        return logs[-1].read_text(errors="replace") if logs else ""

    def states(self) -> dict[str, str]:
        """What became of each step of the newest run, from ML Metadata."""
        store = self._store()
        run = max(store.get_contexts_by_type("pipeline_run"), key=lambda context: context.id)
        return {
            _node(store, execution.id): mlmd.proto.Execution.State.Name(execution.last_known_state)
            for execution in store.get_executions_by_context(run.id)
        }

    def executions(self) -> int:
        """How often any step did real work, in all runs."""
        complete = mlmd.proto.Execution.COMPLETE
        return sum(e.last_known_state == complete for e in self._store().get_executions())

    def newest(self, step: str, output: str) -> Path:
        """Folder of the newest artifact of a step."""
        return max((self.artifacts / step / output).iterdir(), key=lambda path: int(path.name))

    def _store(self) -> mlmd.MetadataStore:
        path = self.folder / "output" / self.name / "metadata.sqlite"
        return mlmd.MetadataStore(metadata.sqlite_metadata_connection_config(str(path)))


def wide_terminal() -> Mapping[str, str]:
    return os.environ | {"COLUMNS": "200", "NO_COLOR": "1"}


def steps_of(states: Mapping[str, str], *wanted: str) -> Sequence[str]:
    """The steps in one of the wanted states, sorted."""
    return sorted(step for step, state in states.items() if state in wanted)


def _node(store: mlmd.MetadataStore, execution_id: int) -> str:
    contexts = store.get_contexts_by_execution(execution_id)
    node = next(context.name for context in contexts if context.type == "node")
    # The name of a pipeline has no dot.
    return node.partition(".")[2]
