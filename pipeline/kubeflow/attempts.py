"""The attempts at a step: each leaves a record on the volume when it begins, and adds its end.

A pod that is killed, for memory or at its time-out, says nothing: the launcher of Kubeflow is what
gets a signal, if any. So the next attempt, the end of the run and the first task of the next run
look for records without an end. What such an attempt noted last, by its own count of seconds, tells
what is likely; while its notes change, it goes on. No clock and no process of another pod is asked.
"""

import contextlib
import dataclasses
import datetime
import json
import os
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator, Sequence

from components.errors import PipelineError
from components.reporting.run_index import FAILED as FAILED_RUN
from components.resources import memory_in_use, memory_limit
from components.storage import atomic_write
from pipeline.kubeflow.prepare_run import PreparedRun, load_run
from pipeline.runs.failures import explain
from pipeline.runs.outcomes import failed, read_outcome, record_outcome
from pipeline.runs.records import StepRecords

FOLDER = "attempts"
BEAT_SECONDS = 10.0
"""Between two notes of an attempt that goes on."""
PATIENCE_SECONDS = 3 * BEAT_SECONDS
"""For the notes of an attempt that goes on to change."""
DONE, FAILED, KILLED = "done", "failed", "killed"
_NEARLY = 0.9
"""Of a limit, from which on it is the likely reason."""
_GIB = 2**30


@dataclasses.dataclass(frozen=True)
class Attempt:
    """What an attempt says of itself.

    Attributes:
        path: The file of its record.
        step: TFX's name of the kind of step.
        number: Of the attempts at this step in this run, from 1.
        pod: Name of its pod, where Kubeflow tells it.
        began: By the clock of its node, for people alone.
        memory_limit: Of its pod, in bytes, as Linux tells it; None where it tells none.
        memory_setting: The limit that was asked for, as Kubernetes writes it; empty for none.
        timeout_seconds: Of its pod; 0 for none.
        seconds: For which it is known to have gone on.
        memory: Most bytes that were seen in use in its pod meanwhile; None where unknown.
        end: DONE, FAILED, or KILLED if that was found out later; empty for none so far.
        message: Why it failed.
        traceback: The same for developers: the log of a pod goes with the pod.
        work: By node, how it came to its result, as `StepResult.work` has it.
    """

    path: str
    step: str
    number: int
    pod: str
    began: str
    memory_limit: int | None
    timeout_seconds: int
    memory_setting: str = ""
    seconds: float = 0.0
    memory: int | None = None
    end: str = ""
    message: str = ""
    traceback: str = ""
    work: dict[str, str] = dataclasses.field(default_factory=dict)

    def save(self) -> None:
        """Writes the record."""
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        values = {name: value for name, value in vars(self).items() if name != "path"}
        atomic_write(self.path, json.dumps(values, indent=2).encode())


class Recorder:
    """The attempt that goes on in this process."""

    def __init__(self, attempt: Attempt):
        """Begins to count the seconds."""
        self._attempt = attempt
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self.note()

    def did(self, node: str, work: str) -> None:
        """Notes how a node came to its result, as `StepResult.work` has it."""
        self.note(work={**self._attempt.work, node: work})

    def note(self, **changes: object) -> None:
        """Writes that the attempt goes on, and what has changed."""
        with self._lock:
            used = [each for each in (self._attempt.memory, memory_in_use()) if each is not None]
            self._attempt = dataclasses.replace(
                self._attempt,
                seconds=round(time.monotonic() - self._began, 1),
                memory=max(used, default=None),
                **changes,  # type: ignore[arg-type]
            )
            self._attempt.save()

    def note_again_and_again(self, ended: threading.Event) -> None:
        """What a thread does until the attempt ends."""
        while not ended.wait(BEAT_SECONDS):
            # The step itself will say what is wrong with the volume.
            with contextlib.suppress(OSError):
                self.note()


@contextlib.contextmanager
def recorded(
    run_folder: str, step: str, timeout_seconds: int, memory_setting: str = ""
) -> Iterator[Recorder]:
    """Records an attempt at a step: its begin, that it goes on, and its end.

    Args:
        run_folder: Of the run.
        step: TFX's name of the kind of step.
        timeout_seconds: Of its pod; 0 for none.
        memory_setting: The limit that was asked for, as Kubernetes writes it; empty for none.
    """
    number = 1 + len(read_attempts(run_folder, step))
    name = f"{step}-{number}-{uuid.uuid4().hex[:8]}.json"
    began = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    pod = os.environ.get("KFP_POD_NAME", "")
    path = os.path.join(run_folder, FOLDER, name)
    limits = (memory_limit(), timeout_seconds, memory_setting)
    recorder = Recorder(Attempt(path, step, number, pod, began, *limits))
    ended = threading.Event()
    beats = threading.Thread(target=recorder.note_again_and_again, args=(ended,), daemon=True)
    beats.start()
    try:
        yield recorder
        recorder.note(end=DONE)
    except (Exception, SystemExit) as error:
        # The volume may be what has failed.
        with contextlib.suppress(OSError):
            lines = "".join(traceback.format_exception(error))
            recorder.note(end=FAILED, message=explain(error)[0], traceback=lines)
        raise
    finally:
        ended.set()
        beats.join()


def read_attempts(run_folder: str, step: str = "") -> list[Attempt]:
    """The attempts of a run, in their order.

    Args:
        run_folder: Of the run.
        step: TFX's name of the kind of step; empty for all.
    """
    folder = os.path.join(run_folder, FOLDER)
    found = []
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        if name.endswith(".json") and name.startswith(f"{step}-" if step else ""):
            path = os.path.join(folder, name)
            # Another version of this project may have had other fields.
            with open(path, encoding="utf-8") as file, contextlib.suppress(ValueError, TypeError):
                found.append(Attempt(path, **json.load(file)))
    return sorted(found, key=lambda each: (each.step, each.number))


def killed_of(attempts: Sequence[Attempt]) -> list[Attempt]:
    """Those that ended without a word: the caller knows that none of them goes on."""
    return [each for each in attempts if each.end in ("", KILLED)]


def describe_killed(killed: Sequence[Attempt]) -> str:
    """Says how many attempts at one step ended without a word, why, most likely, and what to do.

    Args:
        killed: At least one.
    """
    step, last = killed[0].step, killed[-1]
    many = f"{len(killed)} attempts" if len(killed) > 1 else "An attempt"
    seen = "; ".join(_last_seen(each) for each in killed)
    return (
        f"{many} at {step} ended without a word, as pods do that are killed. Last seen: {seen}. "
        f"{_likely_reason(last)}"
    )


def close_abandoned_runs(
    run: PreparedRun, sleep: Callable[[float], None] = time.sleep
) -> list[str]:
    """Records the failure of earlier runs that were killed, and ends their executions as failed.

    Args:
        run: The one that begins, which is left alone.
        sleep: What waits; only where there is an attempt without an end.

    Returns:
        A line for each attempt that was found.
    """
    before = list(_open_attempts(run))
    if not before:
        return []
    sleep(PATIENCE_SECONDS)
    still = list(_open_attempts(run))
    return [_close(run, attempt) for attempt in before if attempt in still]


def _open_attempts(run: PreparedRun) -> Iterator[Attempt]:
    runs = os.path.dirname(run.folder)
    for name in sorted(os.listdir(runs)):
        folder = os.path.join(runs, name)
        if folder != run.folder:
            attempts = read_attempts(folder)
            newest = {attempt.step: attempt for attempt in attempts}
            yield from (attempt for attempt in newest.values() if not attempt.end)


def _close(run: PreparedRun, attempt: Attempt) -> str:
    folder = os.path.dirname(os.path.dirname(attempt.path))
    id_of_run = os.path.basename(folder)
    description = describe_killed(killed_of(read_attempts(folder, attempt.step)))
    outcome = read_outcome(folder)
    if outcome is None or outcome.outcome == FAILED_RUN:
        record_outcome(run.config, folder, failed("", description))
    records = StepRecords(run.connection(), run.config.name, id_of_run)
    for step in [attempt.step, *_steps_of_spans(folder, attempt.step)]:
        records.close_unfinished(step)
    # Only now: whoever is killed in between leaves it to the next.
    dataclasses.replace(attempt, end=KILLED).save()
    return f"Run {id_of_run}: {description}"


def _steps_of_spans(folder: str, step: str) -> list[str]:
    # An earlier version of this project may have had other settings.
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, PipelineError):
        return [f"{step}.{span.name}" for span in load_run(folder).spans]
    return []


def _last_seen(attempt: Attempt) -> str:
    pod = f", pod {attempt.pod}" if attempt.pod else ""
    used = f" with {_gib(attempt.memory)} in use" if attempt.memory is not None else ""
    return f"attempt {attempt.number}{pod}, after {attempt.seconds:,.0f} s{used}"


def _likely_reason(attempt: Attempt) -> str:
    setting = f"kubeflow.steps.{attempt.step}"
    limit, timeout = attempt.memory_limit, attempt.timeout_seconds
    was_full = limit is not None and (attempt.memory or 0) >= _NEARLY * limit
    was_late = timeout > 0 and attempt.seconds + BEAT_SECONDS >= _NEARLY * timeout
    if was_late and not was_full:
        return (
            f"The likely reason is the time-out of {timeout:,} s: give "
            f"{setting}.attempt_timeout_seconds more."
        )
    if limit is None and not attempt.memory_setting:
        return (
            "The likely reason is that its node ran out of memory, since the pod has no limit: "
            f"set {setting}.memory to what the step needs, so that a node with that much is found."
        )
    words = _gib(limit) if limit is not None else attempt.memory_setting
    return (
        f"The likely reason is the memory limit of {words}: give {setting}.memory more, or "
        "have the step need less, as by a smaller train.batch_size or image.height and width."
    )


def _gib(size: int | None) -> str:
    return f"{(size or 0) / _GIB:,.1f} GiB"
