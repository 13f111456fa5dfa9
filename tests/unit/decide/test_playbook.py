"""Playbooks are checked when they are read."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from nba.config import shipped
from nba.decide.playbook import Playbook
from nba.errors import ConfigError

GOOD = """
[[message]]
id = "accessories"
tier = 2
stage = "client"
kind = "personal"
channels = ["email"]
trigger = { on = "delivered", after = "5d", within = "12h" }
once_per = "order"
value_share = 1.0
response = 0.04
unsubscribe_risk = 0.001
why = "order {order}, {days} days, {products} products"
"""


def read(folder: Path, text: str) -> Playbook:
    path = folder / "mine.toml"
    path.write_text(text)
    return Playbook.from_toml(path)


def test_the_shipped_playbook_has_one_message_after_the_other() -> None:
    playbook = Playbook.from_toml(shipped("playbooks", "owox_2011"))
    assert playbook.id == "owox_2011"
    triggers = [message.trigger for message in playbook.message]
    for earlier, later in itertools.pairwise(triggers):
        assert earlier.closes == later.opens


def test_durations_are_days_hours_or_minutes(tmp_path: Path) -> None:
    trigger = read(tmp_path, GOOD).message[0].trigger
    assert (trigger.after, trigger.within) == (5 * 86_400, 12 * 3_600)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('id = "accessories"', 'id = "accesories"', "accesories"),
        ("tier = 2", "tier = 9", "tier"),
        ('stage = "client"', 'stage = "friend"', "stage"),
        ('after = "5d"', 'after = "5 days"', "5 days"),
        ('after = "5d"', "after = 5", "no duration"),
        ('within = "12h"', 'within = "0h"', "within"),
        ('on = "delivered"', 'on = "birthdays"', "delivered"),
        ("response = 0.04", "response = 1.5", "response"),
        ("channels = ", "chanels = ", "chanels"),
        ("{days} days", "{hours} hours", "hours"),
        ("{order}", "{order.__class__}", "order.__class__"),
        ("{order}", "{", "no text with fields"),
        ("{days}", "{days:{order}}", "days"),
        ("value_share = 1.0", "value_share = inf", "value_share"),
        ('after = "5d"', 'after = "99999999999d"', "no duration"),
        ("why = ", "[[message]]\nwhy = ", "message"),
        ("[[message]]", "[[message]", "not valid"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError, match=complaint):
        read(tmp_path, GOOD.replace(old, new))


def test_a_message_may_appear_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="twice"):
        read(tmp_path, GOOD + GOOD)


def test_a_playbook_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        Playbook.from_toml(tmp_path / "nowhere.toml")
