"""Rows of JSON held to the contract of their table, with the rules of imports."""

from __future__ import annotations

import math
from typing import Any
from unicodedata import category

import duckdb
import numpy as np
import pytest

from nba import schema
from nba.checking import ID_LENGTH, BadRow, Checker, without
from nba.data import checks
from nba.domain import to_instant
from nba.schema import Column, Kind, Table

EVENT: dict[str, Any] = {"event_id": "e1", "type": "view_item", "at": "2026-03-01T12:00:00Z"}


def cell(kind: Kind, value: object, name: str = "cell") -> object:
    """Give what one cell of a kind is read as: its value, or the rule it breaks."""
    checked = Checker(Table("table", (Column(name, kind),))).check({name: value})
    return checked.rule if isinstance(checked, BadRow) else checked[name]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Kind.ID, "0012", "0012"),
        (Kind.ID, 12, "12"),
        (Kind.ID, "", None),
        (Kind.ID, True, "not_an_id"),
        (Kind.ID, 1.5, "not_an_id"),
        (Kind.ID, ["a"], "not_an_id"),
        (Kind.ID, "x" * ID_LENGTH, "x" * ID_LENGTH),
        (Kind.ID, "x" * (ID_LENGTH + 1), "too_long"),
        (Kind.ID, 10**300, "too_long"),
        (Kind.ID, "a\0b", "control_character"),
        (Kind.ID, "a\nb", "control_character"),
        (Kind.ID, "a\ud800", "not_utf8"),
        (Kind.ID, "чай 🍵", "чай 🍵"),
        (Kind.TEXT, "two\nlines", "two\nlines"),
        (Kind.TEXT, "a\0", "nul_byte"),
        (Kind.TEXT, "\udfff", "not_utf8"),
        (Kind.TEXT, {"a": 1}, "not_a_text"),
        (Kind.COUNT, 3, 3),
        (Kind.COUNT, 3.0, "not_an_integer"),
        (Kind.COUNT, "3", "not_a_number"),
        (Kind.COUNT, False, "not_a_number"),
        (Kind.COUNT, -1, "negative"),
        (Kind.COUNT, 2**31, "too_large"),
        (Kind.MONEY, 3000, 3000),
        (Kind.MONEY, 30.5, "not_an_integer"),
        (Kind.MONEY, 10**13, "too_large"),
        (Kind.NUMBER, 4, 4.0),
        (Kind.NUMBER, 1e308, 1e308),
        (Kind.NUMBER, math.inf, "too_large"),
        (Kind.NUMBER, 10**400, "too_large"),
        (Kind.NUMBER, "4", "not_a_number"),
        (Kind.BOOLEAN, True, True),
        (Kind.BOOLEAN, 1, "not_a_boolean"),
        (Kind.BOOLEAN, "true", "not_a_boolean"),
        (Kind.DAY, "1990-05-17", "1990-05-17"),
        (Kind.DAY, "17.05.1990", "not_a_day"),
        (Kind.DAY, 19900517, "not_a_day"),
        (Kind.INSTANT, "2026-03-01", "naive_timestamp"),
        (Kind.INSTANT, "2026-03-01T12:00", "naive_timestamp"),
        (Kind.INSTANT, "soon", "not_an_instant"),
        (Kind.INSTANT, 1772366400, "not_an_instant"),
        (Kind.INSTANT, "1989-12-31T23:59:59Z", "instant_out_of_range"),
        (Kind.INSTANT, "2100-01-01T00:00:01Z", "instant_out_of_range"),
        (Kind.INSTANT, "0001-01-01T00:00+14:00", "instant_out_of_range"),
        (Kind.INSTANT, "9999-12-31T23:59:59-14:00", "instant_out_of_range"),
        (Kind.LIST, ["a", 7], "a,7"),
        (Kind.LIST, "a,b", "a,b"),
        (Kind.LIST, [], None),
        (Kind.LIST, ["a,b"], "not_a_list"),
        (Kind.LIST, {"a": 1}, "not_a_list"),
        (Kind.STATUS, "Ready to ship", "packed"),
        (Kind.STATUS, "оплачено", "paid"),
        (Kind.STATUS, "nowhere", "unknown_cell"),
        (Kind.AVAILABILITY, "In Stock", "in_stock"),
        (Kind.EVENT_TYPE, "look", "unknown_cell"),
        (Kind.CURATED_LIST, "accessory", "accessories"),
    ],
)
def test_a_cell_is_typed_or_breaks_a_rule(kind: Kind, value: object, expected: object) -> None:
    found = cell(kind, value)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize("text", ["2026-03-01T12:00:00Z", "2026-03-01T14:00:00.123456+02:00"])
def test_an_instant_is_that_of_every_other_face(text: str) -> None:
    assert cell(Kind.INSTANT, text) == int(to_instant(text).astype(np.int64))


def test_an_object_of_attributes_becomes_its_text() -> None:
    assert cell(Kind.TEXT, {"b": 1, "a": "ö"}, "attributes") == '{"a":"ö","b":1}'


def test_a_field_that_the_table_does_not_have_is_named_with_those_it_has() -> None:
    checked = Checker(schema.EVENTS).check({**EVENT, "sesion_id": "s"}, 4)
    assert isinstance(checked, BadRow)
    assert (checked.index, checked.column, checked.rule) == (4, "sesion_id", "unknown_column")
    assert "session_id" in checked.problem


@pytest.mark.parametrize("value", [None, "", ...])
def test_a_required_cell_must_be_filled(value: object) -> None:
    row = {name: cell for name, cell in EVENT.items() if name != "type"}
    row |= {} if value is ... else {"type": value}
    checked = Checker(schema.EVENTS).check(row)
    assert isinstance(checked, BadRow)
    assert (checked.column, checked.rule) == ("type", "missing_value")


def test_of_some_columns_one_must_be_filled() -> None:
    checker = Checker(without(schema.ORDER_LINES, ["order_id", "line_no"]))
    assert not isinstance(checker.check({"quantity": 1, "sku": "S"}), BadRow)
    checked = checker.check({"quantity": 1})
    assert isinstance(checked, BadRow)
    assert "sku" in checked.problem


def test_a_cell_given_as_null_is_told_from_one_not_given() -> None:
    checker = Checker(schema.CUSTOMERS)
    assert checker.check({"customer_id": "ann", "tier": None}) == {
        "customer_id": "ann",
        "tier": None,
    }


def test_blanks_around_a_cell_are_cut_as_an_import_cuts_them() -> None:
    checker = Checker(schema.CUSTOMERS)
    blanks = [chr(code) for code in range(0x3100) if category(chr(code)) == "Zs"]
    with duckdb.connect() as connection:
        for blank in blanks:
            cell = f"{blank} eve of{blank}troy {blank}"
            cells = checker.check({"customer_id": cell, "tier": blank * 2})
            ((cut,),) = connection.execute("SELECT trim(?)", [cell]).fetchall()
            assert cells == {"customer_id": cut, "tier": None}
    assert len(blanks) == 17
    bad = checker.check({"customer_id": " "})
    assert isinstance(bad, BadRow)
    assert bad.rule == "missing_value"


def test_bad_rows_stand_beside_good_ones() -> None:
    good, bad = Checker(schema.EVENTS).check_all([EVENT, 7, {}, EVENT])
    assert [index for index, _ in good] == [0, 3]
    assert [(one.index, one.rule) for one in bad] == [(1, "not_an_object"), (2, "missing_value")]


def test_a_problem_repeats_no_more_than_a_little_of_a_value() -> None:
    checked = Checker(schema.EVENTS).check({**EVENT, "type": "x" * 100_000})
    assert isinstance(checked, BadRow)
    assert len(checked.problem) < 500


def test_ids_and_instants_have_the_limits_of_imports() -> None:
    assert ID_LENGTH == checks.ID_LENGTH
    for day in (checks.EARLIEST, checks.LATEST):
        assert cell(Kind.INSTANT, f"{day}T00:00:00Z") == int(
            np.datetime64(day, "us").astype(np.int64)
        )
