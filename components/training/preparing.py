"""What TFX hands over -> plan, examples and models: the same for the Trainer and the Tuner."""

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
from components.training import trainers
from components.training.dataset import Examples, read_examples
from components.training.phases import Plan
from components.training.precision import choose_policy, hardware_facts, network_kind
from components.training.settings import AugmentConfig, FineTuneConfig, TrainConfig, with_values
from components.training.strategy import read_cluster

FLOAT32 = "float32"


def make_plan(fn_args: FnArgs) -> Plan:
    """Reads the settings; those that a search has found replace those of the configuration."""
    settings = fn_args.custom_config
    train = TrainConfig(**settings["train"])
    if fn_args.hyperparameters:
        # Not above: only who searches needs it.
        from components.training.tuning import best_values

        train = with_values(train, best_values(fn_args.hyperparameters))
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
        trainer = trainers.load(plan.train.trainer, plan.train.options)
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
