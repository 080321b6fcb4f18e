"""The look of a report, whatever it is about."""

import re
from typing import Any

import jinja2
from markupsafe import Markup

from components.text import escape_unprintable


def render_page(package: str, template: str, **values: Any) -> str:
    """Fills a template; every value is text and never becomes markup.

    Args:
        package: Whose folder `templates` holds the template.
        template: Name of a file in it, which extends `page.html` of this package.
        values: What it shows.
    """
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.PackageLoader(package), jinja2.PackageLoader(__package__)]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = format_number
    environment.filters["proportion"] = format_proportion
    environment.filters["name"] = mark_name
    environment.filters["visible"] = escape_unprintable
    environment.filters["plural"] = plural
    return environment.get_template(template).render(**values)


def mark_name(text: str) -> Markup:
    """A name of a file or class as HTML: visible, and without effect on the text around it."""
    # Better a line that is broken behind an underscore than within a word.
    words = Markup("<wbr>").join(re.split(r"(?<=_)(?=[^_])", escape_unprintable(text)))
    return Markup("<bdi>{}</bdi>").format(words)


def format_number(value: float) -> str:
    """At most three digits after the point: 12,345, 0.25."""
    if value == round(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 1 else f"{value:.1f}"


def format_proportion(part: float, whole: float) -> str:
    """A part in percent: "12%", "0.3%", and never "0%" of something."""
    percent = 100 * part / whole if whole else 0.0
    if 0 < percent < 0.1:
        return "< 0.1%"
    return f"{percent:.1f}%" if 0 < percent < 10 else f"{percent:.0f}%"


def plural(count: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 file", "2 files", "3 classes"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
