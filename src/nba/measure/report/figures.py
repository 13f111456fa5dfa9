"""A report as a document of texts and pictures, for a page that works nothing out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nba.measure.report import theme, words
from nba.measure.report.parts import Section, Shown, Table
from nba.measure.report.picture import Picture


def figures_document(name: str, kpis: Mapping[str, Any], shown: Shown) -> dict[str, Any]:
    """Put everything on the page of a report into one document, written as people read it.

    Args:
        name: of the shop, for people.
        kpis: the document of `documents.kpis_document`.
        shown: what stands on the page.

    Returns:
        What it is of; `tiles`, `alarms` and `sections` as `Shown` has them, each figure with its
        definition. A picture is an SVG file, its width and height, and what its marks say; null
        where there is none.
    """
    return {
        "name": name,
        "snapshot_id": kpis["snapshot_id"],
        "since": kpis["since"],
        "as_of": kpis["as_of"],
        "currency": kpis["currency"],
        "mixture": words.mixture(kpis["currencies"]),
        "tiles": [
            {
                "title": words.words(one.term),
                "value": one.value,
                "note": one.note,
                "meaning": shown.meaning(one.term),
            }
            for one in shown.tiles
        ],
        "alarms": list(shown.alarms),
        "sections": [_section(one, shown) for one in shown.sections],
    }


def _section(section: Section, shown: Shown) -> dict[str, Any]:
    return {
        "id": section.id,
        "title": section.title,
        "pictures": [_picture(one, shown.drawn.get(one.name)) for one in section.pictures],
        "tables": [_table(one, shown) for one in section.tables],
    }


def _picture(picture: Picture, drawn: str | None) -> dict[str, Any]:
    return {
        "name": picture.name,
        "title": picture.title,
        "reading": picture.reading,
        "definitions": [[words.words(term), line] for term, line in picture.definitions.items()],
        "size": None if drawn is None else list(theme.size(drawn)),
        "svg": None if drawn is None else theme.standing_alone(drawn),
        "marks": [] if drawn is None else [list(one) for one in theme.said(drawn)],
    }


def _table(table: Table, shown: Shown) -> dict[str, Any]:
    return {
        "title": table.title,
        "reading": table.reading,
        "is_prose": table.is_prose,
        "columns": [[words.words(one), shown.meaning(one, table.part)] for one in table.terms],
        "rows": [list(row) for row in table.rows],
        "steps": list(table.steps),
    }
