"""Colours, labels and icons of the console: those that ship, the recipe's, and the shop's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import nba
from nba.errors import ConfigError
from nba.palette import STAGE_LOOKS, STATUS_LOOKS, Looks
from nba_api.app import create_app
from nba_api.console.looks import ShopLooks
from nba_api.settings import Settings
from tests.api.claims import client_of


def test_the_stylesheet_colours_every_stage_status_and_segment(client: TestClient) -> None:
    answer = client.get("/console/looks.css")
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-store"
    for kind, looks in (("stage", STAGE_LOOKS), ("status", STATUS_LOOKS)):
        for one, look in looks.items():
            assert f'[data-look="{kind}:{one}"]{{--look:{look.colour};' in answer.text
    assert '[data-look="rfm:champions"]' in answer.text
    assert '[data-look="rhythm:none"]' in answer.text


def test_a_shops_own_looks_hold_everywhere(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "looks.toml"
    path.write_text('[segment.champions]\nlabel = "Best"\ncolour = "#0088ff"\n', "utf-8")
    with client_of(settings.model_copy(update={"looks": path})) as client:
        css = client.get("/console/looks.css").text
    assert '[data-look="rfm:champions"]{--look:#0088ff;--on-look:#000000}' in css


def test_wrong_looks_keep_a_server_from_starting(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "looks.toml"
    path.write_text('status.delivered.colour = "#ffffff"', "utf-8")
    with pytest.raises(ConfigError, match=r"status\.delivered\.colour"):
        create_app(settings.model_copy(update={"looks": path}))


def test_an_id_with_markup_ends_no_rule_of_the_stylesheet(snapshot: nba.Snapshot) -> None:
    evil = '"]{}*{color:red}</style>\n\\é'
    changes: Any = {"tier": {evil: {"label": "x"}}}
    shop = ShopLooks(Looks.model_validate(changes), snapshot.segments)
    shop._looks["tier", evil] = STAGE_LOOKS["client"]
    (rule,) = [one for one in shop.css().splitlines() if "tier:" in one]
    assert rule.startswith(r'[data-look="tier:\22 \5d \7b \7d \2a \7b color:red\7d \3c ')
    assert rule.count("{") == rule.count("}") == 1
    assert rule.count('"') == 2


def test_what_nobody_described_is_shown_by_its_id() -> None:
    shop = ShopLooks(Looks(), None)
    assert shop.of("tier", "vip").label == "vip"
    assert shop.of("tier", "vip").icon
    assert [one.id for one in shop.known("stage")] == list(STAGE_LOOKS)
