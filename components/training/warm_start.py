"""The step before the Trainer that says which weights it begins with: those that serve, or none.

TFX's resolvers know what was blessed or made last, which is not what serves: the gate may have
refused it. And weights know the images that they were trained on. A test that has such an image in
it measures memory, so that a model may begin with them only if none of the images that it will be
measured on was seen by them, or by the weights that these began with.
"""

import dataclasses
import json
from collections.abc import Iterable, Sequence
from typing import Any

import ml_metadata as mlmd
from ml_metadata.proto import metadata_store_pb2
from tfx import types
from tfx.dsl.components.base import base_executor, executor_spec
from tfx.dsl.io import fileio
from tfx.orchestration.portable import data_types
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import path_utils

from components.caching import CacheDriver
from components.declared_step import DeclaredStep, declare
from components.ingestion.ingestion_rules import IngestionRules
from components.lineage import sources_of
from components.serving.directory.layout import list_versions
from components.serving.directory.log import read_events
from components.serving.directory.release import digest_files, digest_model, find_release
from components.training.seen_images import find_seen, find_unknown
from components.training.weights import write_base

BASE_KEY = "base"
TRAINED_ON = "trained_on"
"""The property of a base model in which the folders of records stand, as JSON."""
REFUSAL = "refusal"
VERSION = "version"
NOTHING_SERVES = "no model serves yet"


@dataclasses.dataclass(frozen=True)
class Base:
    """What a training could begin with.

    Attributes:
        version: That serves; empty if none does.
        saved_model: Folder of its SavedModel in the artifacts; empty if it is not known.
        trained_on: Folders of the records of all images that its weights were trained on.
        refusal: Why the training cannot begin with it, as far as that is known without a look at
            the images; else empty.
    """

    version: str = ""
    saved_model: str = ""
    trained_on: tuple[str, ...] = ()
    refusal: str = ""

    def to_json(self) -> str:
        """The base as text that `from_json` reads."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Base":
        """Reads what `to_json` wrote."""
        values = json.loads(text)
        return cls(**{**values, "trained_on": tuple(values["trained_on"])})


class WarmStartExecutor(base_executor.BaseExecutor):
    """Looks for images that the serving model has seen."""

    def Do(  # noqa: N802
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes with which weights to begin, or why with none."""
        self._log_startup(input_dict, output_dict, exec_properties)
        base = Base.from_json(exec_properties[BASE_KEY])
        rules = IngestionRules.from_json(exec_properties["rules"])
        records = [examples.uri for examples in input_dict["examples"]]
        refusal = base.refusal or why_not(base, records, rules)
        model = artifact_utils.get_single_instance(output_dict["model"])
        write_base(model.uri, base.saved_model, refusal)
        model.set_string_custom_property(BASE_KEY, base.to_json())
        model.set_string_custom_property(VERSION, base.version)
        model.set_string_custom_property(REFUSAL, refusal)
        # What is not begun with has not seen anything.
        trained_on = [] if refusal else list(base.trained_on)
        model.set_string_custom_property(TRAINED_ON, json.dumps(trained_on))


class WarmStartDriver(CacheDriver):
    """Tells the cache which model serves."""

    def observe(self, execution_info: data_types.ExecutionInfo) -> dict[str, str]:
        """Returns the model that serves; for images that it was trained on, what it began with."""
        at_hand = {examples.id for examples in execution_info.input_dict["examples"]}
        folder = str(execution_info.exec_properties["model_folder"])
        with self._metadata_handle as metadata:
            return {BASE_KEY: find_base(metadata.store, folder, at_hand).to_json()}


class WarmStart(DeclaredStep):
    """Decides with which weights the Trainer begins.

    Its input are the `examples` of ingestion, of one span or several; its parameters are
    `model_folder`, which is `<serving>/<name>`, and the `rules` of ingestion, for what is alike.
    """

    SPEC_CLASS = declare(
        inputs={"examples": standard_artifacts.Examples},
        # The Trainer takes no other base. It has no weights, but says where they are.
        outputs={"model": standard_artifacts.Model},
        parameters={"model_folder": str, "rules": str},
    )
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(WarmStartExecutor)
    DRIVER_CLASS = WarmStartDriver


def find_base(store: mlmd.MetadataStore, model_folder: str, at_hand: set[int]) -> Base:
    """Looks up what the newest version in a serving directory is, and what it has seen.

    Args:
        store: ML Metadata, in which its lineage stands.
        model_folder: `<serving>/<name>`.
        at_hand: Ids of the examples that will be trained on.

    Returns:
        The model that serves. If it was trained on the very examples at hand, what it began with
        itself: else each run would go on from the one before, although nothing has changed.
    """
    versions = list_versions(model_folder)
    if not versions:
        return Base(refusal=NOTHING_SERVES)
    version = versions[-1]
    model = _find_model(store, model_folder, version)
    if model is None:
        return Base(
            version=str(version),
            refusal=f"version {version} serves, which no run of this output folder has made, so "
            "that nobody knows on which images it was trained",
        )
    made_from = _made_from(store, model)
    records = _records(store, made_from)
    if at_hand & {examples.id for examples in records}:
        for base in _models(made_from):
            if BASE_KEY in base.custom_properties:
                return Base.from_json(_property(base, BASE_KEY))
    trained_on = tuple(sorted(_trained_on(store, model)))
    return Base(str(version), path_utils.serving_model_path(model.uri), trained_on)


def why_not(base: Base, records: Sequence[str], rules: IngestionRules) -> str:
    """Compares the images of a run with those that its base was trained on.

    Args:
        base: A model that serves.
        records: Folders of the run's records.
        rules: Of ingestion, for what is alike.

    Returns:
        Why the run cannot begin with the base; empty if it can.
    """
    unknown = find_unknown([*base.trained_on, *records])
    if unknown or not base.trained_on:
        where = unknown[0] if unknown else "its lineage"
        return (
            f"nobody knows any more on which images version {base.version} was trained: {where} "
            "is not there, or was written by an earlier release"
        )
    seen = find_seen(records, base.trained_on, rules)
    if not seen:
        return ""
    here, there = next(iter(seen.items()))
    images = "1 image" if len(seen) == 1 else f"{len(seen):,} images"
    return (
        f"version {base.version} was trained on {images} of eval and test, or on near-duplicates "
        f"of them: {here} is {there}"
    )


def _find_model(
    store: mlmd.MetadataStore, model_folder: str, version: int
) -> metadata_store_pb2.Artifact | None:
    """The artifact of which a version is a copy, or a copy of a copy after a rollback."""
    release = find_release(model_folder, version)
    if release is None:
        return None
    digest = release.model_digest
    copies = {version} | {
        event.version for event in read_events(model_folder) if event.model_digest == digest
    }
    pushed = store.get_artifacts_by_type(standard_artifacts.PushedModel.TYPE_NAME)
    pushed = [each for each in pushed if _property(each, "pushed_version") in map(str, copies)]
    models = _models(sources_of(store, [each.id for each in pushed]))
    for model in sorted(models, key=lambda model: -model.id):
        folder = path_utils.serving_model_path(model.uri)
        if fileio.exists(folder) and digest_model(digest_files(folder)) == digest:
            return model
    return None


def _trained_on(store: mlmd.MetadataStore, model: metadata_store_pb2.Artifact) -> set[str]:
    """Folders of the records on which the weights of a model were trained, now or before."""
    if TRAINED_ON in model.custom_properties:
        return set(json.loads(_property(model, TRAINED_ON)))
    made_from = _made_from(store, model)
    before = [_trained_on(store, base) for base in _models(made_from)]
    return {examples.uri for examples in _records(store, made_from)}.union(*before)


def _made_from(
    store: mlmd.MetadataStore, model: metadata_store_pb2.Artifact
) -> list[metadata_store_pb2.Artifact]:
    """What a model was trained from; of one with exports, what the one without them was."""
    inputs = sources_of(store, [model.id])
    trained = [each for each in _models(inputs) if TRAINED_ON not in each.custom_properties]
    return _made_from(store, trained[0]) if trained else inputs


def _records(
    store: mlmd.MetadataStore, made_from: Iterable[metadata_store_pb2.Artifact]
) -> list[metadata_store_pb2.Artifact]:
    """Ingestion's examples, from which those were transformed that a model was made from."""
    transformed = [each.id for each in made_from if _is(each, standard_artifacts.Examples)]
    return [
        each for each in sources_of(store, transformed) if _is(each, standard_artifacts.Examples)
    ]


def _models(
    artifacts: Iterable[metadata_store_pb2.Artifact],
) -> list[metadata_store_pb2.Artifact]:
    return [each for each in artifacts if _is(each, standard_artifacts.Model)]


def _is(artifact: metadata_store_pb2.Artifact, kind: type[types.Artifact]) -> bool:
    return bool(artifact.type == kind.TYPE_NAME)


def _property(artifact: metadata_store_pb2.Artifact, name: str) -> str:
    return str(artifact.custom_properties[name].string_value)
