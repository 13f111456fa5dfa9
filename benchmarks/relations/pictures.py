"""Pictures of what the benchmarks of relations measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import altair
from vl_convert import vegalite_to_svg


def draw(points: list[dict[str, Any]], path: Path) -> None:
    """Draw accuracy over coverage: methods as tuned, and what their knobs reach, one panel a shop.

    Args:
        points: data, method, knob (None = as tuned), coverage and HR@10 of each.
        path: the SVG to write.
    """
    base = altair.Chart(altair.Data(values=points)).encode(
        x=altair.X("coverage:Q", title="share of the catalogue shown"),
        y=altair.Y("HR@10:Q", title="HR@10", scale=altair.Scale(zero=False)),
        color=altair.Color("method:N", title=None, scale=altair.Scale(scheme="category20")),
    )
    curves = (
        base.transform_filter("datum.knob !== null")
        .mark_line(point=altair.OverlayMarkDef(size=12))
        .encode(order="knob:Q")
    )
    tuned = base.transform_filter("datum.knob === null").mark_point(size=80, filled=True)
    named = tuned.mark_text(align="left", dx=7, dy=-5, fontSize=9).encode(text="method:N")
    chart = (
        altair.layer(curves, tuned, named)
        .properties(width=360, height=300)
        .facet(column=altair.Column("data:N", title=None))
        .resolve_scale(y="independent")
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(vegalite_to_svg(chart.to_json()), "utf-8")
