"""One HTML file of a report: no script, nothing from elsewhere, light and dark, fit to print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from nba.measure.report.parts import Section, Tile
from nba.measure.report.words import FILTERS

if TYPE_CHECKING:
    from jinja2 import Template

_TEMPLATE: Final = "page.html"


def page(
    name: str,
    kpis: Mapping[str, Any],
    *,
    tiles: Sequence[Tile],
    alarms: Sequence[Mapping[str, Any]],
    sections: Sequence[Section],
    drawn: Mapping[str, str],
    meanings: Mapping[str, str],
) -> str:
    """Write a report as one HTML document.

    Args:
        name: of the shop, for people.
        kpis: the document of `documents.kpis_document`.
        tiles: the figures at the top.
        alarms: those of newer cohorts that are raised.
        sections: pictures and tables, in order.
        drawn: picture name → its SVG, which stands in the page as it is; every other text is
            escaped.
        meanings: figure, or part of the document and figure with a point between → definition.
    """
    from markupsafe import Markup

    return _template().render(
        name=name,
        kpis=kpis,
        meanings=meanings,
        tiles=tiles,
        raised=alarms,
        sections=sections,
        drawn={one: Markup(svg) for one, svg in drawn.items()},
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("nba.measure.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.filters.update(FILTERS)
    return environment.get_template(_TEMPLATE)
