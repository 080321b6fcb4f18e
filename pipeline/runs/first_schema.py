"""The statistics of a first run -> a schema, where there was none."""

from collections.abc import Mapping

from components.validation.proposal import propose_schema
from components.validation.schema import freeze_schema
from pipeline.runs.records import StepRecord, records_of
from pipeline.schema.latest import load_statistics


def infer_schema(records: Mapping[str, StepRecord], path: str) -> None:
    """Freezes what the images of a run are like.

    Args:
        records: The steps of the run by name, with StatisticsGen, of every span.
        path: The file, which does not exist yet.
    """
    statistics = [
        found
        for record in records_of(records, "StatisticsGen").values()
        for found in load_statistics(record.outputs["statistics"].uri).values()
    ]
    freeze_schema(propose_schema(statistics), path)
