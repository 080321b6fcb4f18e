"""Ingestion and the audit as a pipeline runs them, with the default settings, for measuring."""

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path

from components.ingestion.ingestion_rules import IngestionRules
from pipeline.loading import loading


def default_rules(root: Path, max_reject_fraction: float | None = None) -> IngestionRules:
    """The rules of a pipeline without settings, but for the rejections that it tolerates."""
    # Not above: workers import a benchmark again, and what it imports.
    from pipeline.config import PipelineConfig, ingestion_rules

    config = PipelineConfig(data=str(root))
    if max_reject_fraction is not None:
        ingest = dataclasses.replace(config.ingest, max_reject_fraction=max_reject_fraction)
        config = dataclasses.replace(config, ingest=ingest)
    return ingestion_rules(config)


def prepare_ingestion(root: Path, destination: Path, rules: IngestionRules) -> Callable[[], None]:
    """Prepares the step as TFX does.

    Returns:
        What runs it, from the beginning of its work to its end; raises PipelineError if the folder
        cannot be used.
    """
    # Not above: TensorFlow and TFX take half a minute to load, and no benchmark counts that.
    with loading():
        from tfx.dsl.components.base import base_beam_executor
        from tfx.types import standard_artifacts

        from components.beam_arguments import ONE_PROCESS
        from components.ingestion.driver import DATA_FOLDER_KEY, RULES_KEY
        from components.ingestion.image_folder_example_gen import ImageFolderExecutor

    examples = standard_artifacts.Examples()
    examples.uri = str(destination)
    context = base_beam_executor.BaseBeamExecutor.Context(
        beam_pipeline_args=list(ONE_PROCESS), tmp_dir=f"{destination}.tmp", unique_id="1"
    )
    properties = {DATA_FOLDER_KEY: str(root), RULES_KEY: rules.to_json()}
    executor = ImageFolderExecutor(context)
    return functools.partial(executor.Do, {}, {"examples": [examples]}, properties)


def prepare_audit(root: Path, rules: IngestionRules) -> Callable[[], object]:
    """Returns what runs the audit."""
    # Not above: Beam takes seconds to load, which the workers would have to wait for as well.
    with loading():
        from components.ingestion.data_audit import audit_folder

    return functools.partial(audit_folder, str(root), rules)
