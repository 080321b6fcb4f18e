"""The pixels of an image -> a digest, to know images that are equal however they are stored."""

import hashlib

from components.ingestion.data_folder import ImageFile, Rejection
from components.ingestion.examining.examination import Examination, read_or_reject
from components.normalization.normalization_rules import ImageRules
from components.normalization.opening import UnusableImageError, decode_upright, open_image


def digest_pixels(root: str, rules: ImageRules, image: Examination) -> str:
    """Digest of what a model would see of a file.

    Returns:
        Hexadecimal SHA-256 of size and pixels; empty if they cannot be had.
    """
    file = ImageFile(image.filename, image.class_text, image.given_split)
    encoded = read_or_reject(root, file, rules)
    if isinstance(encoded, Rejection):
        return ""
    try:
        pixels = decode_upright(open_image(encoded, rules), rules)
    except UnusableImageError:
        return ""
    return hashlib.sha256(f"{pixels.size}".encode() + pixels.tobytes()).hexdigest()
