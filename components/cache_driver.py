"""A TFX driver that tells the cache about something that TFX does not look at."""

import abc

from tfx.dsl.components.base import base_driver
from tfx.orchestration import data_types_utils
from tfx.orchestration.portable import data_types
from tfx.proto.orchestration import driver_output_pb2


class CacheDriver(base_driver.BaseDriver, abc.ABC):
    """Adds execution properties just before TFX looks for a cached execution."""

    @abc.abstractmethod
    def observe(self, execution_info: data_types.ExecutionInfo) -> dict[str, str]:
        """Looks at the world outside of TFX.

        Args:
            execution_info: The parameters of the step, and which step of which pipeline it is.

        Returns:
            What must be equal for a cached result to be used, by names of its own.
        """

    def run(self, execution_info: data_types.ExecutionInfo) -> driver_output_pb2.DriverOutput:
        """What TFX calls before it computes the cache key."""
        properties = execution_info.exec_properties | self.observe(execution_info)
        output = driver_output_pb2.DriverOutput()
        for key, value in properties.items():
            data_types_utils.set_metadata_value(output.exec_properties[key], value)
        return output
