"""Draws what training takes by order lines: time on the left, memory on the right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import altair
import vl_convert

WALL, CPU, OWN = "#0072b2", "#d55e00", "#009e73"
PLOT = 300
ALLOWED_GB = 8


def draw(figures: list[tuple[int, dict[str, Any]]], path: Path) -> None:
    """Write an SVG: minutes of wall and CPU, and the most memory, time beside a straight line.

    Args:
        figures: order lines → what training on them took, from the fewest on.
        path: where to write.
    """
    rows = [
        {"lines": lines / 1e6, "what": what, "minutes": one[key] / 60}
        for lines, one in figures
        for what, key in (("wall", "wall"), ("CPU", "cpu"))
    ]
    most, longest = figures[-1][0] / 1e6, figures[-1][1]
    straight = [{"lines": at, "minutes": longest["wall"] / 60 * at / most} for at in (0.0, most)]
    across = altair.X(
        "lines:Q",
        title="million order lines",
        scale=altair.Scale(domainMin=0),
        axis=altair.Axis(tickCount=6),
    )
    hues = altair.Scale(domain=["wall", "CPU"], range=[WALL, CPU])
    base = altair.Chart(altair.Data(values=rows)).encode(
        x=across,
        y=altair.Y("minutes:Q", title="minutes"),
        color=altair.Color("what:N", scale=hues, legend=None),
    )
    named = [
        base.transform_filter(f"datum.lines == {most} && datum.what == '{what}'")
        .mark_text(align="right", dx=-4, dy=down, fontSize=12)
        .encode(text="what:N")
        for what, down in (("CPU", -10), ("wall", 16))
    ]
    linear = (
        altair.Chart(altair.Data(values=straight))
        .mark_line(strokeDash=[4, 4], color="#888888", strokeWidth=1)
        .encode(x="lines:Q", y="minutes:Q")
    )
    time = altair.layer(linear, base.mark_line(point=altair.OverlayMarkDef(size=50)), *named)
    memory = [{"lines": lines / 1e6, "gigabytes": one["own"] / 1e3} for lines, one in figures]
    held = altair.Chart(altair.Data(values=memory)).encode(
        x=across, y=altair.Y("gigabytes:Q", title="GB of memory at the peak")
    )
    allowed = altair.Chart(altair.Data(values=[{"gigabytes": ALLOWED_GB, "said": "8 GB"}]))
    limit = allowed.mark_rule(color="#888888", strokeDash=[4, 4]).encode(y="gigabytes:Q")
    said = allowed.mark_text(align="left", x=4, dy=-7, color="#626262").encode(
        y="gigabytes:Q", text="said:N"
    )
    space = (
        limit + said + held.mark_line(color=OWN, point=altair.OverlayMarkDef(size=50, color=OWN))
    )
    chart = (
        altair.hconcat(
            time.properties(
                width=PLOT, height=220, title="Time (dashed: wall in proportion to lines)"
            ),
            space.properties(width=PLOT, height=220, title="Memory"),
        )
        .configure(font="sans-serif", background="white")
        .configure_axis(grid=False)
        .configure_view(stroke=None)
    )
    path.write_text(vl_convert.vegalite_to_svg(chart.to_json()), "utf-8")
