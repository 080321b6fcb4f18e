"""What the tasks of one run have in common, decided once and kept in the run's folder.

The first task, PrepareRun, writes it. So all tasks see the same settings, the same spans, however
many arrive meanwhile, and the same schema, whoever edits it meanwhile.
"""

import dataclasses
import json
import os
from collections.abc import Sequence
from typing import Any

from components.ingestion.listing.spans import Span
from components.storage import atomic_write
from components.validation.schema import FrozenSchema, pin_schema
from pipeline.config import PipelineConfig, from_dict, to_dict
from pipeline.kubeflow.settings import KubeflowConfig, kubeflow_from_dict
from pipeline.paths import output_folder

RUN_FILE = "run.json"
SCHEMA_FILE = "schema_path.txt"


@dataclasses.dataclass(frozen=True)
class PreparedRun:
    """One run.

    Attributes:
        id: Kubeflow's and TFX's id of it.
        folder: Its own folder.
        config: Its settings.
        kubeflow: How it runs.
        spans: Those that it uses.
    """

    id: str
    folder: str
    config: PipelineConfig
    kubeflow: KubeflowConfig
    spans: Sequence[Span]

    def save(self) -> None:
        """Keeps the run in its folder."""
        values: dict[str, Any] = {
            "id": self.id,
            "config": to_dict(self.config),
            "kubeflow": dataclasses.asdict(self.kubeflow),
            "spans": [[span.number, span.folder] for span in self.spans],
        }
        atomic_write(os.path.join(self.folder, RUN_FILE), json.dumps(values, indent=2).encode())

    def has_schema(self) -> bool:
        """Whether somebody has frozen a schema already."""
        return os.path.exists(self.config.schema)

    def pin_schema(self) -> FrozenSchema:
        """Decides for all later tasks which schema the images are held to: as it is now."""
        schema = pin_schema(self.config.schema, self._schemas)
        atomic_write(os.path.join(self.folder, SCHEMA_FILE), schema.path.encode())
        return schema

    def pinned_schema(self) -> FrozenSchema:
        """The schema that an earlier task decided on."""
        with open(os.path.join(self.folder, SCHEMA_FILE), encoding="utf-8") as file:
            return pin_schema(file.read(), self._schemas)

    @property
    def _schemas(self) -> str:
        return os.path.join(output_folder(self.config), "schemas")


def load_run(folder: str) -> PreparedRun:
    """Reads what PrepareRun left."""
    with open(os.path.join(folder, RUN_FILE), encoding="utf-8") as file:
        values = json.load(file)
    return PreparedRun(
        id=values["id"],
        folder=folder,
        config=from_dict(values["config"]),
        kubeflow=kubeflow_from_dict(values["kubeflow"]),
        spans=[Span(number, folder) for number, folder in values["spans"]],
    )
