import ml_metadata as mlmd
import pytest
from ml_metadata.proto import metadata_store_pb2
from tfx.types import artifact, standard_artifacts

from components.validation.baseline import StatisticsOfLastPushedModel

INPUT = metadata_store_pb2.Event.INPUT
OUTPUT = metadata_store_pb2.Event.OUTPUT


class Pipeline:
    """Runs the steps of a pipeline in ML Metadata alone."""

    def __init__(self, folder):
        connection = metadata_store_pb2.ConnectionConfig()
        connection.fake_database.SetInParent()
        self.store = mlmd.MetadataStore(connection)
        self.folder = folder
        self.statistics = []
        self.pushed = []

    def step(self, name, inputs, output_class):
        """Executes a step; returns its only output."""
        made = output_class()
        made.uri = str(self.folder / f"{name}-{len(self.store.get_artifacts())}")
        made.type_id = self.store.put_artifact_type(made.artifact_type)
        (made.id,) = self.store.put_artifacts([made.mlmd_artifact])
        self._execute(name, inputs, made)
        return made

    def cached(self, name, inputs, output):
        """Executes a step that takes its output from the cache."""
        self._execute(name, inputs, output)

    def _execute(self, name, inputs, output):
        type_id = self.store.put_execution_type(metadata_store_pb2.ExecutionType(name=name))
        (execution,) = self.store.put_executions([metadata_store_pb2.Execution(type_id=type_id)])
        events = [(each.id, INPUT) for each in inputs] + [(output.id, OUTPUT)]
        self.store.put_events(
            [
                metadata_store_pb2.Event(artifact_id=id, execution_id=execution, type=kind)
                for id, kind in events
            ]
        )

    def ingest(self):
        examples = self.step("ExampleGen", [], standard_artifacts.Examples)
        return examples, self.count(examples)

    def count(self, examples):
        statistics = self.step("StatisticsGen", [examples], standard_artifacts.ExampleStatistics)
        (self.folder / statistics.uri).mkdir()
        self.statistics.append(statistics)
        return statistics

    def push(self, *spans, baseline=None, is_pushed=True):
        """Trains, evaluates and pushes a model; returns the model."""
        graph = self.step("Transform", spans, standard_artifacts.TransformGraph)
        transformed = self.step("Transform", spans, standard_artifacts.Examples)
        model = self.step("Trainer", [graph, transformed], standard_artifacts.Model)
        compared = [*spans, model, *([baseline] if baseline else [])]
        blessing = self.step("Evaluator", compared, standard_artifacts.ModelBlessing)
        pushed = self.step("Pusher", [model, blessing], standard_artifacts.PushedModel)
        pushed.set_int_custom_property("pushed", int(is_pushed))
        self.pushed.append(pushed)
        return model

    def resolve(self, candidate):
        inputs = {
            "statistics": list(reversed(self.statistics)),
            "pushed_model": list(self.pushed),
            "candidate": [candidate],
        }
        chosen = StatisticsOfLastPushedModel().resolve_artifacts(self.store, inputs)
        assert chosen["candidate"] == [candidate]
        assert len(chosen["pushed_model"]) == len(chosen["statistics"])
        return chosen["statistics"]


@pytest.fixture
def pipeline(tmp_path):
    return Pipeline(tmp_path)


def test_there_is_none_on_the_first_run(pipeline):
    examples, statistics = pipeline.ingest()
    assert pipeline.resolve(statistics) == []
    pipeline.push(examples)
    assert pipeline.resolve(statistics) == []


def test_the_images_of_the_model_that_was_pushed_last(pipeline):
    first, first_statistics = pipeline.ingest()
    model = pipeline.push(first)
    second, second_statistics = pipeline.ingest()
    assert pipeline.resolve(second_statistics) == [first_statistics]
    pipeline.push(second, baseline=model)
    _, third_statistics = pipeline.ingest()
    assert pipeline.resolve(third_statistics) == [second_statistics]


def test_a_second_run_finds_what_the_first_found(pipeline):
    first, first_statistics = pipeline.ingest()
    model = pipeline.push(first)
    second, second_statistics = pipeline.ingest()
    before = pipeline.resolve(second_statistics)
    pipeline.push(second, baseline=model)
    pipeline.cached("StatisticsGen", [second], second_statistics)
    assert pipeline.resolve(second_statistics) == before == [first_statistics]


def test_images_whose_model_was_not_pushed_are_none(pipeline):
    first, first_statistics = pipeline.ingest()
    pipeline.push(first)
    refused, _ = pipeline.ingest()
    pipeline.push(refused, is_pushed=False)
    pipeline.ingest()
    _, statistics = pipeline.ingest()
    assert pipeline.resolve(statistics) == [first_statistics]


def test_the_model_that_one_was_compared_with_is_not_what_it_was_made_from(pipeline):
    first, _ = pipeline.ingest()
    model = pipeline.push(first, is_pushed=False)
    second, second_statistics = pipeline.ingest()
    pipeline.push(second, baseline=model)
    # Its own are left out, and by way of the baseline it would come to the first.
    assert pipeline.resolve(second_statistics) == []


def test_the_newest_statistics_of_the_same_images(pipeline):
    examples, _ = pipeline.ingest()
    pipeline.push(examples)
    newer = pipeline.count(examples)
    _, candidate = pipeline.ingest()
    assert pipeline.resolve(candidate) == [newer]


def test_statistics_that_somebody_removed_are_none(pipeline):
    first, first_statistics = pipeline.ingest()
    pipeline.push(first)
    second, second_statistics = pipeline.ingest()
    pipeline.push(second)
    (pipeline.folder / second_statistics.uri).rmdir()
    _, candidate = pipeline.ingest()
    assert pipeline.resolve(candidate) == [first_statistics]


def test_a_push_without_the_property_is_none(pipeline):
    examples, _ = pipeline.ingest()
    pipeline.push(examples)
    old = pipeline.pushed.pop()
    assert isinstance(old, artifact.Artifact)
    unmarked = standard_artifacts.PushedModel()
    unmarked.id = old.id
    pipeline.pushed.append(unmarked)
    _, candidate = pipeline.ingest()
    assert pipeline.resolve(candidate) == []


def test_the_newest_span_of_the_model_that_was_pushed_last(pipeline):
    first, _ = pipeline.ingest()
    second, second_statistics = pipeline.ingest()
    assert pipeline.resolve(second_statistics) == []
    pipeline.push(first, second)
    # A second run, of nothing new: the first span is not an answer.
    assert pipeline.resolve(second_statistics) == []
    third, third_statistics = pipeline.ingest()
    assert pipeline.resolve(third_statistics) == [second_statistics]
    pipeline.push(second, third)
    assert pipeline.resolve(third_statistics) == [second_statistics]
