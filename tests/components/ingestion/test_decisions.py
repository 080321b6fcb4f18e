"""What becomes of images that are alike, on real files."""

import os
import pathlib
import random
import re
import shutil

import pytest

from components.audit import (
    CONFLICT,
    DUPLICATE,
    LEAK,
    LOOK_ALIKE,
    NEAR_DUPLICATE,
    Audit,
)
from components.ingestion import decisions
from components.ingestion.examine_files import batches
from components.ingestion.groups import group_name
from components.ingestion.manifest import Row, read_manifest
from tests.components.ingestion.test_image_folder_example_gen import _ingest
from tests.scenes import make_scene, write_scene

CLASSES = ("cat", "dog")
SCENES = 40


@pytest.fixture(scope="module")
def flat(tmp_path_factory):
    """Forty scenes of each class in a flat folder."""
    root = tmp_path_factory.mktemp("flat") / "data"
    for number, name in enumerate(CLASSES):
        for seed in range(SCENES):
            write_scene(root / name / f"{seed:02}.png", seed=1000 * number + seed)
    return root


@pytest.fixture(scope="module")
def planted(flat, tmp_path_factory):
    """The same, with everything that can be alike added."""
    root = pathlib.Path(shutil.copytree(flat, tmp_path_factory.mktemp("planted") / "data"))
    shutil.copy(root / "cat/30.png", root / "cat/copy.png")
    make_scene(31).save(root / "cat/other format.bmp")
    make_scene(32).save(root / "cat/other file.png", compress_level=1)
    shutil.copy(root / "cat/33.png", root / "dog/mine too.png")
    make_scene(34).save(root / "dog/same pixels.bmp")
    write_scene(root / "dog/cat in disguise.jpg", seed=35, quality=50)
    for name, options in NEAR_COPIES.items():
        write_scene(root / name, **options)
    return root


# Three near-copies of each of 20 images.
NEAR_COPIES = {
    f"cat/{kind} {seed:02}.jpg": {"seed": seed, **options}
    for seed in range(20)
    for kind, options in {
        "smaller": {"size": (120, 90)},
        "recompressed": {"quality": 40},
        "cropped": {"crop": (0.03, 0.03, 0.97, 0.97)},
    }.items()
}


def ingest(root, destination, **options) -> tuple[Audit, dict[str, Row]]:
    """Runs the step; returns its audit, and its manifest by path."""
    examples = _ingest(root, destination, **options)
    rows = {row.path: row for row in read_manifest(examples.uri)}
    return Audit.read(os.path.join(examples.uri, "audit.json")), rows


@pytest.fixture(scope="module")
def found(planted, tmp_path_factory):
    """Audit and manifest of the folder with everything in it."""
    return ingest(planted, tmp_path_factory.mktemp("found") / "examples")


def named(audit: Audit, kind: str) -> list[tuple[str, ...]]:
    return sorted(tuple(sorted(finding.filenames)) for finding in audit.findings[kind].examples)


def test_the_numbers_add_up(found):
    audit, rows = found
    assert audit.found == len(rows) == 80 + 6 + 60
    assert (audit.used, audit.rejected, audit.duplicates) == (139, 4, 3)
    assert {row.treatment for row in rows.values() if row.split} == {"as found"}


def test_equal_bytes_and_equal_pixels_are_used_once(found):
    audit, rows = found
    assert named(audit, DUPLICATE) == [
        ("cat/30.png", "cat/copy.png"),
        ("cat/31.png", "cat/other format.bmp"),
        ("cat/32.png", "cat/other file.png"),
    ]
    assert rows["cat/copy.png"].treatment == "duplicate of cat/30.png: same bytes"
    assert rows["cat/other format.bmp"].treatment == "duplicate of cat/31.png: same pixels"
    assert rows["cat/30.png"].split != ""
    assert rows["cat/copy.png"].split == ""


def test_one_image_in_two_classes_is_set_aside(found):
    audit, rows = found
    assert audit.reasons == {"same image in two classes": 4}
    assert named(audit, CONFLICT) == [
        ("cat/33.png", "dog/mine too.png"),
        ("cat/34.png", "dog/same pixels.bmp"),
    ]
    assert rows["cat/33.png"].treatment == "rejected: same image in two classes"


def original(name: str) -> str:
    """The image that a near-copy was made of."""
    return f"cat/{name[-6:-4]}.png"


def test_near_duplicates_land_in_one_split(found):
    audit, rows = found
    straddling = [name for name in NEAR_COPIES if rows[name].split != rows[original(name)].split]
    assert straddling == []
    assert {rows[name].split for name in NEAR_COPIES} == {"train", "eval", "test"}
    # And the cat in disguise; nothing else is alike.
    assert audit.findings[NEAR_DUPLICATE].count == 20 + 1
    assert audit.findings[NEAR_DUPLICATE].files == 80 + 2


def test_look_alikes_in_two_classes_are_named_and_used(found):
    audit, rows = found
    assert named(audit, LOOK_ALIKE) == [("cat/35.png", "dog/cat in disguise.jpg")]
    assert rows["cat/35.png"].split == rows["dog/cat in disguise.jpg"].split != ""


@pytest.mark.e2e
def test_a_new_near_copy_never_moves_an_image_that_was_there(flat, planted, found, tmp_path):
    audit, before = ingest(flat, tmp_path / "before")
    assert {CONFLICT, DUPLICATE, LEAK, LOOK_ALIKE, NEAR_DUPLICATE}.isdisjoint(audit.findings)
    _, after = ingest(planted, tmp_path / "after", earlier=str(tmp_path / "before"))
    assert all(after[name].split in (row.split, "") for name, row in before.items())
    assert all(after[name].split == before[original(name)].split for name in NEAR_COPIES)
    # Without the memory of the run before, some would have moved.
    _, forgetful = found
    assert not all(forgetful[name].split in (row.split, "") for name, row in before.items())


@pytest.fixture
def pre_split(tmp_path):
    """An owner's splits, with one image of train again in test and a near-copy in validation."""
    root = tmp_path / "data"
    for number, (split, name) in enumerate(
        (split, name) for split in ("train", "validation", "test") for name in CLASSES
    ):
        for seed in range(6):
            write_scene(root / split / name / f"{seed}.png", seed=1000 * number + seed)
    shutil.copy(root / "train/cat/0.png", root / "test/cat/leaked.png")
    write_scene(root / "validation/dog/leaked.jpg", seed=1001, quality=50)
    return root


LEAKS = [
    ("test/cat/leaked.png", "train/cat/0.png"),
    ("train/dog/1.png", "validation/dog/leaked.jpg"),
]


def test_leaks_between_the_owners_splits_are_named_and_moved_out_of_train(pre_split, tmp_path):
    audit, rows = ingest(pre_split, tmp_path / "examples")
    assert named(audit, LEAK) == LEAKS
    assert (rows["test/cat/leaked.png"].split, rows["train/cat/0.png"].split) == ("test", "")
    assert rows["train/cat/0.png"].treatment == "duplicate of test/cat/leaked.png: same bytes"
    assert rows["train/dog/1.png"].split == rows["validation/dog/leaked.jpg"].split == "eval"
    assert (audit.found, audit.used, audit.duplicates) == (38, 37, 1)


@pytest.mark.e2e
def test_a_group_by_name_never_straddles_splits(tmp_path):
    root = tmp_path / "data"
    for number, name in enumerate(CLASSES):
        for seed in range(60):
            path = root / name / f"patient{seed // 3:02}_{seed}.png"
            write_scene(path, seed=1000 * number + seed)
    _, rows = ingest(root, tmp_path / "examples", group_pattern="patient[0-9]+")
    splits = {}
    for row in rows.values():
        splits.setdefault(row.path.split("/")[1].split("_")[0], set()).add(row.split)
    assert len(splits) == 20
    assert all(len(split) == 1 for split in splits.values())
    assert set.union(*splits.values()) == {"train", "eval", "test"}


@pytest.mark.e2e
def test_near_copies_tie_groups_together(tmp_path):
    root = tmp_path / "data"
    for number, name in enumerate(CLASSES):
        for seed in range(60):
            write_scene(root / name / f"day{seed // 6}_{seed}.png", seed=1000 * number + seed)
    for day in range(1, 10):
        write_scene(root / "cat" / f"day{day}_again.jpg", seed=0, quality=30 + day)
    with pytest.raises(Exception, match="no usable image of"):
        # Everything hangs together, and one split gets it all.
        ingest(root, tmp_path / "examples", group_pattern="day[0-9]+")


@pytest.mark.e2e
def test_the_order_of_files_changes_nothing(planted, found, tmp_path, monkeypatch):
    def shuffled(files):
        return batches(random.Random(1).sample(files, len(files)))

    monkeypatch.setattr(decisions, "batches", shuffled)
    assert ingest(planted, tmp_path / "again") == found


@pytest.mark.parametrize(
    ("filename", "pattern", "expected"),
    [
        ("cat/patient7_1.png", "patient[0-9]+", "group:patient7"),
        ("cat/patient7_1.png", "patient([0-9]+)", "group:7"),
        ("cat/p7_c2_1.png", r"p(\d+)_c(\d+)", "group:7|2"),
        ("cat/p7_1.png", r"p(\d+)_(?:c(\d+))?", "group:7|"),
        ("cat/other.png", "patient[0-9]+", None),
        ("cat/patient7_1.png", "", None),
    ],
)
def test_group_name(filename, pattern, expected):
    assert group_name(filename, pattern) == expected


def test_all_copies_of_an_image_in_two_classes_go(tmp_path):
    """Fault C6: a copy of other bytes and equal pixels was used, in the test split at that."""
    root = tmp_path / "data"
    for number, name in enumerate(CLASSES):
        for seed in range(12):
            write_scene(root / name / f"{seed:02}.png", seed=1000 * number + seed)
    write_scene(root / "cat/doubtful.png", seed=77)
    shutil.copy(root / "cat/doubtful.png", root / "dog/doubtful.png")
    make_scene(77).save(root / "cat/a copy.bmp")
    make_scene(77).save(root / "cat/another.tif")
    write_scene(root / "cat/like it.jpg", seed=77, quality=60)
    audit, rows = ingest(root, tmp_path / "examples", max_reject_fraction=1.0)
    doubtful = {"cat/doubtful.png", "dog/doubtful.png", "cat/a copy.bmp", "cat/another.tif"}
    rejected = {path for path, row in rows.items() if row.treatment.startswith("rejected")}
    assert rejected == doubtful
    assert {rows[path].treatment for path in doubtful} == {"rejected: same image in two classes"}
    assert rows["cat/like it.jpg"].split
    assert (audit.found, audit.used, audit.rejected, audit.duplicates) == (29, 25, 4, 0)


class TestWhatWasThereStays:
    """Fault C9: whoever was left of near-duplicates moved to the split of its own digest."""

    @pytest.fixture(scope="class")
    def root(self, tmp_path_factory):
        """Pairs of near-duplicates, then of equal pixels in two formats, then single images."""
        root = tmp_path_factory.mktemp("pairs") / "data"
        for name, start in (("cat", 2000), ("dog", 3000)):
            for seed in range(start, start + 40):
                write_scene(root / name / f"{seed}.png", seed, size=(120, 90))
                if seed < start + 20:
                    write_scene(root / name / f"{seed} too.jpg", seed, size=(120, 90), quality=60)
                elif seed < start + 30:
                    make_scene(seed, (120, 90)).save(root / name / f"{seed} too.bmp")
        return root

    WEIGHTS = {"train": 1, "eval": 1, "test": 1}

    def run(self, root, destination, **options):
        _, rows = ingest(root, destination, split_weights=self.WEIGHTS, **options)
        return rows

    @pytest.mark.parametrize("ending", [".png", " too.*"])
    def test_of_removed_images_nobody_else_moves(self, root, tmp_path, ending):
        before = self.run(root, tmp_path / "1")
        fewer = pathlib.Path(shutil.copytree(root, tmp_path / "fewer"))
        for start in (2000, 3000):
            for seed in range(start, start + 30):
                (removed,) = fewer.glob(f"*/{seed}{ending}")
                removed.unlink()
        after = self.run(fewer, tmp_path / "2", earlier=str(tmp_path / "1"))
        # Of equal pixels, one was used for both.
        same_pixels = {
            row.treatment.removeprefix("duplicate of ").removesuffix(": same pixels"): path
            for path, row in before.items()
            if row.treatment.endswith(": same pixels")
        }
        was = {path: row.split for path, row in before.items() if row.split}
        was |= {copy: was[kept] for kept, copy in same_pixels.items()}
        assert len(same_pixels) == 20
        assert {path: row.split for path, row in after.items()} == {
            path: was[path] for path in after
        }
        # Also in the run after that, whose earlier run is this one.
        third = self.run(fewer, tmp_path / "3", earlier=str(tmp_path / "2"))
        assert third == after

    def test_a_new_image_between_two_splits(self, root, tmp_path):
        pattern = {"group_pattern": "[0-9]+"}
        before = self.run(root, tmp_path / "1", **pattern)
        at = {split: path for path, row in before.items() if (split := row.split) and "20" in path}
        first, second = at["train"], at["test"]
        more = pathlib.Path(shutil.copytree(root, tmp_path / "more"))
        # Nearly the same as one, and by its name in the group of the other.
        seed, group = (re.search("[0-9]+", path)[0] for path in (first, second))
        new = f"cat/{group} new.jpg"
        write_scene(more / new, int(seed), size=(120, 90), quality=40)
        after = self.run(
            more, tmp_path / "2", earlier=str(tmp_path / "1"), max_reject_fraction=1.0, **pattern
        )
        assert after[new].treatment == "rejected: nearly the same as images of two splits"
        assert {path: after[path] for path in before} == before
