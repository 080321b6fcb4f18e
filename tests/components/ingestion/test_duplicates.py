import pytest

from components.audit import CONFLICT, DUPLICATE, LEAK
from components.ingestion.duplicates import (
    Duplicate,
    Resolution,
    find_leaks,
    name_images,
    resolve,
)
from components.ingestion.image_record import Rejection
from tests.components.ingestion.examinations import make_examination


def test_one_image_is_kept():
    image = make_examination("cat/1.png")
    assert resolve([image], "same bytes") == Resolution(image)


def test_the_first_by_name_is_kept_and_the_others_are_its_duplicates():
    first, second, third = (make_examination(f"cat/{n}.png", "same") for n in "123")
    assert resolve([third, first, second], "same pixels") == Resolution(
        kept=first,
        duplicates=(
            Duplicate(second, "cat/1.png", "same pixels"),
            Duplicate(third, "cat/1.png", "same pixels"),
        ),
        findings=(name_images(DUPLICATE, [first, second, third], "same pixels"),),
    )


@pytest.mark.parametrize(
    ("splits", "kept"),
    [(["train", "test"], "test"), (["train", "eval"], "eval"), (["eval", "test", "train"], "test")],
)
def test_of_the_owners_splits_the_strictest_keeps_its_image(splits, kept):
    copies = [make_examination(f"{split}/cat/1.png", "same") for split in splits]
    resolution = resolve(copies, "same bytes")
    assert resolution.kept == copies[splits.index(kept)]
    assert {d.image.given_split for d in resolution.duplicates} == {*splits} - {kept}


def test_an_image_of_two_classes_is_set_aside_with_all_its_copies():
    copies = [make_examination(name, "same") for name in ("dog/1.png", "cat/1.png", "cat/2.png")]
    assert resolve(copies, "same bytes") == Resolution(
        kept=None,
        conflicts=(
            Rejection("cat/1.png", "cat", "same image in two classes", "also dog/1.png"),
            Rejection("cat/2.png", "cat", "same image in two classes", "also dog/1.png"),
            Rejection("dog/1.png", "dog", "same image in two classes", "also cat/1.png"),
        ),
        findings=(name_images(CONFLICT, [*copies[1:], copies[0]], "same bytes"),),
    )


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["train/cat/1.png", "test/cat/1.png"], ["same bytes in test and train"]),
        (["train/cat/1.png", "train/cat/2.png"], []),
        (["cat/1.png", "cat/2.png"], []),
        (["eval/cat/1.png", "test/cat/1.png", "test/cat/2.png"], ["same bytes in eval and test"]),
    ],
)
def test_leaks_are_images_in_two_of_the_owners_splits(names, expected):
    leaks = find_leaks([make_examination(name) for name in names], "same bytes")
    assert [(leak.kind, leak.detail) for leak in leaks] == [(LEAK, detail) for detail in expected]
    assert [leak.filenames for leak in leaks] == [tuple(names)] * len(expected)


def test_a_finding_names_a_few_and_counts_all():
    images = [make_examination(f"cat/{number:03}.png") for number in range(500)]
    finding = name_images(DUPLICATE, images, "same bytes")
    assert (len(finding.filenames), finding.files, finding.score) == (12, 500, 500.0)
