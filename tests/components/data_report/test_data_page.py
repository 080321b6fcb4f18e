import dataclasses
import re

import pytest

from components.audit import KINDS, Audit, Distribution, Finding, FindingsOfKind
from components.data_report.data_page import Bar, SpanPage, make_chart, render_data_page, summarize
from components.ingestion.data_audit import make_pictures
from components.ingestion.image_record import Rejection
from components.pages.finding_kinds import FINDING_KINDS
from tests.components.ingestion.made_up import make_audit, make_images, make_photo
from tests.html_page import Page
from tests.image_files import write_image

HOSTILE_CLASS = '<script>alert("x")</script>, \'&\n\u202e'


def make_pair(kind: str, *filenames: str) -> Finding:
    classes = tuple(filename.split("/")[0] for filename in filenames)
    return Finding(kind, filenames, classes, ("train", "test"), "same bytes", 1.0)


@pytest.fixture
def root(tmp_path) -> str:
    """A data folder with two images."""
    for seed, name in enumerate(("cat/a.png", "dog/b.png")):
        write_image(tmp_path / "photos" / name, size=(200, 100), seed=seed)
    return str(tmp_path / "photos")


def audit_of(findings=(), rejections=(), counts=None) -> Audit:
    return make_audit(make_images(counts or {("train", "cat"): 30}), rejections, findings)


def render_report(audit: Audit, root: str) -> str:
    """The page with the pictures that are in a data folder."""
    pictures = make_pictures(dataclasses.replace(audit, data_folder=root))
    return render_data_page(SpanPage("", "report.html", audit, pictures))


def test_the_sentence_adds_up():
    rejections = (Rejection("cat/x", "cat", "empty file", "0 bytes"),)
    audit = audit_of((make_pair("duplicate", "cat/a.png", "cat/b.png"),), rejections)
    assert summarize(audit) == "32 files found: 30 used, 1 rejected, 1 left out as duplicates."
    assert summarize(audit) in render_report(audit, "nowhere")


def test_every_kind_can_be_shown(root):
    pairs = {kind: make_pair(kind, "cat/a.png", "dog/b.png") for kind in KINDS}
    findings = {kind: FindingsOfKind(1, 2, (pair,)) for kind, pair in pairs.items()}
    page = render_report(dataclasses.replace(audit_of(), findings=findings), root)
    for kind in FINDING_KINDS.values():
        assert kind.title in page
        assert kind.meaning in page
    assert tuple(FINDING_KINDS) == KINDS
    parsed = Page(page)
    assert parsed.open == []
    assert len(set(parsed.values("id"))) == len(parsed.values("id"))


def test_pictures_stand_side_by_side_with_path_class_and_split(root):
    page = render_report(audit_of((make_pair("leak", "cat/a.png", "dog/b.png"),)), root)
    parsed = Page(page)
    assert [source[:23] for source in parsed.values("src")] == ["data:image/jpeg;base64,"] * 2
    assert parsed.values("alt") == ["Thumbnail of cat/a.png", "Thumbnail of dog/b.png"]
    assert "<bdi>dog/b.png</bdi>" in page
    assert re.search(r"class <bdi>dog</bdi>,\s+test", page)


def test_a_picture_that_is_gone_leaves_its_place(root):
    page = render_report(audit_of((make_pair("leak", "cat/gone.png", "dog/b.png"),)), root)
    assert len(Page(page).values("src")) == 1
    assert 'aria-label="No thumbnail of cat/gone.png"' in page


def test_rejected_files_are_never_opened(root):
    rejections = (Rejection("cat/a.png", "cat", "too large", "<b>12</b> megapixels"),)
    page = render_report(audit_of((), rejections), root)
    assert Page(page).values("src") == []
    assert "too large: &lt;b&gt;12&lt;/b&gt; megapixels" in page


def test_names_are_text_and_nothing_else():
    filename = f"{HOSTILE_CLASS}/\udce9.jpg"
    images = [("train", make_photo(filename, content="any", class_text=HOSTILE_CLASS))]
    finding = Finding("dark", (filename,), (HOSTILE_CLASS,), ("train",), HOSTILE_CLASS, 1.0)
    rejection = Rejection(filename, HOSTILE_CLASS, HOSTILE_CLASS, HOSTILE_CLASS)
    audit = make_audit(images, (rejection,), (finding,), data_folder=HOSTILE_CLASS)
    page = render_report(audit, "nowhere").encode("utf-8", "strict").decode()
    assert "script" not in Page(page).tags
    assert "&lt;script&gt;alert" in page
    assert "\\n\\u202e" in page
    assert "\u202e" not in page
    assert "\\udce9.jpg" in page


def test_needs_nothing_else(root):
    page = render_report(audit_of((make_pair("leak", "cat/a.png", "dog/b.png"),)), root)
    assert "http" not in page.replace("http-equiv", "")
    parsed = Page(page)
    assert "link" not in parsed.tags
    assert "script" not in parsed.tags
    assert all(value.startswith("#") for value in parsed.values("href"))


def test_can_be_found_one_s_way_in(root):
    page = render_report(audit_of((make_pair("leak", "cat/a.png", "dog/b.png"),)), root)
    parsed = Page(page)
    for landmark in ("header", "main", "footer"):
        assert parsed.tags.count(landmark) == 1
    assert '<html lang="en">' in page
    assert "prefers-color-scheme: dark" in page
    assert parsed.tags.count("th") == page.count("scope=")
    assert set(parsed.values("href")) == {"#main", "#leak"}
    assert {"main", "leak"} <= set(parsed.values("id"))
    assert "Width (pixels) from 400 to 400, median 400" in page


def test_of_many_classes_the_largest_and_the_smallest_are_shown():
    counts = {("train", f"class {number:04}"): 1 + number % 50 for number in range(1200)}
    page = render_report(audit_of(counts=counts), "nowhere")
    assert "1,170 more classes between" in page
    assert "All 1,200 classes by name" in page
    assert page.count("<bdi>class 0620</bdi>") == 1
    assert len(page) < 300_000


def test_nothing_stands_out_and_nothing_is_there():
    assert "Nothing stands out." in render_report(audit_of(), "nowhere")
    empty = render_report(make_audit([]), "nowhere")
    assert "0 files found: 0 used" in empty
    assert "No image is used." in empty


def test_says_how_much_is_not_shown(root):
    pairs = tuple(make_pair("leak", "cat/a.png", f"dog/{number}.png") for number in range(20))
    large = Finding("leak", ("cat/a.png",) * 9, ("cat",) * 9, ("train",) * 9, "", 9.0, files=50)
    page = render_report(audit_of((*pairs, large)), root)
    assert "9 more are not shown." in page
    assert "and 46 more files" in page


def test_the_same_audit_gives_the_same_page(root):
    audit = audit_of((make_pair("leak", "cat/a.png", "dog/b.png"),))
    assert render_report(audit, root) == render_report(Audit.from_dict(audit.to_dict()), root)


def test_bars():
    chart = make_chart("width", Distribution(10, 12, 15, 20, 29, (10, 20, 25, 30), (500, 0, 1)))
    # A bar of one among 500 is still drawn one unit high.
    assert chart.bars == (
        Bar(0.0, 0.0, 79.0, 60.0, "10 to 20: 500"),
        Bar(160.0, 59.0, 79.0, 1.0, "25 to 30: 1"),
    )
    assert chart.words == (
        "Width (pixels) from 10 to 29, median 15, half of the images between 12 and 20"
    )
