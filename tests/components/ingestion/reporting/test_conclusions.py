import random

from components.ingestion.data_folder import Rejection
from components.ingestion.reporting.conclusions import conclude
from components.ingestion.reporting.facts import Facts
from tests.components.ingestion.made_up import make_audit, make_images, make_photo


def test_poor_pictures_are_found_the_worst_first():
    images = make_images({("train", "cat"): 100})
    images += [
        ("train", make_photo("cat/dim.jpg", brightness=0.1, contrast=0.05)),
        ("train", make_photo("cat/night.jpg", brightness=0.05, contrast=0.05)),
        ("test", make_photo("cat/snow.jpg", brightness=0.95, contrast=0.05)),
        ("train", make_photo("cat/fog.jpg", sharpness=10.0)),
        ("train", make_photo("cat/wall.jpg", contrast=0.01, sharpness=1.0)),
    ]
    findings = make_audit(images).findings
    assert {kind: found.count for kind, found in findings.items()} == {
        "dark": 2,
        "bright": 1,
        "blurry": 1,
        "low_information": 1,
    }
    dark = [(found.filenames, found.detail) for found in findings["dark"].examples]
    assert dark == [
        (("cat/night.jpg",), "brightness 0.05, contrast 0.05"),
        (("cat/dim.jpg",), "brightness 0.10, contrast 0.05"),
    ]
    assert findings["bright"].examples[0].splits == ("test",)


def test_odd_sizes_and_shapes_are_found_by_the_median():
    images = make_images({("train", "cat"): 100})
    images += [
        ("train", make_photo("cat/thumbnail.jpg", width=40, height=30)),
        ("train", make_photo("cat/scan.jpg", width=4000, height=3000)),
        ("train", make_photo("cat/small.jpg", width=120, height=90)),
        ("train", make_photo("cat/portrait.jpg", width=300, height=400)),
        ("train", make_photo("cat/banner.jpg", width=1200, height=120)),
    ]
    findings = make_audit(images).findings
    assert {kind: found.count for kind, found in findings.items()} == {
        "odd_size": 2,
        "odd_aspect": 1,
    }
    assert [found.detail for found in findings["odd_size"].examples] == [
        "4000x3000 pixels, 10.0 times larger than usual",
        "40x30 pixels, 10.0 times smaller than usual",
    ]
    assert findings["odd_aspect"].examples[0].detail == (
        "1200x120 pixels, 7.5 times more elongated than usual"
    )


def test_small_gray_pictures_of_one_size_are_not_odd():
    images = make_images({("train", "cat"): 2000}, width=28, height=28)
    assert make_audit(images).findings == {}


def test_each_reason_to_reject_has_an_example():
    rejections = [Rejection(f"cat/{number:03}", "cat", "empty file") for number in range(200)]
    rejections.append(Rejection("cat/z.jpg", "cat", "broken jpeg", "ends"))
    rejected = make_audit([], tuple(rejections)).findings["rejected"]
    assert (rejected.count, len(rejected.examples)) == (201, 11)
    assert [found.filenames[0] for found in rejected.examples[:3]] == [
        "cat/000",
        "cat/z.jpg",
        "cat/001",
    ]


def test_classes_and_splits_without_images_are_shown():
    facts = Facts()
    facts.add_images(make_images({("test", "cat"): 1, ("train", "cat"): 1}))
    audit = conclude(facts, "photos", 2, ["dog", "cat"])
    assert list(audit.images) == ["train", "eval", "test"]
    assert audit.images["test"] == {"cat": 1, "dog": 0}


def test_nothing_at_all():
    audit = conclude(Facts(), "photos", 0)
    assert audit.images == {"train": {}, "eval": {}, "test": {}}
    assert (audit.sizes, audit.quality, audit.findings) == ({}, {}, {})


def test_parts_in_any_order_give_the_same():
    chance = random.Random(0)
    images = [
        (
            chance.choice(["train", "eval"]),
            make_photo(
                f"class {number % 7}/{number}.jpg",
                brightness=chance.choice([0.01, 0.5]),
                contrast=chance.choice([0.0, 0.2]),
                width=chance.choice([10, 400, 401]),
                treatment=chance.choice(["", "rotated"]),
            ),
        )
        for number in range(3000)
    ]
    whole = Facts()
    whole.add_images(images)
    chance.shuffle(images)
    merged = Facts()
    for start in range(0, len(images), 700):
        part = Facts()
        part.add_images(images[start : start + 700])
        merged.merge(part)
    assert conclude(merged, "x", 3000) == conclude(whole, "x", 3000)
    found = conclude(merged, "x", 3000).findings["low_information"]
    assert found.count > 1000
    assert len(found.examples) == 30
