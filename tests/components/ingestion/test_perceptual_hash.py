import imagehash
import numpy as np
import pytest
from PIL import Image

from components.ingestion.perceptual_hash import (
    ORDER_OF_BITS,
    SIGNATURE_BYTES,
    pack_hashes,
    perceptual_signatures,
    unpack_signatures,
)
from tests.components.ingestion.scenes import scene, sign


def picture(seed=0, low=0, high=255):
    """Mode L, 128 x 128: random blobs between two gray levels."""
    noise = np.random.RandomState(seed).randint(low, high + 1, (8, 8), dtype=np.uint8)
    return Image.fromarray(noise).resize((128, 128), Image.Resampling.BICUBIC)


def test_a_signature_is_the_hash_and_the_thumbnail():
    gray = picture()
    [signature] = perceptual_signatures([gray])
    assert len(signature) == SIGNATURE_BYTES == 264
    hashes, thumbnails = unpack_signatures([signature])
    assert hashes.dtype == np.uint64
    assert hashes.shape == (1,)
    assert thumbnails.dtype == np.uint8
    assert thumbnails.shape == (1, 16, 16)
    expected = imagehash.phash(gray.reduce(4)).hash.reshape(1, 64)
    assert hashes == pack_hashes(expected[:, ORDER_OF_BITS])
    assert np.array_equal(thumbnails[0], np.asarray(gray.reduce(8)))


def test_golden_hash_of_a_ramp():
    ramp = Image.fromarray(np.tile(np.arange(0, 256, 2, dtype=np.uint8), (128, 1)))
    hashes, thumbnails = unpack_signatures(perceptual_signatures([ramp]))
    # One frequency is above the middle of all: the mean.
    assert f"{hashes[0]:016x}" == "8000000000000000"
    assert thumbnails[0, 0].tolist() == [7 + 16 * column for column in range(16)]


def test_golden_hash_of_a_scene():
    hashes, thumbnails = unpack_signatures([sign(scene())])
    # Resizing may differ by one gray level between versions of Pillow.
    assert np.bitwise_count(hashes[0] ^ np.uint64(0xAF83B06D818E2F95)) <= 2
    expected = [95, 115, 150, 190, 201, 193, 207, 195, 213, 217, 183, 172, 138, 150, 150, 149]
    assert thumbnails[0, 0].tolist() == pytest.approx(expected, abs=1)


def test_the_low_frequencies_are_dealt_out_to_the_quarters_of_a_hash():
    signs = np.zeros((5, 64), bool)
    signs[0, 0] = signs[1, 1] = signs[2, 8] = signs[3, 2] = signs[4, 63] = True
    assert [f"{packed:016x}" for packed in pack_hashes(signs[:, ORDER_OF_BITS])] == [
        "8000000000000000",
        "0000800000000000",
        "0000000080000000",
        "0000000000008000",
        "0000000000000001",
    ]


@pytest.mark.parametrize("gray_level", [0, 100, 255])
def test_a_blank_image_has_no_signature(gray_level):
    assert perceptual_signatures([Image.new("L", (128, 128), gray_level)]) == [b""]


def test_a_nearly_blank_image_has_no_signature():
    assert perceptual_signatures([picture(low=100, high=105)]) == [b""]


def test_a_pale_image_has_the_signature_of_the_same_image_with_contrast():
    pale = picture().point(lambda level: 100 + level // 8)
    hashes, thumbnails = unpack_signatures(perceptual_signatures([pale, picture()]))
    assert np.bitwise_count(hashes[0] ^ hashes[1]) <= 6
    assert np.corrcoef(thumbnails[0].reshape(-1), thumbnails[1].reshape(-1))[0, 1] > 0.999
    assert np.ptp(thumbnails[0]) > 200


def test_unpack_nothing():
    hashes, thumbnails = unpack_signatures([])
    assert hashes.shape == (0,)
    assert thumbnails.shape == (0, 16, 16)


@pytest.mark.parametrize(
    ("image", "received"),
    [
        (Image.new("RGB", (128, 128)), "mode RGB, 128 x 128"),
        (Image.new("L", (128, 64)), "mode L, 128 x 64"),
    ],
)
def test_other_images_are_refused(image, received):
    with pytest.raises(ValueError, match="mode L") as caught:
        perceptual_signatures([image])
    assert str(caught.value) == (
        f"A signature is made of mode L, 128 x 128 pixels. Received: {received}."
    )


def test_what_is_signed_together_has_the_signatures_that_each_has_alone():
    images = [picture(1), Image.new("L", (128, 128), 9), picture(2), picture(low=100, high=105)]
    together = perceptual_signatures(images)
    assert together == [one for image in images for one in perceptual_signatures([image])]
    assert [bool(one) for one in together] == [True, False, True, False]
