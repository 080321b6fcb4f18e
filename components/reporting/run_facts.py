"""The artifacts of all steps -> what is known of a run, from which all files are made."""

import dataclasses
import functools
import hashlib
import importlib.metadata
import json
import os
import platform
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from components.audit import AUDIT_FILE, Audit, add_up
from components.ingestion.manifest import Row, read_used
from components.lineage import ArtifactOrigin, read_origins
from components.metrics import Metrics
from components.predictions import read_predictions
from components.release.release_verdict import ModelVerdict, read_verdict
from components.reporting.label_errors import LabelErrors, find_label_errors
from components.serving.exports.export_formats import read_exports
from components.serving.serving_facts import ServingFacts, read_facts
from components.training_history import read_history
from components.validation.validation_result import Anomaly, ValidationResult, merge_splits
from components.validation.validation_result import read_verdict as read_data_verdict

if TYPE_CHECKING:
    from tfx import types

Inputs = Mapping[str, Sequence["types.Artifact"]]
LIBRARIES = (
    "tfx",
    "tensorflow",
    "keras",
    "numpy",
    "apache-beam",
    "tensorflow-transform",
    "tensorflow-data-validation",
    "tensorflow-model-analysis",
    "ml-metadata",
    "pillow",
    "pillow-heif",
    "scipy",
    "cleanlab",
)
"""Those that a result may depend on."""
SLOW = 95
"""Of 100 calls, those that are not slower than what is called slow."""


@dataclasses.dataclass(frozen=True)
class Latency:
    """The calls of a loaded model with one size of batch.

    Attributes:
        batch: Images a call.
        calls: How many were measured.
        median: Milliseconds.
        slow: Milliseconds that 95 of 100 calls do not exceed.
        an_image: Median in milliseconds divided by the images.
    """

    batch: int
    calls: int
    median: float
    slow: float
    an_image: float


@dataclasses.dataclass(frozen=True)
class RunFacts:
    """What is known of a run.

    Attributes:
        pipeline: Its name.
        run: In which the report was written, as TFX names runs: by their time; empty if unknown.
        configuration: All settings.
        verdict: The release gate's.
        metrics: Of the predictions for the test split.
        audit: Of the images of all spans together, without examples and distributions.
        data_verdict: DataGate's.
        data_fingerprint: Hexadecimal SHA-256 of which files are used, in which class and split.
        history: What `components.training_history` read.
        exports: What `components.serving.exports.export_formats` read, by format.
        serving: What was found when the model was loaded as a server would load it.
        origins: The artifacts that all this was read from.
        versions: Of the libraries, by name.
    """

    pipeline: str
    run: str
    configuration: Mapping[str, Any]
    verdict: ModelVerdict
    metrics: Metrics
    audit: Audit
    data_verdict: ValidationResult
    data_fingerprint: str
    history: Mapping[str, Any]
    exports: Mapping[str, Mapping[str, Any]]
    serving: ServingFacts
    origins: tuple[ArtifactOrigin, ...]
    versions: Mapping[str, str]

    @functools.cached_property
    def label_errors(self) -> LabelErrors:
        """Test images whose label is probably wrong."""
        return find_label_errors(self.metrics.predictions)

    @functools.cached_property
    def data_warnings(self) -> list[Anomaly]:
        """DataGate's, once for all splits that they hold for."""
        return merge_splits(self.data_verdict.warnings)

    @functools.cached_property
    def latencies(self) -> tuple[Latency, ...]:
        """How long the loaded model takes, the smallest batch first."""
        sizes = sorted((int(size), times) for size, times in self.serving.latencies.items())
        return tuple(_sum_up(size, sorted(times)) for size, times in sizes if times)


def read_run(inputs: Inputs, pipeline: str, run: str, configuration: str) -> RunFacts:
    """Reads what all steps have left.

    Args:
        inputs: As the executor receives them.
        pipeline: Its name.
        run: TFX's name of this run; empty if unknown.
        configuration: All settings, as JSON.
    """
    # Not above: it takes ten seconds to load, and a made-up run has no need of it.
    from tfx.utils import path_utils

    folders = record_folders(inputs)
    uris = {key: str(artifacts[0].uri) for key, artifacts in inputs.items()}
    verdict = read_verdict(uris["release_verdict"])
    return RunFacts(
        pipeline=pipeline,
        run=run,
        configuration=json.loads(configuration),
        verdict=verdict,
        metrics=Metrics(read_predictions(uris["predictions"]), verdict.confidence),
        audit=add_up([Audit.read(os.path.join(folder, AUDIT_FILE)) for folder in folders]),
        data_verdict=read_data_verdict(uris["data_verdict"]),
        data_fingerprint=data_fingerprint(folders),
        history=read_history(uris["model_run"]),
        exports=read_exports(path_utils.serving_model_path(uris["model"])),
        serving=read_facts(uris["serving_facts"]),
        origins=read_origins(inputs),
        versions=library_versions(),
    )


def record_folders(inputs: Inputs) -> list[str]:
    """The folders of the records of each span, the oldest first."""
    spans = sorted(inputs["examples"], key=lambda artifact: int(artifact.span or 0))
    return [str(artifact.uri) for artifact in spans]


def data_fingerprint(folders: Iterable[str]) -> str:
    """Digest of which images are used, and as what.

    Args:
        folders: Of the records of each span, with their manifests.

    Returns:
        A hexadecimal SHA-256 over path, digest, class and split of every image, that depends
        neither on the order of spans nor on the place of the data folder.
    """
    # Digests of rows take a third of the memory of the rows, and none of the time of sorting them.
    rows = sorted(_digest(row) for folder in folders for row in read_used(folder))
    return hashlib.sha256(b"".join(rows)).hexdigest()


def library_versions() -> dict[str, str]:
    """Versions of Python, and of the libraries that are installed, by name."""
    versions = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _digest(row: Row) -> bytes:
    # No path has a zero byte.
    fields = (row.path, row.sha256, row.class_text, row.split)
    return hashlib.sha256("\0".join(fields).encode("utf-8", "surrogatepass")).digest()


def _sum_up(batch: int, times: Sequence[float]) -> Latency:
    median = statistics.median(times)
    # The smallest measured value of which it is true.
    position = -(-SLOW * len(times) // 100) - 1
    return Latency(batch, len(times), median, times[position], median / batch)
