"""What is known of a run when its report is written: one value, from which all files are made."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from components.ingestion.reporting.audit import Audit
from components.lineage import Origin
from components.predictions import Predictions
from components.release.verdict import Verdict
from components.serving.serving_facts import ServingFacts
from components.validation.findings import Verdict as DataVerdict


@dataclasses.dataclass(frozen=True)
class DataFacts:
    """What is known of the images.

    Attributes:
        audit: Of all spans together, without examples and distributions.
        verdict: DataGate's.
        fingerprint: Hexadecimal SHA-256 of which files are used, in which class and split.
    """

    audit: Audit
    verdict: DataVerdict
    fingerprint: str


@dataclasses.dataclass(frozen=True)
class RunFacts:
    """What is known of a run.

    Attributes:
        pipeline: Its name.
        run: In which the report was written, as TFX names runs: by their time; empty if unknown.
        configuration: All settings.
        verdict: The release gate's.
        predictions: Of the test split.
        top_3_accuracy: Share of test images whose class is among the top three, by the Evaluator.
        loss: Mean cross-entropy on the test images, nats, by the Evaluator.
        data: The images.
        history: What `components.training_history` read.
        exports: What `components.serving.exports.formats` read, by format.
        serving: What was found when the model was loaded as a server would load it.
        origins: The artifacts that all this was read from.
        versions: Of the libraries, by name.
    """

    pipeline: str
    run: str
    configuration: Mapping[str, Any]
    verdict: Verdict
    predictions: Predictions
    top_3_accuracy: float
    loss: float
    data: DataFacts
    history: Mapping[str, Any]
    exports: Mapping[str, Mapping[str, Any]]
    serving: ServingFacts
    origins: tuple[Origin, ...]
    versions: Mapping[str, str]

    @property
    def has_top_3(self) -> bool:
        """Whether three answers leave out a class; if not, they are always right."""
        return len(self.predictions.model.class_names) > 3
