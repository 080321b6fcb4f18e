"""Real files that broke other programs; too large for the repository."""

import resource

import pytest

from components import images
from components.normalization.normalization_rules import ImageRules
from components.normalization.normalize import normalize
from components.normalization.opening import UnusableImageError
from tests.shared_data import shared_data

OUTCOMES = {
    "16bit_trns.png": "transcoded to png: transparent",
    "200MP.heic": "too large: 12240x16320 pixels, 199.8 megapixels; at most 100",
    "animated.avifs": "transcoded to png: format avif",
    "animated_big.gif": "transcoded to png: animation",
    "apng_16bit.png": "transcoded to png: transparent",
    "arithmetic_coded.jpg": "as found",
    "badrle.bmp": "transcoded to png: bmp variant",
    "baseline_ijg.jpg": "as found",
    "bomb_30000x30000_1bit.png": "too large: 30000x30000 pixels, 900.0 megapixels; at most 100",
    "broken_data_stream.png": (
        "broken png: unrecognized data stream contents when reading image file"
    ),
    "cmyk.jpg": "as found",
    "cmyk_truncated_app14.jpg": "transcoded to png: TensorFlow does not decode it alike",
    "decompression_bomb.gif": "too large: 4364.7 megapixels; at most 178",
    "empty.heic": "empty file: 0 bytes",
    "exif_landscape_0.jpg": "as found",
    "exif_landscape_2.jpg": "as found",
    "exif_landscape_4.jpg": "as found",
    "exif_landscape_6.jpg": "as found",
    "exif_landscape_8.jpg": "as found",
    "exif_orientation_6_small.jpg": "as found",
    "exif_orientation_in_png.png": "transcoded to png: rotated",
    "exif_portrait_6.jpg": "as found",
    "fuzz_crash.tif": "broken tiff: decoder error -2",
    "gif_renamed.jpg": "as found",
    "gray16.tif": "transcoded to png: format tiff",
    "gray_trns.png": "transcoded to png: transparent",
    "imagers_3.jpg": "as found",
    "imagers_Bad_clrsUsed.bmp": "unsupported bmp: Unsupported BMP Palette size (4278190086)",
    "imagers_Bad_reallybig.bmp": (
        "too large: 3000000x2000000 pixels, 6000000.0 megapixels; at most 100"
    ),
    "imagers_Bad_unusual_extend_buffer_usage.bmp": "broken bmp: not enough image data",
    "imagers_ball.png": "transcoded to png: transparent",
    "imagers_basi2c08.png": "as found",
    "imagers_basn6a16.png": "transcoded to png: transparent",
    "imagers_dispose-background-blend-source.png": "transcoded to png: transparent",
    "imagers_exif-xmp-metadata.jpg": "as found",
    "imagers_fcTL-dispose-in-region-background.png": "transcoded to png: transparent",
    "imagers_fcTL-dispose-in-region-previous.png": "transcoded to png: transparent",
    "imagers_portrait_2.jpg": "as found",
    "imagers_test.jpg": "as found",
    "jpeg_12bit.jpg": "unsupported jpeg: cannot handle 12-bit layers",
    "junk_before_jpeg_markers.jpg": "as found",
    "monkey16.png": "as found",
    "multipage.tif": "transcoded to png: format tiff",
    "name with space é中.jpg": "as found",
    "one_pixel.png": "as found",
    "palette_trns.png": "transcoded to png: transparent",
    "photo_animated.gif": "transcoded to png: transparent",
    "photo_cut_half.jpg": "broken jpeg: image file is truncated (41 bytes not processed)",
    "photo_flower.webp": "as found",
    "plain.avif": "transcoded to png: format avif",
    "plain.ppm": "unsupported format: netpbm",
    "plain.webp": "as found",
    "rgb16.png": "as found",
    "rgb_trns.png": "transcoded to png: transparent",
    "rgba16.png": "transcoded to png: transparent",
    "rotated.avif": "transcoded to png: format avif",
    "strip_1x5000.png": "as found",
    "text_renamed.jpg": "not an image: begins with b'<!DOCTYPE ht'",
    "transparent.avif": "transcoded to png: format avif",
    "truncated.heic": "broken heic: cut off: 1 bytes or more are missing",
    "truncated.png": "broken png: image file is truncated",
    "webp_renamed.jpg": "as found",
    "zero_width.gif": "broken gif: not identified by this driver",
}
# What is decoded to gray otherwise; everything else has the same outcome.
OUTCOMES_IN_GRAY = {
    "animated_big.gif": "transcoded to png: gray from gif",
    "badrle.bmp": "transcoded to png: gray from bmp",
    "cmyk.jpg": "transcoded to png: gray from cmyk",
    "gif_renamed.jpg": "transcoded to png: gray from gif",
    "photo_animated.gif": "transcoded to png: gray from gif",
    "photo_flower.webp": "transcoded to png: gray from webp",
    "plain.webp": "transcoded to png: gray from webp",
    "webp_renamed.jpg": "transcoded to png: gray from webp",
}
ANIMATIONS = {
    "animated.avifs": "animation: avif with more than one frame",
    "animated_big.gif": "animation: gif with more than one frame",
    "apng_16bit.png": "animation: png with more than one frame",
    "imagers_ball.png": "animation: png with more than one frame",
    "imagers_dispose-background-blend-source.png": "animation: png with more than one frame",
    "imagers_fcTL-dispose-in-region-background.png": "animation: png with more than one frame",
    "imagers_fcTL-dispose-in-region-previous.png": "animation: png with more than one frame",
    "multipage.tif": "animation: tiff with more than one frame",
    "photo_animated.gif": "animation: gif with more than one frame",
}


def outcomes(rules: ImageRules) -> dict[str, str]:
    """What becomes of each file: its treatment, or the reason and detail of its refusal."""
    found = {}
    for path in shared_data("hostile_files").iterdir():
        try:
            one = normalize(
                path.read_bytes(), rules, lambda one: images.decodes_alike(one, rules.channels)
            )
        except UnusableImageError as error:
            found[path.name] = str(error)
        else:
            # Whatever is called an image is one for TensorFlow.
            assert images.decode(one.encoded, rules.channels).shape[2] == rules.channels
            found[path.name] = one.treatment
    return found


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param(ImageRules(3), OUTCOMES, id="color"),
        pytest.param(ImageRules(1), {**OUTCOMES, **OUTCOMES_IN_GRAY}, id="gray"),
        pytest.param(
            ImageRules(3, animations="reject"), {**OUTCOMES, **ANIMATIONS}, id="no animations"
        ),
    ],
)
def test_the_outcome_of_each(rules: ImageRules, expected: dict[str, str]) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert outcomes(rules) == expected
    # KiB. The largest image, of 2.2 megapixels, takes 9 MB in each of a few copies.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000
