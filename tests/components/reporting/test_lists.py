import csv
import io

import numpy as np

from components.predictions import Answers, Predictions
from components.reporting.lists import write_label_errors, write_mistakes


def make_predictions(filename="=cmd|'/C calc'!A0", class_text="cat"):
    return Predictions(
        np.array([filename], object),
        np.array(["ab"], object),
        np.array([class_text], object),
        Answers(("cat", "@dog"), np.array([[0.25, 0.75]], np.float32)),
    )


def read(write, predictions):
    file = io.StringIO(newline="")
    write(file, predictions, [0])
    return file.getvalue()


def test_mistakes():
    assert read(write_mistakes, make_predictions("cat/1.png")) == (
        '"filename","sha256","class","answer","probability","probability_of_class"\n'
        '"cat/1.png","ab","cat","\'@dog","0.750000","0.250000"\n'
    )


def test_label_errors():
    assert read(write_label_errors, make_predictions()).splitlines() == [
        '"filename","sha256","class","suggested_class","probability_of_class",'
        '"probability_of_suggested_class"',
        '"\'=cmd|\'/C calc\'!A0","ab","cat","\'@dog","0.250000","0.750000"',
    ]


def test_a_class_that_the_model_does_not_know_has_no_probability():
    text = read(write_mistakes, make_predictions(class_text="horse"))
    assert text.splitlines()[1].endswith('"0.750000",""')


def test_a_name_is_one_line_that_names_the_file():
    name = 'a "cat"\n,\u202e.png'
    rows = list(csv.reader(io.StringIO(read(write_mistakes, make_predictions(name)), newline="")))
    assert rows[1][0] == 'a "cat"\\n,\\u202e.png'
