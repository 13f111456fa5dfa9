"""The default colours tell segments apart for everybody, and none is the only signal."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from pydantic import ValidationError

from nba.errors import ConfigError
from nba.palette import (
    BAND_LOOKS,
    DARK_PAGE,
    FAN_LOOK,
    PLAIN_COLOUR,
    RHYTHM_LOOKS,
    RULE_LOOK,
    SEGMENT_LOOKS,
    STAGE_LOOKS,
    STATUS_LOOKS,
    TIER_LOOKS,
    Look,
    Looks,
    luminance,
    text_on,
)
from nba.statuses import STATUSES
from nba.vocabulary import Stage
from tests.colours import SIGHTS, contrast, distance, lab, seen

KINDS = {
    "segment": SEGMENT_LOOKS,
    "rhythm": RHYTHM_LOOKS,
    "band": BAND_LOOKS,
    "tier": TIER_LOOKS,
    "stage": STAGE_LOOKS,
    "status": STATUS_LOOKS,
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


def test_every_stage_and_status_has_a_look():
    assert tuple(STAGE_LOOKS) == tuple(Stage)
    assert tuple(STATUS_LOOKS) == STATUSES


def looks_of(tmp_path, text):
    path = tmp_path / "looks.toml"
    path.write_text(text, "utf-8")
    return Looks.from_toml(path)


def test_a_shop_changes_what_it_names_and_nothing_else(tmp_path):
    looks = looks_of(
        tmp_path,
        """
        status.delivered = { label = "Там", colour = "#0088ff" }
        [segment.vip]
        icon = "V"
        """,
    )
    delivered = looks.of("status", "delivered", STATUS_LOOKS["delivered"])
    assert delivered == Look(label="Там", colour="#0088ff", icon="✓")
    assert looks.of("status", "paid", STATUS_LOOKS["paid"]) == STATUS_LOOKS["paid"]
    assert looks.of("segment", "vip", RULE_LOOK).icon == "V"
    assert looks.of("rhythm", "lost", RHYTHM_LOOKS["lost"]) == RHYTHM_LOOKS["lost"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('status.delivered.colour = "green"', "status.delivered.colour: "),
        ('status.delivered.colour = "#ffffff"', "status.delivered.colour: .*1.00 to a page of #ff"),
        ('stage.client.colour = "#101010"', "stage.client.colour: .* to a page of #121212"),
        ('status.delivered.color = "#0088ff"', "status.delivered.color: "),
        ('tier.gold.icon = ""', "tier.gold.icon: "),
        ('status.lost.icon = "x"', "status.lost: there is no such status; expected one of pend"),
        ('states.client.icon = "x"', "states: "),
        ("status = 3", "status: "),
        ("status.", "cannot be read"),
    ],
)
def test_a_fault_in_a_shops_looks_is_told_with_its_key(tmp_path, text, told):
    with pytest.raises(ConfigError, match=told):
        looks_of(tmp_path, text)


def test_all_faults_are_told_at_once_and_a_missing_file_is_one(tmp_path):
    with pytest.raises(ConfigError, match=r"(?s)rhythm.x: .*stage.y: "):
        looks_of(tmp_path, 'stage.y.icon = "y"\nrhythm.x.icon = "x"')
    with pytest.raises(ConfigError, match="cannot be read"):
        Looks.from_toml(tmp_path / "looks.toml" / "none")


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
