"""Everything that can be set about a run: frozen, and checked on construction.

The docstrings of the fields are the help texts of the command line.
"""

import dataclasses
import json
import os
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import yaml

from components.config_checks import (
    ConfigurationError,
    check_between,
    check_choice,
    check_positive,
    check_types,
    expand_home,
)
from components.features import EVAL_SPLIT, TEST_SPLIT, TRAIN_SPLIT
from components.ingestion.ingestion_rules import (
    DEFAULT_DISTANCE,
    LARGEST_DISTANCE,
    LEAK_POLICIES,
    MOVE,
    IngestionRules,
)
from components.normalization.normalization_rules import ANIMATIONS, MOST_MEGAPIXELS, ImageRules
from components.release.release_rules import ReleaseRules
from components.serving.exports.export_formats import ExportConfig
from components.training.settings import (
    AugmentConfig,
    FineTuneConfig,
    TrainConfig,
    TuneConfig,
    check_together,
)
from components.validation.validation_rules import ValidationRules
from pipeline.setting_names import construct_groups

# The values of tf.image.ResizeMethod, which are not worth the seconds that its import takes.
RESIZE_METHODS = (
    "area", "bicubic", "bilinear", "gaussian", "lanczos3", "lanczos5", "mitchellcubic", "nearest",
)  # fmt: skip
SPLIT_PRECISION = 1_000_000
# The longest name that a Kubernetes label takes, which is the strictest place a name gets to.
LONGEST_NAME = 63
SCHEMA_FOLDER = "schemas"
EARLIER_SCHEMA_FOLDER = "data/schemas"
"""Where schemas were before; one that is there stays in use."""
PATHS = ("data", "output", "serving", "schema")
DECISIONS = ("reset_baseline", "force_push")
"""Settings of one run, which no configuration file can make for all runs to come."""

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclasses.dataclass(frozen=True)
class SplitConfig:
    """Proportions of the splits. They add up to 1 and do not apply to splits that the folder has.

    Attributes:
        train: Proportion of the images to train on, above 0.
        eval: Proportion of the images to watch the training with, above 0.
        test: Proportion of the images to evaluate the finished model on, above 0.
    """

    train: float = 0.8
    eval: float = 0.1
    test: float = 0.1

    def __post_init__(self) -> None:
        check_types(self, "splits.")
        for field in dataclasses.fields(self):
            check_positive(f"splits.{field.name}", getattr(self, field.name))
        total = self.train + self.eval + self.test
        if abs(total - 1) > 1e-6:
            raise ConfigurationError(
                "splits.train, splits.eval and splits.test must add up to 1. Received: "
                f"{self.train} + {self.eval} + {self.test} = {total:g}."
            )


@dataclasses.dataclass(frozen=True)
class ImageConfig:
    """What every image becomes before a model sees it.

    Attributes:
        height: Pixels, 1 to 4096.
        width: Pixels, 1 to 4096.
        channels: 1 for gray, 3 for RGB.
        resize_method: area, bicubic, bilinear, gaussian, lanczos3, lanczos5, mitchellcubic or
            nearest, as in tf.image.resize.
        animations: first_frame to use the first picture of an animation, or reject.
        background: Color behind transparent images, "#rrggbb".
        max_megapixels: Larger images are rejected; above 0, at most 178.
    """

    height: int = 96
    width: int = 96
    channels: int = 3
    resize_method: str = "bilinear"
    animations: str = "first_frame"
    background: str = "#ffffff"
    max_megapixels: float = 100.0

    def __post_init__(self) -> None:
        check_types(self, "image.")
        check_between("image.height", self.height, 1, 4096)
        check_between("image.width", self.width, 1, 4096)
        if self.channels not in (1, 3):
            raise ConfigurationError(
                "image.channels must be 1 (gray) or 3 (RGB). "
                f"Received: image.channels={self.channels}."
            )
        check_choice("image.resize_method", self.resize_method, RESIZE_METHODS)
        check_choice("image.animations", self.animations, ANIMATIONS)
        check_positive("image.max_megapixels", self.max_megapixels)
        check_between("image.max_megapixels", self.max_megapixels, 0, MOST_MEGAPIXELS)
        if not _COLOR.fullmatch(self.background):
            raise ConfigurationError(
                'image.background must be a color "#rrggbb" (quoted in YAML). '
                f"Received: image.background={self.background!r}."
            )


@dataclasses.dataclass(frozen=True)
class IngestConfig:
    """What is let in, and which images stay together.

    Attributes:
        max_reject_fraction: Proportion of the images that may be rejected before the run stops, 0
            to 1.
        max_seconds: Longest time to examine one image, above 0.
        near_duplicate_distance: How different near-duplicates may be: bits of a hash, 0 to 16.
            They stay in one split.
        leaks: What becomes of images that are nearly the same in two splits of your own: move them
            into one, the one that is measured on; or refuse the folder.
        group_pattern: Regular expression, such as "patient[0-9]+". Images in whose path it finds
            the same text stay in one split.
        window: How many of the newest spans are used, of a data folder of span-<N>; 0 for all.
    """

    max_reject_fraction: float = 0.01
    max_seconds: float = 20.0
    near_duplicate_distance: int = DEFAULT_DISTANCE
    leaks: str = MOVE
    group_pattern: str = ""
    window: int = 0

    def __post_init__(self) -> None:
        check_types(self, "ingest.")
        check_between("ingest.max_reject_fraction", self.max_reject_fraction, 0, 1)
        check_positive("ingest.max_seconds", self.max_seconds)
        check_between(
            "ingest.near_duplicate_distance",
            self.near_duplicate_distance,
            0,
            LARGEST_DISTANCE,
        )
        check_choice("ingest.leaks", self.leaks, LEAK_POLICIES)
        check_between("ingest.window", self.window, 0)
        try:
            re.compile(self.group_pattern)
        except re.error as error:
            raise ConfigurationError(
                "ingest.group_pattern must be a regular expression of Python. "
                f"Received: ingest.group_pattern={self.group_pattern!r}: {error}."
            ) from error


@dataclasses.dataclass(frozen=True)
class PushConfig:
    """What happens in the serving directory.

    Attributes:
        keep_versions: How many of the newest versions stay there, 2 or more, so that one can go
            back; 0 for all.
    """

    keep_versions: int = 10

    def __post_init__(self) -> None:
        check_types(self, "push.")
        if self.keep_versions:
            check_between("push.keep_versions", self.keep_versions, 2)


@dataclasses.dataclass(frozen=True)
class PipelineConfig:
    """One pipeline, from a folder of images to a model that is served.

    After construction `name` and `schema` are never empty.

    Attributes:
        data: Folder of images, with one folder a class in it, or with one such folder a span in it,
            span-<N>: local, or any that tf.io.gfile reads, such as gs://bucket/folder.
        name: Name of the pipeline and of the model it serves: lower-case letters, digits, _ and -.
            Without it, the last part of the data folder's path.
        output: Folder for artifacts, metadata and logs, in a folder of the pipeline's name.
        serving: Folder for pushed models, each in <serving>/<name>/<version>.
        schema: File that says what valid images are. Without it, data/schemas/<name>.pbtxt if that
            is there, else schemas/<name>.pbtxt beside the output folder.
        splits: Proportions of the splits.
        ingest: What is let in, and which images stay together.
        validate: What happens when the images are not as expected.
        image: What every image becomes.
        train: The model and its training.
        fine_tune: A second training, of the pretrained part too.
        augment: Random changes to the images that are trained on.
        tune: A search for better settings of the training, before it.
        export: Other forms of the model, beside the SavedModel and checked against it.
        evaluate: What a model must be to be pushed.
        push: What happens in the serving directory.
        reset_baseline: Why this run is not to be compared with the serving model. A decision for
            one run, which is recorded: on the command line only.
        force_push: Why this run's model is to be pushed whatever the checks say, if only it can be
            served. A decision for one run, which is recorded: on the command line only.
    """

    data: str
    name: str = ""
    output: str = "output"
    serving: str = "serving"
    schema: str = ""
    splits: SplitConfig = SplitConfig()
    ingest: IngestConfig = IngestConfig()
    validate: ValidationRules = dataclasses.field(default_factory=ValidationRules)
    image: ImageConfig = ImageConfig()
    # A factory, so that no trainer is looked up at import.
    train: TrainConfig = dataclasses.field(default_factory=TrainConfig)
    fine_tune: FineTuneConfig = dataclasses.field(default_factory=FineTuneConfig)
    augment: AugmentConfig = dataclasses.field(default_factory=AugmentConfig)
    tune: TuneConfig = dataclasses.field(default_factory=TuneConfig)
    export: ExportConfig = dataclasses.field(default_factory=ExportConfig)
    # A factory, since its floors of single classes are a mapping.
    evaluate: ReleaseRules = dataclasses.field(default_factory=ReleaseRules)
    push: PushConfig = PushConfig()
    reset_baseline: str = ""
    force_push: str = ""

    def __post_init__(self) -> None:
        check_types(self)
        for name in PATHS:
            # The only way to change a field of a frozen class.
            object.__setattr__(self, name, expand_home(name, getattr(self, name)))
        for name in ("data", "output", "serving"):
            if not getattr(self, name).strip():
                raise ConfigurationError(
                    f"{name} must be a folder. Received: {name}={getattr(self, name)!r}. "
                    f"Give --{name} FOLDER, or {name}: FOLDER in a configuration file."
                )
        if "://" in self.serving:
            raise ConfigurationError(
                "serving must be a folder on a file system that renames and locks, which a push "
                "that is whole or not at all rests on; object stores do neither. "
                f"Received: serving={self.serving!r}. Give a local folder or a mounted volume."
            )
        object.__setattr__(self, "name", self.name or _name_of(self.data))
        _check_name(self.name)
        check_together(self.train, self.fine_tune, self.tune)
        object.__setattr__(self, "schema", self.schema or _default_schema(self.output, self.name))


def to_dict(config: PipelineConfig) -> dict[str, Any]:
    """The configuration in the types that JSON and YAML have."""
    return dataclasses.asdict(config)


def to_yaml(config: PipelineConfig) -> str:
    """The configuration as a YAML file that `--config` reads.

    Decisions for one run are comments in it, since no file can make them.
    """
    values = to_dict(config)
    decided = "".join(
        f"# For this run alone, --{name.replace('_', '-')}: {json.dumps(values[name])}\n"
        for name in DECISIONS
        if values[name]
    )
    text = yaml.dump({**values, **dict.fromkeys(DECISIONS, "")}, Dumper=_Dumper, **_YAML_STYLE)
    return f"{text}{decided}"


def from_dict(settings: Mapping[str, Any]) -> PipelineConfig:
    """Constructs a configuration from what `to_dict` made or a YAML file held.

    Args:
        settings: Groups of settings are mappings. Only `data` must be there.

    Raises:
        ConfigurationError: A setting is unknown, or its value is refused.
    """
    return PipelineConfig(**{"data": "", **construct_groups(PipelineConfig, settings)})


def image_rules(config: PipelineConfig) -> ImageRules:
    """What images are accepted, and how they reach a model."""
    return ImageRules(
        channels=config.image.channels,
        animations=config.image.animations,
        background=config.image.background,
        max_megapixels=config.image.max_megapixels,
    )


def ingestion_rules(config: PipelineConfig) -> IngestionRules:
    """How a folder of images becomes records."""
    return IngestionRules(
        image=image_rules(config),
        split_weights={
            TRAIN_SPLIT: round(config.splits.train * SPLIT_PRECISION),
            EVAL_SPLIT: round(config.splits.eval * SPLIT_PRECISION),
            TEST_SPLIT: round(config.splits.test * SPLIT_PRECISION),
        },
        max_seconds=config.ingest.max_seconds,
        max_reject_fraction=config.ingest.max_reject_fraction,
        near_duplicate_distance=config.ingest.near_duplicate_distance,
        leaks=config.ingest.leaks,
        group_pattern=config.ingest.group_pattern,
    )


class YamlLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Takes 1e5 for a number, as people mean it, and nothing for a date."""


class _Dumper(yaml.SafeDumper):
    """Quotes what that would take for something else than text."""


_YAML_STYLE: dict[str, Any] = {"sort_keys": False, "allow_unicode": True}
_FLOAT = "tag:yaml.org,2002:float"
_NUMBER = re.compile(
    r"[-+]?(\d[\d_]*\.[\d_]*([eE][-+]?\d+)?|\d[\d_]*[eE][-+]?\d+|\.[\d_]+([eE][-+]\d+)?"
    r"|\.(inf|Inf|INF))$|\.(nan|NaN|NAN)$"
)
for _kind in (YamlLoader, _Dumper):
    _kind.yaml_implicit_resolvers = {
        first: [each for each in known if each[0] not in (_FLOAT, "tag:yaml.org,2002:timestamp")]
        for first, known in _kind.yaml_implicit_resolvers.items()
    }
    _kind.add_implicit_resolver(_FLOAT, _NUMBER, list("-+0123456789."))


def _default_schema(output: str, name: str) -> str:
    """Beside the output folder, so that it lies in the data folder only where that does."""
    file = f"{name}.pbtxt"
    earlier = f"{EARLIER_SCHEMA_FOLDER}/{file}"
    if os.path.isfile(earlier):
        return earlier
    return os.path.join(os.path.dirname(output.rstrip("/")), SCHEMA_FOLDER, file)


def _name_of(data: str) -> str:
    """The last part of a path in the characters that a name may have."""
    path = data if "://" in data else os.path.abspath(data)
    last = path.rstrip("/").rpartition("/")[2]
    letters = unicodedata.normalize("NFKD", last).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9_-]+", "_", letters).strip("_-")[:LONGEST_NAME]
    if not name:
        raise ConfigurationError(
            "The last part of the data folder's path must have a letter or digit to be a name. "
            f"Received: data={data!r}. Give --name NAME."
        )
    return name


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise ConfigurationError(
            "name must begin with a lower-case letter or digit, go on with lower-case letters, "
            f"digits, _ and -, and have at most {LONGEST_NAME} characters. Received: name={name!r}."
        )
