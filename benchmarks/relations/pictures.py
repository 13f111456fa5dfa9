"""Pictures of what the benchmarks of relations measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import altair
from vl_convert import vegalite_to_svg

PALETTE: Final = (
    "#1f77b4",
    "#ff7f0e",
    "#2ca02c",
    "#d62728",
    "#9467bd",
    "#8c564b",
    "#e377c2",
    "#7f7f7f",
    "#bcbd22",
    "#17becf",
    "#aec7e8",
    "#98df8a",
    "#ffbb78",
    "#c5b0d5",
)


def draw(points: list[dict[str, Any]], path: Path) -> None:
    """Draw accuracy over coverage: methods as tuned, and what their knobs reach, one panel a shop.

    Args:
        points: data, method, knob (None = as tuned), coverage and HR@10 of each.
        path: the SVG to write.
    """
    others = sorted({point["method"] for point in points} - {"ours"})
    colours = altair.Scale(domain=["ours", *others], range=["black", *PALETTE[: len(others)]])
    base = altair.Chart(altair.Data(values=points)).encode(
        x=altair.X("coverage:Q", title="share of the catalogue shown"),
        y=altair.Y("HR@10:Q", title="HR@10", scale=altair.Scale(zero=False)),
        color=altair.Color("method:N", title=None, scale=colours),
    )
    curves = (
        base.transform_filter("datum.knob !== null")
        .mark_line(point=altair.OverlayMarkDef(size=12))
        .encode(order="knob:Q")
    )
    tuned = base.transform_filter("datum.knob === null").mark_point(size=80, filled=True)
    chart = (
        altair.layer(curves, tuned)
        .properties(width=360, height=300)
        .facet(column=altair.Column("data:N", title=None))
        .resolve_scale(y="independent")
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(vegalite_to_svg(chart.to_json()), "utf-8")
