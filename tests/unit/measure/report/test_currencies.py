"""Money of other currencies than euros, and of several at a time."""

from __future__ import annotations

import json

import duckdb
import numpy as np
import pytest

from nba.measure.report import words
from nba.measure.report.documents import cohorts_document, experiments_document, kpis_document
from nba.measure.report.layout import sections, tiles
from nba.measure.report.parts import compared, written
from nba.measure.report.pictures import cohort_value, series
from nba.measure.report.source import Source
from nba.measure.report.writing import write_report
from tests.shops import SIX_ORDERS
from tests.snapshots import snapshot
from tests.unit.measure.report.sources import source_of

THIN = "\u202f"


def told(folder, *currencies, statuses=()):
    """Give the six orders in a folder in which each has a currency, and delivered by default."""
    rows = ", ".join(
        f"('o{number}', TIMESTAMP '2026-01-02', '{status}', {currency!r})"
        for number, (currency, status) in enumerate(
            zip(currencies, statuses or ["delivered"] * len(currencies), strict=True), 1
        )
    )
    duckdb.sql(
        f"COPY (SELECT * FROM (VALUES {rows}) t(order_id, ordered_at, status, currency)) "
        f"TO '{folder / 'orders.parquet'}' (FORMAT parquet)"
    )
    return source_of(SIX_ORDERS, path=folder)


def test_orders_of_several_currencies_have_none_together(tmp_path):
    source = told(tmp_path, "EUR", "eur", "EUR", "USD", "USD", "JPY")
    assert source.mixed
    assert source.currency == ""
    for one in (kpis_document(source), cohorts_document(source), experiments_document(source, ())):
        assert one["currency"] is None
        assert one["currencies"] == {"EUR": 3, "USD": 2, "JPY": 1}
        assert list(one["currencies"]) == ["EUR", "USD", "JPY"]


def test_the_page_says_loudly_that_sums_mix_currencies(tmp_path):
    write_report(told(tmp_path, "EUR", "EUR", "USD"), tmp_path / "out", name="Shop")
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    line = "Orders are in EUR (2), USD (1): sums mix them; report each shop apart."
    assert f'<p class="raised"><strong>{line}</strong></p>' in page
    assert "Money in several currencies." in page


def test_one_currency_of_the_orders_comes_before_that_of_products(tmp_path):
    source = told(tmp_path, "JPY", "JPY")
    assert (source.currency, source.mixed) == ("JPY", False)
    assert words.mixture(source.currencies) == ""


def test_orders_that_came_to_nothing_mix_nothing(tmp_path):
    statuses = ("delivered", "cancelled", "returned")
    assert told(tmp_path, "EUR", "USD", "JPY", statuses=statuses).currencies == {"EUR": 1}


def test_where_orders_tell_none_that_of_the_products_sold_counts():
    # Kettles are in five of the six orders and tea in four, of which three hold both.
    sold = source_of(SIX_ORDERS)
    assert sold.currencies == {"EUR": 6}
    learned = snapshot(
        [{"id": "kettle", "currency": "EUR"}, {"id": "tea", "currency": "USD"}, {"id": "cup"}]
    )
    mixed = Source(sold.shop, learned)
    assert mixed.currencies == {"EUR": 5, "USD": 4}
    assert mixed.mixed
    assert source_of(()).currency == "EUR"


@pytest.mark.parametrize(
    ("currency", "minor", "text"),
    [
        ("EUR", 12_345, "123.45"),
        ("", 12_345, "123.45"),
        ("jpy", 123, "123"),
        ("JPY", 12_345, f"12{THIN}345"),
        ("KWD", 12_345, "12.345"),
        ("EUR", 1_234_567, f"12{THIN}346"),
        ("EUR", None, words.DASH),
    ],
)
def test_money_has_the_digits_of_its_currency(currency, minor, text):
    assert words.money(minor, currency) == text
    assert written("revenue", minor, currency) == text


def test_the_page_writes_yen_as_yen(tmp_path):
    source = told(tmp_path, "JPY", "JPY")
    kpis = kpis_document(source)
    shown = {one.term: one.value for one in tiles(kpis)}
    # Fourteen pieces of 100 yen in six orders.
    assert kpis["revenue"] == 1400
    assert shown["revenue"] == f"1{THIN}400"
    assert shown["average_order_value"] == "233"
    (sales, *_) = sections(kpis, experiments_document(source, ()), (), ())
    months = next(one for one in sales.tables if one.title == "Month by month")
    assert months.rows[0][months.terms.index("revenue")] == f"1{THIN}400"


def test_the_picture_of_value_is_in_the_currency():
    row = {"cohort": "2026-01", "since": 0, "customers": 3, "revenue": 600, "per_customer": 200.0}
    drawn = cohort_value._chart([row], "JPY").to_dict(format="vega-lite")
    assert '"paid": 200.0' in json.dumps(drawn)


def test_the_figures_by_month_are_in_the_currency():
    revenue = {"figure": "revenue", "month": "2026-01", "value": 500.0, "low": 400.0, "high": 600.0}
    assert series._told(revenue, "JPY") == "500 JPY (400 to 600)"
    assert series._told(revenue, "EUR") == "5.00 EUR (4.00 to 6.00)"
    changed = revenue | {"change": 50.0, "low": -20.0, "high": 120.0}
    assert series._change(changed, "JPY") == "+50 JPY a day (95 % jointly: -20 to +120)"
    drawn = series._chart(
        [revenue | {"is_finished": True}], [], "JPY", np.datetime64("2026-02-01T00:00:00", "us")
    )
    assert '"value": 500.0' in json.dumps(drawn.to_dict(format="vega-lite"))


def test_a_comparison_is_in_the_unit_of_its_metric():
    row = {"metric": "conversion", "arm": "a", "mean": 0.0523, "difference": -0.004, "low": None}
    assert compared("mean", row) == f"5.2{THIN}%"
    assert compared("difference", row) == f"-0.40{THIN}%"
    assert compared("low", row) == words.DASH
    assert compared("arm", row) == "a"
    row |= {"metric": "revenue", "mean": 1550.0, "difference": -25.0}
    assert compared("mean", row, "EUR") == "15.50"
    assert compared("difference", row, "JPY") == "-25"


def test_a_small_effect_of_a_message_is_not_nothing():
    assert written("effect", 0.004) == "0.00400"
    assert written("low", -0.00012) == "-0.000120"
    assert written("treated_mean", 1.25) == "1.25"
    assert written("high", 0.0) == "0"
    assert written("held_out_mean", 1234.5) == f"1{THIN}234"
