"""The whole pipeline on real images: first run, cache, changes, the gate, the threshold."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import tensorflow as tf
import tensorflow_model_analysis as tfma
import yaml
from PIL import Image

from components import features
from pipeline.config import from_dict
from tests.e2e.pipeline_runs import (
    GRAY_28,
    REPOSITORY,
    SAMPLE,
    Workplace,
    steps_of,
    wide_terminal,
)
from tests.pipeline import compiled_steps
from tests.records import read_examples

pytestmark = pytest.mark.e2e

STEPS = sorted(compiled_steps.STEPS)
FLAGS = (*GRAY_28, "--train.epochs=4", "--evaluate.min_accuracy=0.6")
Finished = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    folder = tmp_path_factory.mktemp("pipeline")
    shutil.copytree(SAMPLE, folder / "images")
    (folder / "images" / "Bag" / "notes.jpg").write_text("not an image")
    return Workplace(folder, folder / "images")


@pytest.fixture(scope="module")
def first_run(workplace: Workplace) -> Finished:
    return workplace.run(*FLAGS)


def test_first_run_pushes_a_model(first_run: Finished, workplace: Workplace) -> None:
    assert first_run.returncode == 0, first_run.stdout
    assert steps_of(workplace.states(), "COMPLETE", "CACHED") == STEPS
    assert len(workplace.versions) == 1
    version = workplace.models / str(workplace.versions[0])
    assert (version / "saved_model.pb").is_file()
    assert [path.name for path in workplace.models.iterdir() if path.name.startswith(".un")] == []


def test_summary_accounts_for_every_file(first_run: Finished, workplace: Workplace) -> None:
    examples = workplace.newest("ImageFolderExampleGen", "examples")
    audit = json.loads((examples / "audit.json").read_text())
    used = {split: sum(audit["images"][split].values()) for split in features.SPLITS}
    # The content of the sample decides its splits; these are the figures of the README.
    assert used == {"train": 1638, "eval": 176, "test": 186}
    assert (audit["found"], audit["rejected"]) == (2001, 1)
    rejects = (examples / "rejects.csv").read_text().splitlines()
    assert rejects[1] == "Bag/notes.jpg,Bag,not an image,begins with b'not an image'"
    assert "2,001 files found: 2,000 used, 0 duplicates, 1 rejected" in first_run.stdout


def test_run_stores_its_configuration(first_run: Finished, workplace: Workplace) -> None:
    del first_run
    run = min((workplace.folder / "output" / "tested" / "runs").iterdir())
    stored = from_dict(yaml.safe_load((run / "config.yaml").read_text()))
    assert stored.train.epochs == 4
    assert (run / "run.log").stat().st_size > 10_000


def test_terminal_shows_no_noise(first_run: Finished) -> None:
    for noise in ("WARNING", "absl", "oneDNN", "Traceback", "tensorflow/"):
        assert noise not in first_run.stdout + first_run.stderr
    assert "Log: " in first_run.stdout


def test_model_answers_on_raw_bytes_as_it_was_evaluated(
    first_run: Finished, workplace: Workplace
) -> None:
    del first_run
    model = tf.saved_model.load(str(workplace.models / str(workplace.versions[-1])))
    serve = model.signatures[features.BYTES_SIGNATURE]
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    split = workplace.newest("ImageFolderExampleGen", "examples") / "Split-test"
    for record in read_examples(str(split)):
        values = record.features.feature
        name = values[features.CLASS_TEXT].bytes_list.value[0].decode()
        file = workplace.data / values[features.IMAGE_FILENAME].bytes_list.value[0].decode()
        answer = serve(image_bytes=tf.constant([file.read_bytes()]))
        right[name] += answer[features.TOP_CLASS].numpy()[0].decode() == name
        total[name] += 1
    expected = _accuracy_by_class(workplace.newest("Evaluator", "evaluation"))
    assert expected.pop("") == pytest.approx(right.total() / total.total(), abs=1e-6)
    assert expected == pytest.approx({name: right[name] / total[name] for name in total}, abs=1e-6)


def _accuracy_by_class(evaluation: Path) -> dict[str, float]:
    """Accuracy of each class, and of all under ""."""
    result = tfma.load_eval_result(str(evaluation))
    return {
        slice_key[0][1] if slice_key else "": metrics[""][""]["accuracy"]["doubleValue"]
        for slice_key, metrics in result.slicing_metrics
    }


def test_predict_answers_from_the_pushed_model(first_run: Finished, workplace: Workplace) -> None:
    del first_run
    image = sorted((workplace.data / "Trouser").iterdir())[0]
    command = [sys.executable, "-m", "pipeline.predict", "--json", str(image)]
    answer = subprocess.run(
        [*command, f"--model={workplace.models}"],
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
        env=wide_terminal(),
    )
    (prediction,) = json.loads(answer.stdout)
    assert (prediction["file"], prediction["class"]) == (str(image), "Trouser")
    assert 0.5 < prediction["probability"] <= 1


def test_second_run_is_cached(first_run: Finished, workplace: Workplace) -> None:
    del first_run
    versions, executions = workplace.versions, workplace.executions()
    second = workplace.run(*FLAGS)
    assert second.returncode == 0, second.stdout
    assert "Nothing changed" in second.stdout
    # Only the resolvers, which do no work of their own, run each time.
    assert workplace.executions() == executions + 2
    assert steps_of(workplace.states(), "CACHED") == [
        step for step in STEPS if "Resolver" not in step
    ]
    assert workplace.versions == versions


def test_model_below_the_threshold_is_not_pushed(first_run: Finished, workplace: Workplace) -> None:
    del first_run
    versions = workplace.versions
    refused = workplace.run(*FLAGS[:-1], "--evaluate.min_accuracy=0.999")
    assert refused.returncode == 3, refused.stdout
    assert "Refused: accuracy must be at least 0.9990 and is 0." in refused.stdout
    assert "The model is not pushed." in refused.stdout
    assert workplace.versions == versions
    report = workplace.newest("ModelReport", "report")
    assert "Accuracy must be at least 0.9990 and is 0." in (report / "report.html").read_text()
    metrics = json.loads((report / "metrics.json").read_text())
    assert metrics["verdict"]["released"] is False


def test_spoiled_folder_is_stopped_at_the_gate(first_run: Finished, workplace: Workplace) -> None:
    del first_run
    # Not copies: one image in two classes would be a conflict.
    for image in (workplace.data / "Bag").glob("*.png"):
        (workplace.data / "Hat").mkdir(exist_ok=True)
        with Image.open(image) as bag:
            bag.transpose(Image.Transpose.ROTATE_90).save(workplace.data / "Hat" / image.name)
    stopped = workplace.run(*FLAGS)
    shutil.rmtree(workplace.data / "Hat")
    assert stopped.returncode == 1
    assert "The run failed in DataGate." in stopped.stdout
    assert "image/class/text: expected one of 'Ankle boot', 'Bag'" in stopped.stdout
    assert "found in train: 'Hat' (" in stopped.stdout
    page = workplace.newest("DataReport", "report") / "report.html"
    assert f"Report on the images: {page}" in stopped.stdout
    assert "The run stops." in page.read_text()
    assert "Traceback" not in stopped.stdout + stopped.stderr
    assert "Transform" not in workplace.states()


def test_replaced_image_is_noticed_and_compared(first_run: Finished, workplace: Workplace) -> None:
    """A file of equal size and time is another image: everything runs, against the baseline."""
    del first_run
    image = sorted((workplace.data / "Trouser").iterdir())[0]
    before, content = image.stat(), bytearray(image.read_bytes())
    # The file's last bytes are the checksum of its end, which no decoder reads.
    content[-1] ^= 1
    image.write_bytes(content)
    os.utime(image, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (image.stat().st_size, image.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    versions = workplace.versions
    third = workplace.run(*FLAGS, "--evaluate.max_accuracy_loss=0.2")
    assert third.returncode == 0, third.stdout
    states = workplace.states()
    assert states["ImageFolderExampleGen"] == states["Trainer"] == states["Pusher"] == "COMPLETE"
    assert "passed               Change of accuracy against the serving model: " in third.stdout
    assert len(workplace.versions) == len(versions) + 1


def test_removed_serving_directory_is_filled_again(
    first_run: Finished, workplace: Workplace
) -> None:
    del first_run
    shutil.rmtree(workplace.models)
    again = workplace.run(*FLAGS, "--evaluate.max_accuracy_loss=0.2")
    assert again.returncode == 0, again.stdout
    assert steps_of(workplace.states(), "COMPLETE") == [
        "BaselineResolver",
        "Pusher",
        "StatisticsResolver",
    ]
    assert len(workplace.versions) == 1
