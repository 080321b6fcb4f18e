"""What can be set about training: frozen, and checked on construction.

The docstrings of the fields are the help texts of the command line. Nothing here imports
TensorFlow: a configuration is checked in an instant.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from components.config_checks import (
    ConfigurationError,
    check_between,
    check_choice,
    check_positive,
    check_types,
    expand_home,
    plain,
)
from components.text import did_you_mean
from components.training import architectures
from components.training.precision import AUTO, PRECISIONS

CONSTANT, COSINE = SCHEDULES = ("constant", "cosine")
ADAM, ADAMW, RMSPROP, SGD = OPTIMIZERS = ("adam", "adamw", "rmsprop", "sgd")
NONE = "none"
BALANCED = "balanced"
SERVING = "serving"
BLESSED = "blessed"
"""What `SERVING` was called; the model that serves need not be what was blessed last."""
HORIZONTAL, VERTICAL, BOTH = "horizontal", "vertical", "both"
FLIPS = (NONE, HORIZONTAL, VERTICAL, BOTH)
LARGEST_SEED = 2**32 - 1
OPTION = "options."


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """The model and its training.

    Attributes:
        trainer: The kind of model: cnn, compact_cnn, dense, mobilenet_v2, keras_application, or
            another file of components/training/architectures.
        options: Settings that this trainer alone has, such as --train.options.dropout 0.3. A wrong
            one is answered with those it has.
        epochs: How often the training goes through all its images, at least 1.
        batch_size: Images in one step of the training, at least 1.
        optimizer: adam, adamw, rmsprop or sgd (with Nesterov's momentum of 0.9).
        learning_rate: Size of the optimizer's steps, above 0.
        schedule: constant, or cosine: the learning rate falls to 0 until the end of the training.
        warmup_epochs: In so many first epochs, the learning rate rises from 0; 0 or more.
        weight_decay: Proportion of each weight that a step takes away, times the learning rate, 0
            to 1.
        label_smoothing: Proportion of the target that is spread over all classes, 0 to below 1.
        class_weights: none, or balanced: an image of a rare class counts for more.
        early_stopping: The training ends after so many epochs without a smaller loss on the eval
            split, and keeps the weights of its best epoch; 0 to go on to the end.
        precision: float32, bfloat16, float16, or auto: what this network gains from on this
            machine. Weights, and the model that is served, are float32 in any case.
        checkpoint_every: Epochs between two checkpoints, from which a training that was killed
            goes on; 0 for none.
        warm_start: none, or serving: begin with the weights of the model that serves, unless images
            of eval or test were seen by them.
        memory_budget: MiB of images and features of a training that are kept in memory, all
            together, at least 1. More images are read anew in each epoch, more features from disk.
        seed: Start of all random numbers, 0 to 4294967295. The same seed repeats a result on one
            machine.
    """

    trainer: str = "cnn"
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    epochs: int = 5
    batch_size: int = 32
    optimizer: str = ADAM
    learning_rate: float = 0.001
    schedule: str = COSINE
    warmup_epochs: int = 0
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    class_weights: str = NONE
    early_stopping: int = 0
    precision: str = AUTO
    checkpoint_every: int = 1
    warm_start: str = NONE
    memory_budget: int = 2048
    seed: int = 42

    def __post_init__(self) -> None:
        check_types(self, "train.")
        check_between("train.epochs", self.epochs, 1)
        check_between("train.batch_size", self.batch_size, 1)
        check_positive("train.learning_rate", self.learning_rate)
        check_between("train.warmup_epochs", self.warmup_epochs, 0, self.epochs)
        check_between("train.weight_decay", self.weight_decay, 0, 1)
        check_between("train.label_smoothing", self.label_smoothing, 0, 0.999)
        check_between("train.early_stopping", self.early_stopping, 0)
        check_between("train.checkpoint_every", self.checkpoint_every, 0)
        check_between("train.memory_budget", self.memory_budget, 1)
        check_between("train.seed", self.seed, 0, LARGEST_SEED)
        self._check_choices()
        self._check_trainer()

    def _check_choices(self) -> None:
        check_choice("train.optimizer", self.optimizer, OPTIMIZERS)
        check_choice("train.schedule", self.schedule, SCHEDULES)
        check_choice("train.class_weights", self.class_weights, (NONE, BALANCED))
        check_choice("train.precision", self.precision, PRECISIONS)
        if self.warm_start == BLESSED:
            object.__setattr__(self, "warm_start", SERVING)
        check_choice("train.warm_start", self.warm_start, (NONE, SERVING))
        check_choice("train.trainer", self.trainer, architectures.available())

    def _check_trainer(self) -> None:
        # Of a trainer that anybody may add it is not known which of its texts are files.
        options = {
            name: expand_home(f"train.options.{name}", value)
            if isinstance(value, str) and value.startswith("~")
            else value
            for name, value in plain("train.options", self.options).items()
        }
        object.__setattr__(self, "options", options)
        try:
            architectures.load(self.trainer, self.options)
        except ValueError as error:
            raise ConfigurationError(f"train.options are refused: {error}") from error


@dataclasses.dataclass(frozen=True)
class FineTuneConfig:
    """A second training, of the pretrained part too, after the one of `train`.

    Attributes:
        epochs: How often it goes through all its images; 0 for none.
        optimizer: adam, adamw, rmsprop or sgd.
        learning_rate: Size of the optimizer's steps, above 0; small, to keep what was learnt.
        schedule: constant or cosine, as of train.schedule.
        from_layer: The layers of the pretrained part before this number stay as they are.
    """

    epochs: int = 0
    optimizer: str = RMSPROP
    learning_rate: float = 1e-5
    schedule: str = CONSTANT
    from_layer: int = 0

    def __post_init__(self) -> None:
        check_types(self, "fine_tune.")
        check_between("fine_tune.epochs", self.epochs, 0)
        check_choice("fine_tune.optimizer", self.optimizer, OPTIMIZERS)
        check_positive("fine_tune.learning_rate", self.learning_rate)
        check_choice("fine_tune.schedule", self.schedule, SCHEDULES)
        check_between("fine_tune.from_layer", self.from_layer, 0)


@dataclasses.dataclass(frozen=True)
class AugmentConfig:
    """Random changes to the images that are trained on, and to no others.

    Attributes:
        flip: none, horizontal, vertical or both.
        rotation: Largest turn to either side, as a proportion of a full one, 0 to 0.5.
        shift: Largest shift in either direction, as a proportion of the height and width, 0 to 1.
        shear: Largest slant in either direction, as a proportion of the height and width, 0 to 1.
        zoom: Largest change of size in either direction, as a proportion, 0 to below 1.
        contrast: Largest change of contrast in either direction, as a proportion, 0 to 1.
        views: How many changed versions of each image a pretrained part that is not trained looks
            at, at least 1: the epochs take them in turn, and each is computed once.
    """

    flip: str = NONE
    rotation: float = 0.0
    shift: float = 0.0
    shear: float = 0.0
    zoom: float = 0.0
    contrast: float = 0.0
    views: int = 4

    def __post_init__(self) -> None:
        check_types(self, "augment.")
        check_choice("augment.flip", self.flip, FLIPS)
        check_between("augment.rotation", self.rotation, 0, 0.5)
        check_between("augment.shift", self.shift, 0, 1)
        check_between("augment.shear", self.shear, 0, 1)
        check_between("augment.zoom", self.zoom, 0, 0.99)
        check_between("augment.contrast", self.contrast, 0, 1)
        check_between("augment.views", self.views, 1)

    @property
    def changes_anything(self) -> bool:
        """Whether any image is changed."""
        strengths = (self.rotation, self.shift, self.shear, self.zoom, self.contrast)
        return self.flip != NONE or any(strengths)


@dataclasses.dataclass(frozen=True)
class TuneConfig:
    """A search for better settings of the training, before it.

    Attributes:
        trials: How many settings are tried; 0 for no search.
        epochs: Of each trial; 0 for as many as train.epochs.
        space: What is searched, by setting of train, such as {"learning_rate": [0.0001, 0.01],
            "options.dropout": [0.1, 0.3, 0.5]}. Two numbers are the ends of a range; texts, or more
            than two numbers, are the only values.
    """

    trials: int = 0
    epochs: int = 0
    space: dict[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        check_types(self, "tune.")
        check_between("tune.trials", self.trials, 0)
        check_between("tune.epochs", self.epochs, 0)
        object.__setattr__(self, "space", plain("tune.space", self.space))
        for name, values in self.space.items():
            self._check_values(name, values)
        if self.trials and not self.space:
            raise ConfigurationError(
                "tune.trials needs something to search in tune.space, such as "
                f"{{learning_rate: [0.0001, 0.01]}}. Received: tune.trials={self.trials} and "
                "nothing in tune.space."
            )

    @staticmethod
    def _check_values(name: str, values: Any) -> None:
        is_list = isinstance(values, list) and len(values) >= 2
        kinds = {str if isinstance(value, str) else float for value in values} if is_list else set()
        is_range = is_list and len(values) == 2 and kinds == {float}
        if len(kinds) != 1 or (is_range and not values[0] < values[1]):
            raise ConfigurationError(
                "tune.space must have for each setting two numbers, the smaller first, or a list "
                f"of its values. Received: tune.space.{name}={values!r}."
            )


def with_values(train: TrainConfig, values: Mapping[str, Any]) -> TrainConfig:
    """Changes settings, and checks them.

    Args:
        train: The settings as they were.
        values: New ones by their names, those of the trainer as "options.<name>".

    Raises:
        ConfigurationError: A setting is unknown, or its value is refused.
    """
    options = {
        name.removeprefix(OPTION): value
        for name, value in values.items()
        if name.startswith(OPTION)
    }
    settings = {name: value for name, value in values.items() if not name.startswith(OPTION)}
    valid = [field.name for field in dataclasses.fields(TrainConfig) if field.name != "options"]
    for name in settings:
        if name not in valid:
            raise ConfigurationError(
                f"tune.space must have settings of train: {', '.join(valid)}, or options.<name>. "
                f"Received: {name!r}.{did_you_mean(name, valid)}"
            )
    return dataclasses.replace(train, options={**train.options, **options}, **settings)


def check_together(train: TrainConfig, fine_tune: FineTuneConfig, tune: TuneConfig) -> None:
    """Checks what only the groups together show.

    Raises:
        ConfigurationError: There is a fine-tuning of a trainer without a pretrained part, or a
            search among settings or values that do not exist.
    """
    for name, values in tune.space.items():
        for value in values:
            with_values(train, {name: value})
    if fine_tune.epochs and train.trainer not in architectures.pretrained():
        raise ConfigurationError(
            "fine_tune.epochs needs a trainer with a pretrained part: "
            f"{', '.join(architectures.pretrained())}. Received: fine_tune.epochs="
            f"{fine_tune.epochs} with train.trainer={train.trainer!r}. Use train.epochs alone, or "
            "such a trainer."
        )
