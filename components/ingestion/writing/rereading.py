"""An examined image -> the very bytes that were examined, read again."""

import hashlib

from components.ingestion.data_folder import ImageFile, Rejection
from components.ingestion.examining.examination import Examination, read_or_reject
from components.normalization.normalization_rules import ImageRules

CHANGED = "changed while it was read"


def read_again(root: str, rules: ImageRules, image: Examination) -> bytes | Rejection:
    """Reads the file of an image.

    Args:
        root: The data folder.
        rules: What is accepted.
        image: What is known of it.

    Returns:
        Its bytes; a rejection if they are not there any more, or others are.
    """
    file = ImageFile(image.filename, image.class_text, image.given_split)
    found = read_or_reject(root, file, rules)
    if isinstance(found, Rejection) or hashlib.sha256(found).hexdigest() == image.sha256:
        return found
    return Rejection(image.filename, image.class_text, CHANGED, "run again")
