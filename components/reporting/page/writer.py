"""Facts and measures -> HTML."""

from collections.abc import Mapping
from typing import Any

import yaml

from components.ingestion.reporting.findings import KINDS
from components.pages.page import render_page
from components.reporting import wording
from components.reporting.album import Album
from components.reporting.facts import RunFacts
from components.reporting.measuring.measures import Measures
from components.reporting.page.sections import Sections
from components.text import escape_unprintable
from components.validation.findings import merge_splits


def render_report(facts: RunFacts, measures: Measures, sections: Sections, album: Album) -> str:
    """The report as HTML: one file below 10 MB.

    Args:
        facts: Of the run.
        measures: Of its test images.
        sections: What is shown of both.
        album: With the pictures that the sections need.
    """
    return render_page(
        "components.reporting",
        "report.html",
        facts=facts,
        warnings=merge_splits(facts.data.verdict.warnings),
        measures=measures,
        sections=sections,
        album=album,
        wording=wording,
        kinds=KINDS,
        configuration=show_configuration(facts.configuration),
    )


def show_configuration(configuration: Mapping[str, Any]) -> str:
    """Settings as their user would write them, in YAML, with whatever is not seen made visible."""
    text = yaml.safe_dump(dict(configuration), sort_keys=False, allow_unicode=True)
    return "\n".join(map(escape_unprintable, text.rstrip().split("\n")))
