"""One run of the pipeline: the schema if there is none, then all steps."""

import logging
import os
from collections.abc import Callable

import tensorflow_data_validation as tfdv
from absl import logging as absl_logging
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.orchestration.local.local_dag_runner import LocalDagRunner

from components.features import TRAIN_SPLIT
from components.validation.schema import freeze_schema, infer_schema, pin_schema
from pipeline import dag
from pipeline.config import PipelineConfig
from pipeline.local.artifacts import StepRecord
from pipeline.local.events import Event, Notice, RunFinished
from pipeline.local.results import summarize
from pipeline.local.watcher import StepWatcher

STATISTICS_FILE = "FeatureStats.pb"


class Run:
    """One run, which knows which step it is in."""

    def __init__(self, config: PipelineConfig, emit: Callable[[Event], None]):
        """Prepares a run.

        Args:
            config: What to run.
            emit: Takes the events.
        """
        self._config = config
        self._emit = emit
        self._watcher: StepWatcher | None = None

    @property
    def current_step(self) -> str:
        """The step that runs, or failed; empty outside of any."""
        return self._watcher.step if self._watcher else ""

    def execute(self) -> RunFinished:
        """Runs all steps, those of a schema first where there is none.

        Returns:
            The summary.

        Raises:
            PipelineError: The run cannot go on, for a reason that the user can mend.
            Exception: Whatever a step raised.
        """
        absl_logging.set_verbosity(absl_logging.INFO)
        if not os.path.exists(self._config.schema):
            self._make_schema()
        schema = pin_schema(
            self._config.schema, os.path.join(dag.output_folder(self._config), "schemas")
        )
        records = self._run(dag.create_pipeline(self._config, schema))
        return summarize(self._config, records)

    def _make_schema(self) -> None:
        self._emit(
            Notice(
                f"There is no schema {self._config.schema} yet: it is inferred from the training "
                "images first."
            )
        )
        records = self._run(dag.create_data_pipeline(self._config))
        statistics = os.path.join(
            records["StatisticsGen"].outputs["statistics"].uri,
            f"Split-{TRAIN_SPLIT}",
            STATISTICS_FILE,
        )
        freeze_schema(infer_schema(tfdv.load_stats_binary(statistics)), self._config.schema)
        self._emit(
            Notice(
                f"The schema was frozen into {self._config.schema}. Review it and commit it: "
                "this run and all later ones are held to it."
            )
        )

    def _run(self, pipeline: tfx_pipeline.Pipeline) -> dict[str, StepRecord]:
        self._watcher = StepWatcher(
            len(pipeline.components), dag.metadata_file(self._config), self._emit
        )
        logger = logging.getLogger("absl")
        logger.addHandler(self._watcher)
        try:
            LocalDagRunner().run(pipeline)
        finally:
            logger.removeHandler(self._watcher)
        return self._watcher.records
