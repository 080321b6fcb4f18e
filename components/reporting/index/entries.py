"""What the index tells of a run."""

import dataclasses
import datetime

PUSHED = "pushed"
REFUSED = "refused"
FAILED = "failed"
INTERRUPTED = "interrupted"
UNCHANGED = "unchanged"
OUTCOMES = (PUSHED, REFUSED, FAILED, INTERRUPTED, UNCHANGED)


@dataclasses.dataclass(frozen=True)
class RunEntry:
    """One run.

    Attributes:
        time: When it started.
        outcome: "pushed", "refused", "failed", "interrupted", or "unchanged" if there was nothing
            to do, so that the verdict of an earlier run stands.
        text: The verdict in a sentence, or what went wrong; may be empty.
        version: That was pushed, such as "1795344506"; empty if none was.
        accuracy: On the test images, 0 to 1; None if the run did not come so far.
        low: Lower end of its interval; None without accuracy.
        high: Upper end; None without accuracy.
        test_images: How many it was measured on; None without accuracy.
        report: Path of `report.html` from the folder of the index, with "/"; empty if there is
            none.
        log: Path of `run.log`, the same way.
    """

    time: datetime.datetime
    outcome: str
    text: str = ""
    version: str = ""
    accuracy: float | None = None
    low: float | None = None
    high: float | None = None
    test_images: int | None = None
    report: str = ""
    log: str = ""

    def __post_init__(self) -> None:
        if self.outcome not in OUTCOMES:
            raise ValueError(
                f"outcome must be one of {', '.join(OUTCOMES)}. Received: {self.outcome!r}."
            )
        measured = (self.accuracy, self.low, self.high, self.test_images)
        if None in measured and any(value is not None for value in measured):
            raise ValueError(
                "accuracy, low, high and test_images must be given together or not at all. "
                f"Received: {measured}."
            )
