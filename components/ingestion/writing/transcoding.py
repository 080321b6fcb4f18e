"""An image that is transcoded -> its record: what a worker of a sandbox does; no TensorFlow."""

from typing import NamedTuple

from components.ingestion.data_folder import Rejection
from components.ingestion.examining.examination import Content, Examination
from components.ingestion.writing.record import serialize_record
from components.ingestion.writing.rereading import read_again
from components.ingestion.writing.store import Outcome
from components.normalization.normalization_rules import ImageRules
from components.normalization.normalize import normalize
from components.normalization.opening import UnusableImageError


class Transcoding(NamedTuple):
    """What a worker has to know.

    Attributes:
        image: What is known of it.
        content: Its file, if a worker cannot read it.
        is_refused: Whether TensorFlow does not decode the file as it is.
    """

    image: Examination
    content: Content
    is_refused: bool


def transcode_file(root: str, rules: ImageRules, task: Transcoding) -> Outcome:
    """Makes the record of one image, unless it proves unusable."""
    image, content, is_refused = task
    found = read_again(root, rules, image) if content is None else content
    if isinstance(found, Rejection):
        return found
    try:
        normalized = normalize(found, rules, lambda _: not is_refused)
    except UnusableImageError as error:
        return reject_task(task, error.reason, error.detail)
    return serialize_record(image, normalized.encoded, normalized.treatment), normalized.treatment


def reject_task(task: Transcoding, reason: str, detail: str) -> Rejection:
    """The outcome of an image that has no record."""
    return Rejection(task.image.filename, task.image.class_text, reason, detail)
