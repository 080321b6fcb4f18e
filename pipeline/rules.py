"""A configuration -> what the components are told; light enough for the audit."""

from components.features import EVAL_SPLIT, TEST_SPLIT, TRAIN_SPLIT
from components.ingestion.rules import IngestionRules
from components.normalisation.rules import ImageRules
from pipeline.config import PipelineConfig

SPLIT_PRECISION = 1_000_000


def image_rules(config: PipelineConfig) -> ImageRules:
    """What images are accepted, and how they reach a model."""
    return ImageRules(
        channels=config.image.channels,
        animations=config.image.animations,
        background=config.image.background,
        max_megapixels=config.image.max_megapixels,
    )


def ingestion_rules(config: PipelineConfig) -> IngestionRules:
    """How a folder of images becomes records."""
    return IngestionRules(
        image=image_rules(config),
        split_weights={
            TRAIN_SPLIT: round(config.splits.train * SPLIT_PRECISION),
            EVAL_SPLIT: round(config.splits.eval * SPLIT_PRECISION),
            TEST_SPLIT: round(config.splits.test * SPLIT_PRECISION),
        },
        max_seconds=config.ingest.max_seconds,
        max_reject_fraction=config.ingest.max_reject_fraction,
        near_duplicate_distance=config.ingest.near_duplicate_distance,
        leaks=config.ingest.leaks,
        group_pattern=config.ingest.group_pattern,
    )
