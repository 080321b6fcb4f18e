"""What the gate does about each kind of finding, and from where on something is a finding.

Without TensorFlow, since the configuration is checked before anything heavy is loaded.
"""

import dataclasses
import json

from components.config_checks import (
    ConfigurationError,
    check_between,
    check_choice,
    check_types,
)

STOP = "stop"
WARN = "warn"
IGNORE = "ignore"
LEVELS = (STOP, WARN, IGNORE)

SCHEMA = "schema"
NEW_CLASS = "new_class"
VANISHED_CLASS = "vanished_class"
SMALL_CLASS = "small_class"
NEW_FORMAT = "new_format"
GRAYSCALE = "grayscale"
OUT_OF_RANGE = "out_of_range"
DRIFT = "drift"
SKEW = "skew"
KINDS = (
    SCHEMA,
    NEW_CLASS,
    VANISHED_CLASS,
    SMALL_CLASS,
    NEW_FORMAT,
    GRAYSCALE,
    OUT_OF_RANGE,
    DRIFT,
    SKEW,
)


@dataclasses.dataclass(frozen=True)
class ValidationRules:
    """What happens when the images are not as expected: stop, warn or ignore, by kind.

    The defaults are meant for retraining that nobody watches. A run stops where its model would
    mean something else than the last one, which is a decision for people: other classes, or
    records that are not what the steps after this one take. It warns where the model may only
    become worse, since that is measured: the Evaluator refuses a model that is not good enough.

    Attributes:
        schema: stop, warn or ignore: a record lacks a feature, or has one of another type, or
            breaks a rule that people added to the schema file.
        new_class: stop: images of a class that the schema does not name. Nothing else is
            possible, since such a class has no number to train on.
        vanished_class: stop, warn or ignore: a class of the schema has no images to train on.
        small_class: stop, warn or ignore: a class has fewer than min_images_per_class images, or
            none in one of the splits that models are measured on.
        new_format: stop, warn or ignore: files of a format that the schema does not name.
        grayscale: stop, warn or ignore: gray images in a set of color images.
        out_of_range: stop, warn or ignore: a size, brightness or other number outside the range
            that the schema gives it.
        drift: stop, warn or ignore: class proportions or image features are not as in the images
            of the model that was pushed last.
        skew: stop, warn or ignore: those of eval or test are not as in train.
        min_images_per_class: Images that each class must have in all splits together, 0 or more.
            With fewer than 20, a tenth of them is no more than one image.
        max_gray_share: Share of gray images that a set of color images may have, 0 to 1.
        smallest_class_shift: Change of the proportions of classes, formats or treatments that is
            too small to be reported, 0 to 1.
        smallest_feature_shift: Change of a number of the images, such as their brightness, that
            is too small to be reported, 0 to 1: the largest difference, at any value, between
            the shares of the images that do not exceed the value.
        false_alarm_rate: Probability that one run reports any drift or skew by chance, above 0
            and below 1. Small sets are given the larger differences that they have by chance.
    """

    schema: str = STOP
    new_class: str = STOP
    vanished_class: str = STOP
    small_class: str = WARN
    new_format: str = WARN
    grayscale: str = WARN
    out_of_range: str = WARN
    drift: str = WARN
    skew: str = WARN
    min_images_per_class: int = 20
    max_gray_share: float = 0.0
    smallest_class_shift: float = 0.05
    smallest_feature_shift: float = 0.1
    false_alarm_rate: float = 0.001

    def __post_init__(self) -> None:
        check_types(self, "validate.")
        for kind in KINDS:
            check_choice(f"validate.{kind}", getattr(self, kind), LEVELS)
        if self.new_class != STOP:
            raise ConfigurationError(
                "validate.new_class must be stop: a class that the schema does not name has no "
                f"number to train on. Received: validate.new_class={self.new_class!r}. To admit "
                "a class, add it to the schema with `python -m pipeline.schema freeze`."
            )
        check_between("validate.min_images_per_class", self.min_images_per_class, 0)
        for name in ("max_gray_share", "smallest_class_shift", "smallest_feature_shift"):
            check_between(f"validate.{name}", getattr(self, name), 0, 1)
        if not 0 < self.false_alarm_rate < 1:
            raise ConfigurationError(
                "validate.false_alarm_rate must be above 0 and below 1. Received: "
                f"validate.false_alarm_rate={self.false_alarm_rate}."
            )

    def level(self, kind: str) -> str:
        """What happens on a finding of a kind: one of `LEVELS`.

        Args:
            kind: One of `KINDS`.
        """
        if kind not in KINDS:
            raise ValueError(f"A kind must be one of {', '.join(KINDS)}. Received: {kind!r}.")
        return str(getattr(self, kind))

    def to_json(self) -> str:
        """The rules as text that is the same for the same rules."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "ValidationRules":
        """Reads what `to_json` wrote."""
        return cls(**json.loads(text))
