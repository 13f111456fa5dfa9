"""The page for those who write playbooks tells every key, word and default, as they are."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest

from nba.config import shipped
from nba.decide.playbook import Playbook
from nba.decide.playbooks.messages import Message, Section, Slot, Trigger, When
from nba.decide.playbooks.triggers import TRIGGERS, SlotSource, TriggerWord
from nba.errors import ConfigError
from nba.vocabulary import MESSAGE_IDS

REPO = Path(__file__).resolve().parents[3]
PAGE = (REPO / "docs/playbooks.md").read_text("utf-8")
TABLES = "caps quiet_hours holdout explore send_time intents pauses b2b".split()
NOTHING = {"none": (), "everybody": (), "the file's name": ()}
EXAMPLE = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)[0]


def part(title: str) -> str:
    """Give what stands below a heading, up to the next one."""
    return re.split(r"^#+ ", PAGE.split(f" {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def keys(section: type[Section]) -> list[str]:
    return [field.alias or name for name, field in section.model_fields.items()]


def default(text: str, key: str) -> str:
    found = re.search(rf"^\| `{re.escape(key)}` \| ([^|]+?) \|", text, re.MULTILINE)
    assert found is not None, key
    return found[1]


def value(cell: str) -> Any:
    return tomllib.loads(f"value = {cell.strip('`')}")["value"]


def test_every_key_of_the_file_is_told_with_its_default() -> None:
    text = part("The file")
    for key, field in Playbook.model_fields.items():
        if key == "message":
            assert default(text, "[[message]]") == "needed"
        elif key not in (*TABLES, "id"):
            told = value(default(text, key))
            assert told == field.default, key


@pytest.mark.parametrize("name", TABLES)
def test_every_key_of_a_section_is_told_with_its_default(name: str) -> None:
    section = type(Playbook.model_fields[name].default)
    for key in keys(section):
        cell = default(part("The file"), f"{name}.{key}")
        given = {} if cell == "none" else {key: value(cell)}
        if name == "quiet_hours" and key == "timezone":
            assert given == {"timezone": "UTC"}
        assert section.model_validate(given) == section(), f"{name}.{key}"


@pytest.mark.parametrize(
    ("title", "section", "path"),
    [
        ("A message", Message, ()),
        ("trigger", Trigger, ("trigger",)),
        ("slots", Slot, ("slots", 0)),
    ],
)
def test_every_key_of_a_message_is_told_with_its_default(
    title: str, section: type[Section], path: tuple[str | int, ...]
) -> None:
    example = tomllib.loads(EXAMPLE)["message"][0]
    for one in path:
        example = example[one]
    for key in keys(section):
        cell = default(part(title), key)
        field = section.model_fields[key]
        assert field.is_required() == (cell == "needed"), key
        if cell.startswith("`") and (section, key) != (Trigger, "min"):
            plain = {name: one for name, one in example.items() if name != key}
            assert section.model_validate({**plain, key: value(cell)}) == section.model_validate(
                plain
            ), key
    if section is Trigger:
        assert value(default(part(title), "min")) == Trigger.model_validate(example).min_views


def test_every_condition_trigger_source_and_message_is_told() -> None:
    for key in keys(When):
        assert f"| `{key}` |" in part("when")
    for word in get_args(TriggerWord):
        assert f"| `{word}` |" in part("trigger"), word
    for source in get_args(SlotSource):
        assert f"| `{source}` |" in part("slots"), source
    assert set(TRIGGERS) == set(get_args(TriggerWord))


def test_the_messages_that_ship_are_told_as_they_are() -> None:
    rows = re.findall(
        r"^\| `(.+?)` \| [\d, ]+ \| (\d) \| `(\w+)` ([+-]) (\d+) ([dh]), (\d+) ([dh]) \|$",
        part("The messages that ship"),
        re.MULTILINE,
    )
    assert {row[0] for row in rows} == MESSAGE_IDS
    names = ("owox_2011", "plus_3_7_30")
    playbooks = [Playbook.from_toml(shipped("playbooks", one)) for one in names]
    ship = {one.id: one for playbook in playbooks for one in playbook.message}
    seconds = {"d": 86_400, "h": 3_600}
    for name, tier, on, sign, after, after_unit, within, within_unit in rows:
        trigger = ship[name].trigger
        assert (ship[name].tier, trigger.on) == (int(tier), on)
        assert trigger.after == int(after) * seconds[after_unit] * (-1 if sign == "-" else 1)
        assert trigger.within == int(within) * seconds[within_unit]


def test_each_message_that_ships_stands_beside_the_row_it_answers() -> None:
    for name in ("owox_2011", "plus_3_7_30"):
        text = shipped("playbooks", name).read_text("utf-8")
        headers = [line for line in text.splitlines() if line.startswith("[[message]]")]
        assert all(re.match(r"\[\[message\]\] # rows? \d+", line) for line in headers)


def test_the_example_is_in_order(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(EXAMPLE, "utf-8")
    assert [one.id for one in Playbook.from_toml(path).message] == ["cart-reminder", "accessories"]


def test_faults_are_told_in_the_form_that_the_page_shows(tmp_path: Path) -> None:
    shown = re.findall(r"^```text\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)[0].splitlines()
    path = tmp_path / "mine.toml"
    broken = EXAMPLE.replace("day = 1", "day = 0").replace("tier = 1", "tirgger = 1\ntier = 1")
    path.write_text(broken.replace('"anchor"', '"ordered"'), "utf-8")
    with pytest.raises(ConfigError) as caught:
        Playbook.from_toml(path)
    head, caps, key, source = str(caught.value).replace(f"{tmp_path}/", "").splitlines()
    assert head == shown[0]
    unnumbered = [re.sub(r"^  line \d+, ", "", line) for line in (caps, key, source)]
    told = [re.sub(r"^  line \d+, ", "", line) for line in shown[1:]]
    assert unnumbered[:2] == told[:2]
    assert unnumbered[2].startswith("message cart-reminder: slots.1.source.1: a message of cart")
