import csv
import dataclasses
import json

import numpy as np
import pytest

from components.audit import FindingsOfKind
from components.lineage import ArtifactOrigin
from components.predictions import ModelPredictions, Predictions
from components.release.release_verdict import FAILED
from components.reporting.report_files import (
    LABEL_ERRORS_COLUMNS,
    MISTAKES_COLUMNS,
    write_images,
    write_report_files,
)
from components.serving.serving_facts import GoldenResult
from components.validation.validation_result import Anomaly, ValidationResult
from tests.components.release.made_up import GOOD_FACTS, make_model, make_predictions
from tests.components.reporting.made_up import (
    HOSTILE,
    make_audit,
    make_check,
    make_facts,
    make_history,
    make_verdict,
    write_records,
)
from tests.html_page import Page as HtmlPage
from tests.image_files import encode_image

FILES = {
    "report.html",
    "metrics.json",
    "model_card.md",
    "mistakes.csv",
    "suspected_label_errors.csv",
}
NASTY = f"{HOSTILE}\u202e\n'\"&"


class Page(HtmlPage):
    """A page whose drawings have elements that close themselves."""

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes


@pytest.fixture
def write(tmp_path):
    """Writes all files of a made-up run; returns the page."""

    def write_files(predictions, images=(), **values):
        records, folder = tmp_path / "records", tmp_path / "report"
        write_records(records, images)
        folder.mkdir()
        write_report_files(make_facts(predictions, **values), [str(records)], str(folder))
        assert {path.name for path in folder.iterdir()} == FILES
        assert json.loads((folder / "metrics.json").read_text())["format"] == 1
        return (folder / "report.html").read_text()

    write_files.folder = tmp_path / "report"
    return write_files


def parse(page):
    parsed = Page(page)
    assert parsed.open == []
    places = parsed.values("id")
    assert len(set(places)) == len(places)
    assert {link.removeprefix("#") for link in parsed.values("href")} <= set(places)
    return parsed


def pets(**values):
    texts = ["cat"] * 30 + ["dog"] * 30
    chosen = ["cat"] * 28 + ["dog"] * 32
    return make_predictions(texts, chosen, **values)


def test_a_whole_page(write):
    before = make_model(["cat", "dog"], ["cat"] * 32 + ["dog"] * 28)
    images = [(f"{number:064x}", encode_image(seed=number)) for number in range(60)]
    page = write(pets(baseline=before), images)
    parsed = parse(page)
    assert page.index("Released") < page.index("All is well.") < page.index('id="checks"')
    assert "0.8500 to 0.9500" in page
    assert "From right to wrong: 2 images" in page
    assert "From wrong to right: 2 images" in page
    assert "image/width in train: moved by 0.2" in page
    assert all(source.startswith("data:image/png;base64,") for source in parsed.values("src"))
    assert "no picture</div>" not in page


def test_needs_nothing_else(write):
    page = write(pets())
    parsed = parse(page)
    assert {"script", "link", "iframe", "object"}.isdisjoint(parsed.tags)
    assert "http" not in page.replace("http-equiv", "")
    assert "url(" not in page
    assert not [name for name, _ in parsed.attributes if name.startswith("on")]


def test_can_be_found_one_s_way_in(write):
    parsed = parse(write(pets()))
    for landmark in ("header", "main", "footer", "nav"):
        assert parsed.tags.count(landmark) == 1
    assert parsed.tags.count("th") == len(parsed.values("scope"))
    named = [name for name, _ in parsed.attributes if name in ("aria-label", "aria-labelledby")]
    assert len(named) >= parsed.values("role").count("region") + parsed.values("role").count("img")
    assert parsed.tags.count("img") == len(parsed.values("alt"))


def test_every_cell_of_the_matrix_leads_to_its_images(write):
    page = write(pets())
    parsed = parse(page)
    assert {"#pair-0-0", "#pair-0-1", "#pair-1-1"} <= set(parsed.values("href"))
    assert "cat as dog: 2" in parsed.values("aria-label")
    assert "<bdi>cat</bdi> taken for <bdi>dog</bdi>: 2 images, 6.7% of the class" in page


def test_refused_with_reasons(write):
    verdict = make_verdict(
        [make_check("recall/dog", 0.5, 0.4, 0.6, FAILED)],
        force_push="The customer waits",
        reset_baseline="Another camera",
    )
    page = write(pets(), verdict=verdict)
    assert "Recall is low." in page
    assert (
        "The push was forced, whatever the checks say.</strong> Reason: <bdi>The customer waits"
        in page
    )
    assert "the baseline was reset.</strong> Reason: <bdi>Another camera" in page


def test_names_are_text_and_nothing_else(write):
    names = (NASTY, "=cmd|'/C calc'!A0", "cat")
    texts = [name for name in names for _ in range(8)]
    predictions = make_predictions(texts, texts[8:] + texts[:8], names)
    predictions.filenames[:] = [f"{text}/{row}" for row, text in enumerate(texts)]
    audit = make_audit(
        {"train": {NASTY: 3}},
        data_folder=NASTY,
        reasons={NASTY: 3},
        findings={"rejected": FindingsOfKind(3, 3, ())},
    )
    page = write(
        predictions,
        pipeline=NASTY,
        run=NASTY,
        configuration={"data": NASTY},
        verdict=make_verdict(
            [make_check(f"recall/{NASTY}", title=NASTY, method=NASTY, detail=NASTY)],
            sentence=NASTY,
            force_push=NASTY,
            reset_baseline=NASTY,
            baseline=NASTY,
            baseline_note=NASTY,
            policy=NASTY,
        ),
        audit=audit,
        data_verdict=ValidationResult((), (Anomaly(NASTY, NASTY, NASTY, NASTY),)),
        history=make_history(
            trainer=NASTY,
            precision=NASTY,
            phases=[{"name": NASTY, "epochs": 1, "seconds": 1.0, "images_per_second": 1.0}] * 2,
        ),
        serving=dataclasses.replace(
            GOOD_FACTS, problems=(NASTY,), golden=(GoldenResult(NASTY, 1, NASTY),)
        ),
        origins=(ArtifactOrigin(NASTY, NASTY, NASTY, None, 1, NASTY, NASTY),),
        versions={NASTY: NASTY},
    )
    parsed = parse(page)
    assert "script" not in parsed.tags
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "\u202e" not in page
    for name in FILES - {"report.html"}:
        (write.folder / name).read_bytes().decode("utf-8")
    with open(write.folder / "mistakes.csv", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert any(cell.startswith("'=cmd") for cell in cells)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize(
    ("texts", "chosen", "names"),
    [
        (["cat"], ["dog"], ("cat", "dog")),
        (["cat"], ["cat"], ("cat", "dog", "without images")),
        (["cat"] * 2, ["cat"] * 2, ("cat",)),
        (["horse", "cat"], ["cat", "dog"], ("cat", "dog")),
    ],
)
def test_hardly_any_images(write, texts, chosen, names):
    page = write(make_predictions(texts, chosen, names))
    parse(page)
    assert "Confident learning compares classes" in page


def test_no_images_at_all(write):
    page = write(make_predictions([], []), verdict=make_verdict([]))
    parse(page)
    assert "no test images" in page
    assert "Nothing was asked of this model." in page


def test_without_a_serving_model(write):
    page = write(pets(), verdict=make_verdict(baseline_note="Nothing is serving yet."))
    assert page.count("Nothing is serving yet.") == 2


def test_a_serving_model_of_other_classes(write):
    before = make_model(["cat", "fox"], ["cat"] * 60)
    page = write(pets(baseline=before))
    parse(page)
    assert "does not know 1 class, and is wrong on 30 test images of them: <bdi>dog</bdi>." in page
    assert "Only the serving model knows 1 class: <bdi>fox</bdi>." in page


def test_a_thousand_classes_can_be_read(write):
    names = [f"class {number:04}" for number in range(1000)]
    texts = names * 3
    chosen = [names[(position + position % 7 // 6) % 1000] for position in range(1000)] * 3
    checks = [make_check(f"recall/{name}") for name in names]
    page = write(make_predictions(texts, chosen, names), verdict=make_verdict(checks))
    parsed = parse(page)
    assert "These are the 25 classes of 1,000 that are confused most." in page
    assert "The 15 classes of 1,000 with the lowest recall:" in page
    assert "1,000 more checks of single classes" in page
    assert parsed.tags.count("summary") == 5
    assert len(page) < 4_000_000


def test_ten_thousand_images_of_a_hundred_classes_stay_below_ten_megabytes(write):
    names = [f"class {number:02}" for number in range(100)]
    texts = [names[row % 100] for row in range(10_000)]
    dice = np.random.RandomState(0)
    wrong = dice.rand(10_000) < 0.2
    chosen = [
        names[dice.randint(100)] if is_wrong else text
        for text, is_wrong in zip(texts, wrong, strict=True)
    ]
    before = make_model(names, texts[::-1])
    # Noise is the worst that can happen to a codec.
    photos = [encode_image(size=(200, 200), seed=seed, format="JPEG") for seed in range(20)]
    images = [(f"{row:064x}", photos[row % 20]) for row in range(10_000)]
    page = write(make_predictions(texts, chosen, names, before), images)
    parse(page)
    assert 1_000_000 < len(page.encode()) < 10_000_000


def test_the_same_run_gives_the_same_page(write, tmp_path):
    first = write(pets())
    again = tmp_path / "again"
    again.mkdir()
    write_report_files(make_facts(pets()), [str(tmp_path / "records")], str(again))
    assert (again / "report.html").read_text() == first


def make_one(filename="=cmd|'/C calc'!A0", class_text="cat"):
    return Predictions(
        np.array([filename], object),
        np.array(["ab"], object),
        np.array([class_text], object),
        ModelPredictions(("cat", "@dog"), np.array([[0.25, 0.75]], np.float32)),
    )


@pytest.fixture
def write_lines(tmp_path):
    """Writes one image into a file, and returns its lines."""

    def write(columns, predictions):
        path = tmp_path / "images.csv"
        write_images(str(path), columns, predictions, [0])
        return path.read_text().splitlines()

    return write


def test_mistakes(write_lines):
    assert write_lines(MISTAKES_COLUMNS, make_one("cat/1.png")) == [
        '"filename","sha256","class","answer","probability","probability_of_class"',
        '"cat/1.png","ab","cat","\'@dog","0.750000","0.250000"',
    ]


def test_suspected_label_errors(write_lines):
    assert write_lines(LABEL_ERRORS_COLUMNS, make_one()) == [
        '"filename","sha256","class","suggested_class","probability_of_class",'
        '"probability_of_suggested_class"',
        '"\'=cmd|\'/C calc\'!A0","ab","cat","\'@dog","0.250000","0.750000"',
    ]


def test_a_class_that_the_model_does_not_know_has_no_probability(write_lines):
    [_, line] = write_lines(MISTAKES_COLUMNS, make_one(class_text="horse"))
    assert line.endswith('"0.750000",""')


def test_a_name_is_one_line_that_names_the_file(write_lines):
    [_, line] = write_lines(MISTAKES_COLUMNS, make_one('a "cat"\n,\u202e.png'))
    assert next(csv.reader([line]))[0] == 'a "cat"\\n,\\u202e.png'
