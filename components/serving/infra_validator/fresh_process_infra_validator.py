"""The step that loads a model as a server would, and asks it."""

import collections
import itertools
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from tfx import types
from tfx.dsl.components.base import base_executor, executor_spec
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import io_utils, path_utils

from components import features
from components.artifact_types import TestPredictions
from components.declared_step import DeclaredStep, declare
from components.predictions import Predictions, read_predictions
from components.serving.directory.release import list_files
from components.serving.infra_validator.golden_requests import BATCH, golden_requests
from components.serving.infra_validator.probe_process import Request, ask
from components.serving.infra_validator.response_checks import Samples, judge_session
from components.serving.model_assets import read_rules
from components.serving.serving_facts import ServingFacts, write_facts
from components.split_records import find_images

SECONDS = 600.0
"""For loading and all responses; hundreds of times what it takes."""
TIMED_CALLS = {BATCH: 6, 1: 50}
"""By size; a batch of a slow network takes seconds. The range of six calls holds their median with
95 %."""
BLESSED, NOT_BLESSED = "INFRA_BLESSED", "INFRA_NOT_BLESSED"
"""Names of the files that TFX's own InfraValidator writes."""

MOST_IMAGES = 256
MOST_BYTES = 100_000_000
"""Of all chosen images together: they are held in memory, and sent through a pipe."""


class FreshProcessInfraValidatorExecutor(base_executor.BaseExecutor):
    """Finds out whether a model can be served; a problem is a result, and not an error."""

    def Do(  # noqa: N802
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes what was found, and marks the blessing as TFX's Pusher reads it."""
        self._log_startup(input_dict, output_dict, exec_properties)
        model = artifact_utils.get_single_instance(input_dict["model"])
        predictions = read_predictions(artifact_utils.get_single_uri(input_dict["predictions"]))
        folders = artifact_utils.get_split_uris(input_dict["examples"], features.TEST_SPLIT)
        facts = validate(
            path_utils.serving_model_path(model.uri), choose_samples(predictions, folders)
        )
        blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        write_facts(facts, blessing.uri)
        name = BLESSED if facts.is_servable else NOT_BLESSED
        io_utils.write_string_file(os.path.join(blessing.uri, name), "")
        blessing.set_int_custom_property("blessed", int(facts.is_servable))


class FreshProcessInfraValidator(DeclaredStep):
    """Says whether a model can be served, what it predicts, and how fast.

    TFX's InfraValidator needs Docker or Kubernetes and an image of TensorFlow Serving, and looks
    whether requests are answered at all. This one needs neither, and looks at the responses.
    """

    SPEC_CLASS = declare(
        inputs={
            "model": standard_artifacts.Model,
            "examples": standard_artifacts.Examples,
            "predictions": TestPredictions,
        },
        outputs={"blessing": standard_artifacts.InfraBlessing},
        parameters={},
    )
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(FreshProcessInfraValidatorExecutor)


def validate(model_folder: str, samples: Samples, seconds: float = SECONDS) -> ServingFacts:
    """Loads a model in a fresh process and asks it everything.

    Args:
        model_folder: Folder of the SavedModel.
        samples: Test images, with what the evaluation said of them.
        seconds: How long it may take.
    """
    golden = list(golden_requests(read_rules(model_folder)))
    sampled = _batches(samples)
    timed = _timed(sampled, samples.images or golden[0].images)
    session = ask(model_folder, [*golden, *sampled, *timed], seconds)
    size = sum(os.path.getsize(os.path.join(model_folder, p)) for p in list_files(model_folder))
    return judge_session(session, golden, samples, sampled, timed, size)


def _batches(samples: Samples) -> list[Request]:
    images = samples.images
    return [
        Request(f"test images {start + 1:,} and after", images[start : start + BATCH])
        for start in range(0, len(images), BATCH)
    ]


def _timed(sampled: Sequence[Request], images: Sequence[bytes]) -> list[Request]:
    """Calls of each size: as many as the samples do not make anyway, but one at least."""
    made = collections.Counter(len(request.images) for request in sampled)
    return [
        Request(
            f"latency of {size}",
            tuple(itertools.islice(itertools.cycle(images), size)),
            max(1, calls - made[size]),
        )
        for size, calls in TIMED_CALLS.items()
    ]


def choose_samples(predictions: Predictions, folders: Sequence[str]) -> Samples:
    """Chooses images of all classes in turn, the same ones each time.

    Args:
        predictions: Of the test split.
        folders: Of its records, one of each span.
    """
    rows = _choose_rows(predictions.class_texts)
    wanted = {predictions.sha256s[row]: row for row in rows}
    found = dict(find_images(folders, set(wanted)))
    kept: list[int] = []
    size = 0
    for sha256, row in wanted.items():
        size += len(found[sha256])
        if kept and size > MOST_BYTES:
            break
        kept.append(row)
    return Samples(
        tuple(predictions.filenames[row] for row in kept),
        tuple(found[predictions.sha256s[row]] for row in kept),
        predictions.model.probabilities[np.array(kept, np.int64)],
        predictions.model.class_names,
    )


def _choose_rows(class_texts: np.ndarray) -> list[int]:
    """Rows: the first image of each class, then the second, up to the limit."""
    seen: dict[str, int] = {}
    ranked = []
    for row, name in enumerate(class_texts):
        seen[name] = seen.get(name, 0) + 1
        ranked.append((seen[name], name, row))
    return [row for _, _, row in sorted(ranked)[:MOST_IMAGES]]
