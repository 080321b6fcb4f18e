"""Which trainings a network goes through: one, or a frozen one and then fine-tuning."""

import dataclasses
import os
import time
from collections.abc import Iterable

import keras

from components.errors import PipelineError
from components.features import EVAL_SPLIT, TRAIN_SPLIT, ImageShape
from components.training.data import Examples, make_augmentation
from components.training.fit import OptimizerConfig, Phase, fit_phase
from components.training.frozen import compute_features, split_base, split_frozen
from components.training.pretrained import BASE
from components.training.settings import BALANCED, AugmentConfig, FineTuneConfig, TrainConfig
from components.training_history import PhaseResult

TRAINING, FINE_TUNING = "training", "fine_tuning"
MEBIBYTE = 2**20


@dataclasses.dataclass(frozen=True)
class Plan:
    """Everything that decides about the training of a network.

    Attributes:
        train: The settings of the first training, and of all.
        fine_tune: Those of the second.
        augment: How images are changed.
        shape: Of the images.
        classes: How many there are.
        folder: For checkpoints and features on disk, of this training alone.
        log_folder: For TensorBoard's logs.
    """

    train: TrainConfig
    fine_tune: FineTuneConfig
    augment: AugmentConfig
    shape: ImageShape
    classes: int
    folder: str
    log_folder: str

    def memory_left(self, held: Iterable[Examples]) -> int:
        """Bytes of the memory budget that examples do not hold: it is for all of them together."""
        used = sum(each.bytes_in_memory for each in held)
        return max(0, self.train.memory_budget * MEBIBYTE - used)


@dataclasses.dataclass(frozen=True)
class _TrainingStage:
    """What is trained on what: the whole network on images, or a part of it on their features.

    Attributes:
        network: What is trained.
        training: On what.
        evaluation: What each epoch is measured on.
        augmentation: How the examples are changed.
        held: All examples that stay in memory meanwhile, these included.
    """

    network: keras.Model
    training: Examples
    evaluation: Examples
    augmentation: keras.Model | None
    held: tuple[Examples, ...]


def train_network(
    network: keras.Model, training: Examples, evaluation: Examples, plan: Plan
) -> list[PhaseResult]:
    """Trains a network, the pretrained part too if that is planned.

    Args:
        network: From pixels to probabilities; it is changed.
        training: Images to train on.
        evaluation: Images that each epoch is measured on.
        plan: How.

    Returns:
        What each phase came to, in their order.

    Raises:
        PipelineError: A loss is not a finite number, there is not enough room for features, or the
            fine-tuning would begin after the last layer.
    """
    augmentation = make_augmentation(plan.augment, plan.shape, plan.train.seed)
    stage = _TrainingStage(network, training, evaluation, augmentation, (training, evaluation))
    first = _first_phase(plan, training)
    if not plan.fine_tune.epochs:
        return [_train_on_features(stage, plan, first)]
    base = network.get_layer(BASE)
    _check_from_layer(base, plan.fine_tune.from_layer)
    if not base.trainable:
        # What neither phase trains is computed once for both.
        stage = _behind(split_base(network, plan.fine_tune.from_layer), stage, plan, "lower")
    results = [_train_on_features(stage, plan, first)]
    _unfreeze(base, plan.fine_tune.from_layer)
    return [*results, _train(stage, _fine_tuning_phase(plan, training))]


def _train_on_features(stage: _TrainingStage, plan: Plan, phase: Phase) -> PhaseResult:
    return _train(_behind(split_frozen(stage.network), stage, plan, "frozen"), phase)


def _train(stage: _TrainingStage, phase: Phase) -> PhaseResult:
    network = stage.network
    if stage.augmentation:
        # Not a part of the network, which is served as it is.
        pixels = keras.Input(network.input_shape[1:], name="pixels")
        network = keras.Model(pixels, network(stage.augmentation(pixels)), name="augmented")
    return fit_phase(network, stage.training, stage.evaluation, phase)


def _behind(
    parts: tuple[keras.Model, keras.Model] | None, stage: _TrainingStage, plan: Plan, name: str
) -> _TrainingStage:
    """What stands behind the first of two parts, once that has seen all images; as it was without.

    Each image is seen in several views where images are changed at random; more than there are
    epochs would be of no use.
    """
    if parts is None:
        return stage
    first, second = parts

    def compute(
        examples: Examples,
        split: str,
        augmentation: keras.Model | None,
        held: tuple[Examples, ...],
    ) -> Examples:
        epochs = max(plan.train.epochs, plan.fine_tune.epochs)
        return compute_features(
            first,
            examples,
            plan.train.batch_size,
            plan.classes,
            augmentation=augmentation,
            views=min(plan.augment.views, epochs),
            memory_budget=plan.memory_left(held),
            folder=os.path.join(plan.folder, f"{name}_{split}"),
        )

    training = compute(stage.training, TRAIN_SPLIT, stage.augmentation, stage.held)
    held = (*stage.held, training)
    evaluation = compute(stage.evaluation, EVAL_SPLIT, None, held)
    return _TrainingStage(second, training, evaluation, None, (*held, evaluation))


def _unfreeze(base: keras.Model, from_layer: int) -> None:
    # Statistics of a few small batches would spoil those of millions of images, as Keras's guide
    # "Transfer learning and fine-tuning" warns. To call the base with `training=False`, which it
    # advises, is of no effect: Keras 3 passes on what the outer model was called with.
    stays = () if base.trainable else keras.layers.BatchNormalization
    base.trainable = True
    for number, layer in enumerate(base.layers):
        layer.trainable = number >= from_layer and not isinstance(layer, stays)


def _check_from_layer(base: keras.Model, from_layer: int) -> None:
    if from_layer >= len(base.layers):
        raise PipelineError(
            f"fine_tune.from_layer must be below the {len(base.layers)} layers of the pretrained "
            f"part. Received: fine_tune.from_layer={from_layer}."
        )


def _first_phase(plan: Plan, training: Examples) -> Phase:
    return _phase(plan, TRAINING, plan.train, training, plan.log_folder, plan.train.warmup_epochs)


def _fine_tuning_phase(plan: Plan, training: Examples) -> Phase:
    log_folder = os.path.join(plan.log_folder, FINE_TUNING) if plan.log_folder else ""
    return _phase(plan, FINE_TUNING, plan.fine_tune, training, log_folder)


def _phase(
    plan: Plan,
    name: str,
    own: TrainConfig | FineTuneConfig,
    training: Examples,
    log_folder: str,
    warmup_epochs: int = 0,
) -> Phase:
    """A phase of which some settings are its own; the others hold for all."""
    settings = plan.train
    steps = training.steps(settings.batch_size)
    save_every = settings.checkpoint_every if plan.folder else 0
    return Phase(
        name=name,
        epochs=own.epochs,
        batch_size=settings.batch_size,
        seed=settings.seed,
        optimizer=OptimizerConfig(
            optimizer=own.optimizer,
            learning_rate=own.learning_rate,
            schedule=own.schedule,
            steps=own.epochs * steps,
            warmup_steps=warmup_epochs * steps,
            weight_decay=settings.weight_decay,
            label_smoothing=settings.label_smoothing,
        ),
        is_balanced=settings.class_weights == BALANCED,
        patience=settings.early_stopping,
        save_every=save_every,
        folder=os.path.join(plan.folder, name) if save_every else "",
        log_folder=log_folder,
        # Before any features are computed for it, which takes most of the time.
        started=time.perf_counter(),
    )
