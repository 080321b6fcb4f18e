import pytest

from components.errors import PipelineError
from components.ingestion.data_spans import Span, find_spans, is_span, list_data_folders
from tests.image_files import make_image_folder

TREE = (
    "Expected <folder>/span-<N>/<class>/<images>, where N is a whole number of at most 18 digits "
    "that no other span has."
)


def _make(root, *names):
    for name in names:
        (root / name).mkdir(parents=True)
    return str(root)


@pytest.mark.parametrize(
    ("window", "numbers"), [(0, [2, 9, 10]), (1, [10]), (2, [9, 10]), (7, [2, 9, 10])]
)
def test_the_newest_spans_in_the_order_of_their_numbers(tmp_path, window, numbers):
    root = _make(tmp_path, "span-10", "span-2", "span-09", ".trash")
    (tmp_path / ".DS_Store").touch()
    assert [span.number for span in find_spans(root, window)] == numbers


def test_a_span_knows_its_folder_and_its_name(tmp_path):
    root = _make(tmp_path, "span-03")
    (span,) = find_spans(root)
    assert span == Span(3, f"{root}/span-03")
    assert span.name == "span-3"


@pytest.mark.parametrize(
    "names", [(), ("cat", "dog"), ("span", "span-x"), ("cat", "Span-2"), ("span-", "span--1")]
)
def test_a_folder_without_spans_has_none(tmp_path, names):
    assert find_spans(_make(tmp_path, *names)) == ()


@pytest.mark.parametrize(
    ("names", "window"), [(("span_1", "Span 2"), 0), (("span1", "SPAN-2"), 0), (("cat", "dog"), 3)]
)
def test_spans_are_not_taken_for_classes(tmp_path, names, window):
    root = _make(tmp_path, *names)
    listed = ", ".join(map(repr, sorted(names)))
    with pytest.raises(PipelineError) as caught:
        find_spans(root, window)
    assert str(caught.value) == (
        "A data folder with spans, or with a window of them (ingest.window), must have folders "
        f"named span-<N>. Received: {root} with {listed}. {TREE} Rename the folders; or leave out "
        "ingest.window if they are classes."
    )


def test_spans_beside_classes_are_refused(tmp_path):
    root = _make(tmp_path, "span-1", "span-2", "cat", f"span-{10**18}")
    (tmp_path / "readme.txt").touch()
    with pytest.raises(PipelineError) as caught:
        find_spans(root)
    assert str(caught.value) == (
        "A data folder holds spans or classes, not both. Received: "
        f"{root} with 'span-1', 'span-2' beside 'cat', 'span-{10**18}', 'readme.txt'. "
        f"Move the latter away or into a span. {TREE}"
    )


def test_two_spans_of_one_number_are_refused(tmp_path):
    root = _make(tmp_path, "span-1", "span-01", "span-2")
    with pytest.raises(PipelineError) as caught:
        find_spans(root)
    assert str(caught.value) == (
        f"Each span must have a number of its own. Received: {root} with 'span-01', 'span-1'. "
        f"Rename all but one. {TREE}"
    )


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(PipelineError, match="The data folder must exist"):
        find_spans(str(tmp_path / "missing"))


def test_lists_a_folder_without_spans_or_each_span_of_the_window(tmp_path):
    flat = make_image_folder(tmp_path / "flat", {"a": 1, "b": 1})
    assert [folder.found for folder in list_data_folders(str(flat))] == [2]
    root = tmp_path / "spans"
    make_image_folder(root, {"span-1/a": 1, "span-2/a": 2, "span-2/b": 1, "span-3/b": 4})
    assert [folder.found for folder in list_data_folders(str(root), window=2)] == [3, 4]
    (root / "span-4").mkdir()
    with pytest.raises(PipelineError, match=r"must hold images\. Received: .*span-4, empty"):
        list_data_folders(str(root))


@pytest.mark.parametrize(
    ("folder", "expected"),
    [("photos/span-3", True), ("photos/span-03/", True), ("span-3/cat", False), ("photos", False)],
)
def test_is_span(folder, expected):
    assert is_span(folder) == expected


def test_what_other_programs_leave_beside_spans(tmp_path):
    """Fault C8: a folder of a network storage made a data folder of spans another one."""
    for name in ("span-1/cat", "span-2/cat", "@eaDir", "__MACOSX"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "Thumbs.db").touch()
    assert [span.number for span in find_spans(str(tmp_path))] == [1, 2]
