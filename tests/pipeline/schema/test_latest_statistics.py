import pytest
from ml_metadata.proto import metadata_store_pb2 as pb

from components.errors import PipelineError
from pipeline.config import PipelineConfig
from pipeline.schema.latest_statistics import HOW_TO_GET_THEM, find_latest, load_statistics
from tests.pipeline.schema.small_runs import record_execution, write_statistics


@pytest.fixture
def config(tmp_path):
    return PipelineConfig(data="photos", output=str(tmp_path))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "photos" / "metadata.sqlite"


def test_the_newest_execution_that_did_its_work(config, path):
    record_execution(path, "photos.StatisticsGen", pb.Execution.COMPLETE, "first")
    record_execution(path, "photos.StatisticsGen", pb.Execution.CACHED, "second")
    record_execution(path, "photos.StatisticsGen", pb.Execution.FAILED, "")
    record_execution(path, "photos.Trainer", pb.Execution.COMPLETE, "model")
    assert find_latest(config) == ["second"]


def test_those_of_all_spans_of_the_newest_run(config, path):
    for run, spans in (("1", ("span-1", "span-2")), ("2", ("span-2", "span-3"))):
        for span in spans:
            node = f"photos.StatisticsGen.{span}"
            record_execution(path, node, pb.Execution.COMPLETE, f"{span} in {run}", run)
    record_execution(path, "photos.StatisticsGen.span-3", pb.Execution.FAILED, "", "3")
    record_execution(path, "photos.StatisticsGenerator", pb.Execution.COMPLETE, "other", "3")
    assert find_latest(config) == ["span-2 in 2", "span-3 in 2"]


def _message(config):
    with pytest.raises(PipelineError) as caught:
        find_latest(config)
    return str(caught.value)


def test_a_pipeline_that_never_ran(config, path):
    assert _message(config) == (
        f"The pipeline must have been run. Received: {path}, which is not there. {HOW_TO_GET_THEM}"
    )
    assert not path.exists()


@pytest.mark.parametrize("node", ["photos.StatisticsGen", "photos.Trainer"])
def test_a_pipeline_that_never_came_to_statistics(config, path, node):
    record_execution(path, node, pb.Execution.FAILED, "")
    assert _message(config) == (
        f"The pipeline must have got as far as StatisticsGen. Received: {path} without a run that "
        f"did. {HOW_TO_GET_THEM}"
    )


def test_metadata_that_is_damaged(config, path):
    path.parent.mkdir()
    path.write_bytes(b"not a database" * 100)
    assert _message(config).startswith(
        f"The metadata of the last run must be readable. Received: {path}: "
    )


def test_loads_all_splits_in_their_order(tmp_path):
    for split in ("test", "train", "odd"):
        write_statistics(tmp_path, split)
    loaded = load_statistics(str(tmp_path))
    assert list(loaded) == ["train", "test"]
    assert loaded["train"].datasets[0].num_examples == 4


def test_a_folder_without_statistics(tmp_path):
    with pytest.raises(PipelineError) as caught:
        load_statistics(str(tmp_path))
    assert str(caught.value) == (
        f"Statistics must lie in Split-<split>/FeatureStats.pb. Received: {tmp_path} without any. "
        f"{HOW_TO_GET_THEM}"
    )


def test_statistics_that_are_damaged(tmp_path):
    path = write_statistics(tmp_path) / "Split-train" / "FeatureStats.pb"
    path.write_bytes(b"\xff\xff")
    with pytest.raises(PipelineError) as caught:
        load_statistics(str(tmp_path))
    assert str(caught.value).startswith(
        f"Statistics must be readable, as TFDV writes them. Received: {path}: "
    )
