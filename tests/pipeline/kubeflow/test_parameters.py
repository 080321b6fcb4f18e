import pytest

from components.config_checks import ConfigurationError
from pipeline.config import PipelineConfig
from pipeline.kubeflow.parameters import run_parameters, with_parameters

CONFIG = PipelineConfig("photos")


def test_the_parameters_have_the_values_that_were_compiled():
    parameters = {each.name: (each.type, each.default) for each in run_parameters(CONFIG)}
    assert parameters == {
        "data": (str, "photos"),
        "ingest_window": (int, 0),
        "ingest_max_reject_fraction": (float, 0.01),
        "train_epochs": (int, 5),
        "train_batch_size": (int, 32),
        "train_learning_rate": (float, 0.001),
        "fine_tune_epochs": (int, 0),
        "evaluate_min_accuracy": (float, 0.7),
        "evaluate_max_accuracy_loss": (float, 0.01),
        "reset_baseline": (str, ""),
        "force_push": (str, ""),
        "settings": (dict, {}),
    }


def test_the_values_of_a_run():
    config = with_parameters(
        CONFIG,
        {
            "data": "/data/new",
            # Kubeflow knows no whole numbers.
            "train_epochs": 3.0,
            "force_push": "the old one is broken",
            "settings": {"train.seed": 7.0, "image.height": 32, "evaluate.min_recall": 0.5},
        },
    )
    assert (config.data, config.train.epochs, config.train.seed) == ("/data/new", 3, 7)
    assert (config.image.height, config.evaluate.min_recall) == (32, 0.5)
    # The name was chosen when the pipeline was compiled.
    assert (config.name, config.force_push) == ("photos", "the old one is broken")
    assert with_parameters(CONFIG, {}) == CONFIG


def test_settings_win_over_parameters():
    given = {"train_epochs": 3, "settings": {"train.epochs": 4}}
    assert with_parameters(CONFIG, given).train.epochs == 4


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"settings": {"train.epoch": 3}}, "Received: 'train.epoch'. Did you mean 'train.epochs'?"),
        (
            {"settings": {"serving": "elsewhere"}},
            "name, output, serving cannot be changed for one run, since other runs and servers "
            "rely on them. Received: 'serving' in settings. Compile the pipeline with it.",
        ),
        (
            {"settings": [1]},
            'settings must map names of settings to values, such as {"train.seed": 7}. '
            "Received: [1].",
        ),
        (
            {"train_epochs": 2.5},
            "train.epochs must be a whole number, such as 5. Received: train.epochs=2.5.",
        ),
        (
            {"evaluate_min_accuracy": 1.5},
            "evaluate.min_accuracy must be from 0 to 1. Received: evaluate.min_accuracy=1.5.",
        ),
    ],
)
def test_what_is_refused(given, message):
    with pytest.raises(ConfigurationError) as refused:
        with_parameters(CONFIG, given)
    assert str(refused.value).endswith(message)
