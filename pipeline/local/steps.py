"""One run of the pipeline: the schema if there is none, then all steps."""

import datetime
import logging
import os
from collections.abc import Callable

from absl import logging as absl_logging
from tfx.dsl.compiler import compiler, constants
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.portable import runtime_parameter_utils

from components.ingestion.listing.spans import Span, find_spans
from components.validation.schema import pin_schema
from pipeline import dag
from pipeline.config import PipelineConfig
from pipeline.execution import this_machine
from pipeline.local.events import Event, Notice
from pipeline.local.output_lock import is_locked
from pipeline.local.watcher import StepWatcher
from pipeline.paths import artifacts_folder, metadata_file, output_folder
from pipeline.runs.finished import RunFinished
from pipeline.runs.first_schema import infer_schema
from pipeline.runs.leftovers import remove_leftovers
from pipeline.runs.records import StepRecord, StepRecords, find_unfinished
from pipeline.runs.results import summarize


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
        self._spans: tuple[Span, ...] = ()
        self._environment = this_machine(config)

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
        self._tidy_up()
        # Once: a span that arrives meanwhile is for the next run.
        self._spans = find_spans(self._config.data, self._config.ingest.window)
        if not os.path.exists(self._config.schema):
            self._make_schema()
        schema = pin_schema(
            self._config.schema, os.path.join(output_folder(self._config), "schemas")
        )
        records = self._run(
            dag.create_pipeline(self._config, self._environment, schema, self._spans)
        )
        return summarize(records)

    def _tidy_up(self) -> None:
        """Removes what killed runs left, where the lock says that no other run lives."""
        folder = output_folder(self._config)
        if is_locked(folder) and os.path.exists(metadata_file(self._config)):
            connection, name = self._environment.metadata, self._config.name
            for run, step in find_unfinished(connection, name):
                records = StepRecords(connection, name, run)
                remove_leftovers(artifacts_folder(self._config), step, records)

    def _make_schema(self) -> None:
        self._emit(
            Notice(
                f"There is no schema {self._config.schema} yet: it is inferred from the images "
                "first."
            )
        )
        records = self._run(dag.create_data_pipeline(self._config, self._environment, self._spans))
        infer_schema(records, self._config.schema)
        self._emit(
            Notice(
                f"The schema was frozen into {self._config.schema}. Review it and commit it: "
                "this run and all later ones are held to it."
            )
        )

    def _run(self, pipeline: tfx_pipeline.Pipeline) -> dict[str, StepRecord]:
        # Ours, since TFX tells its own to nobody: by it the records of this run are found.
        run = datetime.datetime.now().isoformat()
        compiled = compiler.Compiler().compile(pipeline)
        runtime_parameter_utils.substitute_runtime_parameter(
            compiled, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run}
        )
        self._watcher = StepWatcher(
            len(pipeline.components),
            StepRecords(self._environment.metadata, self._config.name, run),
            self._emit,
        )
        logger = logging.getLogger("absl")
        logger.addHandler(self._watcher)
        try:
            LocalDagRunner().run_with_ir(compiled)
        finally:
            logger.removeHandler(self._watcher)
        return self._watcher.records
