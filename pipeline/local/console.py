"""Events -> the terminal: a line for each step that is done, a bar for the one that runs."""

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from components.progress import StepProgress
from pipeline.local.events import (
    Event,
    Notice,
    RunFailed,
    StepFinished,
    StepStarted,
)
from pipeline.runs.summary import RunSummary, print_summary
from pipeline.terminal import print_plain

GIB = 1024**3
# The longest name of a step, so that the columns stand; those of spans are longer.
STEP_WIDTH = 21


class RunConsole:
    """Shows one run; a context manager, since the bar must be taken away in the end."""

    def __init__(self, console: Console, log_path: str):
        """Prepares.

        Args:
            console: The terminal, or a file.
            log_path: Where everything else is, to be named where it matters.
        """
        self._console = console
        self._log_path = log_path
        self._started_at = time.monotonic()
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[detail]}", markup=False),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            # A file gets the lines of the steps, not thousands of states of a bar.
            disable=not console.is_terminal,
        )
        self._task: TaskID | None = None
        self._step_width = STEP_WIDTH
        self.step = ""
        self.finished: RunSummary | None = None
        self.failed: RunFailed | None = None

    def __enter__(self) -> "RunConsole":
        self._progress.start()
        self.begin("Loading TensorFlow and TFX")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def show(self, event: Event) -> None:
        """Shows one event."""
        match event:
            case StepStarted():
                self.step = event.step
                self.begin(f"{event.number:2}/{event.steps} {event.step}")
            case StepProgress():
                self._advance(event)
            case StepFinished():
                self.step = ""
                self._step_width = max(self._step_width, len(event.step))
                print_plain(self._console, _step_line(event, self._step_width))
            case Notice():
                print_plain(self._console, event.text)
            case RunFailed():
                self.failed = event
            case RunSummary():
                self.finished = event

    def begin(self, description: str) -> None:
        """Starts a new bar, of which only the time is known."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(description, total=None, detail="")

    def _advance(self, event: StepProgress) -> None:
        if self._task is not None:
            self._progress.update(
                self._task,
                completed=event.done,
                total=event.total or None,
                detail=str(event),
            )

    def print_failure(self, failed: RunFailed) -> None:
        """Shows why the run ended."""
        where = f" in {self.step}" if self.step else ""
        print_plain(self._console, f"\nThe run failed{where}.", style="bold red")
        print_plain(self._console, failed.message)
        if failed.is_defect:
            print_plain(
                self._console, "This is an unexpected error; please report it, with the log."
            )
        print_plain(self._console, f"Log: {self._log_path}")

    def print_interruption(self) -> None:
        """Shows that the user ended the run."""
        print_plain(self._console, "\nInterrupted. The next run reuses the steps that are done.")

    def print_summary(self, summary: RunSummary) -> None:
        """Shows what came out."""
        self._console.print()
        print_summary(self._console, summary)
        seconds = time.monotonic() - self._started_at
        print_plain(self._console, f"{seconds:.0f} s in all. Log: {self._log_path}")


def _step_line(event: StepFinished, width: int) -> str:
    took = "cached" if event.cached else f"{event.seconds:.1f} s"
    memory = "" if event.cached else f"{event.peak_memory / GIB:.1f} GiB"
    return (
        f"{event.number:2}/{event.steps} {event.step:{width}} {took:>8} {memory:>8}  {event.result}"
    )
