"""What an image of a span becomes that earlier spans have, or nearly have."""

import json

import apache_beam as beam
import pytest

from components.beam_arguments import ONE_PROCESS
from components.ingestion.decisions import Earlier, Question, decide
from components.ingestion.duplicates import SAME_BYTES, SAME_PIXELS, describe_cluster, resolve
from components.ingestion.earlier_spans import (
    EarlierImage,
    WriteSignatures,
    read_signatures,
    signature_files,
)
from components.ingestion.image_record import Rejection
from components.ingestion.splits import plan_splits
from tests.components.ingestion.examinations import make_examination, make_rules
from tests.components.ingestion.scenes import cut, scene, sign

SIGNATURES = [sign(scene(seed)) for seed in range(6)]
NEAR = [sign(cut(scene(seed), left=0.03, top=0.02)) for seed in range(6)]
KNOWN = EarlierImage("d1", "cat", "train", "", "span-1", "cat/1.png", b"")


def _pipeline():
    return beam.Pipeline(argv=list(ONE_PROCESS))


def _leave(folder, span, placed):
    """Leaves what a span leaves that was ingested before."""
    with _pipeline() as pipeline:
        _ = pipeline | beam.Create([placed]) | WriteSignatures(str(folder), span, len(placed))
    return str(folder)


def test_reads_what_was_written(tmp_path, monkeypatch):
    monkeypatch.setattr("components.ingestion.earlier_spans.PART_SIZE", 2)
    images = [
        make_examination("cat/a, \"b\"\n'c'.png", signature=b"\0\n,\xff"),
        make_examination("test/ä/b.png"),
        make_examination("cat/carriage\rreturn.png"),
        make_examination("cat/d.png"),
    ]
    placed = list(zip(("train", "test", "eval", "train"), images, strict=True))
    folder = _leave(tmp_path, "span-03", placed)
    files = signature_files([folder])
    assert 1 < len(files) <= 3
    found = sorted(image for path in files for image in read_signatures(path))
    assert found == sorted(
        EarlierImage(
            image.sha256,
            image.class_text,
            split,
            image.given_split or "",
            "span-03",
            image.filename,
            image.signature,
        )
        for split, image in placed
    )


def test_the_order_of_images_changes_no_byte(tmp_path):
    placed = [("train", make_examination(f"cat/{number}.png")) for number in range(20)]
    contents = []
    for name, order in (("one", placed), ("two", placed[::-1])):
        (path,) = signature_files([_leave(tmp_path / name, "span-1", order)])
        with open(path, "rb") as file:
            contents.append(file.read())
    assert contents[0] == contents[1]


def test_a_span_of_which_no_image_is_used_leaves_nothing(tmp_path):
    assert signature_files([_leave(tmp_path, "span-1", [])]) == []


def test_where_an_earlier_image_is_and_what_it_leaks_out_of():
    assert KNOWN.filename == "../span-1/cat/1.png"
    assert KNOWN.given_split == "train"
    owned = EarlierImage("d1", "cat", "eval", "train", "span-1", "train/cat/1.png", b"")
    assert owned.given_split == "train"


def test_the_same_bytes_are_left_out():
    copies = [make_examination("cat/9.png", "x"), make_examination("cat/2.png", "x")]
    settled = resolve(copies, SAME_BYTES, [KNOWN])
    assert settled.kept is None
    assert [(d.image.filename, d.kept, d.match) for d in settled.duplicates] == [
        ("cat/2.png", "../span-1/cat/1.png", "same bytes"),
        ("cat/9.png", "../span-1/cat/1.png", "same bytes"),
    ]
    (finding,) = settled.findings
    # As many files as the one that is used and those left out: the audit counts by that.
    assert (finding.kind, finding.files) == ("duplicate", 3)
    assert finding.filenames == ("../span-1/cat/1.png", "cat/2.png", "cat/9.png")


def test_the_same_bytes_in_another_class_are_a_conflict():
    copies = [make_examination("dog/2.png", "x"), make_examination("cat/3.png", "x")]
    settled = resolve(copies, SAME_BYTES, [KNOWN])
    assert (settled.kept, settled.duplicates) == (None, ())
    detail = (
        "also ../span-1/cat/1.png, in class 'cat', which is used: its span was ingested already"
    )
    assert settled.conflicts == (
        Rejection("cat/3.png", "cat", "same image in two classes", detail),
        Rejection("dog/2.png", "dog", "same image in two classes", detail),
    )
    (finding,) = settled.findings
    assert (finding.kind, finding.detail) == (
        "conflict",
        "same bytes; that of the earlier span stays in use",
    )


def test_the_same_bytes_in_the_owners_test_folder_are_a_leak():
    settled = resolve([make_examination("test/cat/2.png", "x")], SAME_BYTES, [KNOWN])
    assert [(finding.kind, finding.detail) for finding in settled.findings] == [
        ("duplicate", "same bytes"),
        ("leak", "same bytes in test and train"),
    ]


def test_look_alikes_across_spans_are_named():
    new = [make_examination("dog/2.png"), make_examination("cat/3.png")]
    *_, near, alike = describe_cluster(new, [KNOWN])
    assert (near.kind, near.files) == ("near_duplicate", 3)
    assert near.filenames == ("cat/3.png", "dog/2.png", "../span-1/cat/1.png")
    assert (alike.kind, alike.detail) == (
        "look_alike",
        "in more than one class, and in an earlier span",
    )
    assert list(describe_cluster([], [KNOWN])) == []


def test_the_same_pixels_in_another_class_are_a_conflict():
    """Fault C6: a copy of other bytes, in another class than in an earlier span, was used."""
    resolved = resolve([make_examination("dog/2.png")], SAME_PIXELS, [KNOWN])
    (conflict,) = resolved.conflicts
    assert (conflict.filename, conflict.reason) == ("dog/2.png", "same image in two classes")
    assert conflict.detail.startswith("also ../span-1/cat/1.png, in class 'cat', which is used")
    (finding,) = resolved.findings
    assert finding.detail == "same pixels; that of the earlier span stays in use"


def test_the_same_pixels_in_the_same_class_go_where_they_are():
    image = make_examination("cat/2.png")
    assert resolve([image], SAME_PIXELS, [KNOWN]).kept == image


@pytest.fixture
def earlier(tmp_path):
    """Two spans: a cat each in test and train, and a dog of patient 1 in eval."""
    images = [
        ("test", make_examination("cat/0.png", signature=SIGNATURES[0])),
        ("train", make_examination("cat/1.png", signature=SIGNATURES[1])),
        ("eval", make_examination("dog/patient1_a.png", signature=SIGNATURES[2])),
    ]
    return [
        _leave(tmp_path / "1", "span-1", images[:1]),
        _leave(tmp_path / "2", "span-2", images[1:]),
    ]


@pytest.fixture
def decided(tmp_path, earlier):
    """Decides about images; returns by file name their split, original, or why they are out."""

    def run(images, spans=tuple(earlier), pattern=""):
        rules = make_rules(group_pattern=pattern)
        path = str(tmp_path / "outcomes.json")
        with _pipeline() as pipeline:
            examined = pipeline | beam.Create([images])
            plan = plan_splits((), rules.split_weights)
            work_folder = str(tmp_path / "work")
            question = Question("nowhere", rules, plan, work_folder, Earlier(spans=spans))
            decided = decide(examined, question)
            _ = (
                (
                    decided.assigned
                    | beam.FlatMap(lambda pairs: pairs)
                    | beam.MapTuple(lambda split, image: (image.filename, split)),
                    decided.duplicates
                    | beam.Map(lambda left_out: (left_out.image.filename, left_out.kept)),
                    decided.rejections
                    | beam.Map(lambda out: (out.filename, f"{out.reason}: {out.detail}")),
                )
                | beam.Flatten()
                | beam.combiners.ToList()
                | beam.Map(_write_json, path)
            )
        with open(path) as file:
            return dict(json.load(file))

    return run


def _write_json(values, path):
    with open(path, "w") as file:
        json.dump(values, file)


def _new(filename, signature=b"", content="", width=8):
    # Of other sizes, so that nobody asks for their pixels.
    return make_examination(filename, content, signature=signature, width=width)


def test_near_copies_go_where_their_originals_are(decided):
    images = [
        _new("cat/near 0.png", NEAR[0], width=9),
        _new("cat/near 1.png", NEAR[1], width=10),
        _new("dog/near 2.png", NEAR[2], width=11),
        _new("cat/copy.png", SIGNATURES[0], content="cat/0.png"),
        _new("dog/mine too.png", SIGNATURES[1], content="cat/1.png"),
        _new("dog/alone.png", SIGNATURES[3]),
    ]
    found = decided(images)
    assert found.pop("dog/alone.png") == decided(images, [])["dog/alone.png"]
    assert found == {
        "cat/near 0.png": "test",
        "cat/near 1.png": "train",
        "dog/near 2.png": "eval",
        "cat/copy.png": "../span-1/cat/0.png",
        "dog/mine too.png": (
            "same image in two classes: also ../span-2/cat/1.png, in class 'cat', which is used: "
            "its span was ingested already"
        ),
    }


def test_into_how_many_parts_the_images_are_taken_changes_nothing(decided, monkeypatch):
    images = [
        _new("cat/near 0.png", NEAR[0], width=9),
        _new("cat/copy.png", SIGNATURES[0], content="cat/0.png"),
        _new("dog/mine too.png", SIGNATURES[1], content="cat/1.png"),
        _new("dog/alone.png", SIGNATURES[3]),
        _new("dog/copy.png", SIGNATURES[3], content="dog/alone.png"),
    ]
    found = decided(images)
    monkeypatch.setattr("components.ingestion.deduplicate.PART_SIZE", 1_000)
    assert decided(images) == found
    assert found["dog/copy.png"] == "dog/alone.png"


def test_a_group_goes_where_it_was_and_not_into_two_splits(decided):
    images = [
        _new("cat/patient1_b.png", SIGNATURES[3]),
        _new("cat/patient2_a.png", NEAR[0], width=9),
        _new("cat/patient2_b.png", SIGNATURES[4]),
        _new("cat/patient3_a.png", NEAR[0], width=10),
        _new("cat/patient3_b.png", NEAR[1], width=11),
    ]
    alone = decided(images[:3], pattern="patient[0-9]+")
    assert alone == {
        "cat/patient1_b.png": "eval",
        "cat/patient2_a.png": "test",
        "cat/patient2_b.png": "test",
    }
    found = decided([images[0], *images[3:]], pattern="patient[0-9]+")
    reason = (
        "nearly the same as images of two splits: as ../span-1/cat/0.png in test, "
        "../span-2/cat/1.png in train"
    )
    assert found == {
        "cat/patient1_b.png": "eval",
        "cat/patient3_a.png": reason,
        "cat/patient3_b.png": reason,
    }
