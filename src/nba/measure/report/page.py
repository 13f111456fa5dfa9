"""One HTML file of a report: no script, nothing from elsewhere, light and dark, fit to print."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from nba.measure.report.parts import Shown
from nba.measure.report.words import FILTERS

if TYPE_CHECKING:
    from jinja2 import Template

_TEMPLATE: Final = "page.html"


def page(name: str, kpis: Mapping[str, Any], shown: Shown) -> str:
    """Write a report as one HTML document.

    Args:
        name: of the shop, for people.
        kpis: the document of `documents.kpis_document`.
        shown: what stands on it. Its pictures stand in the page as they are; every other text is
            escaped.
    """
    from markupsafe import Markup

    return _template().render(
        name=name,
        kpis=kpis,
        meanings=shown.meanings,
        tiles=shown.tiles,
        raised=shown.alarms,
        sections=shown.sections,
        drawn={one: Markup(svg) for one, svg in shown.drawn.items()},
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
