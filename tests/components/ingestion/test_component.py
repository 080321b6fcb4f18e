from tfx.types import standard_artifacts

from components.ingestion.component import ImageFolderExampleGen
from components.ingestion.driver import ImageFolderDriver
from components.ingestion.executor import ImageFolderExecutor
from tests.components.ingestion.examinations import make_rules


def test_declares_the_step():
    step = ImageFolderExampleGen(
        data_folder="photos",
        rules=make_rules(),
        code_fingerprint="0123",
    )
    assert step.exec_properties == {
        "data_folder": "photos",
        "rules": make_rules().to_json(),
        "code_fingerprint": "0123",
    }
    assert step.outputs["examples"].type is standard_artifacts.Examples
    assert step.inputs == {}


def test_runs_on_beam_behind_a_driver_that_reads_the_folder():
    assert ImageFolderExampleGen.DRIVER_CLASS is ImageFolderDriver
    assert ImageFolderExampleGen.EXECUTOR_SPEC.executor_class is ImageFolderExecutor


def test_a_span_knows_those_before_it():
    step = ImageFolderExampleGen(
        data_folder="photos/span-3",
        rules=make_rules(),
        code_fingerprint="0123",
        span=3,
        earlier_steps=["Ingest.span-1", "Ingest.span-2"],
    )
    assert (step.exec_properties["span"], step.exec_properties["earlier_spans"]) == (
        3,
        '["Ingest.span-1", "Ingest.span-2"]',
    )
