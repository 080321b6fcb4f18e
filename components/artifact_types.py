"""Types and properties of artifacts that TFX lacks and that more than one step knows."""

from tfx import types
from tfx.types import artifact


class DataVerdict(types.Artifact):
    """The gate's word on a set of examples: `verdict.json`, with all that was found.

    `components.validation.validation_result` writes and reads it.
    """

    TYPE_NAME = "DataVerdict"


class TestPredictions(types.Artifact):
    """What models say of each test image: `predictions.parquet`.

    `components.predictions` writes and reads it.
    """

    TYPE_NAME = "TestPredictions"
    # It is not a test, whatever its name makes pytest believe.
    __test__ = False


class ReleaseVerdict(types.Artifact):
    """Whether a model may be released, and why: `release_verdict.json`.

    `components.release.release_verdict` writes and reads it.
    """

    TYPE_NAME = "ReleaseVerdict"
    PROPERTIES = {
        # 1 released, 0 refused.
        "released": artifact.Property(type=artifact.PropertyType.INT),
        # The verdict in one sentence.
        "sentence": artifact.Property(type=artifact.PropertyType.STRING),
    }


class DataPage(types.Artifact):
    """The page about the images: `report.html`."""

    TYPE_NAME = "DataPage"


class ModelReport(types.Artifact):
    """The report on a model: `report.html`, `metrics.json`, `model_card.md`, and lists as CSV."""

    TYPE_NAME = "ModelReport"


LOOKED_UP_VERSION = "version"
"""Custom property of a `ServingLookup`: the version, as text; empty where there was none."""


class ServingLookup(types.Artifact):
    """Which version served when a run looked: a model is pushed over that one alone."""

    TYPE_NAME = "ServingLookup"
