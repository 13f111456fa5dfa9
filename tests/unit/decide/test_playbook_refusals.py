"""A playbook that makes no sense is refused with the line, the message and what to write."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nba.decide.playbook import Playbook
from nba.errors import ConfigError

GOOD = """\
title = "Mine"
[caps]
day = 1
channel.sms = { week = 2 }
[quiet_hours]
from = "21:00"
until = "09:00"
timezone = "Europe/Kyiv"
[intents]
cart = "30d"
[[message]]
id = "order-status"
tier = 0
stage = ["ordered", "client"]
kind = "transactional"
channels = ["email", "sms"]
trigger = { on = "status", within = "24h" }
value_share = 0.1
response = 0.3
unsubscribe_risk = 0
slots = [{ name = "main", source = "ordered" }]
why = "order {order} is {status}"

[[message]]
id = "cart-reminder"
tier = 1
stage = "choosing"
kind = "personal"
channels = ["email"]
when = { min_orders = 1, states = ["choosing/cart"] }
value_share = 1.0
response = 0.1
unsubscribe_risk = 0.001
why = "{products} for {days}"
  [message.trigger]
  on = "cart"
  after = "4h"
  within = "3d"
  [[message.slots]]
  name = "main"
  source = [
    "anchor",
    "similar",
  ]
  n = 4
  require = 1

[[message]]
id = "digest"
tier = 5
stage = ["acquaintance", "client"]
kind = "broadcast"
channels = ["email"]
trigger = { on = "week", within = "3d" }
value_share = 0.3
response = 0.01
unsubscribe_risk = 0.001
slots = [{ name = "main", source = "popular" }]
why = "the best of {anchor}"
"""
CART, DIGEST, STATUS = "cart-reminder", "digest", "order-status"
FILE = None
ADDED_TO = ("value_share = 1.0", "value_share = 0.1")


def refusal(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        Playbook.from_toml(path)
    return str(caught.value)


def changed(message: str | None, old: str, new: str) -> tuple[str, int]:
    """Change the first occurrence after a message's id; give the text and the line changed."""
    start = 0 if message is None else GOOD.index(f'id = "{message}"')
    place = GOOD.index(old, start)
    text = GOOD[:place] + new + GOOD[place + len(old) :]
    return text, GOOD.count("\n", 0, place) + 1


def test_the_playbook_that_the_others_change_is_in_order(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD, "utf-8")
    assert [one.id for one in Playbook.from_toml(path).message] == [STATUS, CART, DIGEST]


UNKNOWN = [
    (FILE, "title = ", "titel = ", "titel"),
    (FILE, "day = 1", "days = 1", "days"),
    (FILE, "week = 2", "month = 2", "month"),
    (FILE, "channel.sms", "channel.fax", "fax"),
    (FILE, 'cart = "30d"', 'basket = "30d"', "basket"),
    (FILE, "[intents]", "[intent]", "intent"),
    (FILE, "Europe/Kyiv", "Europe/Kiyv", "time zone"),
    (FILE, "Europe/Kyiv", "../../etc", "time zone"),
    (CART, "tier = 1", "teir = 1", "teir"),
    (CART, 'on = "cart"', 'on = "basket"', "cart"),
    (CART, 'after = "4h"', 'before = "4h"', "before"),
    (CART, "min_orders = 1", "min_order = 1", "min_order"),
    (CART, '"similar"', '"same"', "similar"),
    (CART, "require = 1", "required = 1", "required"),
    (CART, '"choosing"', '"chosing"', "choosing"),
    (CART, '"personal"', '"private"', "personal"),
    (CART, '["email"]', '["mail"]', "email"),
    (CART, "cart-reminder", "cart-reminders", "unknown"),
    (CART, "choosing/cart", "choosing/basket", "no state"),
    (CART, "choosing/cart", "friend/*", "no state"),
    (CART, "value_share = 1.0", 'claims = ["cheap"]', "low_stock"),
    (CART, "value_share = 1.0", 'once_per = "week"', "once_per"),
    (STATUS, "{status}", "{state}", "state"),
]
IMPOSSIBLE = [
    (FILE, "day = 1", "day = 0", "greater than or equal to 1"),
    (FILE, "week = 2", "week = 0", "greater than or equal to 1"),
    (FILE, "week = 2", "day = -1", "greater than or equal to 1"),
    (FILE, 'until = "09:00"', 'until = "21:00"', "never end"),
    (FILE, 'from = "21:00"', 'from = "24:00"', "time of day"),
    (FILE, 'cart = "30d"', 'cart = "0d"', "greater than 0"),
    (FILE, 'cart = "30d"', 'strongest = ["cart", "cart", "wait"]', "each once"),
    (CART, 'within = "3d"', 'within = "0d"', "greater than 0"),
    (CART, 'within = "3d"', 'within = "-3d"', "greater than or equal to 0"),
    (CART, 'after = "4h"', 'after = "-4h"', "may not be negative"),
    (CART, 'after = "4h"', 'after = "30d"', "never opens"),
    (CART, 'stage = "choosing"', 'stage = "client"', "never opens"),
    (CART, 'after = "4h"', "min = 2", "min counts products"),
    (CART, "min_orders = 1", "max_orders = 2, min_orders = 3", "nobody is meant"),
    (CART, '"choosing/cart"', '"client/*"', "not of the stages"),
    (CART, "min_orders = 1", "rhythm = []", "at least 1"),
    (CART, "min_orders = 1", "context = { place = [] }", "at least one value"),
    (CART, "require = 1", "require = 5", "holds 4 at most"),
    (CART, '"similar"', '"anchor"', "there twice"),
    (CART, '["email"]', '["email", "email"]', "there twice"),
    (CART, "value_share = 1.0", 'lag = "learned"', "no lag is learned"),
    (CART, "value_share = 1.0", 'once_per = "product"', "names no one product"),
    (CART, "value_share = 1.0", 'once_per = "order"', "names no one order"),
    (CART, "value_share = 1.0", 'once_per = "year"', "names no one year"),
    (CART, "value_share = 1.0", 'prerequisite = ["cart-sale"]', "no message 'cart-sale'"),
    (CART, "value_share = 1.0", 'never_after = ["cart-sale"]', "no message 'cart-sale'"),
    (CART, "value_share = 1.0", 'prerequisite = ["cart-reminder"]', "the message itself"),
    (CART, "value_share = 1.0", 'never_after = ["cart-reminder"]', "the message itself"),
    (CART, "value_share = 1.0", "budget = 100", "limits a discount"),
    (CART, "value_share = 1.0", "margin_floor = 0.1", "limits a discount"),
    (CART, "value_share = 1.0", "discount = 1.0", "less than 1"),
    (CART, "value_share = 1.0", 'claims = ["sale_ends"]', "no slot can prove sale_ends"),
    (CART, "{products}", "{order}", "has no order"),
    (DIGEST, 'on = "week"', 'on = "week", after = "7d"', "never opens"),
    (DIGEST, '"popular"', '"ordered"', "nothing to fill ordered from"),
    (DIGEST, '"popular"', '"accessories"', "nothing to fill accessories from"),
    (DIGEST, '"popular"', '"picks"', "same for everybody"),
    (DIGEST, 'on = "week"', 'on = "points"', "needs when.points_short"),
    (DIGEST, 'on = "week"', 'on = "spend"', "needs when.band_share"),
    (DIGEST, 'on = "week"', 'on = "points_expiring", after = "-1d"', "still open after"),
    (DIGEST, 'kind = "broadcast"', 'kind = "transactional"', "not transactional"),
    (STATUS, "tier = 0", "tier = 1", "its tier is 0"),
    (STATUS, '"ordered" }', '"accessories" }', "pushes no products"),
    (STATUS, '"ordered" }', '"anchor" }', "nothing to fill anchor from"),
    (STATUS, "value_share = 0.1", "discount = 0.1", "sells nothing"),
]


@pytest.mark.parametrize(("message", "old", "new", "complaint"), [*UNKNOWN, *IMPOSSIBLE])
def test_each_fault_is_told_with_its_line_and_message(
    tmp_path: Path, message: str | None, old: str, new: str, complaint: str
) -> None:
    # What is added instead of changed stands before what it is added to.
    text, line = changed(message, old, f"{new}\n{old}" if old in ADDED_TO else new)
    told = refusal(tmp_path, text)
    assert "mine.toml is not valid" in told
    assert f"line {line}, " in told
    assert complaint in told
    if message is not None:
        named = "cart-reminders" if new == "cart-reminders" else message
        assert f"line {line}, message {named}: " in told


def test_quiet_hours_need_both_ends(tmp_path: Path) -> None:
    text, line = changed(FILE, 'from = "21:00"\n', "")
    assert f"line {line}, quiet_hours.until: until needs from" in refusal(tmp_path, text)


def test_a_key_that_is_missing_is_told_where_its_message_begins(tmp_path: Path) -> None:
    text, line = changed(CART, "value_share = 1.0\n", "")
    told = refusal(tmp_path, text)
    begins = GOOD.count("\n", 0, GOOD.index('id = "cart-reminder"'))
    assert begins < line
    assert f"line {begins}, message {CART}: value_share: Field required" in told


def test_a_message_without_an_id_is_told_by_its_number(tmp_path: Path) -> None:
    text, line = changed(CART, 'id = "cart-reminder"\n', "")
    assert f"line {line - 1}, message number 2: id: " in refusal(tmp_path, text)


def test_a_message_that_appears_twice_is_told_where_it_does_again(tmp_path: Path) -> None:
    text, line = changed(DIGEST, '"digest"', '"cart-reminder"')
    assert f"line {line}, message {CART}: id: message {CART} appears twice" in refusal(
        tmp_path, text
    )


def test_prerequisites_that_wait_for_each_other_are_a_circle(tmp_path: Path) -> None:
    text, line = changed(CART, "value_share = 1.0", 'prerequisite = ["digest"]\nvalue_share = 1.0')
    circle = text.replace("value_share = 0.3", 'value_share = 0.3\nprerequisite = ["order-status"]')
    path = tmp_path / "mine.toml"
    path.write_text(circle, "utf-8")
    assert Playbook.from_toml(path).message[1].prerequisite == ("digest",)
    told = refusal(tmp_path, circle.replace('["order-status"]', '["cart-reminder"]'))
    assert f"line {line}, message {CART}: prerequisite: {CART} waits for digest" in told
    assert "message digest: prerequisite: digest waits for cart-reminder" in told


def test_a_list_of_one_wrong_word_is_not_told_to_be_empty_too(tmp_path: Path) -> None:
    text, _ = changed(CART, '["email"]', '["mail"]')
    assert "at least" not in refusal(tmp_path, text)


def test_what_waits_for_a_circle_is_not_blamed_for_it(tmp_path: Path) -> None:
    text, _ = changed(CART, "value_share = 1.0", 'prerequisite = ["digest"]\nvalue_share = 1.0')
    text = text.replace("value_share = 0.3", 'value_share = 0.3\nprerequisite = ["digest"]')
    told = refusal(tmp_path, text)
    assert "names the message itself" in told
    assert "waits for" not in told


def test_a_message_that_must_and_must_not_come_after_another_is_refused(tmp_path: Path) -> None:
    both = 'prerequisite = ["digest"]\nnever_after = ["digest"]\nvalue_share = 1.0'
    text, line = changed(CART, "value_share = 1.0", both)
    assert f"line {line + 1}, message {CART}: never_after: digest is a prereq" in refusal(
        tmp_path, text
    )


def test_a_claim_stands_with_products_whose_data_can_prove_it(tmp_path: Path) -> None:
    claims, _ = changed(CART, "value_share = 1.0", 'claims = ["sale_ends"]\nvalue_share = 1.0')
    path = tmp_path / "mine.toml"
    path.write_text(claims.replace('on = "cart"', 'on = "cart_sale"').replace('"similar",', ""))
    assert Playbook.from_toml(path).message[1].claims == ("sale_ends",)
    refused = claims.replace('on = "cart"', 'on = "cart_sale"')
    assert "no slot can prove sale_ends" in refusal(
        tmp_path, refused
    )  # similar may be at full price
    empty = claims.replace('on = "cart"', 'on = "cart_sale"').replace('"similar",', "")
    told = refusal(tmp_path, empty.replace("require = 1", "require = 0"))
    assert "no slot can prove sale_ends, which needs products with sale_until" in told


def test_every_fault_of_a_file_is_told_at_once_in_its_order(tmp_path: Path) -> None:
    text = GOOD.replace("day = 1", "day = 0").replace('until = "09:00"', 'until = "21:00"')
    text = text.replace("{products} for {days}", "{order}").replace("tier = 5", "tier = 9")
    text = text.replace("tier = 0", "tier = 1").replace('"similar",', '"similar", "ordered",')
    text = text.replace("  n = 4", "  n = 4\n  m = 4")
    told = refusal(tmp_path, text).splitlines()
    assert told[0].endswith("mine.toml is not valid:")
    places = [line.strip().split(": ")[0] for line in told[1:]]
    assert places == [
        "line 3, caps.day",
        "line 7, quiet_hours.until",
        "line 13, message order-status",
        "line 34, message cart-reminder",
        "line 43, message cart-reminder",
        "line 46, message cart-reminder",
        "line 51, message digest",
    ]


@pytest.mark.parametrize(
    "text",
    ["", "message = 3", "message = []", "message = [3]", 'message = "digest"', "[message]\nid = 1"],
)
def test_a_file_without_messages_is_refused_too(tmp_path: Path, text: str) -> None:
    assert "line 1, message" in refusal(tmp_path, text) or not text


def test_a_file_that_is_no_toml_is_told_with_the_readers_own_line(tmp_path: Path) -> None:
    assert "line 2" in refusal(tmp_path, "a = 1\nb = = 2")


WORDS = [found.span() for found in re.finditer(r'"[^"\n]*"|[\w.-]+', GOOD)]
OTHERS = (
    '"3d" "-3d" 0 -1 [] {} "x" true 1.5 [1] {a=1} "status" nan "anchor" "" id 2026-01-01'.split()
)


def test_what_is_never_closed_is_missed_on_the_last_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('title = "a"\n\nid = """mine\n', "utf-8")
    with pytest.raises(ConfigError, match=r"Unterminated string \(at the end, line 3\)"):
        Playbook.from_toml(path)


@given(st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(OTHERS)), max_size=3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_written_is_read_or_refused_by_lines_of_the_file(
    tmp_path: Path, changes: list[tuple[tuple[int, int], str]]
) -> None:
    text = GOOD
    for (first, last), new in sorted(changes, reverse=True):
        text = text[:first] + new + text[last:]
    path = tmp_path / "mine.toml"
    path.write_text(text, "utf-8")
    try:
        Playbook.from_toml(path)
    except ConfigError as error:
        lines = [int(one) for one in re.findall(r"line (\d+)", str(error))]
        assert lines
        assert all(1 <= one <= text.count("\n") + 1 for one in lines)
