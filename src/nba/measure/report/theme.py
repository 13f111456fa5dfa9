"""How pictures look, and how they become files.

A picture is drawn once for the page: its paper, ink and lines are colours of the page, which has
light and dark ones; what carries meaning has a contrast of 3:1 and more to both (`palette`). The
ramp is that of cividis, which people see alike with and without one kind of cone (Nunez, Anderton
and Renslow 2018, doi:10.1371/journal.pone.0199239).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import unescape
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from nba.measure.report.picture import Picture

if TYPE_CHECKING:
    from nba.measure.report.picture import Chart

WIDTH: Final = 640
"""Pixels of a picture's plot, less where it has labels beside it."""
INK: Final = "#1c1c1c"
QUIET: Final = "#626262"
LINE: Final = "#dadada"
PAPER: Final = "#fefefe"
PAGE_COLOURS: Final = {INK: "ink", QUIET: "quiet", LINE: "line", PAPER: "paper"}
"""Colours that the page decides → their names there. Whatever else is drawn in them must suit."""
DARK_COLOURS: Final = {"ink": "#ececec", "quiet": "#a8a8a8", "line": "#3a3a3a", "paper": "#121212"}
"""What they are on a dark page."""
HUES: Final = ("#0072b2", "#d55e00", "#009e73", "#b0579a", "#7a6ff0", "#888888")
"""For things side by side, the first ones first; each also needs a word, a shape or a place."""
RAMP: Final = (
    *("#00224e", "#123570", "#3b496c", "#575d6d", "#707173"),
    *("#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838"),
)
"""From little (dark) to much (light)."""
SCALE: Final = 2
"""Pixels of a PNG for one of the picture."""
FONT: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

_STRANGE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 forbids (2.2): drawing it ends the process."""
_INHERITED: Final = frozenset(
    """
    __defineGetter__ __defineSetter__ __lookupGetter__ __lookupSetter__ __proto__ constructor
    hasOwnProperty isPrototypeOf propertyIsEnumerable toLocaleString toString valueOf
    """.split()
)
"""What every object of JavaScript has: the renderer looks names up in objects, and finds these."""
_SAID: Final = re.compile(
    r'aria-label="([^"]*)" role="graphics-symbol" '
    r'aria-roledescription="(?:area mark|bar|point|rect mark|rule mark)"'
)
"""What a mark says of a figure; a line's says only where it begins."""
_SIZE: Final = re.compile(r'<svg [^>]*? width="([0-9.]+)" height="([0-9.]+)"')
_LABELLED: Final = re.compile(r'<(path|text|rect|g|circle|line) aria-label="([^"]*)"([^>]*?)(/?)>')


def shades(places: NDArray[np.float64], ramp: Sequence[str] = RAMP) -> list[str]:
    """Mix, for each place from 0 to 1 on a ramp, the two colours between which it lies."""
    grid = np.linspace(0, 1, len(ramp))
    parts = [
        np.interp(places, grid, [int(one[at : at + 2], 16) for one in ramp]).round().astype(int)
        for at in (1, 3, 5)
    ]
    return [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in zip(*parts, strict=True)]


def svg(picture: Picture) -> str:
    """Draw a picture for the page: an SVG whose paper, ink and lines are `var(--…)` of it.

    What a mark says to a screen reader is also what it shows under a pointer.
    """
    import vl_convert

    drawn: str = vl_convert.vegalite_to_svg(*_spec(picture))
    for colour, name in PAGE_COLOURS.items():
        drawn = drawn.replace(f'"{colour}"', f'"var(--{name})"')
    return _LABELLED.sub(_titled, drawn)


def standing_alone(drawn: str) -> str:
    """Give a picture of `svg` as a file of its own, light or dark as the reader's screen is."""
    light = _declared({name: colour for colour, name in PAGE_COLOURS.items()})
    look = (
        f":root {{ color-scheme: light dark; {light} background: var(--paper); }} "
        f"@media (prefers-color-scheme: dark) {{ :root {{ {_declared(DARK_COLOURS)} }} }}"
    )
    return drawn.replace(">", f"><style>{look}</style>", 1)


def size(drawn: str) -> tuple[int, int]:
    """Give the width and height in pixels of a picture of `svg`."""
    found = _SIZE.search(drawn)
    if found is None:
        raise ValueError("this is no picture that was drawn here")
    return round(float(found[1])), round(float(found[2]))


def said(drawn: str) -> list[tuple[str, str]]:
    """List what the marks of a picture of `svg` say, each once and in order.

    Returns:
        What it is and its figure; the first is empty where a mark says but one thing.
    """
    texts = dict.fromkeys(unescape(one) for one in _SAID.findall(drawn))
    parts = [one.rpartition(": ") for one in texts]
    return [(name, figure) for name, _, figure in parts]


def _declared(colours: Mapping[str, str]) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())


def png(picture: Picture) -> bytes:
    """Draw a picture as a file of its own, on white paper."""
    import vl_convert

    spec, version = _spec(picture, background=PAPER, title=picture.title)
    drawn: bytes = vl_convert.vegalite_to_png(spec, version, scale=SCALE)
    return drawn


def _spec(picture: Picture, **more: Any) -> tuple[dict[str, Any], str]:  # noqa: ANN401 - Altair's
    import altair as alt

    if picture.chart is None:
        raise ValueError(f"{picture.name} has nothing to draw")
    chart: Chart = picture.chart.properties(**({"background": "transparent"} | more))
    chart = chart.configure(**_CONFIG)
    version = "_".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    return _plain(chart.to_dict()), version


def _plain(told: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Give the same without characters that no SVG can hold and names that no drawing survives."""
    if isinstance(told, str):
        text = _STRANGE.sub("", told)
        # A blank behind it is not seen, and makes it another name.
        return f"{text} " if text in _INHERITED else text
    if isinstance(told, dict):
        return {_plain(name): _plain(one) for name, one in told.items()}
    return [_plain(one) for one in told] if isinstance(told, list | tuple) else told


def _titled(found: re.Match[str]) -> str:
    kind, label, rest, closed = found.groups()
    if closed:
        return f'<{kind} aria-label="{label}"{rest}><title>{label}</title></{kind}>'
    return f'<{kind} aria-label="{label}"{rest}><title>{label}</title>'


_CONFIG: Final[dict[str, Any]] = {
    "font": FONT,
    # A reader's letters may be wider than those by which it was laid out.
    "padding": {"left": 24, "right": 24, "top": 6, "bottom": 6},
    "view": {"stroke": None},
    "title": {"color": INK, "anchor": "start", "fontSize": 15, "offset": 14},
    "axis": {
        "labelColor": QUIET, "titleColor": QUIET, "gridColor": LINE, "domainColor": LINE,
        "tickColor": LINE, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal",
        "labelLimit": 220,
    },
    "legend": {
        "labelColor": INK, "titleColor": QUIET, "labelFontSize": 12, "titleFontSize": 12,
        "titleFontWeight": "normal", "orient": "top", "labelLimit": 260,
    },
    "text": {"color": INK, "fontSize": 12},
    "header": {"labelColor": INK, "titleColor": QUIET, "labelFontSize": 12},
}  # fmt: skip
