import random

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from components.audit import Finding
from components.beam_arguments import ONE_PROCESS
from components.ingestion.finding_tally import Tally
from components.ingestion.image_record import Rejection
from components.ingestion.profile import DataProfile
from components.ingestion.profile_images import FINDINGS, PLACED, REJECTIONS, ProfileImages
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
    profile = DataProfile()
    profile.add_images(make_images({("test", "cat"): 1, ("train", "cat"): 1}))
    audit = profile.audit("photos", 2, ["dog", "cat"])
    assert list(audit.images) == ["train", "eval", "test"]
    assert audit.images["test"] == {"cat": 1, "dog": 0}


def test_nothing_at_all():
    audit = DataProfile().audit("photos", 0)
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
    whole = DataProfile()
    whole.add_images(images)
    chance.shuffle(images)
    merged = DataProfile()
    for start in range(0, len(images), 700):
        part = DataProfile()
        part.add_images(images[start : start + 700])
        merged.merge(part)
    assert merged.audit("x", 3000) == whole.audit("x", 3000)
    found = merged.audit("x", 3000).findings["low_information"]
    assert found.count > 1000
    assert len(found.examples) == 30


def make_finding(number: int) -> Finding:
    return Finding("leak", (f"{number}", "x"), ("a", "a"), ("", ""), "", float(number))


def test_a_tally_counts_all_and_keeps_the_worst():
    tally = Tally(most=3)
    for number in range(100):
        tally.add(make_finding(number))
    assert (tally.count, tally.files) == (100, 200)
    assert len(tally.examples) <= 12
    assert [finding.score for finding in tally.worst()] == [99, 98, 97]


def test_merged_tallies_are_as_one():
    halves = Tally(most=3), Tally(most=3)
    for number in range(100):
        halves[number % 2].add(make_finding(number))
    halves[0].merge(halves[1])
    assert (halves[0].count, halves[0].files) == (100, 200)
    assert [finding.score for finding in halves[0].worst()] == [99, 98, 97]


def test_a_finding_of_many_files_is_kept_short():
    profile = DataProfile()
    names = tuple(map(str, range(1000)))
    profile.add_finding(Finding("duplicate", names, names, names, "", 0.0))
    [kept] = profile.findings["duplicate"].examples
    assert (len(kept.filenames), kept.files) == (12, 1000)
    assert profile.findings["duplicate"].files == 1000


def test_a_rejection_without_a_detail():
    profile = DataProfile()
    profile.add_rejection(Rejection("a", "", "hidden"))
    profile.add_rejection(Rejection("b", "c", "broken jpeg", "x" * 1000))
    assert {reason: tally.count for reason, tally in profile.reasons.items()} == {
        "hidden": 1,
        "broken jpeg": 1,
    }
    assert profile.reasons["hidden"].examples[0].detail == "hidden"
    assert len(profile.reasons["broken jpeg"].examples[0].detail) == 400


def profile_on_beam(images, rejections, findings, found, path) -> None:
    with beam.Pipeline(options=PipelineOptions(list(ONE_PROCESS))) as pipeline:
        known = {
            PLACED: pipeline | "Images" >> beam.Create([images[::2], images[1::2]]),
            REJECTIONS: pipeline | "Rejections" >> beam.Create(rejections),
            FINDINGS: pipeline | "Findings" >> beam.Create(findings),
        }
        audit = known | ProfileImages("photos", found, ["cat", "dog"])
        _ = audit | beam.Map(lambda audit: audit.write(path))


def test_beam_gives_what_is_given_without_it(tmp_path):
    images = make_images({("train", "cat"): 1500, ("train", "dog"): 1600, ("test", "cat"): 400})
    rejections = (Rejection("cat/.x", "cat", "hidden"),)
    findings = (
        Finding("duplicate", ("a", "b"), ("cat", "cat"), ("", ""), "", 0.0),
        Finding("leak", ("a", "c"), ("cat", "cat"), ("train", "test"), "", 0.0),
    )
    path = tmp_path / "audit.json"
    profile_on_beam(images, rejections, findings, 3502, str(path))
    expected = tmp_path / "expected.json"
    make_audit(images, rejections, findings).write(str(expected))
    assert path.read_text() == expected.read_text()


def test_an_empty_folder_has_an_audit(tmp_path):
    path = tmp_path / "audit.json"
    profile_on_beam([], [], [], 0, str(path))
    assert '"found": 0' in path.read_text()
