"""What the steps run on: where ML Metadata is, and what runs their Beam pipelines.

This is where the runners differ. Nothing of it is part of what a step does, or of its cache key.
"""

import dataclasses
from collections.abc import Mapping, Sequence

from tfx.dsl.components.base import base_beam_component, base_node
from tfx.orchestration import metadata

from pipeline.config import PipelineConfig
from pipeline.paths import metadata_file
from pipeline.runs.records import Connection, kind_of

# TFX packs itself for the workers of Beam, two seconds a step, unless they are said to have an
# image with it. Here is neither another worker nor an image.
NOTHING_TO_PACK = "--sdk_container_image=none"


@dataclasses.dataclass(frozen=True)
class Environment:
    """What the steps run on.

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
    return Environment(metadata.sqlite_metadata_connection_config(metadata_file(config)))
