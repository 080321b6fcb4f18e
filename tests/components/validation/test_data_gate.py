import json

import pytest
import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tfx import types
from tfx.types import standard_artifacts

from components.artifact_types import DataVerdict
from components.errors import PipelineError, command
from components.validation.data_gate import (
    DataGate,
    DataGateExecutor,
)
from components.validation.schema import freeze_schema, propose_schema
from components.validation.validate import SpanData, find_anomalies
from components.validation.validation_result import read_verdict
from components.validation.validation_rules import ValidationRules
from tests.components.validation.small_data import (
    make_artifact,
    make_inputs,
    make_record,
    make_records,
    make_statistics,
    write_splits,
)

GOOD = make_records(*["cat", "dog"] * 15)
ALL_GOOD = {"train": GOOD, "eval": GOOD[:20], "test": GOOD[20:]}
FREEZE = ["--data=my photos", "--name=pets"]
CLASS_ANOMALY = "expected one of 'cat', 'dog'; found: 'bird' (1 image)"


@pytest.fixture(scope="module")
def schema():
    return propose_schema([make_statistics(GOOD)])


@pytest.fixture
def pass_gate(tmp_path, schema):
    """Holds records, by split, to the schema of the good ones; returns the verdict."""
    verdict = make_artifact(DataVerdict, tmp_path / "verdict")

    def run(records_by_split, baseline=None, **rules):
        inputs = make_inputs(tmp_path, records_by_split, schema, baseline)
        properties = {
            "rules": ValidationRules(**rules).to_json(),
            "freeze_arguments": json.dumps(FREEZE),
            "code_fingerprint": "0123",
        }
        DataGateExecutor().Do(inputs, {"verdict": [verdict]}, properties)
        found = read_verdict(verdict.uri)
        assert verdict.get_int_custom_property("warnings") == len(found.warnings)
        return found

    run.verdict = tmp_path / "verdict" / "verdict.json"
    return run


def test_lets_good_images_pass_and_writes_it_down(pass_gate):
    verdict = pass_gate(ALL_GOOD)
    assert (verdict.stops, verdict.warnings, verdict.has_baseline) == ((), (), False)
    assert json.loads(pass_gate.verdict.read_text()) == {"has_baseline": False, "findings": []}


def test_stops_with_all_that_was_found(pass_gate, tmp_path):
    """Fault D12: the command was that of the sample, whatever the run."""
    with pytest.raises(PipelineError) as caught:
        pass_gate(
            {
                "train": [*GOOD, make_record("bird", channels=1)],
                "eval": GOOD[:20],
                "test": [*GOOD[20:], make_record("dog", format="bmp")],
            }
        )
    assert str(caught.value) == (
        "The images must be as expected. Received:\n"
        f"  - image/class/text in train: {CLASS_ANOMALY}\n"
        "Found as well, which alone would not stop the run:\n"
        "  - image/format in test: expected one of 'png'; found: 'bmp' (1 image)\n"
        "  - image/channels in train: expected color images; found 1 of 31 images (3.2%) to be "
        "gray (0.0% are allowed)\n"
        "Fix the data folder; or, if the images are right:\n"
        "  - new_class: review the change, take it over into the schema, and run again:\n"
        f"    {command('pipeline.schema', 'freeze')} '--data=my photos' --name=pets "
        f"--statistics={tmp_path}/new"
    )
    assert not pass_gate.verdict.exists()


@pytest.mark.parametrize("spoiled", ["train", "eval", "test"])
def test_one_spoiled_split_is_enough(pass_gate, spoiled):
    with pytest.raises(PipelineError, match=f"image/class/text in {spoiled}: expected one of"):
        pass_gate({**ALL_GOOD, spoiled: [*ALL_GOOD[spoiled], make_record("bird")]})
    assert not pass_gate.verdict.exists()


def test_warns_and_goes_on(pass_gate):
    records = {**ALL_GOOD, "test": [*GOOD[20:], make_record("cat", brightness=1.0)]}
    verdict = pass_gate(records)
    assert [str(finding) for finding in verdict.warnings] == [
        "image/brightness in test: expected 0.4 to 0.6; found: 0.5 to 1"
    ]


def test_levels_can_be_set(pass_gate):
    records = {**ALL_GOOD, "test": [*GOOD[20:], make_record("cat", brightness=1.0)]}
    with pytest.raises(PipelineError, match="image/brightness in test") as caught:
        pass_gate(records, out_of_range="stop")
    assert "Found as well" not in str(caught.value)


def test_what_is_ignored_is_not_told(pass_gate):
    records = {**ALL_GOOD, "test": [*GOOD[20:], make_record("cat", brightness=1.0)]}
    assert pass_gate(records, out_of_range="ignore").warnings == ()


def test_a_vanished_class_stops(pass_gate):
    cats = make_records(*["cat"] * 30)
    with pytest.raises(PipelineError, match="expected images of every class of the schema; found "):
        pass_gate({"train": cats, "eval": cats, "test": cats})


def test_a_small_class_warns(pass_gate):
    verdict = pass_gate({"train": make_records(*["cat"] * 30, "dog")})
    assert [finding.text for finding in verdict.warnings] == [
        "expected at least 20 images of every class; found fewer of 'dog' (1)"
    ]


def test_drift_against_the_images_of_the_last_pushed_model(pass_gate):
    darker = {"train": make_records(*["cat", "dog"] * 250, brightness=0.45)}
    before = {"train": make_records(*["cat", "dog"] * 250, brightness=0.55), "eval": GOOD}
    verdict = pass_gate(darker, before)
    assert verdict.has_baseline
    (finding,) = verdict.warnings
    assert (finding.kind, finding.split, finding.feature) == ("drift", "train", "image/brightness")
    assert finding.text.startswith(
        "100.0% of the images have at most 0.45, in the last pushed run it is 0.0%; the "
        "mean is 0.45, in the last pushed run 0.55"
    )


def test_skew_between_splits(pass_gate):
    train = make_records(*["cat", "dog"] * 250)
    test = make_records(*["cat"] * 50, *["dog"] * 450)
    (finding,) = pass_gate({"train": train, "eval": train, "test": test}).warnings
    assert (finding.kind, finding.split, finding.feature) == ("skew", "test", "image/class/text")
    assert finding.text.startswith("'cat' are 10.0% of the images, in train 50.0% (a")


COMPARATORS = """
feature {
  name: "image/format" type: BYTES
  drift_comparator { infinity_norm { threshold: 0.01 } }
  skew_comparator { infinity_norm { threshold: 0.02 } }
}
"""


def test_comparators_of_a_schema_file_take_the_place_of_our_own(schema):
    own = type(schema)()
    own.CopyFrom(schema)
    (added,) = text_format.Parse(COMPARATORS, type(schema)()).feature
    next(f for f in own.feature if f.name == "image/format").MergeFrom(added)
    pngs = make_statistics(make_records(*["cat", "dog"] * 15))
    some = make_statistics(
        [*make_records(*["cat", "dog"] * 15)[1:], make_record("cat", format="x")]
    )
    statistics = {"train": pngs, "test": some}
    spans = [SpanData("", statistics, {})]
    findings = find_anomalies(spans, own, {"train": some}, ValidationRules())
    assert [str(finding) for finding in findings] == [
        "image/format in train: The Linfty distance between current and previous is 0.0333333 (up "
        "to six significant digits), above the threshold 0.01. The feature value with maximum "
        "difference is: x",
        "image/format in test: The Linfty distance between training and serving is 0.0333333 (up "
        "to six significant digits), above the threshold 0.02. The feature value with maximum "
        "difference is: x",
    ]
    assert find_anomalies(spans, schema, {"train": some}, ValidationRules()) == []


def _span(number, schema, **records):
    statistics = {split: make_statistics(found) for split, found in records.items()}
    anomalies = {
        split: tfdv.validate_statistics(found, schema) for split, found in statistics.items()
    }
    return SpanData(f"span-{number}", statistics, anomalies)


def _find(*spans, schema, baseline=None, **rules):
    found = find_anomalies(spans, schema, baseline or {}, ValidationRules(**rules))
    return [str(finding) for finding in found]


def test_anomalies_are_named_with_their_span(schema):
    odd = [*GOOD, make_record("bird")]
    first, second = _span(3, schema, train=odd, test=GOOD), _span(4, schema, train=GOOD, test=odd)
    assert _find(first, second, schema=schema) == [
        f"image/class/text in train of span-3: {CLASS_ANOMALY}",
        f"image/class/text in test of span-4: {CLASS_ANOMALY}",
    ]


def test_classes_are_counted_in_all_spans_together(schema):
    cats = _span(3, schema, train=make_records(*["cat"] * 30), test=make_records("cat"))
    dogs = _span(4, schema, train=make_records(*["dog"] * 18), test=make_records("dog"))
    assert _find(cats, dogs, schema=schema, skew="ignore") == [
        "image/class/text: expected at least 20 images of every class; found fewer of 'dog' (19)"
    ]
    assert _find(cats, schema=schema)[0] == (
        "image/class/text: expected images of every class of the schema; found none of 'dog'"
    )


def test_a_span_without_images_for_a_split_is_no_anomaly(schema):
    # Its statistics lack everything, which ExampleValidator takes for missing features.
    few = _span(4, schema, train=GOOD, eval=[], test=[])
    assert few.anomalies["test"] != type(few.anomalies["test"])()
    whole = _span(3, schema, train=GOOD, eval=GOOD, test=GOOD)
    assert _find(whole, few, schema=schema) == []
    nothing = _span(5, schema, train=[], eval=[], test=[])
    assert _find(whole, nothing, schema=schema, baseline=whole.statistics) == []


def test_the_newest_span_is_compared_with_the_last_pushed_run(schema):
    dark = make_records(*["cat", "dog"] * 250, brightness=0.45)
    bright = make_records(*["cat", "dog"] * 250, brightness=0.55)
    old, new = _span(3, schema, train=dark), _span(4, schema, train=bright)
    assert _find(old, new, schema=schema, baseline=new.statistics) == []
    (drift,) = _find(old, new, schema=schema, baseline=old.statistics)
    assert drift.startswith("image/brightness in train of span-4: ")


def test_reads_the_statistics_of_several_spans(tmp_path, schema):
    inputs = {"statistics": [], "anomalies": [], "schema": [], "baseline_statistics": []}
    spans = {4: [*GOOD, make_record("bird")], 3: GOOD}
    for number, records in spans.items():
        for key, name, artifact_type, make in (
            ("statistics", "FeatureStats.pb", standard_artifacts.ExampleStatistics, lambda x: x),
            (
                "anomalies",
                "SchemaDiff.pb",
                standard_artifacts.ExampleAnomalies,
                lambda found: tfdv.validate_statistics(found, schema),
            ),
        ):
            artifact = make_artifact(artifact_type, tmp_path / key / str(number))
            artifact.span = number
            write_splits(artifact, name, {"train": make(make_statistics(records))})
            inputs[key].append(artifact)
    inputs["anomalies"].reverse()
    inputs["schema"] = [make_artifact(standard_artifacts.Schema, tmp_path / "schema")]
    freeze_schema(schema, f"{inputs['schema'][0].uri}/schema.pbtxt")
    properties = {
        "rules": ValidationRules().to_json(),
        "freeze_arguments": json.dumps(FREEZE),
        "code_fingerprint": "0123",
    }
    with pytest.raises(PipelineError, match=r"image/class/text in train of span-4: expected one"):
        DataGateExecutor().Do(inputs, {"verdict": []}, properties)


def test_declares_the_step():
    rules = ValidationRules(drift="stop")
    gate = DataGate(
        statistics=types.Channel(type=standard_artifacts.ExampleStatistics),
        anomalies=types.Channel(type=standard_artifacts.ExampleAnomalies),
        schema=types.Channel(type=standard_artifacts.Schema),
        baseline_statistics=types.Channel(type=standard_artifacts.ExampleStatistics),
        rules=rules,
        freeze_arguments=FREEZE,
        code_fingerprint="0123",
    )
    assert gate.exec_properties == {
        "rules": rules.to_json(),
        "freeze_arguments": json.dumps(FREEZE),
        "code_fingerprint": "0123",
    }
    assert gate.outputs["verdict"].type is DataVerdict
    assert DataGate.EXECUTOR_SPEC.executor_class is DataGateExecutor
