"""The sample that the repository holds is what `data/README.md` says."""

from pathlib import Path

import numpy as np
import pytest
from image_folders.datasets import FASHION_DEFAULT_SOURCE, read_fashion_mnist_sample
from PIL import Image

SAMPLE = Path(__file__).parents[2] / "data" / "fashion_mnist_sample"


def test_sample_holds_10_classes_of_200_small_images() -> None:
    assert {folder.name: len(list(folder.glob("*.png"))) for folder in SAMPLE.iterdir()} == {
        "Ankle boot": 200,
        "Bag": 200,
        "Coat": 200,
        "Dress": 200,
        "Pullover": 200,
        "Sandal": 200,
        "Shirt": 200,
        "Sneaker": 200,
        "T-shirt": 200,
        "Trouser": 200,
    }
    files = [path for path in SAMPLE.rglob("*") if path.is_file()]
    assert len(files) == 2_000
    assert sum(path.stat().st_size for path in files) < 2_000_000
    kinds = set()
    for path in files:
        with Image.open(path) as image:
            kinds.add((image.format, image.mode, image.size))
    assert kinds == {("PNG", "L", (28, 28))}


def test_sample_has_its_license_outside_the_image_tree() -> None:
    license = (SAMPLE.parent / "fashion_mnist_sample.LICENSE.txt").read_text()
    assert "Copyright (c) 2017 Zalando SE" in license
    assert "The above copyright notice and this permission notice shall be included" in license


@pytest.mark.skipif(
    not FASHION_DEFAULT_SOURCE.is_dir(),
    reason="needs the Debian package dataset-fashion-mnist, from which the sample was made",
)
def test_sample_can_be_made_again() -> None:
    tree = read_fashion_mnist_sample(FASHION_DEFAULT_SOURCE)
    committed = {path.relative_to(SAMPLE).as_posix() for path in SAMPLE.rglob("*.png")}
    assert {str(image.path) for image in tree.files} == committed
    different = []
    for image in tree.files:
        with Image.open(SAMPLE / image.path) as stored:
            if not np.array_equal(np.asarray(stored), image.pixels):
                different.append(str(image.path))
    assert different == []
