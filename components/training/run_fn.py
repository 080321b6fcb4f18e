"""What TFX's Trainer calls, and what it shares with the Tuner: settings, data and models."""

import dataclasses
import hashlib
import json
import os
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
import tensorflow_transform as tft
from tfx.components.trainer.fn_args_utils import FnArgs

from components.errors import PipelineError
from components.features import CLASS_NAMES_VOCABULARY, ImageShape
from components.normalization.normalization_rules import ImageRules
from components.serving.signatures import export_model
from components.training import architectures
from components.training.data import Examples, read_examples
from components.training.folding import fold_normalization
from components.training.phases import Plan, train_network
from components.training.precision import choose_policy, hardware_facts, network_kind
from components.training.settings import AugmentConfig, FineTuneConfig, TrainConfig, with_values
from components.training.strategy import is_chief, make_strategy, read_cluster
from components.training.weights import copy_weights, write_weights
from components.training_history import PhaseResult, write_history

FLOAT32 = "float32"


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


def make_plan(fn_args: FnArgs) -> Plan:
    """Reads the settings; those that a search has found replace those of the configuration."""
    settings = fn_args.custom_config
    train = TrainConfig(**settings["train"])
    if fn_args.hyperparameters:
        # Not above: only who searches needs it.
        import keras_tuner

        found = keras_tuner.HyperParameters.from_config(fn_args.hyperparameters)
        train = with_values(train, dict(found.values))
    transform = tft.TFTransformOutput(fn_args.transform_graph_path)
    return Plan(
        train=train,
        fine_tune=FineTuneConfig(**settings["fine_tune"]),
        augment=AugmentConfig(**settings["augment"]),
        shape=ImageShape(settings["height"], settings["width"], settings["channels"]),
        classes=transform.vocabulary_size_by_name(CLASS_NAMES_VOCABULARY),
        folder=_checkpoint_folder(fn_args),
        log_folder=fn_args.model_run_dir or "",
    )


def make_repeatable(seed: int) -> None:
    """Makes a seed repeat its result on one machine, also on a GPU, and with any keras.json."""
    keras.config.set_floatx(FLOAT32)
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def read_data(fn_args: FnArgs, plan: Plan) -> tuple[Examples, Examples]:
    """Images to train on, and images to watch the training with.

    Raises:
        PipelineError: There are fewer images to train on than classes.
    """

    def read(files: Sequence[str], memory_budget: int, window_budget: int) -> Examples:
        size = plan.shape.dimensions
        return read_examples(files, size, plan.classes, memory_budget, window_budget)

    budget = plan.memory_left([])
    # The other half is for what a network computes from them.
    training = read(fn_args.train_files, budget, budget // 2)
    # These are never shuffled.
    evaluation = read(fn_args.eval_files, plan.memory_left([training]), 0)
    if training.count < plan.classes:
        raise PipelineError(
            "There must be at least as many images to train on as classes. Received: "
            f"{training.count:,} images and {plan.classes:,} classes. Add images, or remove "
            "classes."
        )
    return training, evaluation


def build_models(
    plan: Plan, strategy: tf.distribute.Strategy
) -> tuple[keras.Model, keras.Model, str]:
    """Builds the model to serve, and the model to train.

    They are the same, unless the training computes in fewer bits, or on several devices: who
    serves a model seldom has the hardware that gains from it.

    Args:
        plan: What to build.
        strategy: How the training is distributed.

    Returns:
        Both, and the precision of the latter as Keras calls it, such as "mixed_bfloat16".

    Raises:
        PipelineError: The network cannot be built as configured.
    """
    served = _build_model(plan, FLOAT32)
    policy = choose_policy(plan.train.precision, hardware_facts(), network_kind(served))
    if policy == FLOAT32 and strategy.num_replicas_in_sync == 1:
        return served, served, policy
    with strategy.scope():
        return served, _build_model(plan, policy), policy


def _build_model(plan: Plan, policy: str) -> keras.Model:
    before: Any = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        trainer = architectures.load(plan.train.trainer, plan.train.options)
        return trainer.build_model(plan.shape, plan.classes)
    except ValueError as error:
        raise PipelineError(str(error)) from error
    finally:
        keras.config.set_dtype_policy(before)


def _checkpoint_folder(fn_args: FnArgs) -> str:
    """A folder that only a training with the same data and the same settings finds again."""
    folder: str = fn_args.custom_config["checkpoint_folder"]
    # Machines that do not share a disk would go on from different epochs.
    if not folder or read_cluster().machines > 1:
        return ""
    identity = [
        fn_args.custom_config,
        fn_args.train_files,
        fn_args.eval_files,
        fn_args.transform_graph_path,
        fn_args.base_model,
        fn_args.hyperparameters,
    ]
    text = json.dumps(identity, sort_keys=True, default=str)
    return os.path.join(folder, hashlib.sha256(text.encode()).hexdigest()[:16])
