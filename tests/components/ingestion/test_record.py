import pytest

from components.ingestion.folder import ImageFile, Rejection
from components.ingestion.record import encode_record, image_format
from tests.image_files import encode_image

FILE = ImageFile("Äpfel/0 1.png", "Äpfel", None)


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        (b"\xff\xd8\xff\xe0", "jpeg"),
        (b"\xff\xd8\xff\xe1", "jpeg"),
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"GIF87a", "gif"),
        (b"GIF89a", "gif"),
        (b"BM", "bmp"),
        (b"RIFF\x10\x00\x00\x00WEBP", "webp"),
        (b"RIFF\x10\x00\x00\x00WAVE", None),
        (b"\xff\xd8", None),
        (b"\x89PNG\n\x1a\n", None),
        (b"GIF88a", None),
        (b"II*\x00", None),
        (b"<!DOCTYPE html>", None),
        (b" BM", None),
        (b"", None),
    ],
)
def test_image_format(encoded, expected):
    assert image_format(encoded) == expected


def _values(example):
    return {
        key: list(getattr(feature, feature.WhichOneof("kind")).value)
        for key, feature in example.features.feature.items()
    }


def test_a_record_has_every_raw_feature():
    # 2 x 1 pixels, three bytes each and two of padding, behind a header of 54 bytes.
    encoded = encode_image((2, 1), color=(200, 100, 50), format="BMP")
    assert _values(encode_record(FILE, encoded, channels=3)) == {
        "image/encoded": [
            b"BM>\0\0\0\0\0\0\0006\0\0\0(\0\0\0\2\0\0\0\1\0\0\0\1\0\x18\0\0\0\0\0\x08\0\0\0"
            b"\xc4\x0e\0\0\xc4\x0e\0\0\0\0\0\0\0\0\0\0\x32\x64\xc8\x32\x64\xc8\0\0"
        ],
        "image/format": [b"bmp"],
        "image/height": [1],
        "image/width": [2],
        "image/channels": [3],
        "image/filename": ["Äpfel/0 1.png".encode()],
        "image/sha256": [b"4a1e68a00643b37e4e0953fb6c9b6da906bef8fd895ead1f5674adf320b32bbb"],
        "image/class/text": ["Äpfel".encode()],
    }


@pytest.mark.parametrize(
    ("format", "mode", "expected"),
    [
        ("PNG", "L", (b"png", 3, 5, 1)),
        ("PNG", "LA", (b"png", 3, 5, 2)),
        ("PNG", "RGB", (b"png", 3, 5, 3)),
        ("PNG", "RGBA", (b"png", 3, 5, 4)),
        ("JPEG", "L", (b"jpeg", 3, 5, 1)),
        ("JPEG", "RGB", (b"jpeg", 3, 5, 3)),
        ("GIF", "L", (b"gif", 3, 5, 3)),
        ("BMP", "RGB", (b"bmp", 3, 5, 3)),
        ("WEBP", "RGB", (b"webp", 3, 5, 3)),
    ],
)
def test_size_and_channels_are_those_of_the_file(format, mode, expected):
    encoded = encode_image((5, 3), format=format, mode=mode)
    values = _values(encode_record(FILE, encoded, channels=3))
    keys = ("image/format", "image/height", "image/width", "image/channels")
    assert tuple(values[key][0] for key in keys) == expected


@pytest.mark.parametrize(
    ("encoded", "channels", "reason", "detail"),
    [
        (b"", 3, "empty file", "0 bytes"),
        (b"text, not pixels", 3, "not an image", "begins with b'text, not pi'"),
        (b"II*\0", 3, "not an image", "begins with b'II*\\x00'"),
        (
            encode_image(format="JPEG")[:200],
            3,
            "broken jpeg",
            "jpeg::Uncompress failed. Invalid JPEG data or crop window.",
        ),
        (encode_image()[:100], 3, "broken png", "Invalid PNG data, size 100"),
        (
            encode_image(format="BMP")[:100],
            3,
            "broken bmp",
            "Input size should match (header_size + row_size * abs_height) but they differ by -146",
        ),
        (
            encode_image(format="GIF")[:20],
            3,
            "broken gif",
            "Invalid GIF data (size 20), failed to open gif file: No screen descriptor detected",
        ),
        (encode_image(format="WEBP")[:20], 3, "broken webp", "Failed to decode WebP header."),
        # Sound, but what serves the model cannot decode them to what the model takes.
        (
            encode_image(format="GIF"),
            1,
            "gif cannot be read as gray",
            "channels must be 0 or 3 for GIF, got 1",
        ),
        (
            encode_image(format="BMP", mode="L"),
            1,
            "bmp cannot be read as gray",
            "`channels` must be 0, 3 or 4 for BMP, but got 1",
        ),
        (
            encode_image(format="WEBP"),
            1,
            "webp cannot be read as gray",
            "WebP only supports 3 or 4 channels",
        ),
        (
            encode_image(format="WEBP", mode="RGBA"),
            3,
            "webp cannot be read as RGB",
            "Number of channels requested does not match input",
        ),
    ],
)
def test_rejects(encoded, channels, reason, detail):
    rejection = encode_record(FILE, encoded, channels)
    assert rejection == Rejection("Äpfel/0 1.png", "Äpfel", reason, detail)
