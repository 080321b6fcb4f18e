"""One run of the pipeline: the schema if there is none, then all steps."""

import datetime
import os
from collections.abc import Sequence

from absl import logging
from tfx.orchestration import pipeline as tfx_pipeline

from components.ingestion.data_spans import Span, find_spans
from components.validation.schema import pin_schema
from pipeline import dag
from pipeline.config import PipelineConfig
from pipeline.execution import StepRunner, infer_schema, this_machine
from pipeline.local.events import Emit, Notice, StepFinished, StepStarted
from pipeline.local.output_lock import remove_leftovers
from pipeline.paths import output_folder
from pipeline.runs.records import CACHED, StepRecord
from pipeline.runs.results import describe_step, summarize
from pipeline.runs.summary import RunSummary


def run_pipeline(config: PipelineConfig, emit: Emit) -> RunSummary:
    """Runs all steps, those of a schema first where there is none.

    Args:
        config: What to run.
        emit: Takes the events.

    Returns:
        The summary.

    Raises:
        PipelineError: The run cannot go on, for a reason that the user can fix.
        Exception: Whatever a step raised.
    """
    logging.set_verbosity(logging.INFO)
    remove_leftovers(config)
    # Once: a span that arrives meanwhile is for the next run.
    spans = find_spans(config.data, config.ingest.window)
    if not os.path.exists(config.schema):
        _make_schema(config, spans, emit)
    schema = pin_schema(config.schema, os.path.join(output_folder(config), "schemas"))
    pipeline = dag.create_pipeline(config, this_machine(config), schema, spans)
    return summarize(_run_steps(pipeline, emit))


def _make_schema(config: PipelineConfig, spans: Sequence[Span], emit: Emit) -> None:
    emit(Notice(f"There is no schema {config.schema} yet: it is inferred from the images first."))
    pipeline = dag.create_data_pipeline(config, this_machine(config), spans)
    infer_schema(_run_steps(pipeline, emit), config.schema)
    emit(
        Notice(
            f"The schema was frozen into {config.schema}. Review it and commit it: this run and "
            "all later ones are held to it."
        )
    )


def _run_steps(pipeline: tfx_pipeline.Pipeline, emit: Emit) -> dict[str, StepRecord]:
    runner = StepRunner(pipeline, run=datetime.datetime.now().isoformat())
    records: dict[str, StepRecord] = {}
    for number, step in enumerate(runner.steps, 1):
        emit(StepStarted(step, number, len(runner.steps)))
        result = runner.run(step)
        records[step] = result.record
        emit(
            StepFinished(
                step,
                number,
                len(runner.steps),
                result.seconds,
                result.peak_memory,
                cached=result.work == CACHED,
                result=describe_step(step, records),
            )
        )
    return records
