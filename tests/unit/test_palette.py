"""The default colours tell segments apart for everybody, and none is the only signal."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from pydantic import ValidationError

from nba.palette import (
    BAND_LOOKS,
    DARK_PAGE,
    FAN_LOOK,
    PLAIN_COLOUR,
    RHYTHM_LOOKS,
    RULE_LOOK,
    SEGMENT_LOOKS,
    TIER_LOOKS,
    Look,
    luminance,
    text_on,
)
from tests.colours import SIGHTS, contrast, distance, lab, seen

KINDS = {
    "segment": SEGMENT_LOOKS,
    "rhythm": RHYTHM_LOOKS,
    "band": BAND_LOOKS,
    "tier": TIER_LOOKS,
}
LOOKS = [FAN_LOOK, RULE_LOOK, *(look for looks in KINDS.values() for look in looks.values())]
COLOURS = sorted({look.colour for look in LOOKS} | {PLAIN_COLOUR})
APART = 10.0
"""CIEDE2000; 1 is just seen side by side, 10 at a glance."""


def closest(looks, sight):
    return min(
        distance(seen(one.colour, sight), seen(other.colour, sight))
        for one, other in combinations(looks.values(), 2)
    )


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("kind", KINDS)
def test_any_two_colours_of_a_kind_are_told_apart(kind, sight):
    assert closest(KINDS[kind], sight) >= APART


def test_green_yellow_and_red_differ_in_lightness_too():
    lightness = sorted(
        float(lab(np.full(3, luminance(look.colour)))[0]) for look in RHYTHM_LOOKS.values()
    )
    assert min(np.diff(lightness)) > 3
    assert lightness[-1] - lightness[0] > 15


def test_a_palette_of_plain_green_and_red_would_not_pass():
    plain = {
        "active": Look(label="A", colour="#008000", icon="a"),
        "lost": Look(label="L", colour="#a05000", icon="l"),
    }
    assert closest(plain, "everybody") > 30
    assert min(closest(plain, sight) for sight in SIGHTS) < APART


@pytest.mark.parametrize("colour", COLOURS)
def test_a_colour_is_seen_on_a_white_and_on_a_dark_page(colour):
    assert contrast(colour, "#ffffff") >= 3
    assert contrast(colour, DARK_PAGE) >= 3


@pytest.mark.parametrize("colour", [*COLOURS, "#000000", "#ffffff", "#777777", "#767676"])
def test_text_on_a_colour_can_be_read(colour):
    assert text_on(colour) in {"#000000", "#ffffff"}
    assert contrast(colour, text_on(colour)) >= 4.5


@pytest.mark.parametrize("kind", KINDS)
def test_icons_and_labels_tell_a_kind_apart_without_colour(kind):
    looks = KINDS[kind].values()
    assert len({look.icon for look in looks}) == len(looks)
    assert len({look.label for look in looks}) == len(looks)


@pytest.mark.parametrize(
    "gap", [{"label": ""}, {"icon": ""}, {"colour": "red"}, {"colour": "#FFF"}]
)
def test_a_look_lacks_nothing(gap):
    with pytest.raises(ValidationError):
        Look.model_validate({"label": "A", "colour": "#112233", "icon": "a"} | gap)


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((50, 2.49, -0.001), (50, -2.49, 0.0009), 7.1792),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_distances_are_those_published(one, other, apart):
    found = distance(np.array(one, float), np.array(other, float))
    assert found == pytest.approx(apart, abs=1e-4)
