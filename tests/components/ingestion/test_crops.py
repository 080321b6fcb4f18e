import numpy as np
import pytest
from PIL import Image

from components.ingestion.crops import (
    CROPS,
    CUTS,
    LOOSE_TOLERANCE,
    PLAIN_DETAIL,
    RICH_DETAIL,
    STRICT_TOLERANCE,
    hashes_of_crops,
    is_crop,
    measure_detail,
    richness,
    tolerated_difference,
)
from components.ingestion.perceptual_hash import unpack_signatures
from tests.components.ingestion.scenes import cut, scene, sign


def unpack(*images):
    """Hashes and thumbnails of images of any size."""
    return unpack_signatures([sign(image) for image in images])


def decide(whole, part, likely=0):
    _, thumbnails = unpack(whole, part)
    detail = measure_detail(thumbnails).min(keepdims=True)
    tolerated = tolerated_difference(detail)
    return bool(is_crop(thumbnails[:1], thumbnails[1:], np.array([likely]), tolerated)[0])


def test_the_first_crop_is_the_whole():
    assert CUTS[0] == (0, 0)
    assert CROPS == 49
    hashes, thumbnails = unpack(*(scene(seed) for seed in range(20)))
    predicted = hashes_of_crops(thumbnails)
    assert predicted.shape == (20, CROPS)
    assert predicted.dtype == np.uint64
    assert np.bitwise_count(predicted[:, 0] ^ hashes).max() <= 6


@pytest.mark.parametrize("number", range(CROPS))
def test_the_hash_of_each_crop_is_predicted(number):
    (top, bottom), (left, right) = CUTS[number // len(CUTS)], CUTS[number % len(CUTS)]
    _, thumbnails = unpack(scene())
    hashes, _ = unpack(cut(scene(), left, top, right, bottom))
    distances = np.bitwise_count(hashes_of_crops(thumbnails)[0] ^ hashes[0])
    assert distances[number] <= 6
    assert decide(scene(), cut(scene(), left, top, right, bottom), likely=number)


def test_a_crop_between_those_is_recognized_whatever_was_likely():
    assert decide(scene(), cut(scene(), 0.03, 0.01, 0.02, 0.04))


@pytest.mark.parametrize("seed", range(1, 6))
def test_other_scenes_are_not_crops(seed):
    assert not decide(scene(), scene(seed))


def test_a_mirror_image_is_not_a_crop():
    assert not decide(scene(), scene().transpose(Image.Transpose.FLIP_LEFT_RIGHT))


def test_a_larger_crop_is_not_recognized():
    assert not decide(scene(), cut(scene(), 0.2, 0.2, 0.2, 0.2))


def test_detail_of_a_scene_and_of_a_plain_picture():
    disc = Image.new("L", (128, 128))
    disc.paste(255, (40, 40, 88, 88))
    _, thumbnails = unpack(scene(), disc)
    rich, plain = measure_detail(thumbnails)
    assert rich > 10
    assert plain < PLAIN_DETAIL


def test_detail_of_nothing():
    assert measure_detail(np.zeros((0, 16, 16), np.uint8)).shape == (0,)
    assert measure_detail(np.zeros((1, 16, 16), np.uint8)) < PLAIN_DETAIL


def test_plain_pictures_must_be_the_same():
    square = Image.new("L", (128, 128))
    square.paste(255, (40, 40, 88, 88))
    moved = Image.new("L", (128, 128))
    moved.paste(255, (44, 40, 92, 88))
    assert decide(square, square)
    assert not decide(square, moved)


def test_tolerance_grows_with_detail():
    middle = (PLAIN_DETAIL + RICH_DETAIL) / 2
    detail = np.array([0, PLAIN_DETAIL, middle, RICH_DETAIL, 200])
    assert richness(detail).tolist() == [0, 0, 0.5, 1, 1]
    expected = [
        STRICT_TOLERANCE,
        STRICT_TOLERANCE,
        (STRICT_TOLERANCE + LOOSE_TOLERANCE) / 2,
        LOOSE_TOLERANCE,
        LOOSE_TOLERANCE,
    ]
    assert tolerated_difference(detail) == pytest.approx(expected)


def test_no_pairs():
    none = np.zeros((0, 16, 16), np.uint8)
    assert is_crop(none, none, np.zeros(0, int), np.zeros(0, np.float32)).tolist() == []
