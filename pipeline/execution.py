"""Runs the steps of a pipeline one by one by TFX's launcher: what both runners do.

Drivers, cache, resolvers, executors and what is written into ML Metadata are TFX's. This adds what
TFX's own runner does not tell: what became of each step, how long it took, and how much memory.
"""

import contextlib
import dataclasses
import pathlib
import re
import time
from collections.abc import Mapping, Sequence

from absl import logging
from tfx.dsl.compiler import compiler, constants
from tfx.dsl.components.base import base_beam_component, base_node
from tfx.orchestration import metadata
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import launcher, runtime_parameter_utils

from components.errors import PipelineError
from components.validation.schema import freeze_schema, propose_schema
from pipeline.config import PipelineConfig
from pipeline.paths import metadata_file
from pipeline.runs.records import (
    CACHED,
    COMPUTED,
    HAD_BEEN_DONE,
    Connection,
    StepRecord,
    StepRecords,
    kind_of,
    records_of,
    sqlite_connection,
)
from pipeline.runs.results import REPORT, data_page
from pipeline.schema.latest_statistics import load_statistics

# TFX packs itself for the workers of Beam, two seconds a step, unless they are said to have an
# image with it. Here is neither another worker nor an image.
NOTHING_TO_PACK = "--sdk_container_image=none"
GATE = "DataGate"
STATUS = pathlib.Path("/proc/self/status")
CLEAR = pathlib.Path("/proc/self/clear_refs")
CLEAR_PEAK = "5"
"""From the manual page proc(5): resets the peak resident set size."""


@dataclasses.dataclass(frozen=True)
class Environment:
    """What the steps run on: where the runners differ. Nothing of it is part of a cache key.

    Attributes:
        metadata: How to reach ML Metadata.
        beam_arguments_of: Arguments of Beam by kind of step, after `ONE_PROCESS`, which all steps
            have; of a flag given twice, the last counts. Without any, nothing is sent anywhere.
    """

    metadata: Connection
    beam_arguments_of: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)

    def apply_to(self, steps: Sequence[base_node.BaseNode]) -> None:
        """Gives the steps that use Beam their own arguments."""
        for step in steps:
            if isinstance(step, base_beam_component.BaseBeamComponent):
                arguments = self.beam_arguments_of.get(kind_of(step.id))
                step.with_beam_pipeline_args(arguments or [NOTHING_TO_PACK])


def this_machine(config: PipelineConfig) -> Environment:
    """ML Metadata in a file of the output folder, Beam in the process of the step."""
    return Environment(sqlite_connection(metadata_file(config)))


@dataclasses.dataclass(frozen=True)
class StepResult:
    """What became of a step.

    Attributes:
        record: What ML Metadata knows of it.
        work: COMPUTED, CACHED, or HAD_BEEN_DONE by an earlier attempt at the same run.
        seconds: How long it took.
        peak_memory: Most bytes that this process held meanwhile, the libraries included.
    """

    record: StepRecord
    work: str
    seconds: float
    peak_memory: int


class StepRunner:
    """The steps of a pipeline in one run."""

    def __init__(self, pipeline: tfx_pipeline.Pipeline, run: str):
        """Compiles a pipeline, which also says where ML Metadata is, for a run by TFX's id."""
        self._connection = pipeline.metadata_connection_config
        self._compiled = compiler.Compiler().compile(pipeline)
        runtime_parameter_utils.substitute_runtime_parameter(
            self._compiled, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run}
        )
        nodes = [node.pipeline_node for node in self._compiled.nodes]
        self._nodes = {node.node_info.id: node for node in nodes}
        self.records = StepRecords(self._connection, self._compiled.pipeline_info.id, run)

    @property
    def steps(self) -> list[str]:
        """Their names, in an order in which they can run."""
        return list(self._nodes)

    def run(self, step: str) -> StepResult:
        """Runs a step, whose earlier attempts in the same run are over.

        Args:
            step: One of `steps`.

        Raises:
            PipelineError: It cannot be run, for a reason that the user can fix; or TFX would go on
                without it, as it does when a baseline cannot be resolved.
            Exception: Whatever it raised.
        """
        logging.info("Step %s begins.", step)
        before = self.records.find(step)
        if before is not None:
            # TFX would write among the files of attempts that were killed.
            root = self._compiled.runtime_spec.pipeline_root.field_value.string_value
            self.records.remove_leftovers(step, root)
        _forget_peak()
        started = time.monotonic()
        try:
            self._launch(step)
        except PipelineError as error:
            raise PipelineError(f"{error}{self._where_to_look(step)}") from error
        record = self.records.find(step)
        seconds, peak_memory = time.monotonic() - started, _peak()
        if record is None or not record.is_successful:
            state = "not run, since what it needs is missing" if record is None else record.state
            raise PipelineError(
                f"{step} must end well, and the steps before it. Received: {step}: {state}. See "
                "its log, and that of the steps before it."
            )
        if before is not None and before.is_successful:
            work = HAD_BEEN_DONE
        elif record.is_cached:
            work = CACHED
        else:
            work = COMPUTED
            self.records.note_cost(step, seconds, peak_memory)
        return StepResult(record, work, seconds, peak_memory)

    def _where_to_look(self, stopped: str) -> str:
        """Where the images are shown on which the gate stopped the run."""
        reported = self.records.find(REPORT) if stopped == GATE else None
        return f"\nReport on the images: {data_page(reported)}" if reported else ""

    def _launch(self, step: str) -> None:
        deployment = runner_utils.extract_local_deployment_config(self._compiled)
        launcher.Launcher(
            pipeline_node=self._nodes[step],
            mlmd_connection=metadata.Metadata(self._connection),
            pipeline_info=self._compiled.pipeline_info,
            pipeline_runtime_spec=self._compiled.runtime_spec,
            executor_spec=runner_utils.extract_executor_spec(deployment, step),
            custom_driver_spec=runner_utils.extract_custom_driver_spec(deployment, step),
        ).launch()


def infer_schema(records: Mapping[str, StepRecord], path: str) -> None:
    """Freezes what the images of a run, in all its spans, are like, where there was no schema."""
    statistics = [
        found
        for record in records_of(records, "StatisticsGen").values()
        for found in load_statistics(record.outputs["statistics"].uri).values()
    ]
    freeze_schema(propose_schema(statistics), path)


def _forget_peak() -> None:
    """Begins a new peak of memory, so that the next reading is of what happens from here on.

    Where the system does not allow that, as some sandboxes do not, the old peak goes on.
    """
    with contextlib.suppress(OSError):
        CLEAR.write_text(CLEAR_PEAK)


def _peak() -> int:
    """Bytes of the highest resident set since `_forget_peak`, or since the process began."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", STATUS.read_text(), re.MULTILINE)
    if found is None:
        raise RuntimeError(f"{STATUS} must have a line VmHWM.")
    return int(found.group(1)) * 1024
