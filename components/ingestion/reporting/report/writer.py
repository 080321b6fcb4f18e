"""An audit -> the file that its user opens."""

import functools

from components.ingestion.reporting.audit import Audit
from components.ingestion.reporting.report.charts import make_chart
from components.ingestion.reporting.report.classes import make_class_table
from components.ingestion.reporting.report.examples import make_sections
from components.ingestion.reporting.report.pictures import read_picture
from components.pages.page import plural, render_page
from components.pages.thumbnails import Thumbnails
from components.storage import open_text

REPORT_FILE = "report.html"


def write_report(audit: Audit, root: str, path: str) -> None:
    """Writes the report of an audit: one HTML file below 10 MB, up to 20,000 classes.

    Args:
        audit: What was found.
        root: The data folder, for thumbnails; of what has gone by now there are none.
        path: Where to.

    Raises:
        OSError: It cannot be written.
    """
    page = render_report(audit, root)
    with open_text(path, "w") as file:
        file.write(page)


def render_report(audit: Audit, root: str) -> str:
    """The report as HTML; arguments as of `write_report`."""
    charts = [
        make_chart(name, values) for name, values in (*audit.sizes.items(), *audit.quality.items())
    ]
    with Thumbnails(functools.partial(read_picture, root)) as thumbnails:
        sections = tuple(make_sections(audit, thumbnails))
    return render_page(
        __package__,
        "audit.html",
        audit=audit,
        summary=summarize(audit),
        sections=sections,
        classes=make_class_table(audit),
        charts=charts,
    )


def summarize(audit: Audit) -> str:
    """What became of the files, in one sentence whose numbers add up."""
    more = f" Beside them, {audit.ignored:,} ignored." if audit.ignored else ""
    return (
        f"{plural(audit.found, 'file')} found: {audit.used:,} used, {audit.rejected:,} rejected, "
        f"{audit.duplicates:,} left out as duplicates.{more}"
    )
