import dataclasses
import json

import pytest
import yaml

from components.config_checks import ConfigurationError
from components.ingestion.ingestion_rules import LARGEST_DISTANCE
from components.release.release_rules import ReleaseRules
from pipeline.config import (
    RESIZE_METHODS,
    ImageConfig,
    PipelineConfig,
    SplitConfig,
    TrainConfig,
    from_dict,
    to_dict,
    to_yaml,
)

RESIZE_METHODS_IN_WORDS = (
    "area, bicubic, bilinear, gaussian, lanczos3, lanczos5, mitchellcubic, nearest"
)
TEXT = "text (in YAML, quoted where it looks like a number)"
SETTINGS = (
    "data, name, output, serving, schema, splits, ingest, validate, image, train, fine_tune, "
    "augment, tune, export, evaluate, push, reset_baseline, force_push"
)
IMAGE_SETTINGS = "height, width, channels, resize_method, animations, background, max_megapixels"
NAME_RULE = (
    "name must begin with a lower-case letter or digit, go on with lower-case letters, digits, "
    "_ and -, and have at most 63 characters."
)

REFUSED = [
    ({}, "data must be a folder. Received: data=''. "
         "Give --data FOLDER, or data: FOLDER in a configuration file."),
    ({"data": 7}, f"data must be {TEXT}. Received: data=7."),
    ({"data": "寿司"}, "The last part of the data folder's path must have a letter or digit to be "
                      "a name. Received: data='寿司'. Give --name NAME."),
    ({"output": ""}, "output must be a folder. Received: output=''. "
                     "Give --output FOLDER, or output: FOLDER in a configuration file."),
    ({"name": "Photos"}, f"{NAME_RULE} Received: name='Photos'."),
    ({"name": "photos\n"}, f"{NAME_RULE} Received: name='photos\\n'."),
    ({"name": "a" * 64}, f"{NAME_RULE} Received: name='{'a' * 64}'."),
    ({"date": "photos"}, f"The settings are {SETTINGS}. Received: 'date'. Did you mean 'data'?"),
    ({"batch_sise": 3}, f"The settings are {SETTINGS}. Received: 'batch_sise'. "
                        "Did you mean 'batch_size' below 'train'?"),
    ({"splits": {"validation": 0.1}}, "The settings of splits are train, eval, test. "
                                      "Received: 'validation'."),
    ({"image": {"hight": 28}}, f"The settings of image are {IMAGE_SETTINGS}. "
                               "Received: 'hight'. Did you mean 'height'?"),
    ({"image": None}, f"image must be a group of settings: {IMAGE_SETTINGS}. "
                      "Received: image=None."),
    ({"splits": {"test": 0.2}}, "splits.train, splits.eval and splits.test must add up to 1. "
                                "Received: 0.8 + 0.1 + 0.2 = 1.1."),
    ({"image": {"height": 0}}, "image.height must be from 1 to 4096. Received: image.height=0."),
    ({"image": {"width": 28.0}}, "image.width must be a whole number, such as 96. "
                                 "Received: image.width=28.0."),
    ({"image": {"background": "white"}},
     'image.background must be a color "#rrggbb" (quoted in YAML). '
     "Received: image.background='white'."),
    ({"image": {"max_megapixels": 200}}, "image.max_megapixels must be from 0 to 178.0. "
                                         "Received: image.max_megapixels=200.0."),
    ({"ingest": {"max_reject_fraction": 1.5}},
     "ingest.max_reject_fraction must be from 0 to 1. "
     "Received: ingest.max_reject_fraction=1.5."),
    ({"ingest": {"max_seconds": 0}}, "ingest.max_seconds must be greater than 0 and finite. "
                                     "Received: ingest.max_seconds=0.0."),
    ({"ingest": {"near_duplicate_distance": -1}},
     f"ingest.near_duplicate_distance must be from 0 to {LARGEST_DISTANCE}. "
     "Received: ingest.near_duplicate_distance=-1."),
    ({"ingest": {"leaks": "keep"}}, "ingest.leaks must be one of move, refuse. "
                                    "Received: ingest.leaks='keep'."),
    ({"ingest": {"group_pattern": "(a"}},
     "ingest.group_pattern must be a regular expression of Python. Received: "
     "ingest.group_pattern='(a': missing ), unterminated subpattern at position 0."),
    ({"ingest": {"window": -1}}, "ingest.window must be at least 0. Received: ingest.window=-1."),
    ({"image": {"channels": 4}}, "image.channels must be 1 (gray) or 3 (RGB). "
                                 "Received: image.channels=4."),
    ({"image": {"channels": True}}, "image.channels must be a whole number, such as 3. "
                                    "Received: image.channels=True."),
    ({"image": {"resize_method": "bilinaer"}},
     f"image.resize_method must be one of {RESIZE_METHODS_IN_WORDS}. "
     "Received: image.resize_method='bilinaer'. Did you mean 'bilinear'?"),
    ({"train": {"seed": -1}}, "train.seed must be from 0 to 4294967295. Received: train.seed=-1."),
    ({"train": {"options": [3]}}, "train.options must be a mapping of names to values. "
                                  "Received: train.options=[3]."),
    ({"train": {"options": {"dense_units": {1: 2}}}},
     "train.options.dense_units must consist of text, numbers, true, false, lists and mappings "
     "with text as keys. Received: train.options.dense_units={1: 2}."),
    ({"push": {"keep_versions": 1}}, "push.keep_versions must be at least 2. "
                                     "Received: push.keep_versions=1."),
    ({"serving": "gs://bucket/models"}, "serving must be a folder on a file system that renames "
                                        "and locks, which a push that is whole or not at all "
                                        "rests on; object stores do neither. "
                                        "Received: serving='gs://bucket/models'. "
                                        "Give a local folder or a mounted volume."),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "message"), REFUSED)
def test_refuses(settings, message):
    data = {} if settings == {} else {"data": "photos"}
    with pytest.raises(ConfigurationError) as caught:
        from_dict({**data, **settings})
    assert str(caught.value) == message


def test_refuses_a_mapping_where_a_group_is_constructed():
    with pytest.raises(ConfigurationError) as caught:
        PipelineConfig(data="photos", train={"epochs": 3})
    assert str(caught.value) == (
        "train must be a group of settings. Received: train={'epochs': 3}."
    )


@pytest.mark.parametrize(
    ("trainer", "options", "parts"),
    [
        ("dense", {"hidden_unit": [64]}, ["hidden_unit", "hidden_units", "dropout"]),
        ("cnn", {"dropout": 0.5}, ["dropout", "dense_units"]),
        ("cnn", {"dense_units": "many"}, ["dense_units", "many"]),
        ("dense", {"hidden_units": [64, "many"]}, ["hidden_units", "many"]),
    ],
)
def test_refuses_options_that_the_trainer_does_not_take(trainer, options, parts):
    with pytest.raises(ConfigurationError) as caught:
        TrainConfig(trainer=trainer, options=options)
    message = str(caught.value)
    assert message.startswith("train.options are refused: ")
    assert [part for part in parts if part not in message] == []


def test_is_the_same_after_yaml_and_json():
    config = PipelineConfig(
        data="gs://bucket/Fotos à moi",
        splits=SplitConfig(0.6, 0.2, 0.2),
        image=ImageConfig(height=28, width=32, channels=1, resize_method="area"),
        train=TrainConfig(
            trainer="dense",
            options={"hidden_units": (64, 32), "dropout": 0.1},
            learning_rate=1e-5,
            seed=2**32 - 1,
        ),
        evaluate=ReleaseRules(min_accuracy=1, max_accuracy_loss=0.25),
    )
    assert from_dict(to_dict(config)) == config
    assert from_dict(json.loads(json.dumps(to_dict(config)))) == config
    assert from_dict(yaml.safe_load(to_yaml(config))) == config


def test_keeps_its_own_copy_of_the_options_in_the_types_of_json():
    units = [32]
    config = TrainConfig(trainer="dense", options={"hidden_units": units})
    units.append(64)
    assert config.options == {"hidden_units": [32]}
    assert TrainConfig(trainer="dense", options={"hidden_units": (64, 32)}).options == {
        "hidden_units": [64, 32]
    }


def test_cannot_be_changed():
    config = PipelineConfig(data="photos")
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("photos", "photos"),
        ("photos/", "photos"),
        ("/data/My Photos (2024)", "my_photos_2024"),
        ("Éclairs", "eclairs"),
        (".hidden", "hidden"),
        ("gs://bucket/cats-and_dogs/", "cats-and_dogs"),
        ("gs://bucket", "bucket"),
        ("a" * 70, "a" * 63),
        ("3d", "3d"),
    ],
)
def test_derives_the_name_from_the_data_folder(data, name):
    assert PipelineConfig(data=data).name == name


def test_derives_name_and_schema(tmp_path, monkeypatch):
    (tmp_path / "Flowers").mkdir()
    monkeypatch.chdir(tmp_path / "Flowers")
    assert PipelineConfig(data=".").name == "flowers"
    assert PipelineConfig(data="photos", name="n1").schema == "schemas/n1.pbtxt"
    assert PipelineConfig(data="photos", schema="mine.pbtxt").schema == "mine.pbtxt"


def test_resize_methods_are_those_of_tensorflow():
    import tensorflow as tf

    methods = {value for key, value in vars(tf.image.ResizeMethod).items() if key.isupper()}
    assert set(RESIZE_METHODS) == methods
