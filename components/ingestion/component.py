"""`ImageFolderExampleGen`, as TFX sees it: parameters in, Examples out."""

import json
from collections.abc import Sequence

from tfx import types
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import component_spec, standard_artifacts, standard_component_specs

from components.ingestion import driver, executor
from components.ingestion.ingestion_rules import IngestionRules


class ImageFolderExampleGenSpec(types.ComponentSpec):
    """Names and types of what goes in and out."""

    PARAMETERS = {
        driver.DATA_FOLDER_KEY: component_spec.ExecutionParameter(type=str),
        driver.RULES_KEY: component_spec.ExecutionParameter(type=str),
        executor.CODE_FINGERPRINT_KEY: component_spec.ExecutionParameter(type=str),
        driver.SPAN_KEY: component_spec.ExecutionParameter(type=int, optional=True),
        driver.EARLIER_SPANS_KEY: component_spec.ExecutionParameter(type=str, optional=True),
    }
    INPUTS: dict[str, component_spec.ChannelParameter] = {}
    OUTPUTS = {
        standard_component_specs.EXAMPLES_KEY: component_spec.ChannelParameter(
            type=standard_artifacts.Examples
        )
    }


class ImageFolderExampleGen(base_beam_component.BaseBeamComponent):
    """Reads a folder of images, one sub-folder a class, into TFRecords of tf.train.Example.

    The output `examples` has the splits train, eval and test, the features that
    `components.features` describes as raw, and beside them `manifest.csv`, `rejects.csv`,
    `audit.json`, `thumbnails.json` with small pictures of what was found, and `signatures`, by
    which later spans, and warm starts, recognize the images.
    """

    SPEC_CLASS = ImageFolderExampleGenSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.ImageFolderExecutor)
    DRIVER_CLASS = driver.ImageFolderDriver

    def __init__(
        self,
        data_folder: str,
        rules: IngestionRules,
        code_fingerprint: str,
        span: int | None = None,
        earlier_steps: Sequence[str] = (),
    ):
        """Declares the step.

        Args:
            data_folder: A path that `components.ingestion.data_folder` can list.
            rules: What is accepted, and what becomes of it.
            code_fingerprint: Changes when the code of the step does, and with it the cache key.
            span: Number of the span, if the folder is one.
            earlier_steps: Names of the steps that ingest the spans before it. They must be done
                when this one starts: what they have is not ingested twice.
        """
        of_span = {} if span is None else _span_parameters(span, earlier_steps)
        super().__init__(
            spec=ImageFolderExampleGenSpec(
                **of_span,
                **{
                    driver.DATA_FOLDER_KEY: data_folder,
                    driver.RULES_KEY: rules.to_json(),
                    executor.CODE_FINGERPRINT_KEY: code_fingerprint,
                    standard_component_specs.EXAMPLES_KEY: types.Channel(
                        type=standard_artifacts.Examples
                    ),
                },
            )
        )


def _span_parameters(span: int, earlier_steps: Sequence[str]) -> dict[str, int | str]:
    return {driver.SPAN_KEY: span, driver.EARLIER_SPANS_KEY: json.dumps(list(earlier_steps))}
