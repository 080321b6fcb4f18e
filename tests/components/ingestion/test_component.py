from tfx.types import standard_artifacts

from components.ingestion.component import ImageFolderExampleGen
from components.ingestion.driver import ImageFolderDriver
from components.ingestion.executor import ImageFolderExecutor


def test_declares_the_step():
    step = ImageFolderExampleGen(
        data_folder="photos",
        channels=3,
        split_weights={"train": 8, "eval": 1, "test": 1},
        code_fingerprint="0123",
    )
    assert step.exec_properties == {
        "data_folder": "photos",
        "channels": 3,
        "split_weights": '{"eval": 1, "test": 1, "train": 8}',
        "code_fingerprint": "0123",
    }
    assert step.outputs["examples"].type is standard_artifacts.Examples
    assert step.inputs == {}


def test_runs_on_beam_behind_a_driver_that_reads_the_folder():
    assert ImageFolderExampleGen.DRIVER_CLASS is ImageFolderDriver
    assert ImageFolderExampleGen.EXECUTOR_SPEC.executor_class is ImageFolderExecutor
