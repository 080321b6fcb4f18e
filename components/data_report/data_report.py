"""`DataReport`: the page about the images of a run, also of one that the gate stops after it.

TFX shows statistics and anomalies in notebooks alone, with scripts from the internet, and nothing
of the images themselves.
"""

import os
from collections.abc import Sequence
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_executor, executor_spec
from tfx.types import artifact_utils, standard_artifacts

from components.artifact_types import DataPage
from components.audit import AUDIT_FILE, Audit
from components.data_report.data_page import DATA_PAGE_FILE, SpanPage, render_data_page
from components.declared_step import DeclaredStep, declare
from components.pages.thumbnails import read_thumbnails
from components.storage import open_text
from components.validation.validate import INPUTS, OPTIONAL_INPUTS, validate
from components.validation.validation_rules import ValidationRules


class DataReportExecutor(base_executor.BaseExecutor):
    """Reads numbers and small pictures, and no image."""

    def Do(  # noqa: N802
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes `report.html`, and a page of each earlier span beside it."""
        self._log_startup(input_dict, output_dict, exec_properties)
        validation = validate(input_dict, ValidationRules.from_json(exec_properties["rules"]))
        folder = artifact_utils.get_single_uri(output_dict["report"])
        pages = _read_pages(input_dict["examples"])
        spans = pages if len(pages) > 1 else ()
        for page in pages:
            # Of all spans together, and shown with the newest.
            found = validation if page is pages[-1] else None
            with open_text(os.path.join(folder, page.file), "w") as file:
                file.write(render_data_page(page, found, spans))


def _read_pages(examples: Sequence[types.Artifact]) -> list[SpanPage]:
    """The pages of all spans, the oldest first."""
    *earlier, newest = sorted(examples, key=lambda artifact: int(artifact.span or 0))
    pages = [_read_page(artifact, f"span-{artifact.span}.html", True) for artifact in earlier]
    return [*pages, _read_page(newest, DATA_PAGE_FILE, bool(earlier))]


def _read_page(examples: types.Artifact, file: str, has_others: bool) -> SpanPage:
    return SpanPage(
        name=f"span-{examples.span}" if has_others else "",
        file=file,
        audit=Audit.read(os.path.join(examples.uri, AUDIT_FILE)),
        pictures=read_thumbnails(examples.uri),
    )


class DataReport(DeclaredStep):
    """Shows what became of all files, and what was found among the images, before the gate.

    By the records with their audits, what TFX's steps made of them, of one span or several, and the
    statistics of the last pushed model's images, if there are any.

    The output `report` has `report.html`: of spans, the page about the newest, from which those of
    the others, such as `span-3.html`, are reached. What the validation found in all of them, drift
    included, is in the former.
    """

    SPEC_CLASS = declare(
        inputs={"examples": standard_artifacts.Examples, **INPUTS},
        outputs={"report": DataPage},
        parameters={"rules": str},
        optional=OPTIONAL_INPUTS,
    )
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(DataReportExecutor)
