import csv
import io
import json

import pytest

from pipeline.predict.prediction_formats import write_csv, write_json, write_table
from tests.pipeline.predict.fake_predictor import FakePrediction

PREDICTED = [
    FakePrediction("photos/[red]x.png", "Bag", 0.92431),
    FakePrediction("b.png", "Ankle boot, [brown]", 1.0),
]
BROKEN = FakePrediction("broken.png", error="Input is empty.")
ODD_NAMES = [
    FakePrediction("line\nbreak\x1b[31m.png", "Bag", 0.5),
    FakePrediction("caf\udce9.png", "寿司", 0.5),
]


def written(write, predictions) -> str:
    stream = io.StringIO()
    write(predictions, stream)
    return stream.getvalue()


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


def test_a_table():
    assert lines(written(write_table, PREDICTED)) == [
        "file               class                probability",
        "photos/[red]x.png  Bag                       0.9243",
        "b.png              Ankle boot, [brown]       1.0000",
    ]


def test_a_table_with_errors():
    assert lines(written(write_table, [PREDICTED[0], BROKEN])) == [
        "file               class  probability  error",
        "photos/[red]x.png  Bag         0.9243",
        "broken.png                             Input is empty.",
    ]


def test_a_table_of_odd_names():
    """What would disturb the terminal is its code; in a file, a long name has one line."""
    long = FakePrediction("x" * 4096, "Bag", 0.5)
    shown = [" ".join(line.split()) for line in lines(written(write_table, [*ODD_NAMES, long]))]
    assert shown[1:] == [
        "line\\nbreak\\x1b[31m.png Bag 0.5000",
        "caf\\udce9.png 寿司 0.5000",
        f"{'x' * 4096} Bag 0.5000",
    ]


def test_json():
    assert json.loads(written(write_json, [*PREDICTED, BROKEN, ODD_NAMES[1]])) == [
        {"file": "photos/[red]x.png", "class": "Bag", "probability": 0.92431, "error": None},
        {"file": "b.png", "class": "Ankle boot, [brown]", "probability": 1.0, "error": None},
        {"file": "broken.png", "class": None, "probability": None, "error": "Input is empty."},
        {"file": "caf\udce9.png", "class": "寿司", "probability": 0.5, "error": None},
    ]


def test_csv():
    assert written(write_csv, [*PREDICTED, BROKEN]) == (
        "file,class,probability,error\n"
        "photos/[red]x.png,Bag,0.92431,\n"
        'b.png,"Ankle boot, [brown]",1.0,\n'
        "broken.png,,,Input is empty.\n"
    )


@pytest.mark.parametrize(
    ("prediction", "cells"),
    [
        (ODD_NAMES[0], ("line\\nbreak\\x1b[31m.png", "Bag", "")),
        (ODD_NAMES[1], ("caf\\udce9.png", "寿司", "")),
        (FakePrediction("=1+1.png", "@SUM(A1)", 0.5), ("'=1+1.png", "'@SUM(A1)", "")),
        (FakePrediction("-.png", error="+1"), ("'-.png", "", "'+1")),
    ],
)
def test_csv_of_names_that_act_is_harmless(prediction, cells):
    """Fault C12: `predict --csv`."""
    (row,) = csv.DictReader(io.StringIO(written(write_csv, [prediction]), newline=""))
    assert (row["file"], row["class"], row["error"]) == cells
