"""Photos and audits for tests, made up without any image."""

from typing import Any

from components.audit import Audit, Finding
from components.ingestion.image_record import ImageRecord, Rejection
from components.ingestion.profile import DataProfile
from tests.components.ingestion.examinations import make_examination

PHOTO = {
    "given_split": None,
    "size": 20_000,
    "format": "jpeg",
    "height": 300,
    "width": 400,
    "contrast": 0.2,
    "sharpness": 1000.0,
}


def make_photo(filename: str = "cat/1.jpg", **values: Any) -> ImageRecord:
    """An ordinary photo, unless told otherwise."""
    return make_examination(filename, **{**PHOTO, **values})


def make_images(counts: dict[tuple[str, str], int], **values: Any) -> list[Any]:
    """(split, examination) of so many images of each (split, class)."""
    return [
        (split, make_photo(f"{class_text}/{split}-{number:04}.jpg", **values))
        for (split, class_text), count in counts.items()
        for number in range(count)
    ]


def make_audit(
    images: list[Any],
    rejections: tuple[Rejection, ...] = (),
    findings: tuple[Finding, ...] = (),
    data_folder: str = "photos",
) -> Audit:
    """The audit of these; duplicates are counted from the findings."""
    profile = DataProfile()
    profile.add_images(images)
    for rejection in rejections:
        profile.add_rejection(rejection)
    for finding in findings:
        profile.add_finding(finding)
    copies = sum(finding.files - 1 for finding in findings if finding.kind == "duplicate")
    return profile.audit(data_folder, len(images) + len(rejections) + copies)
