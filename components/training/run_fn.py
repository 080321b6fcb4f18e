"""What TFX's Trainer calls."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
import tensorflow_transform as tft
from tfx.components.trainer.fn_args_utils import FnArgs

from components.normalization.normalization_rules import ImageRules
from components.serving.signatures import export_model
from components.training.dataset import Examples
from components.training.folding import fold_normalization
from components.training.phases import Plan, train_network
from components.training.preparing import build_models, make_plan, make_repeatable, read_data
from components.training.strategy import is_chief, make_strategy
from components.training.weights import copy_weights, write_weights
from components.training_history import PhaseResult, write_history


@dataclasses.dataclass(frozen=True)
class _Trained:
    """A model after its training, and what there is to say about that."""

    model: keras.Model
    facts: dict[str, Any]
    results: Sequence[PhaseResult]


def run_fn(fn_args: FnArgs) -> None:
    """Reads the data, builds the model, trains it and exports it.

    Args:
        fn_args: TFX's, with `custom_config`: `train`, `fine_tune` and `augment`, the fields of
            `TrainConfig`, `FineTuneConfig` and `AugmentConfig`; `height`, `width`, `channels`;
            `checkpoint_folder`, where trainings that were cut off leave their state, or ""; and
            `image_rules`, what `ImageRules.to_dict` made of the rules of ingestion.

    Raises:
        PipelineError: The model cannot be built or trained as configured.
    """
    strategy = make_strategy()  # First: it connects the machines, where there are several.
    plan = make_plan(fn_args)
    make_repeatable(plan.train.seed)
    training, evaluation = read_data(fn_args, plan)
    trained = _train(plan, training, evaluation, fn_args.base_model, strategy)
    # All machines have the same model; one of them hands it on.
    if is_chief():
        _export(fn_args, plan, trained)


def _train(
    plan: Plan,
    training: Examples,
    evaluation: Examples,
    base_model: str | None,
    strategy: tf.distribute.Strategy,
) -> _Trained:
    served, network, precision = build_models(plan, strategy)
    with strategy.scope():
        warm_start = copy_weights(base_model, network) if base_model else "none"
        results = train_network(network, training, evaluation, plan)
    if served is not network:
        served.set_weights(network.get_weights())
    facts = {
        "trainer": plan.train.trainer,
        "parameters": served.count_params(),
        "precision": precision,
        "warm_start": warm_start,
        "images": {"train": training.count, "eval": evaluation.count},
        "settings": {
            "train": dataclasses.asdict(plan.train),
            "fine_tune": dataclasses.asdict(plan.fine_tune),
            "augment": dataclasses.asdict(plan.augment),
        },
    }
    return _Trained(served, facts, results)


def _export(fn_args: FnArgs, plan: Plan, trained: _Trained) -> None:
    transform = tft.TFTransformOutput(fn_args.transform_graph_path)
    rules = ImageRules.from_dict(fn_args.custom_config["image_rules"])
    folder = fn_args.serving_model_dir
    export_model(fold_normalization(trained.model), transform, plan.shape, folder, rules)
    write_weights(folder, trained.model)
    write_history(fn_args.model_run_dir, trained.facts, trained.results)
    # Only now, for until here a training that is cut off needs them.
    if plan.folder and tf.io.gfile.exists(plan.folder):
        tf.io.gfile.rmtree(plan.folder)
