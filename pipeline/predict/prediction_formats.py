"""Predictions -> a table, JSON or CSV."""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from components.text import escape_unprintable, to_cell

if TYPE_CHECKING:
    # Would load TensorFlow.
    from components.serving.predictor import Prediction

TABLE = "table"
FIELDS = ("file", "class", "probability", "error")
# A file has no width; the longest path of Linux and the other columns fit.
WIDTH_OF_A_FILE = 10_000


def write_table(predictions: Sequence["Prediction"], stream: TextIO) -> None:
    """Writes aligned columns; one for errors only if there are any."""
    has_errors = any(prediction.error for prediction in predictions)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for field in FIELDS if has_errors else FIELDS[:-1]:
        justify = "right" if field == "probability" else "left"
        table.add_column(field, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for prediction in predictions:
        probability = prediction.probability
        cells = [
            _printable(prediction.file),
            _printable(prediction.class_name or ""),
            Text("" if probability is None else f"{probability:.4f}"),
            _printable(prediction.error or "", "red"),
        ]
        table.add_row(*cells[: len(table.columns)])
    width = None if stream.isatty() else WIDTH_OF_A_FILE
    Console(file=stream, width=width).print(table, highlight=False)


def write_json(predictions: Sequence["Prediction"], stream: TextIO) -> None:
    """Writes one array with an object for each file; what is not known is null."""
    json.dump([_record(prediction) for prediction in predictions], stream, indent=2)
    stream.write("\n")


def write_csv(predictions: Sequence["Prediction"], stream: TextIO) -> None:
    """Writes a header and a line for each file; what is not known is empty."""
    writer = csv.DictWriter(stream, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {
            field: to_cell(value) if isinstance(value, str) else value
            for field, value in _record(prediction).items()
        }
        for prediction in predictions
    )


WRITERS: Mapping[str, Callable[[Sequence["Prediction"], TextIO], None]] = MappingProxyType(
    {TABLE: write_table, "json": write_json, "csv": write_csv}
)


def _record(prediction: "Prediction") -> dict[str, Any]:
    values = (
        prediction.file,
        prediction.class_name,
        prediction.probability,
        prediction.error,
    )
    return dict(zip(FIELDS, values, strict=True))


def _printable(text: str, style: str = "") -> Text:
    return Text(escape_unprintable(text), style)
