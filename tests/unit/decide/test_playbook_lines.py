"""The line on which a key of a TOML text stands."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nba.config import shipped
from nba.decide.playbooks.lines import Place, lines_of

TEXT = '''# a comment with a [table] and key = 1
title = "a [bracket], a } and a # in a text"
long = """
[[not.a.table]]
key = "no key" \\"""
"""
raw = \'\'\'
x = 1\'\'\'
a.b = 1
a."c d".e = { f = 1, g = [{ h = 2 }, # h
  { h = 3, i = { j = [
    4,
    5, # five
  ] } },
] }

[caps] # one
day = 1
[caps.channel.sms]
week = 2

[[message]]
id = "one"
slots = [{ name = "main", source = ["x",
    "y"] }]

[[message]] # two
id = "two"
[[message.slots]]
name = "first"
[[message.slots]]
name = "second"
[message.trigger]
on = "cart"
'''


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("title",), 2),
        (("long",), 3),
        (("raw",), 7),
        (("a", "b"), 9),
        (("a", "c d", "e", "f"), 10),
        (("a", "c d", "e", "g", 0, "h"), 10),
        (("a", "c d", "e", "g", 1), 11),
        (("a", "c d", "e", "g", 1, "i", "j", 0), 12),
        (("a", "c d", "e", "g", 1, "i", "j", 1), 13),
        (("caps",), 17),
        (("caps", "channel", "sms", "week"), 20),
        (("message", 0), 22),
        (("message", 0, "slots", 0, "source", 0), 24),
        (("message", 0, "slots", 0, "source", 1), 25),
        (("message", 1), 27),
        (("message", 1, "slots", 0, "name"), 30),
        (("message", 1, "slots", 1, "name"), 32),
        (("message", 1, "trigger", "on"), 34),
    ],
)
def test_every_form_of_a_key_is_found_on_its_line(place: Place, line: int) -> None:
    tomllib.loads(TEXT)
    assert lines_of(TEXT).of(place) == line


def test_a_key_that_is_not_written_stands_where_its_table_begins() -> None:
    lines = lines_of(TEXT)
    assert lines.of(("message", 1, "trigger", "within")) == 33
    assert lines.of(("message", 0, "why")) == 22
    assert lines.of(("nothing",)) == lines.of(()) == 1


def test_lines_of_a_file_from_another_system_are_the_same() -> None:
    assert lines_of(TEXT.replace("\n", "\r\n")) == lines_of(TEXT)


@pytest.mark.parametrize("name", ["owox_2011", "plus_3_7_30"])
def test_every_key_of_a_shipped_playbook_is_on_the_line_found_for_it(name: str) -> None:
    text = shipped("playbooks", name).read_text("utf-8")
    written, lines = text.splitlines(), lines_of(text)
    places = list(leaves(tomllib.loads(text)))
    assert set(places) <= set(lines.numbers)
    for place in places:
        key = next(part for part in reversed(place) if isinstance(part, str))
        assert key in written[lines.of(place) - 1]


KEYS = st.text("ab-_1", min_size=1, max_size=3) | st.text("a .\"'#=[]{}\\é", max_size=4)
TEXTS = st.text("a \"'#=,[]{}\\\t", max_size=8)
VALUES = st.recursive(
    st.integers() | st.booleans() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(KEYS, VALUES, max_size=4), st.lists(st.dictionaries(KEYS, VALUES), max_size=2)
)
def test_whatever_is_written_is_found_where_it_was_written(
    first: dict[str, object], tables: list[dict[str, object]]
) -> None:
    assume("message" not in first)
    text = "".join(f"{quoted(key)} = {rendered(value)}\n" for key, value in first.items())
    expected: dict[Place, int] = {(key,): line for line, key in enumerate(first, 1)}
    line = len(first)
    for number, table in enumerate(tables):
        text += "# here\n[[ message ]] # there\n"
        line += 2
        expected["message", number] = line
        for key, value in table.items():
            line += 1
            text += f"  {quoted(key)}={rendered(value)} # [\n"
            expected["message", number, key] = line
    read = tomllib.loads(text)
    found = lines_of(text).numbers
    assert {place: found[place] for place in expected} == expected
    assert set(leaves(read)) <= set(found)


def leaves(value: object, place: Place = ()) -> Iterator[Place]:
    """Give the places of all that a document holds, inner tables and arrays too."""
    inner: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    for key, one in inner:
        yield (*place, key)
        yield from leaves(one, (*place, key))


def quoted(text: str) -> str:
    inner = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    return f'"{inner}"'


def rendered(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return quoted(value)
        case list():
            return f"[ {', '.join(rendered(one) for one in value)} ]"
        case dict():
            pairs = (f"{quoted(key)} = {rendered(one)}" for key, one in value.items())
            return f"{{ {', '.join(pairs)} }}"
        case _:
            return str(value)
