import ast
import io
import pathlib
import sys

import numpy as np
import pytest
from PIL import Image

from components.normalization.normalization_rules import REJECT, ImageRules
from components.serving.infra_validator import probe_process
from components.serving.infra_validator.golden_requests import golden_requests


def pixels(encoded: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(encoded)).convert("RGB"))


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_that_are_the_same_have_the_same_pixels(channels: int) -> None:
    requests = {request.name: request for request in golden_requests(ImageRules(channels))}
    same = [request for request in requests.values() if request.same_as == "PNG"]
    assert [request.name for request in same] == [
        "PNG",
        "PNG with a palette",
        "PNG, gray",
        "BMP",
        "GIF",
        "WebP without loss",
        "TIFF",
        "a batch of 64",
    ]
    for request in same:
        for image in request.images:
            np.testing.assert_array_equal(pixels(image), pixels(requests["PNG"].images[0]))


def test_the_rotated_jpeg_is_compared_with_its_upright_pixels() -> None:
    requests = {request.name: request for request in golden_requests(ImageRules(3))}
    rotated = requests["JPEG, rotated by Exif"]
    [stored], [upright] = rotated.images, requests[rotated.same_as].images
    np.testing.assert_array_equal(np.rot90(pixels(stored), -1), pixels(upright))


def test_batches() -> None:
    requests = list(golden_requests(ImageRules(3)))
    assert [(len(each.images), each.is_broken) for each in requests][-4:] == [
        (64, False),
        (0, False),
        (3, True),
        (3, True),
    ]


def test_rules_that_exclude_much_exclude_no_golden_picture() -> None:
    strict = ImageRules(3, animations=REJECT, max_megapixels=0.0001)
    names = [request.name for request in golden_requests(strict)]
    assert names == [request.name for request in golden_requests(ImageRules(3))]


def test_the_fresh_process_knows_nothing_of_ours() -> None:
    imported = set()
    for node in ast.walk(ast.parse(pathlib.Path(probe_process.PROBE).read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert imported - sys.stdlib_module_names == {"numpy", "tensorflow"}
