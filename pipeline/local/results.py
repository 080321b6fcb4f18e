"""The artifacts of a run -> what each step did, and the summary of all."""

import json
import os
from collections.abc import Callable, Mapping
from typing import Any

from components.evaluation.results import read_baseline_accuracy, read_evaluation
from components.features import EVAL_SPLIT, SPLITS, TEST_SPLIT, TRAIN_SPLIT
from components.ingestion.accounting import REJECTS_FILE, Account
from components.training.fit import HISTORY_FILE
from pipeline.config import PipelineConfig
from pipeline.local.artifacts import StepRecord
from pipeline.local.events import RunFinished

Records = Mapping[str, StepRecord]


def describe_step(step: str, records: Records) -> str:
    """Says in a few words what a step did.

    Args:
        step: Name of the step in TFX.
        records: The steps of the run so far, this one included.
    """
    descriptions: dict[str, Callable[[Records], str]] = {
        "ImageFolderExampleGen": _describe_ingestion,
        "StatisticsGen": lambda _: f"of {', '.join(SPLITS)}",
        "ImportSchemaGen": lambda _: "the frozen schema",
        "ExampleValidator": lambda _: "images compared with the schema",
        "DataGate": lambda _: "no anomalies",
        "Transform": lambda _: "images of one size, labels",
        "Trainer": _describe_training,
        "BaselineResolver": _describe_baseline,
        "Evaluator": _describe_evaluation,
        "Pusher": _describe_push,
    }
    return descriptions[step](records)


def summarize(config: PipelineConfig, records: Records) -> RunFinished:
    """Sums up a run of which all steps are done."""
    examples = records["ImageFolderExampleGen"].outputs["examples"].uri
    evaluation = records["Evaluator"].outputs["evaluation"].uri
    account = Account.read(examples)
    epochs = _history(records)["epochs"]
    return RunFinished(
        found=account.found,
        rejected=account.rejected,
        rejects_file=os.path.join(examples, REJECTS_FILE),
        split_sizes={split: account.split_size(split) for split in SPLITS},
        accuracies={
            TRAIN_SPLIT: epochs["accuracy"][-1],
            EVAL_SPLIT: epochs["val_accuracy"][-1],
            TEST_SPLIT: read_evaluation(evaluation).accuracy,
        },
        min_accuracy=config.evaluate.min_accuracy,
        baseline_accuracy=read_baseline_accuracy(evaluation),
        max_accuracy_loss=config.evaluate.max_accuracy_loss,
        is_blessed=_is_blessed(records),
        model=_pushed_model(records),
    )


def _describe_ingestion(records: Records) -> str:
    account = Account.read(records["ImageFolderExampleGen"].outputs["examples"].uri)
    sizes = ", ".join(f"{account.split_size(split):,} {split}" for split in SPLITS)
    rejected = f", {account.rejected:,} rejected" if account.rejected else ""
    return f"{account.found:,} found: {sizes}{rejected}"


def _describe_training(records: Records) -> str:
    history = _history(records)
    accuracy = history["epochs"]["val_accuracy"][-1]
    return (
        f"{history['trainer']}, {history['parameters']:,} parameters, eval accuracy {accuracy:.4f}"
    )


def _describe_baseline(records: Records) -> str:
    if "model" in records["BaselineResolver"].outputs:
        return "the last blessed model"
    return "no earlier model to compare with"


def _describe_evaluation(records: Records) -> str:
    result = read_evaluation(records["Evaluator"].outputs["evaluation"].uri)
    verdict = "blessed" if _is_blessed(records) else "refused"
    return f"accuracy {result.accuracy:.4f} on {result.images:,} test images: {verdict}"


def _describe_push(records: Records) -> str:
    model = _pushed_model(records)
    return f"version {os.path.basename(model)}" if model else "nothing: the model was refused"


def _history(records: Records) -> dict[str, Any]:
    path = os.path.join(records["Trainer"].outputs["model_run"].uri, HISTORY_FILE)
    with open(path, encoding="utf-8") as file:
        return dict(json.load(file))


def _is_blessed(records: Records) -> bool:
    return records["Evaluator"].outputs["blessing"].properties["blessed"] == 1


def _pushed_model(records: Records) -> str:
    properties = records["Pusher"].outputs["pushed_model"].properties
    return str(properties["pushed_destination"]) if properties["pushed"] else ""
