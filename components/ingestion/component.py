"""`ImageFolderExampleGen`, as TFX sees it: parameters in, Examples out."""

from collections.abc import Mapping

from tfx import types
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import component_spec, standard_artifacts, standard_component_specs
from tfx.utils import json_utils

from components.ingestion import driver, executor


class ImageFolderExampleGenSpec(types.ComponentSpec):
    """Names and types of what goes in and out."""

    PARAMETERS = {
        driver.DATA_FOLDER_KEY: component_spec.ExecutionParameter(type=str),
        executor.CHANNELS_KEY: component_spec.ExecutionParameter(type=int),
        executor.SPLIT_WEIGHTS_KEY: component_spec.ExecutionParameter(type=str),
        executor.CODE_FINGERPRINT_KEY: component_spec.ExecutionParameter(type=str),
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
    `components.features` describes as raw, and beside them `rejects.csv` and `account.json`.
    """

    SPEC_CLASS = ImageFolderExampleGenSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.ImageFolderExecutor)
    DRIVER_CLASS = driver.ImageFolderDriver

    def __init__(
        self,
        data_folder: str,
        channels: int,
        split_weights: Mapping[str, int],
        code_fingerprint: str,
    ):
        """Declares the step.

        Args:
            data_folder: A path that `components.ingestion.folder` can list.
            channels: What the model takes, 1 or 3: images that cannot be decoded to it are set
                aside.
            split_weights: Share of train, eval and test, as whole numbers of any sum.
            code_fingerprint: Changes when the code of the step does, and with it the cache key.
        """
        super().__init__(
            spec=ImageFolderExampleGenSpec(
                **{
                    driver.DATA_FOLDER_KEY: data_folder,
                    executor.CHANNELS_KEY: channels,
                    executor.SPLIT_WEIGHTS_KEY: json_utils.dumps(dict(split_weights)),
                    executor.CODE_FINGERPRINT_KEY: code_fingerprint,
                    standard_component_specs.EXAMPLES_KEY: types.Channel(
                        type=standard_artifacts.Examples
                    ),
                }
            )
        )
