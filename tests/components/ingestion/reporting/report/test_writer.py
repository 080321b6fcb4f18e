import dataclasses
import html.parser
import re

import pytest

from components.ingestion.data_folder import Rejection
from components.ingestion.reporting.audit import Audit, FindingsOfKind
from components.ingestion.reporting.findings import KINDS, Finding
from components.ingestion.reporting.report.writer import render_report, summarize, write_report
from tests.components.ingestion.made_up import make_audit, make_images, make_photo
from tests.image_files import write_image

HOSTILE_CLASS = '<script>alert("x")</script>, \'&\n\u202e'
VOID = {"wbr", "meta", "img", "br", "rect"}


class Page(html.parser.HTMLParser):
    """What a reader of the page gets: tags, addresses, texts, and whether all tags are closed."""

    def __init__(self, page: str):
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def values(self, name: str) -> list[str]:
        return [value for attribute, value in self.attributes if attribute == name]


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


def test_the_sentence_adds_up():
    rejections = (Rejection("cat/x", "cat", "empty file", "0 bytes"),)
    audit = audit_of((make_pair("duplicate", "cat/a.png", "cat/b.png"),), rejections)
    assert summarize(audit) == "32 files found: 30 used, 1 rejected, 1 left out as duplicates."
    assert summarize(audit) in render_report(audit, "nowhere")


def test_every_kind_can_be_shown(root):
    pairs = {kind: make_pair(kind, "cat/a.png", "dog/b.png") for kind in KINDS}
    findings = {kind: FindingsOfKind(1, 2, (pair,)) for kind, pair in pairs.items()}
    page = render_report(dataclasses.replace(audit_of(), findings=findings), root)
    for kind in KINDS.values():
        assert kind.title in page
        assert kind.meaning in page
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


def test_names_are_text_and_nothing_else(tmp_path):
    filename = f"{HOSTILE_CLASS}/\udce9.jpg"
    images = [("train", make_photo(filename, content="any", class_text=HOSTILE_CLASS))]
    finding = Finding("dark", (filename,), (HOSTILE_CLASS,), ("train",), HOSTILE_CLASS, 1.0)
    rejection = Rejection(filename, HOSTILE_CLASS, HOSTILE_CLASS, HOSTILE_CLASS)
    path = tmp_path / "report.html"
    audit = make_audit(images, (rejection,), (finding,), data_folder=HOSTILE_CLASS)
    write_report(audit, "nowhere", str(path))
    page = path.read_text()
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
