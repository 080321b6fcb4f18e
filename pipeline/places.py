"""Where a pipeline keeps what: light enough for every command to ask."""

import os

from pipeline.config import PipelineConfig


def output_folder(config: PipelineConfig) -> str:
    """Where everything of a pipeline lies but the pushed models."""
    return os.path.join(config.output, config.name)


def model_folder(config: PipelineConfig) -> str:
    """Where the pushed models lie."""
    return os.path.join(config.serving, config.name)


def metadata_file(config: PipelineConfig) -> str:
    """ML Metadata's SQLite file."""
    return os.path.join(output_folder(config), "metadata.sqlite")


def checkpoint_folder(config: PipelineConfig) -> str:
    """Where trainings that were cut off leave their state."""
    return os.path.join(output_folder(config), "checkpoints")
