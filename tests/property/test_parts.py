"""A shop read and folded some orders at a time is the shop read and folded at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nba.data.history import OrderHistory
from nba.data.shop import read_shop
from nba.domain import DAY
from nba.facts.cuts import cut, known_parts, standing
from nba.facts.histories import Statuses
from nba.facts.known import Known, forget
from nba.facts.parts import Portions
from nba.facts.rows import Rows
from nba.facts.standing import stand
from nba.learn.train import train
from nba.statuses import STATUS_CODE
from tests.effort import times
from tests.property.pasts import AS_OF, BEFORE, LATER, RECIPE, Row, Written, futures, pasts, write
from tests.property.test_import_determinism import same_arrays
from tests.shops import catalog, history, random_orders, rows

SHARES = [Portions(part, held) for part in (1, 3, 8) for held in (0, 1_000)]
"""Lines of a part; rows in files and in memory."""
BEGINNING_AND_END = ("2026-02-01 00:00:00", "2026-04-01 00:00:00")
INSTANTS = [np.datetime64(at, "us") for at in (*BEGINNING_AND_END, *BEFORE, AS_OF, *LATER[1:])]
shares, instants = st.sampled_from(SHARES), st.sampled_from(INSTANTS)
OF_ORDERS = ("order", "status", "status_at", "delivered_at", "returned_at", "kept")
OF_LINES = ("kept_line", "quantity", "revenue")


def assert_same_baskets(one: OrderHistory, other: OrderHistory) -> None:
    assert same_arrays(one.baskets(), other.baskets())
    assert same_arrays(one.purchases(), other.purchases())
    assert one.purchases().revenue.dtype == other.purchases().revenue.dtype
    assert np.array_equal(one.kept_line(), other.kept_line())
    assert repr(one) == repr(other)


def joined(several: Sequence[Known], name: str) -> np.ndarray:
    return np.concatenate([getattr(known, name) for known in several])


def assert_same_known(one: Known, several: Sequence[Known]) -> None:
    for name in (*OF_ORDERS, *OF_LINES):
        whole = getattr(one, name)
        assert np.array_equal(whole, joined(several, name), equal_nan=whole.dtype.kind == "M")
    for known in several:
        assert known.rows.customer_ids == one.rows.customer_ids
        assert known.rows.product_ids == one.rows.product_ids
    products = np.concatenate([known.rows.line_product for known in several])
    assert np.array_equal(one.rows.line_product, products)


@settings(max_examples=times(4, 1_000), deadline=None)
@given(pasts(least=3, most=7), futures(most=7), shares, instants)
def test_a_shop_read_in_any_number_of_parts_is_the_same_at_any_instant(
    told: Row, later: Row, share: Portions, at: np.datetime64
) -> None:
    written = Written(told)
    written.add(later)
    with TemporaryDirectory() as folder:
        whole = write(Path(folder) / "shop", written.tables()).history
        parted = read_shop(Path(folder) / "shop", portions=share).history
    assert same_arrays(whole.rows, parted.rows)
    assert_same_baskets(whole, parted)
    known, earlier = whole.until(at), parted.until(at)
    assert same_arrays(known.rows, earlier.rows)
    assert_same_baskets(known, earlier)


@settings(max_examples=times(4, 1_000), deadline=None)
@given(pasts(least=3, most=7), futures(most=7), shares, instants)
def test_rows_in_another_version_than_stood_come_in_parts_as_well(
    told: Row, later: Row, share: Portions, at: np.datetime64
) -> None:
    written = Written(told)
    written.add(later)
    with TemporaryDirectory() as folder:
        held = write(Path(folder) / "shop", written.tables()).history.rows
    assert_same_parts(held, at, share)


@pytest.mark.parametrize("share", SHARES)
def test_ids_that_only_an_earlier_version_names_are_coded_in_every_part(share: Portions) -> None:
    told = versioned()
    for day in range(1, 9):
        at = np.datetime64(f"2026-01-0{day}", "us")
        assert_same_parts(told, at, share)


def assert_same_parts(told: Rows, at: np.datetime64, share: Portions) -> None:
    assert same_arrays(standing(told, at, share), stand(told, at)[0])
    assert same_arrays(cut(told, at, share), forget(told, at))
    assert_same_known(Known.at(told, at), list(known_parts(told, at, share)))


def versioned() -> Rows:
    """Build orders of which an earlier version names a customer and a product of its own."""
    orders = [
        {
            "order_id": f"o{number}",
            "customer_id": None if number % 3 == 0 else "mia",
            "ordered_at": np.datetime64(f"2026-01-0{number}"),
            "status": "paid",
            "status_at": np.datetime64("2026-01-07"),
        }
        for number in range(1, 6)
    ]
    lines = [
        {"order_id": one["order_id"], "line_no": line, "product_id": f"p{line}", "quantity": 1}
        for one in orders
        for line in (1, 2)
    ]
    versions = [
        orders[number - 1]
        | {"customer_id": customer, "version": "v", "line_no": 1, "product_id": product}
        | {"quantity": 2, "status_at": np.datetime64(f"2026-01-0{number}")}
        for number, customer, product in ((2, "ann", "a"), (3, "zoe", "z"), (4, None, "a"))
    ]
    return Rows.of(orders, lines, versions=versions)


@pytest.mark.parametrize("share", [Portions(7, 0), Portions(50, 10**6), Portions(400, 0)])
def test_guests_are_numbered_over_all_parts(share: Portions) -> None:
    whole = history(random_orders(3, guests=0.4))
    parted = replace(whole, portions=share)
    assert_same_baskets(whole, parted)
    assert whole.baskets().customer.max() >= len(whole.rows.customer_ids) + 50
    assert_same_baskets(whole.until("2026-02-10T00:00Z"), parted.until("2026-02-10T00:00Z"))


def test_money_that_32_bits_do_not_hold_is_exact_in_any_number_of_parts() -> None:
    sold = rows(random_orders(2, orders=40))
    for price, kind in ((2**31 - 1, np.int32), (2**31, np.int64)):
        sold.unit_price[17] = price
        whole = OrderHistory.from_rows(sold)
        paid = whole.purchases()
        assert (paid.revenue.dtype, paid.quantity.dtype) == (kind, np.int32)
        assert paid.revenue.max() == price
        assert_same_baskets(whole, replace(whole, portions=Portions(9, 0)))


def test_a_snapshot_does_not_depend_on_the_parts() -> None:
    sold = rows(random_orders(5, orders=150))
    random = np.random.default_rng(5)
    shipped = np.sort(random.choice(len(sold.customer), 90, replace=False)).astype(np.int32)
    told = Statuses.of(
        shipped,
        sold.ordered_at[shipped] + random.integers(0, 5, 90) * DAY,
        np.full(90, STATUS_CODE["shipped"], np.int8),
    )
    sold = replace(
        sold,
        unit_price=random.integers(0, 9, len(sold.unit_price)) * 50,
        delivered_at=sold.ordered_at + random.integers(2, 9, len(sold.customer)) * DAY,
        statuses=told,
    )
    whole = train(OrderHistory.from_rows(sold), catalog(), RECIPE)
    assert whole.manifest.deliveries["orders"] > 50
    assert len(np.unique(whole.products.price)) > 5
    for portions in (Portions(20, 10**6), Portions(90, 0)):
        parted = OrderHistory.from_rows(sold, portions=portions)
        assert train(parted, catalog(), RECIPE).manifest.digest == whole.manifest.digest


def test_the_fields_that_are_compared_are_all_there_are() -> None:
    others = {"rows", "past"}
    assert {*OF_ORDERS, *OF_LINES, *others} == {field.name for field in fields(Known)}
