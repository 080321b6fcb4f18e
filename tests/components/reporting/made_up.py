"""A run that never was: its facts, and records of its test images."""

import pathlib

import tensorflow as tf

from components import features
from components.audit import Audit, FindingsOfKind
from components.lineage import ArtifactOrigin
from components.metrics import Metrics
from components.release.release_verdict import AT_LEAST, FAILED, PASSED, Check, ModelVerdict
from components.reporting.run_facts import RunFacts
from components.validation.validation_result import Anomaly, ValidationResult
from tests.components.release.made_up import GOOD_FACTS

HOSTILE = "<script>alert(1)</script>"
RUN = "2026-11-22T10-47-28.442992"


def make_check(name="accuracy", value=0.9, low=0.85, high=0.95, outcome=PASSED, **values):
    others = {
        "title": name.capitalize(),
        "bound": 0.8,
        "direction": AT_LEAST,
        "unit": "",
        "method": "Wilson",
        **values,
    }
    return Check(name=name, value=value, low=low, high=high, outcome=outcome, **others)


def make_verdict(checks=None, **values):
    checks = (make_check(),) if checks is None else tuple(checks)
    is_released = not any(check.outcome == FAILED for check in checks)
    others = {
        "is_released": is_released,
        "sentence": "Released: all is well." if is_released else "Refused: recall is low.",
        "test_images": 10,
        "baseline": "",
        "baseline_note": "",
        "policy": "refuse",
        "confidence": 0.95,
        **values,
    }
    return ModelVerdict(checks=checks, **others)


def make_audit(images=None, **values):
    images = images or {"train": {"cat": 8, "dog": 6}, "test": {"cat": 2, "dog": 1}}
    used = sum(sum(counts.values()) for counts in images.values())
    others = {
        "data_folder": "photos",
        "rejected": 3,
        "duplicates": 1,
        "reasons": {"broken jpeg": 2, "empty file": 1},
        "formats": {"jpeg": used},
        "findings": {"dark": FindingsOfKind(2, 2, ())},
        **values,
    }
    found = used + others["rejected"] + others["duplicates"]
    return Audit(
        found=found, used=used, images=images, treatments={}, sizes={}, quality={}, **others
    )


def make_history(**values):
    return {
        "trainer": "cnn",
        "parameters": 93_322,
        "precision": "float32",
        "kept_epoch": 3,
        "settings": {"train": {"epochs": 2}},
        "phases": [
            {"name": "training", "epochs": 2, "seconds": 8.5, "images_per_second": 400.0},
            {"name": "fine-tuning", "epochs": 1, "seconds": 61.0, "images_per_second": 50.5},
        ],
        "epochs": {
            "loss": [2.0, 1.0, 0.5],
            "accuracy": [0.2, 0.6, 0.8],
            "val_loss": [1.5, 1.0, 1.0],
            "val_accuracy": [0.3, 0.5, 0.6],
        },
        **values,
    }


def make_facts(predictions, **values):
    facts = {
        "pipeline": "pets",
        "run": RUN,
        "configuration": {"name": "pets", "train": {"epochs": 2}},
        "verdict": make_verdict(),
        "audit": make_audit(),
        "data_verdict": ValidationResult(
            warnings=(Anomaly("drift", "train", "image/width", "moved by 0.2"),)
        ),
        "data_fingerprint": "ab" * 32,
        "history": make_history(),
        "exports": {},
        "serving": GOOD_FACTS,
        "origins": (
            ArtifactOrigin(
                "Trainer", RUN, "model", 6, 7, "Model", "output/Trainer/model/7", 11_300, 2**30
            ),
            ArtifactOrigin("", "", "", None, 8, "Examples", "output/examples/8"),
        ),
        "versions": {"python": "3.11.2", "keras": "3.15.0"},
        **values,
    }
    return RunFacts(metrics=Metrics(predictions, 0.95), **facts)


def write_records(folder, images):
    """Writes records of the test split.

    Args:
        folder: Of the records.
        images: (sha256, encoded) of each.
    """
    path = pathlib.Path(folder, f"Split-{features.TEST_SPLIT}", "data_tfrecord-00000-of-00001.gz")
    path.parent.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for sha256, encoded in images:
            values = {features.IMAGE_SHA256: sha256.encode(), features.IMAGE_ENCODED: encoded}
            record = tf.train.Example()
            for key, value in values.items():
                record.features.feature[key].bytes_list.value.append(value)
            writer.write(record.SerializeToString())
