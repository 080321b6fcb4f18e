import numpy as np
import pytest
from PIL import Image, ImageFilter

from components.ingestion.quality import (
    Figures,
    Quality,
    blur,
    darkness,
    emptiness,
    glare,
    measure,
)
from tests.image_files import make_pixels
from tests.shared_data import shared_data

SIZE = (128, 128)
JUDGES = {"dark": darkness, "bright": glare, "blurry": blur, "low_information": emptiness}


def make_scene() -> Image.Image:
    """Coarse noise: edges and flat places, as a photo has them."""
    return Image.fromarray(make_pixels((16, 16), mode="L")).resize(SIZE, Image.Resampling.NEAREST)


def judge(*pictures: Image.Image) -> list[set[str]]:
    """What each picture is called."""
    qualities = measure(pictures)
    figures = Figures(
        **{
            name: np.array([getattr(quality, name) for quality in qualities])
            for name in ("brightness", "contrast", "sharpness", "entropy")
        }
    )
    scores = {name: judge(figures) for name, judge in JUDGES.items()}
    return [
        {name for name in JUDGES if scores[name][position] > 0} for position in range(len(pictures))
    ]


def test_figures_of_a_checkerboard():
    board = np.indices(SIZE).sum(axis=0) % 2 * 255
    # Each pixel differs by 255 from its four neighbors: the Laplacian is 1020 or -1020.
    [quality] = measure([Image.fromarray(board.astype(np.uint8))])
    # Summed in float32, in an order that depends on the processor.
    assert quality == Quality(0.5, 0.5, pytest.approx(1020**2, rel=1e-4), 1.0)


def test_figures_are_those_of_numpy():
    pixels = make_pixels(SIZE, seed=1, mode="L")
    [quality] = measure([Image.fromarray(pixels)])
    gray = pixels.astype(float)
    inner = gray[1:-1, 1:-1]
    laplacian = gray[:-2, 1:-1] + gray[2:, 1:-1] + gray[1:-1, :-2] + gray[1:-1, 2:] - 4 * inner
    shares = np.bincount(pixels.ravel(), minlength=256) / pixels.size
    entropy = -(shares[shares > 0] * np.log2(shares[shares > 0])).sum()
    assert quality.brightness == pytest.approx(gray.mean() / 255)
    assert quality.contrast == pytest.approx(gray.std() / 255)
    assert quality.sharpness == pytest.approx(laplacian.var(), rel=1e-5)
    assert quality.entropy == pytest.approx(entropy)


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (3, 3)])
def test_tiny_pictures_can_be_measured(size):
    assert measure([Image.new("L", size, 51)]) == [Quality(0.2, 0.0, 0.0, 0.0)]


def test_what_pictures_are_called():
    scene = make_scene()
    assert judge(
        scene,
        scene.point([level // 12 for level in range(256)]),
        scene.point([255 - level // 12 for level in range(256)]),
        scene.filter(ImageFilter.GaussianBlur(6)),
        Image.new("L", SIZE, 128),
        Image.new("L", SIZE, 0),
        Image.new("L", SIZE, 255),
    ) == [
        set(),
        {"dark"},
        {"bright"},
        {"blurry"},
        {"low_information"},
        {"dark", "low_information"},
        {"bright", "low_information"},
    ]


def test_noise_on_a_blank_wall_is_little_to_see():
    noise = make_pixels(SIZE, mode="L") % 9
    assert judge(Image.fromarray((120 + noise).astype(np.uint8))) == [{"low_information"}]


def read_gray(path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("L")


def planted(gray: Image.Image, name: str) -> Image.Image:
    if name == "dark":
        return gray.point([level // 10 for level in range(256)])
    if name == "bright":
        return gray.point([255 - level // 10 for level in range(256)])
    if name == "blurry":
        return gray.filter(ImageFilter.GaussianBlur(max(gray.size) / 40))
    return Image.new("L", gray.size, gray.getpixel((0, 0)))


def small(gray: Image.Image) -> Image.Image:
    return gray.resize(SIZE, Image.Resampling.BOX)


@pytest.fixture(scope="module")
def photos() -> list[Image.Image]:
    """A hundred of the photos of cats and dogs."""
    paths = sorted(shared_data("cats_dogs/validation").glob("*/*"))[::4]
    return [read_gray(path) for path in paths]


def test_of_real_photos_few_are_poor(photos):
    called = judge(*map(small, photos))
    assert sum(bool(names) for names in called) <= 1


@pytest.mark.parametrize("name", JUDGES)
def test_planted_poor_photos_are_found(photos, name):
    called = judge(*(small(planted(photo, name)) for photo in photos))
    assert all(name in names for names in called)


def test_what_is_measured_together_has_the_figures_that_each_has_alone():
    pictures = [Image.fromarray(make_pixels(SIZE, seed=seed, mode="L")) for seed in range(20)]
    assert measure(pictures) == [measure([picture])[0] for picture in pictures]
    assert measure([]) == []
