"""What TensorFlow makes of normalized bytes is what people see, for every kind of file."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from components import images
from components.normalization.normalization_rules import ImageRules
from components.normalization.normalize import Normalized, needs_transcoding, normalize
from components.normalization.opening import UnusableImageError, decode_upright, open_image
from tests.exif_files import jpeg_with, segment
from tests.image_files import VARIANTS, encode_image, make_exif, make_image, save_image

COLOR, GRAY = ImageRules(3), ImageRules(1)
XMP = b'http://ns.adobe.com/xap/1.0/\0<x:xmpmeta tiff:Orientation="6"/>'

# Every other kind is transcoded because of its format.
TREATMENTS_IN_COLOR = {
    **dict.fromkeys([name for name in VARIANTS if name.startswith("jpeg")], ""),
    **dict.fromkeys(["png", "png gray", "png one bit", "png 16 bit", "png palette", "apng"], ""),
    **dict.fromkeys(["gif", "gif gray", "bmp", "bmp gray", "webp"], ""),
    # Fault C7: TensorFlow decodes all frames before it drops them.
    "gif animated": "animation",
    "webp lossless": "",
    **dict.fromkeys([name for name in VARIANTS if "alpha" in name or "key" in name], "transparent"),
    "png palette transparent": "transparent",
    "gif transparent": "transparent",
    "png exif 6": "rotated",
    "webp exif 6": "rotated",
    "webp animated": "animation",
    "bmp palette": "bmp variant",
    "bmp alpha": "bmp variant",
}


def decodes(channels: int):
    return lambda encoded: images.decodes_alike(encoded, channels)


def treatment_of(name: str, channels: int) -> str:
    kind = name.split()[0]
    if kind in ("tiff", "avif", "heic"):
        return f"format {kind}"
    if channels == 1 and kind in ("gif", "bmp", "webp"):
        return f"gray from {kind}"
    if channels == 1 and name == "jpeg cmyk":
        return "gray from cmyk"
    return TREATMENTS_IN_COLOR[name]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_tensorflow_decodes_what_people_see(name: str, channels: int) -> None:
    encoded, rules = VARIANTS[name](), ImageRules(channels, background="#336699")
    normalized = normalize(encoded, rules, decodes(channels))
    reason = treatment_of(name, channels)
    if reason:
        assert normalized.treatment == f"transcoded to png: {reason}"
        assert normalized.encoded.startswith(b"\x89PNG")
    else:
        assert normalized == Normalized(encoded, "as found")
    upright = np.asarray(decode_upright(open_image(encoded, rules), rules), np.int16)
    decoded = images.decode(normalized.encoded, channels).numpy()
    assert decoded.shape == (*upright.shape[:2], channels)
    # TensorFlow and Pillow round otherwise where they make RGB of CMYK.
    is_rounded = not reason and "cmyk" in name
    np.testing.assert_allclose(decoded, upright.reshape(decoded.shape), 0, int(is_rounded))


@pytest.mark.parametrize("name", ["png alpha", "png exif 6", "tiff orientation 6", "avif rotated"])
def test_a_transcoded_file_stays_as_it_is(name: str) -> None:
    encoded = normalize(VARIANTS[name](), COLOR).encoded
    assert normalize(encoded, COLOR) == Normalized(encoded, "as found")


def test_a_transcoded_file_holds_pixels_and_nothing_else() -> None:
    image = make_image(size=(20, 10))
    image.info["icc_profile"] = b"profile" * 100
    tiff = save_image(image, "TIFF", exif=make_exif(1), description="secret place")
    encoded = normalize(tiff, COLOR).encoded
    names = [name for name in (b"iCCP", b"eXIf", b"tEXt", b"pHYs", b"tRNS") if name in encoded]
    assert names == []


@pytest.mark.parametrize(
    ("encoded", "reason"),
    [
        # What stands in another place than it should is not read by the graph that serves.
        (jpeg_with(segment(0xE1, XMP)), "rotated"),
        (
            jpeg_with(
                segment(0xE2, bytes(65_530)),
                segment(0xE1, b"Exif\0\0" + make_exif(6).tobytes()[6:]),
            ),
            "rotated",
        ),
        (save_image(make_image("CMYK"), "JPEG").replace(b"Adobe", b"adobe"), "cmyk"),
    ],
)
def test_a_jpeg_that_is_odd_is_transcoded(encoded: bytes, reason: str) -> None:
    assert normalize(encoded, COLOR).treatment == f"transcoded to png: {reason}"


def test_a_png_may_say_its_orientation_behind_its_pixels() -> None:
    encoded = VARIANTS["png exif 6"]()
    start = encoded.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(encoded[start : start + 4], "big")
    last = encoded.index(b"IEND") - 4
    moved = encoded[:start] + encoded[end:last] + encoded[start:end] + encoded[last:]
    assert normalize(moved, COLOR).treatment == "transcoded to png: rotated"
    assert decode_upright(open_image(moved, COLOR), COLOR).size == (13, 21)


def test_a_gif_whose_first_frame_is_smaller_is_transcoded() -> None:
    gif = bytearray(VARIANTS["gif gray"]())
    gif[6] += 1
    assert normalize(bytes(gif), COLOR).treatment == "transcoded to png: partial frame"


def test_what_tensorflow_refuses_is_transcoded() -> None:
    encoded = encode_image(size=(4, 3), format="BMP")
    assert normalize(encoded, COLOR, decodes(3)).treatment == "as found"
    # Pillow does not mind what stands behind the pixels.
    longer = normalize(encoded + b"junk", COLOR, decodes(3))
    assert longer.treatment == "transcoded to png: TensorFlow does not decode it alike"
    np.testing.assert_array_equal(images.decode(longer.encoded, 3), images.decode(encoded, 3))
    assert normalize(encoded + b"junk", COLOR) == Normalized(encoded + b"junk", "as found")


def test_what_neither_decodes_is_refused_for_what_pillow_says() -> None:
    with pytest.raises(UnusableImageError) as caught:
        normalize(encode_image(size=(30, 30))[:60], COLOR, decodes(3))
    assert str(caught.value) == "broken png: image file is truncated"


def test_a_shape_that_tensorflow_does_not_decode() -> None:
    # libpng, as TensorFlow has it, takes a million pixels a side.
    encoded = save_image(Image.new("L", (1, 1_000_001)), "TIFF")
    with pytest.raises(UnusableImageError) as caught:
        normalize(encoded, GRAY, decodes(1))
    assert str(caught.value) == (
        "unsupported shape: 1x1000001 pixels, which TensorFlow does not decode"
    )


@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_the_reason_is_the_same_before_and_after_decoding(name: str) -> None:
    encoded = VARIANTS[name]()
    image = open_image(encoded, COLOR)
    before = needs_transcoding(image, encoded, COLOR)
    decode_upright(image, COLOR)
    assert needs_transcoding(image, encoded, COLOR) == before


def test_what_stays_as_it_is_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("jpeg", "jpeg exif 6", "png", "gif", "bmp", "webp")
    files = [VARIANTS[name]() for name in names]
    monkeypatch.setattr(Image.Image, "load", None)
    for encoded in files:
        assert normalize(encoded, COLOR).treatment == "as found"


@pytest.mark.parametrize("channels", [1, 3])
def test_the_graph_that_serves_decodes_the_same(channels: int) -> None:
    batch = [normalize(make(), ImageRules(channels)).encoded for make in VARIANTS.values()]

    def brightness(encoded: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(tf.cast(images.decode(encoded, channels), tf.int32))

    @tf.function
    def all_of(files: tf.Tensor) -> tf.Tensor:
        return tf.map_fn(brightness, files, fn_output_signature=tf.int32)

    expected = [int(images.decode(one, channels).numpy().sum(dtype=int)) for one in batch]
    assert all_of(tf.constant(batch)).numpy().tolist() == expected
