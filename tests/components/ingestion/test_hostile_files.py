"""Real files that broke other programs; too large for the repository."""

import collections
import os

import pytest
import tensorflow as tf

from components.ingestion.executor import read_image
from components.ingestion.folder import ImageFile, Rejection
from tests.shared_data import shared_data

REJECTED_OR_FORMAT = {
    "rgb": {
        "jpeg": 17,
        "png": 17,
        "gif": 3,
        "webp": 3,
        "not an image": 11,
        "broken bmp": 4,
        "broken png": 3,
        "broken gif": 2,
        "broken jpeg": 2,
        "empty file": 1,
    },
    "gray": {
        "jpeg": 16,
        "png": 17,
        "jpeg cannot be read as gray": 1,
        "gif cannot be read as gray": 3,
        "webp cannot be read as gray": 3,
        "not an image": 11,
        "broken bmp": 4,
        "broken png": 3,
        "broken gif": 2,
        "broken jpeg": 2,
        "empty file": 1,
    },
}


def _outcome(folder, name, channels):
    file = ImageFile(f"{folder.name}/{name}", "x", None)
    outcome = read_image(str(folder.parent), file, channels)
    if isinstance(outcome, Rejection):
        return outcome.reason
    assert isinstance(outcome, tf.train.Example)
    return outcome.features.feature["image/format"].bytes_list.value[0].decode()


@pytest.mark.parametrize(("channels", "expected"), [(3, "rgb"), (1, "gray")])
def test_each_hostile_file_is_a_record_or_a_rejection(channels, expected):
    folder = shared_data("hostile_files")
    outcomes = collections.Counter(_outcome(folder, name, channels) for name in os.listdir(folder))
    assert outcomes == REJECTED_OR_FORMAT[expected]
    assert outcomes.total() == 63
