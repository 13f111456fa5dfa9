from __future__ import annotations

from xml.etree import ElementTree

import altair as alt
import pytest

from nba.measure.report import theme
from nba.measure.report.picture import Picture


def named(title: str) -> Picture:
    """Give a picture of one thing, which has its name in words, at an axis and as its title."""
    row = {"name": title, "size": 1}
    base = alt.Chart(alt.InlineData(values=[row])).encode(x="size:Q", y="name:N")
    chart = base.mark_bar().encode(description="name:N") + base.mark_text().encode(text="name:N")
    return Picture("one", title, "One.", {}, chart.properties(title=title))


# Any of them that reaches the drawing ends the process: nothing is raised that could be caught.
@pytest.mark.parametrize("strange", ["\x02", "\x00", "\x1b", "\ufffe", "\uffff", "\ud800"])
def test_characters_that_no_xml_holds_are_not_drawn(strange):
    picture = named(f"Thing{strange} 0")
    drawn = theme.svg(picture)
    assert ">Thing 0<" in drawn
    assert strange not in drawn
    ElementTree.fromstring(drawn)
    assert theme.png(picture).startswith(b"\x89PNG")


def test_all_other_characters_are_drawn():
    title = "Ünï — 茶 😀 \x85\ue000\ufffd <b>&amp;"
    drawn = theme.svg(named(title))
    assert title in "".join(ElementTree.fromstring(drawn).itertext())


@pytest.mark.parametrize(
    "name",
    ["__proto__", "constructor", "toString", "valueOf", "__lookupSetter__", "const\x02ructor"],
)
def test_names_that_every_object_of_the_renderer_has_are_drawn_like_any_other(name):
    picture, seen = named(name), name.replace("\x02", "")
    drawn = "".join(ElementTree.fromstring(theme.svg(picture)).itertext())
    # At the axis, on the mark and under a pointer.
    assert drawn.count(seen) >= 3
    assert theme.png(picture).startswith(b"\x89PNG")
