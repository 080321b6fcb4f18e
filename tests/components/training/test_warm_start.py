"""Fault B7: which model a training begins with, and whether that has seen the images of the tests.

Real photos are ingested, darkened, ingested, restored and ingested again; models are folders, whose
lineage stands in a real store of ML Metadata, and which are pushed into a real serving directory.
What was leaked is counted by the names of the photos, which the step does not go by.
"""

import json
import pathlib
import shutil
from collections.abc import Iterable
from typing import Any

import ml_metadata as mlmd
import pytest
from ml_metadata.proto import metadata_store_pb2 as pb
from PIL import Image
from tfx import types
from tfx.dsl.components.base import base_beam_executor
from tfx.types import standard_artifacts

from components.beam_arguments import ONE_PROCESS
from components.ingestion import image_folder_example_gen as executor
from components.ingestion.ingestion_rules import IngestionRules
from components.ingestion.manifest import read_used
from components.serving.directory.publishing import publish
from components.serving.directory.rollback import roll_back
from components.training.warm_start import BASE_KEY, REFUSAL, WarmStartExecutor, find_base
from components.training.weights import copy_weights
from pipeline.execution import NOTHING_TO_PACK
from tests.components.ingestion.examinations import make_rules
from tests.components.serving.directory.saved_models import NOW, make_origin, write_saved_model
from tests.components.training.test_weights import make_network
from tests.scenes import make_scene

PHOTOS = 30
"""Of each of two classes."""
RULES = make_rules(split_weights={"train": 6, "eval": 2, "test": 2})


def write_photos(root: pathlib.Path, brightness: float = 1.0, first: int = 0) -> pathlib.Path:
    """The same photos by the same names, as dark as wanted."""
    for number in range(first, first + PHOTOS):
        for label, name in enumerate(("cat", "dog")):
            photo = make_scene(1000 * label + number, (96, 72))
            path = root / name / f"{number:03}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            photo.point([round(brightness * value) for value in range(256)] * 3).save(path)
    return root


def splits(examples: types.Artifact) -> dict[str, str]:
    return {row.path: row.split for row in read_used(examples.uri)}


def names(examples: types.Artifact, *of: str) -> set[str]:
    return {name for name, split in splits(examples).items() if split in of}


def ingest(root: pathlib.Path, examples: types.Artifact, rules: IngestionRules = RULES) -> None:
    context = base_beam_executor.BaseBeamExecutor.Context(
        beam_pipeline_args=[*ONE_PROCESS, NOTHING_TO_PACK],
        tmp_dir=f"{examples.uri}.tmp",
        unique_id="1",
    )
    properties = {"data_folder": str(root), "rules": rules.to_json(), "earlier_records": ""}
    executor.ImageFolderExecutor(context).Do({}, {"examples": [examples]}, properties)


class Pipeline:
    """Runs of a pipeline, step by step as a test wants them."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.serving = str(folder / "serving")
        config = pb.ConnectionConfig()
        config.fake_database.SetInParent()
        self.store = mlmd.MetadataStore(config)
        self._step = self.store.put_execution_type(pb.ExecutionType(name="Step"))

    def record(self, artifact: types.Artifact, *inputs: types.Artifact) -> None:
        """Writes that a step made an artifact of others."""
        kind = self.store.put_artifact_type(artifact.artifact_type, can_add_fields=True)
        artifact.mlmd_artifact.type_id = kind
        [artifact.id] = self.store.put_artifacts([artifact.mlmd_artifact])
        [execution] = self.store.put_executions([pb.Execution(type_id=self._step)])
        events = [(each, pb.Event.INPUT) for each in inputs] + [(artifact, pb.Event.OUTPUT)]
        self.store.put_events(
            pb.Event(artifact_id=each.id, execution_id=execution, type=kind)
            for each, kind in events
        )

    def artifact(self, kind: type[types.Artifact], name: str) -> Any:
        made = kind()
        made.uri = str(self.folder / f"{name}-{len(list(self.folder.iterdir()))}")
        pathlib.Path(made.uri).mkdir()
        return made

    def ingest(self, root: pathlib.Path, rules: IngestionRules = RULES) -> types.Artifact:
        examples = self.artifact(standard_artifacts.Examples, "examples")
        ingest(root, examples, rules)
        self.record(examples)
        return examples

    def ingested(self, records: pathlib.Path) -> types.Artifact:
        """As if this pipeline had made records that are there."""
        examples = self.artifact(standard_artifacts.Examples, "examples")
        shutil.copytree(records, examples.uri, dirs_exist_ok=True)
        self.record(examples)
        return examples

    def train(self, examples: types.Artifact, *base: types.Artifact) -> types.Artifact:
        transformed = self.artifact(standard_artifacts.Examples, "transformed")
        self.record(transformed, examples)
        model = self.artifact(standard_artifacts.Model, "model")
        write_saved_model(pathlib.Path(model.uri, "Format-Serving"), model.uri.encode())
        self.record(model, transformed, *base)
        return model

    def export(self, trained: types.Artifact) -> types.Artifact:
        """Adds exports, as the Exporter does."""
        made_from = self.store.get_events_by_artifact_ids([trained.id])[0].execution_id
        inputs = self.store.get_events_by_execution_ids([made_from])
        [transformed, *_] = self.store.get_artifacts_by_id([inputs[0].artifact_id])
        model = self.artifact(standard_artifacts.Model, "exported")
        shutil.copytree(trained.uri, model.uri, dirs_exist_ok=True)
        pathlib.Path(model.uri, "Format-Serving/exports.json").write_text("{}")
        self.record(model, trained, transformed)
        return model

    def push(self, model: types.Artifact) -> int:
        source = f"{model.uri}/Format-Serving"
        version = publish(source, self.serving, make_origin(), NOW + model.id)
        pushed = self.artifact(standard_artifacts.PushedModel, "pushed")
        pushed.set_int_custom_property("pushed", 1)
        pushed.set_string_custom_property("pushed_version", str(version))
        self.record(pushed, model)
        return version

    def warm_start(self, examples: types.Artifact, rules: IngestionRules = RULES) -> types.Artifact:
        base = self.artifact(standard_artifacts.Model, "base")
        found = find_base(self.store, self.serving, {examples.id})
        properties = {BASE_KEY: found.to_json(), "rules": rules.to_json()}
        WarmStartExecutor().Do({"examples": [examples]}, {"model": [base]}, properties)
        self.record(base, examples)
        return base

    def begins_with(self, base: types.Artifact) -> str:
        """The folder of the model whose weights are used; empty if there is none."""
        saved_model = str(find_base_model(base))
        return saved_model.removesuffix("/Format-Serving")


def find_base_model(base: types.Artifact) -> str:
    """Asks as the Trainer does, of a model that has no weights, so that it says where it looked."""
    done = copy_weights(f"{base.uri}/Format-Serving", make_network())
    if done != "not used: the weights of the serving model are not there (any more)":
        assert done.removeprefix("not used: ") == refusal(base)
        return ""
    return str(json.loads(pathlib.Path(base.uri, "base_model.json").read_text())["saved_model"])


def refusal(base: types.Artifact) -> str:
    return str(base.get_string_custom_property(REFUSAL))


@pytest.fixture
def pipeline(tmp_path: pathlib.Path) -> Pipeline:
    return Pipeline(tmp_path)


def leaked(measured: types.Artifact, *trained: types.Artifact) -> Iterable[str]:
    """The photos that one run measures on and others were trained on, by their names."""
    seen = set().union(*(names(each, "train") for each in trained))
    return names(measured, "eval", "test") & seen


def test_darkened_photos_that_were_refused_leave_no_trace(
    pipeline: Pipeline, tmp_path: pathlib.Path
) -> None:
    photos, darkened, restored = (
        pipeline.ingest(write_photos(tmp_path / "photos", brightness))
        for brightness in (1.0, 0.45, 1.0)
    )
    first = pipeline.train(photos, pipeline.warm_start(photos))
    version = pipeline.push(first)

    # Half of what this run measures on, the serving model has seen lighter.
    base = pipeline.warm_start(darkened)
    seen = leaked(darkened, photos)
    assert len(seen) > 10
    assert pipeline.begins_with(base) == ""
    assert refusal(base).startswith(f"version {version} was trained on {len(seen)} images of eval")
    refused = pipeline.train(darkened, base)
    assert len(list(leaked(restored, darkened))) > 10

    # The refused model would have seen them; the one that serves has not.
    base = pipeline.warm_start(restored)
    assert (pipeline.begins_with(base), refusal(base)) == (first.uri, "")
    assert pipeline.begins_with(base) != refused.uri
    assert leaked(restored, photos) == set()


@pytest.mark.parametrize("is_copy", [True, False])
def test_one_image_that_moved_into_test_is_enough(
    pipeline: Pipeline, tmp_path: pathlib.Path, is_copy: bool
) -> None:
    photos = pipeline.ingest(write_photos(tmp_path / "photos"))
    version = pipeline.push(pipeline.train(photos))
    other = write_photos(tmp_path / "other", first=500)
    assert refusal(pipeline.warm_start(pipeline.ingest(other))) == ""

    name = min(names(photos, "train"))
    shutil.rmtree(other)
    for split in ("train", "test"):
        write_photos(other / split, first={"train": 500, "test": 600}[split])
    into = other / "test" / name
    if is_copy:
        shutil.copy(tmp_path / "photos" / name, into)
    else:
        Image.open(tmp_path / "photos" / name).resize((64, 48)).convert("L").save(into)
    base = pipeline.warm_start(pipeline.ingest(other))
    assert pipeline.begins_with(base) == ""
    assert f"version {version} was trained on 1 image" in refusal(base)
    assert f"test/{name} is {name}" in refusal(base)


def test_what_the_weights_have_seen_before_counts_too(
    pipeline: Pipeline, tmp_path: pathlib.Path
) -> None:
    old = pipeline.ingest(write_photos(tmp_path / "old"))
    pipeline.push(pipeline.train(old))
    new = pipeline.ingest(write_photos(tmp_path / "new", first=500))
    pipeline.push(pipeline.train(new, pipeline.warm_start(new)))
    darkened = pipeline.ingest(write_photos(tmp_path / "old", 0.45))
    assert f"trained on {len(list(leaked(darkened, old)))} images" in refusal(
        pipeline.warm_start(darkened)
    )


def test_a_refused_base_has_taught_nothing(pipeline: Pipeline, tmp_path: pathlib.Path) -> None:
    old = pipeline.ingest(write_photos(tmp_path / "old"))
    pipeline.push(pipeline.train(old))
    darkened = pipeline.ingest(write_photos(tmp_path / "old", 0.45))
    base = pipeline.warm_start(darkened)
    assert refusal(base)
    anew = pipeline.train(darkened, base)
    pipeline.push(anew)
    # Else no later run could begin with any model.
    again = pipeline.ingest(tmp_path / "old")
    assert pipeline.begins_with(pipeline.warm_start(again)) == anew.uri


def test_images_of_a_group_count_as_one(pipeline: Pipeline, tmp_path: pathlib.Path) -> None:
    rules = make_rules(group_pattern=r"patient\d+", split_weights=RULES.split_weights)
    ingested = []
    for run in range(2):
        root = tmp_path / f"run{run}"
        for number in range(PHOTOS):
            for label, name in enumerate(("cat", "dog")):
                path = root / name / f"patient{number}-{run}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                make_scene(10_000 * run + 1000 * label + number, (96, 72)).save(path)
        ingested.append(pipeline.ingest(root, rules))
    pipeline.push(pipeline.train(ingested[0]))
    # The split of a group follows from its name, and so is the same in both.
    assert refusal(pipeline.warm_start(ingested[1], rules)) == ""
    moved = tmp_path / "moved"
    patient = min(names(ingested[0], "train")).split("/")[1].split("-")[0]
    shutil.copytree(tmp_path / "run1", moved / "train")
    for label, name in enumerate(("cat", "dog")):
        (moved / "test" / name).mkdir(parents=True)
        make_scene(70_000 + label).save(moved / "test" / name / "new.png")
    (moved / "train/cat" / f"{patient}-1.png").rename(moved / "test/cat" / f"{patient}-1.png")
    base = pipeline.warm_start(pipeline.ingest(moved, rules), rules)
    assert f"{patient}-1.png is " in refusal(base)


class TestWhichModel:
    """Fault B7: only the model that the serving directory has now."""

    @pytest.fixture(scope="class")
    def records(self, tmp_path_factory: pytest.TempPathFactory) -> list[pathlib.Path]:
        """Of photos, and of others."""
        folders = []
        for first in (0, 500):
            examples = standard_artifacts.Examples()
            examples.uri = str(tmp_path_factory.mktemp("records"))
            ingest(write_photos(tmp_path_factory.mktemp("photos"), first=first), examples)
            folders.append(pathlib.Path(examples.uri))
        return folders

    @pytest.fixture
    def photos(self, pipeline: Pipeline, records: list[pathlib.Path]) -> types.Artifact:
        return pipeline.ingested(records[0])

    @pytest.fixture
    def others(self, pipeline: Pipeline, records: list[pathlib.Path]) -> types.Artifact:
        return pipeline.ingested(records[1])

    def test_none_that_was_not_pushed(self, pipeline: Pipeline, photos, others) -> None:
        pipeline.train(photos)
        assert refusal(pipeline.warm_start(others)) == "no model serves yet"
        pushed = pipeline.train(photos)
        pipeline.push(pushed)
        pipeline.train(photos)
        assert pipeline.begins_with(pipeline.warm_start(others)) == pushed.uri

    def test_after_a_rollback_the_model_that_serves_again(
        self, pipeline: Pipeline, photos, others
    ) -> None:
        first, second = pipeline.train(photos), pipeline.train(photos)
        pipeline.push(first)
        pipeline.push(second)
        assert pipeline.begins_with(pipeline.warm_start(others)) == second.uri
        roll_back(pipeline.serving, "bad", NOW + 100)
        assert pipeline.begins_with(pipeline.warm_start(others)) == first.uri

    def test_none_that_another_pipeline_has_pushed(
        self, pipeline: Pipeline, photos, others, tmp_path: pathlib.Path
    ) -> None:
        pipeline.push(pipeline.train(photos))
        source = write_saved_model(tmp_path / "elsewhere", b"other weights")
        version = publish(source, pipeline.serving, make_origin(), NOW + 1000)
        base = pipeline.warm_start(others)
        assert pipeline.begins_with(base) == ""
        assert refusal(base).startswith(f"version {version} serves, which no run of this output")

    def test_none_in_a_serving_directory_that_is_gone(
        self, pipeline: Pipeline, photos, others
    ) -> None:
        pipeline.push(pipeline.train(photos))
        shutil.rmtree(pipeline.serving)
        assert refusal(pipeline.warm_start(others)) == "no model serves yet"

    def test_one_with_exports_has_seen_what_the_one_without_has(
        self, pipeline: Pipeline, photos, others
    ) -> None:
        first = pipeline.export(pipeline.train(photos))
        pipeline.push(first)
        base = pipeline.warm_start(others)
        assert pipeline.begins_with(base) == first.uri
        pipeline.push(pipeline.export(pipeline.train(others, base)))
        found = find_base(pipeline.store, pipeline.serving, set())
        assert found.trained_on == tuple(sorted([photos.uri, others.uri]))

    @pytest.mark.parametrize("lost", ["", "signatures", "manifest.csv"])
    def test_none_whose_images_nobody_knows_any_more(
        self, pipeline: Pipeline, photos, others, lost: str
    ) -> None:
        version = pipeline.push(pipeline.train(photos))
        gone = pathlib.Path(photos.uri, lost)
        gone.unlink() if gone.is_file() else shutil.rmtree(gone)
        base = pipeline.warm_start(others)
        assert pipeline.begins_with(base) == ""
        assert refusal(base).startswith(
            f"nobody knows any more on which images version {version} was trained: {photos.uri}"
        )

    @pytest.mark.parametrize("is_exported", [False, True])
    def test_an_unchanged_run_begins_with_what_it_began_with(
        self, pipeline: Pipeline, photos, others, is_exported: bool
    ) -> None:
        pipeline.push(pipeline.train(photos))
        before = find_base(pipeline.store, pipeline.serving, {others.id})
        model = pipeline.train(others, pipeline.warm_start(others))
        pipeline.push(pipeline.export(model) if is_exported else model)
        # The cache key of the step, and by its output that of the Trainer.
        assert find_base(pipeline.store, pipeline.serving, {others.id}) == before
