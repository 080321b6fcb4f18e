"""Fault C4: JPEGs whose coded data end before the picture does, and those that are merely odd."""

import functools
import io
import random

import numpy as np
import pytest
from PIL import Image

from components import images
from components.normalization.normalization_rules import ImageRules
from components.normalization.normalize import normalize
from components.normalization.opening import UnusableImageError, decode_upright, open_image
from tests.image_files import make_pixels, save_image
from tests.shared_data import shared_data

END = b"\xff\xd9"
# Noise, so that coded data are many and all of them matter.
NOISE = Image.fromarray(make_pixels((64, 48)))
KINDS = {
    "baseline": save_image(NOISE, "JPEG"),
    "progressive": save_image(NOISE, "JPEG", progressive=True),
    "with restarts": save_image(NOISE, "JPEG", restart_marker_blocks=2),
    "all colors": save_image(NOISE, "JPEG", subsampling=0),
    "RGB": save_image(NOISE, "JPEG", keep_rgb=True),
    "gray": save_image(NOISE.convert("L"), "JPEG"),
    "CMYK": save_image(NOISE.convert("CMYK"), "JPEG"),
}


def cut(encoded: bytes, share: float) -> bytes:
    """The file with a share of its coded data, and the marker of the end behind."""
    start = encoded.index(b"\xff\xda")
    kept = start + 16 + int((len(encoded) - start - 18) * share)
    return encoded[:kept].rstrip(b"\xff") + END


def decode(encoded: bytes, channels: int) -> np.ndarray:
    rules = ImageRules(channels)
    return np.asarray(decode_upright(open_image(encoded, rules), rules))


def assert_refused(encoded: bytes) -> None:
    for channels in (1, 3):
        decodes = functools.partial(images.decodes, channels=channels)
        with pytest.raises(UnusableImageError, match=r"^broken jpeg: "):
            decode(encoded, channels)
        # As prediction does it, which leaves what TensorFlow decodes as it is.
        with pytest.raises(UnusableImageError, match=r"^broken jpeg: "):
            normalize(encoded, ImageRules(channels), decodes)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.98])
@pytest.mark.parametrize("kind", sorted(KINDS))
class TestCut:
    """Fault C4: what was missing became gray."""

    def test_refused(self, kind: str, share: float) -> None:
        assert_refused(cut(KINDS[kind], share))

    def test_another_image_behind_it_changes_nothing(self, kind: str, share: float) -> None:
        assert_refused(cut(KINDS[kind], share) + KINDS["baseline"])

    def test_nor_does_what_only_looks_odd(self, kind: str, share: float) -> None:
        encoded = cut(KINDS[kind], share)
        table = encoded.index(b"\xff\xdb")
        assert_refused(encoded[:table] + b"junk" + encoded[table:])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", sorted(KINDS))
class TestWhole:
    """Photos that are odd but whole are used, with the pixels that Pillow alone makes of them."""

    def pixels(self, kind: str, channels: int) -> np.ndarray:
        with Image.open(io.BytesIO(KINDS[kind])) as image:
            if channels == 1:
                image.draft("L", image.size)
            return np.asarray(image.convert("L" if channels == 1 else "RGB"))

    def test_pixels(self, kind: str, channels: int) -> None:
        np.testing.assert_array_equal(decode(KINDS[kind], channels), self.pixels(kind, channels))

    def test_bytes_behind_the_end(self, kind: str, channels: int) -> None:
        decoded = decode(KINDS[kind] + b"junk", channels)
        np.testing.assert_array_equal(decoded, self.pixels(kind, channels))

    def test_bytes_before_the_end(self, kind: str, channels: int) -> None:
        encoded = KINDS[kind][:-2] + bytes(100) + END
        np.testing.assert_array_equal(decode(encoded, channels), self.pixels(kind, channels))

    def test_bytes_between_segments(self, kind: str, channels: int) -> None:
        table = KINDS[kind].index(b"\xff\xdb")
        encoded = KINDS[kind][:table] + b"junk" + KINDS[kind][table:]
        np.testing.assert_array_equal(decode(encoded, channels), self.pixels(kind, channels))


class TestFiles:
    """Fault C4, on real files."""

    def test_half_a_photo(self) -> None:
        assert_refused(shared_data("faults/jpeg_half.jpg").read_bytes())

    def test_half_of_arithmetic_codes(self) -> None:
        whole = shared_data("hostile_files/arithmetic_coded.jpg").read_bytes()
        assert decode(whole, 3).shape == (149, 227, 3)
        assert_refused(cut(whole, 0.5))

    def test_photos(self) -> None:
        """Some of each of four folders; half of each is refused."""
        folder = shared_data("cats_dogs")
        photos = random.Random(0).sample(sorted(folder.glob("*/*/*.jpg")), 40)
        for photo in photos:
            encoded = photo.read_bytes()
            assert decode(encoded, 3).ndim == 3
            assert_refused(cut(encoded, 0.5))
