"""Models that can be served, and models that cannot, each in a process of its own."""

import dataclasses
import json
import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from tfx import types
from tfx.types import standard_artifacts

from components import features
from components.artifact_types import TestPredictions
from components.normalization.normalization_rules import ImageRules
from components.predictions import write_predictions
from components.serving.infra_validator import fresh_process_infra_validator
from components.serving.infra_validator.fresh_process_infra_validator import (
    FreshProcessInfraValidatorExecutor,
    choose_samples,
    validate,
)
from components.serving.infra_validator.response_checks import Samples
from components.serving.model_assets import write_rules
from components.serving.serving_facts import read_facts
from tests.components.release.made_up import make_predictions
from tests.components.serving.exported_model import CLASS_NAMES, ExportedModel
from tests.image_files import encode_image
from tests.records import write_image_records

IMAGES = tuple(encode_image((20, 20), seed=seed) for seed in range(70))
NO_SAMPLES = Samples((), (), np.zeros((0, 2), np.float32), ("cat", "dog"))
GOLDEN_REQUESTS = 68


def make_samples(exported: ExportedModel) -> Samples:
    responses = np.stack([exported.probabilities(image) for image in IMAGES])
    return Samples(
        tuple(f"{number}.png" for number in range(len(IMAGES))), IMAGES, responses, CLASS_NAMES
    )


def test_a_good_model(color_model: ExportedModel) -> None:
    facts = validate(str(color_model.folder), make_samples(color_model))
    assert facts.problems == ()
    assert facts.is_servable
    assert len(facts.golden) == GOLDEN_REQUESTS
    assert {response.problem for response in facts.golden} == {""}
    assert facts.compared_images == len(IMAGES)
    assert facts.largest_difference < 1e-5
    assert facts.load_seconds > 0
    files = (path for path in color_model.folder.rglob("*") if path.is_file())
    assert facts.model_bytes == sum(path.stat().st_size for path in files)
    assert {size: len(times) for size, times in facts.latencies.items()} == {"1": 50, "64": 6}


class Answering(tf.Module):
    """A model of two classes that responses by a function of the number of images.

    It refuses three images, since the golden requests with a broken one have as many.
    """

    def __init__(self, response):
        super().__init__()
        self._answer = response

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "image_bytes")])
    def serve(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        count = tf.shape(image_bytes)[0]
        with tf.control_dependencies([tf.debugging.Assert(count != 3, ["broken"])]):
            probabilities = self._answer(count)
        names = tf.tile([["cat", "dog"]], [count, 1])
        return {
            "probabilities": probabilities,
            "class_names": names,
            "top_class": names[:, 0],
            "top_k_classes": names,
            "top_k_probabilities": probabilities,
        }


def save(folder: pathlib.Path, response, signature: str = features.BYTES_SIGNATURE) -> str:
    model = Answering(response)
    tf.saved_model.save(model, str(folder), signatures={signature: model.serve})
    write_rules(ImageRules(3), str(folder))
    return str(folder)


def even(count: tf.Tensor) -> tf.Tensor:
    return tf.fill([count, 2], 0.5)


def test_a_model_that_fails_on_some_images(tmp_path: pathlib.Path) -> None:
    def response(count: tf.Tensor) -> tf.Tensor:
        with tf.control_dependencies([tf.debugging.Assert(count < 64, ["a few at a time"])]):
            return even(count)

    facts = validate(save(tmp_path / "model", response), NO_SAMPLES)
    assert facts.problems == (
        "a batch of 64: It failed: InvalidArgumentError: assertion failed: [a few at a time].",
    )


def test_a_model_that_answers_nan(tmp_path: pathlib.Path) -> None:
    def response(count: tf.Tensor) -> tf.Tensor:
        return tf.fill([count, 2], np.float32("nan"))

    facts = validate(save(tmp_path / "model", response), NO_SAMPLES)
    # No images get no probabilities, and broken ones an error.
    assert facts.problems == (
        "PNG and 64 more of 68 requests: Its probabilities must be numbers. Received: NaN or "
        "infinity.",
    )


def test_a_model_that_ends_the_process(tmp_path: pathlib.Path) -> None:
    def response(count: tf.Tensor) -> tf.Tensor:
        def end() -> tf.Tensor:
            with tf.control_dependencies([tf.raw_ops.Abort(error_msg="no more")]):
                return even(count)

        return tf.cond(count == 64, end, lambda: even(count))

    facts = validate(save(tmp_path / "model", response), NO_SAMPLES)
    [problem] = facts.problems
    start = 'The process ended at the request "a batch of 64", by SIGABRT: '
    assert problem.startswith(start)
    # What was judged before is kept.
    assert [golden.name for golden in facts.golden][-1] == "3000x2000 pixels"


class Untracked(tf.Module):
    """What Python's loader puts together, and a session does not: a Keras variable, tracked."""

    def __init__(self) -> None:
        super().__init__()
        self.variable = keras.Variable([0.5, 0.5])
        self._answering = Answering(lambda count: tf.tile(self.variable.value[None], [count, 1]))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "image_bytes")])
    def serve(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        return self._answering.serve(image_bytes)


def test_a_model_that_answers_in_python_and_in_no_server(tmp_path: pathlib.Path) -> None:
    model = Untracked()
    folder = str(tmp_path / "model")
    tf.saved_model.save(model, folder, signatures={features.BYTES_SIGNATURE: model.serve})
    write_rules(ImageRules(3), folder)
    in_python = tf.saved_model.load(folder).signatures[features.BYTES_SIGNATURE]
    response = in_python(image_bytes=tf.constant([IMAGES[0]]))
    assert response["probabilities"].numpy().tolist() == [[0.5, 0.5]]
    [problem] = validate(folder, NO_SAMPLES).problems
    assert problem.startswith(
        "PNG and 65 more of 68 requests: It failed: FailedPreconditionError: Could not find "
    )


def test_a_model_without_the_signature(tmp_path: pathlib.Path) -> None:
    facts = validate(save(tmp_path / "model", even, "another_signature"), NO_SAMPLES)
    assert facts.problems == (
        "The process ended while it was loaded, with status 1: The model must have the signature "
        "serving_default. Received: another_signature.",
    )
    assert (facts.golden, facts.latencies) == ((), {})
    assert np.isnan(facts.load_seconds)


def test_a_signature_that_lacks_answers(tmp_path: pathlib.Path) -> None:
    class Module(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "image_bytes")])
        def serve(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"top_class": image_bytes}

    model, folder = Module(), str(tmp_path / "model")
    tf.saved_model.save(model, folder, signatures={features.BYTES_SIGNATURE: model.serve})
    write_rules(ImageRules(3), folder)
    assert validate(folder, NO_SAMPLES).problems == (
        "The process ended while it was loaded, with status 1: serving_default must take "
        "image_bytes and return probabilities, class_names, top_class, top_k_classes, "
        "top_k_probabilities. Received: image_bytes -> top_class.",
    )


def test_a_model_that_takes_the_process_with_it(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = tmp_path / "probe.py"
    probe.write_text(
        "import json, os, sys\n"
        "with os.fdopen(int(sys.argv[2]), 'w') as responses:\n"
        "    responses.write(json.dumps({'load_seconds': 1.5}) + '\\n{\"half')\n"
        "print('out of memory', file=sys.stderr, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    monkeypatch.setattr("components.serving.infra_validator.probe_process.PROBE", probe)
    facts = validate(save(tmp_path / "model", even), NO_SAMPLES)
    assert facts.problems == (
        'The process ended at the request "PNG", by SIGKILL, as when memory runs out: out of '
        "memory.",
    )
    assert facts.load_seconds == 1.5


def test_a_model_that_hangs_at_a_request(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = tmp_path / "probe.py"
    probe.write_text(
        "import json, os, sys, time\n"
        "with os.fdopen(int(sys.argv[2]), 'w') as responses:\n"
        "    responses.write(json.dumps({'load_seconds': 1.5}) + '\\n')\n"
        "    responses.write(json.dumps({'error': 'bad'}) + '\\n')\n"
        "    responses.flush()\n"
        "    time.sleep(600)\n"
    )
    monkeypatch.setattr("components.serving.infra_validator.probe_process.PROBE", probe)
    facts = validate(save(tmp_path / "model", even), NO_SAMPLES, seconds=10)
    assert facts.problems == (
        'It did not answer within 10 s: the time was over at the request "PNG with a palette".',
        "PNG: It failed: bad.",
    )


def test_a_model_that_hangs(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    probe = tmp_path / "probe.py"
    probe.write_text("import time\ntime.sleep(600)\n")
    monkeypatch.setattr("components.serving.infra_validator.probe_process.PROBE", probe)
    facts = validate(save(tmp_path / "model", even), NO_SAMPLES, seconds=0.5)
    assert facts.problems == (
        "It did not answer within 0.5 s: the time was over while it was loaded.",
    )


def write_records(folder: pathlib.Path) -> None:
    folder.mkdir(parents=True)
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    with tf.io.TFRecordWriter(str(folder / "data.gz"), options) as writer:
        for number, image in enumerate(IMAGES):
            example = tf.train.Example()
            values = {features.IMAGE_SHA256: f"{number:064x}".encode()}
            for key, value in {**values, features.IMAGE_ENCODED: image}.items():
                example.features.feature[key].bytes_list.value.append(value)
            writer.write(example.SerializeToString())


def run(tmp_path: pathlib.Path, exported: ExportedModel, wrong: bool) -> types.Artifact:
    """Runs the step on real artifacts."""
    responses = make_samples(exported).probabilities
    predictions = make_predictions([CLASS_NAMES[0]] * 70, [CLASS_NAMES[0]] * 70, CLASS_NAMES)
    model = dataclasses.replace(predictions.model, probabilities=responses[:: -1 if wrong else 1])
    artifacts = {
        "model": standard_artifacts.Model(),
        "examples": standard_artifacts.Examples(),
        "predictions": TestPredictions(),
        "blessing": standard_artifacts.InfraBlessing(),
    }
    for key, artifact in artifacts.items():
        artifact.uri = str(tmp_path / key)
        pathlib.Path(artifact.uri).mkdir()
    (tmp_path / "model/Format-Serving").symlink_to(exported.folder)
    artifacts["examples"].split_names = json.dumps(["train", "test"])
    write_records(tmp_path / "examples/Split-test")
    write_predictions(dataclasses.replace(predictions, model=model), str(tmp_path / "predictions"))
    blessing = artifacts.pop("blessing")
    inputs = {key: [artifact] for key, artifact in artifacts.items()}
    FreshProcessInfraValidatorExecutor().Do(inputs, {"blessing": [blessing]}, {})
    return blessing


@pytest.mark.parametrize("wrong", [False, True])
def test_the_step_marks_its_blessing_as_tfx_does(
    tmp_path: pathlib.Path, gray_model: ExportedModel, wrong: bool
) -> None:
    blessing = run(tmp_path, gray_model, wrong)
    assert blessing.get_int_custom_property("blessed") == int(not wrong)
    assert (tmp_path / "blessing/INFRA_BLESSED").exists() is not wrong
    assert (tmp_path / "blessing/INFRA_NOT_BLESSED").exists() is wrong
    facts = read_facts(blessing.uri)
    assert (facts.is_servable, facts.compared_images) == (not wrong, 70)
    different = "other probabilities for 70 of 70 test images: 00000.png, 00001.png, 00002.png, ..."
    assert facts.problems == (
        (f"It must predict as in the evaluation. Received: {different}.",) if wrong else ()
    )


TEXTS = ["cat"] * 5 + ["dog"] * 2


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> str:
    """Records of seven images, not in the order of the predictions."""
    numbers = reversed(range(len(TEXTS)))
    return write_image_records(tmp_path, {f"{number:064x}": f"{number}" for number in numbers})


def test_all_of_few(folder: str) -> None:
    chosen = choose_samples(make_predictions(TEXTS, TEXTS), [folder])
    # The first of each class, then the second, and so on.
    assert chosen.images == (b"0", b"5", b"1", b"6", b"2", b"3", b"4")
    assert chosen.names[:2] == ("00000.png", "00005.png")
    assert np.argmax(chosen.probabilities, axis=1).tolist() == [0, 1, 0, 1, 0, 0, 0]


def test_all_classes_have_their_turn(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh_process_infra_validator, "MOST_IMAGES", 4)
    chosen = choose_samples(make_predictions(TEXTS, TEXTS), [folder])
    assert chosen.images == (b"0", b"5", b"1", b"6")


def test_no_more_than_fits_into_memory(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh_process_infra_validator, "MOST_BYTES", 3)
    chosen = choose_samples(make_predictions(TEXTS, TEXTS), [folder])
    assert chosen.images == (b"0", b"5", b"1")
    assert len(chosen.names) == len(chosen.probabilities) == 3


def test_no_test_images(folder: str) -> None:
    chosen = choose_samples(make_predictions([], []), [folder])
    assert (chosen.names, chosen.images, chosen.probabilities.shape) == ((), (), (0, 2))
