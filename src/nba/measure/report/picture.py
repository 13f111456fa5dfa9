"""A picture of a report: what is drawn, what it says, and what its figures mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import altair as alt

    Chart: TypeAlias = (
        alt.Chart | alt.LayerChart | alt.HConcatChart | alt.VConcatChart | alt.FacetChart
    )


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture, or why there is none.

    Attributes:
        name: of its file and its place on the page, such as `cohort-retention`.
        title: what it shows, for people: "How many of each month's new customers came back".
        reading: what it says of this shop, with its figures, in a sentence or two; of a picture
            that is missing, what the shop would have to tell.
        definitions: each figure in it → how it is counted, in a line.
        chart: drawn by `theme`; None where the shop has too little.
    """

    name: str
    title: str
    reading: str
    definitions: Mapping[str, str] = field(default_factory=dict)
    chart: Chart | None = None

    def _repr_html_(self) -> str:
        """Show it in a notebook, without a network: words, then the picture on light paper."""
        # The theme draws pictures, so it knows of them and not the other way round.
        from nba.measure.report.theme import PAGE_COLOURS, svg

        words = f"<h3>{escape(self.title)}</h3><p>{escape(self.reading)}</p>"
        if self.chart is None:
            return words
        colours = ";".join(f"--{name}:{colour}" for colour, name in PAGE_COLOURS.items())
        look = f"{colours};background:var(--paper);color:var(--ink);padding:1em"
        return f'<div style="{look}">{words}{svg(self)}</div>'
