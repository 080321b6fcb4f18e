import json

import pytest
import tensorflow_data_validation as tfdv
from tfx import types
from tfx.types import standard_artifacts

from components.errors import PipelineError
from components.validation.gate import DataGate, DataGateExecutor, DataVerdict
from components.validation.schema import freeze_schema, infer_schema
from tests.components.validation.small_data import make_record, make_records, make_statistics

GOOD = make_records("cat", "dog", "cat", "dog")


def _artifact(artifact_type, folder):
    artifact = artifact_type()
    artifact.uri = str(folder)
    folder.mkdir(parents=True)
    return artifact


@pytest.fixture
def pass_gate(tmp_path):
    """Holds records, by split, to the schema of the good ones; returns the verdict's folder."""
    schema = infer_schema(make_statistics(GOOD))
    schema_artifact = _artifact(standard_artifacts.Schema, tmp_path / "schema")
    freeze_schema(schema, f"{schema_artifact.uri}/schema.pbtxt")
    anomalies = _artifact(standard_artifacts.ExampleAnomalies, tmp_path / "anomalies")
    verdict = _artifact(DataVerdict, tmp_path / "verdict")

    def run(**records_by_split):
        anomalies.split_names = json.dumps(list(records_by_split))
        for split, records in records_by_split.items():
            found = tfdv.validate_statistics(make_statistics(records), schema)
            folder = tmp_path / "anomalies" / f"Split-{split}"
            folder.mkdir()
            (folder / "SchemaDiff.pb").write_bytes(found.SerializeToString())
        inputs = {"anomalies": [anomalies], "schema": [schema_artifact]}
        DataGateExecutor().Do(inputs, {"verdict": [verdict]}, {"code_fingerprint": "0123"})

    run.verdict = tmp_path / "verdict" / "verdict.json"
    return run


def test_lets_good_data_pass_and_writes_it_down(pass_gate):
    pass_gate(train=GOOD, eval=GOOD[:2], test=GOOD[2:])
    assert json.loads(pass_gate.verdict.read_text()) == {
        "anomalies": {"train": [], "eval": [], "test": []}
    }


def test_stops_with_a_line_for_each_finding_of_each_split(pass_gate):
    with pytest.raises(PipelineError) as caught:
        pass_gate(
            train=[*GOOD, make_record("bird", mode="L")],
            eval=GOOD,
            test=[*GOOD, make_record("dog", format="BMP")],
        )
    assert str(caught.value) == (
        "The images must be what the schema says. Received:\n"
        "  - image/channels in train: expected 3; found: Unexpectedly small value: 1\n"
        "  - image/class/text in train: expected one of 'cat', 'dog'; found: Examples contain "
        "values missing from the schema: bird (~20%)\n"
        "  - image/format in test: expected one of 'png'; found: Examples contain values missing "
        "from the schema: bmp (~20%)\n"
        "Mend the data folder; or, if the change is wanted, edit the schema file and run again."
    )
    assert not pass_gate.verdict.exists()


@pytest.mark.parametrize("spoiled", ["train", "eval", "test"])
def test_one_spoiled_split_is_enough(pass_gate, spoiled):
    records = dict.fromkeys(("train", "eval", "test"), GOOD)
    with pytest.raises(PipelineError, match=f"image/class/text in {spoiled}: expected one of"):
        pass_gate(**{**records, spoiled: [*GOOD, make_record("bird")]})
    assert not pass_gate.verdict.exists()


def test_declares_the_step():
    gate = DataGate(
        anomalies=types.Channel(type=standard_artifacts.ExampleAnomalies),
        schema=types.Channel(type=standard_artifacts.Schema),
        code_fingerprint="0123",
    )
    assert gate.exec_properties == {"code_fingerprint": "0123"}
    assert gate.outputs["verdict"].type is DataVerdict
    assert DataGate.EXECUTOR_SPEC.executor_class is DataGateExecutor
