"""Events -> the terminal: a line for each step that is done, a bar for the one that runs."""

import os
import time
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from pipeline.local.events import (
    Event,
    Notice,
    RunFailed,
    RunFinished,
    StepFinished,
    StepProgress,
    StepStarted,
)

GIB = 1024**3
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
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[detail]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            # A file gets the lines of the steps, not thousands of states of a bar.
            disable=not console.is_terminal,
        )
        self._task: TaskID | None = None
        self.step = ""
        self.finished: RunFinished | None = None
        self.failed: RunFailed | None = None

    def __enter__(self) -> "RunConsole":
        self._progress.start()
        self._begin("Loading TensorFlow and TFX")
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
                self._begin(f"{event.number:2}/{event.steps} {event.step}")
            case StepProgress():
                self._advance(event)
            case StepFinished():
                self._print_step(event)
            case Notice():
                self._console.print(escape(event.text), highlight=False, soft_wrap=True)
            case RunFailed():
                self.failed = event
            case RunFinished():
                self.finished = event

    def _begin(self, description: str) -> None:
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(description, total=None, detail="")

    def _advance(self, event: StepProgress) -> None:
        if self._task is not None:
            self._progress.update(
                self._task,
                completed=event.done,
                total=event.total or None,
                detail=f"{event.done:,}/{event.total:,} {event.unit} {event.detail}",
            )

    def _print_step(self, event: StepFinished) -> None:
        took = "cached" if event.cached else f"{event.seconds:.1f} s"
        memory = "" if event.cached else f"{event.peak_memory / GIB:.1f} GiB"
        line = f"{event.number:2}/{event.steps} {event.step:{STEP_WIDTH}} {took:>8} {memory:>8}"
        self._console.print(f"{line}  {event.result}", highlight=False, markup=False)

    def print_failure(self, failed: RunFailed) -> None:
        """Shows why the run ended."""
        where = f" in {failed.step}" if failed.step else ""
        self._console.print(
            f"\n[bold red]The run failed{where}.[/]", highlight=False, soft_wrap=True
        )
        self._console.print(failed.message, markup=False, highlight=False, soft_wrap=True)
        if failed.is_defect:
            self._console.print("This is not an error of yours that we know of; see the log.")
        self._console.print(f"Log: {escape(self._log_path)}", highlight=False, soft_wrap=True)

    def print_summary(self, finished: RunFinished) -> None:
        """Shows what came out."""
        self._console.print()
        self._console.print(_split_table(finished))
        self._console.print(
            f"{finished.found:,} files found, {finished.rejected:,} rejected"
            + (f": see {finished.rejects_file}" if finished.rejected else ""),
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        for line in _verdict(finished):
            self._console.print(line, highlight=False, soft_wrap=True)
        seconds = time.monotonic() - self._started_at
        self._console.print(
            f"{seconds:.0f} s in all. Log: {escape(self._log_path)}", highlight=False
        )


def _split_table(finished: RunFinished) -> Table:
    table = Table("split", "images", "accuracy")
    for column in table.columns[1:]:
        column.justify = "right"
    for split, size in finished.split_sizes.items():
        table.add_row(split, f"{size:,}", f"{finished.accuracies[split]:.4f}")
    return table


def _verdict(finished: RunFinished) -> list[str]:
    """The rules with what was measured, the verdict, and what to do next."""
    accuracy = finished.accuracies["test"]
    lines = [
        _rule(
            f"test accuracy {accuracy:.4f}, at least {finished.min_accuracy:.4f}",
            accuracy >= finished.min_accuracy,
        )
    ]
    if finished.baseline_accuracy is not None:
        change = accuracy - finished.baseline_accuracy
        lines.append(
            _rule(
                f"{change:+.4f} against the last blessed model's {finished.baseline_accuracy:.4f} "
                f"on the same images, at most {finished.max_accuracy_loss:.4f} lost",
                change >= -finished.max_accuracy_loss,
            )
        )
    if not finished.is_blessed:
        return [*lines, "[bold red]Refused[/]: the model is not pushed."]
    folder, version = os.path.split(finished.model)
    return [
        *lines,
        f"[bold green]Blessed[/] and pushed as version {version}: {escape(finished.model)}",
        f"Ask it: python -m pipeline.predict --model {escape(folder)} IMAGE ...",
    ]


def _rule(text: str, is_kept: bool) -> str:
    return f"[green]kept[/]    {text}" if is_kept else f"[red]broken[/]  {text}"
