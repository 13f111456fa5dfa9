"""Companions and fitting lags, beside counts by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nba.config import AccessoriesConfig
from nba.learn.needs.companions import Companions, find_companions
from nba.learn.needs.finding import learn_needs
from nba.learn.needs.fitting import FittingLags
from nba.statistics.engines.this_machine import ThisMachine
from nba.statistics.lags import LAG_DAYS, Followed, lag_counts
from tests.shops import Order
from tests.unit.learn.inputs import Inputs

MODELS = range(6)
PRODUCTS: list[dict[str, Any]] = [
    {
        "product_id": f"{kind}{model}",
        "title": f"{kind} M{model}",
        "category": f"Shop > {kind}",
        "price": price,
        "compatible_with": f"M{model}" if kind == "case" else "",
    }
    for kind, price in (("case", 2_000), ("phone", 50_000), ("tea", 500))
    for model in MODELS
]


def together(*, matching: bool) -> list[Order]:
    """Let 240 customers buy a case, half of them with a phone; matching models, or any."""
    random = np.random.default_rng(3)
    orders = []
    for customer in range(240):
        phone, case, tea = random.integers(len(MODELS), size=3)
        held = [f"case{phone if matching else case}"]
        if customer % 2:
            held += [f"phone{phone}", f"tea{tea}"]
        orders.append((f"o{customer:03}", f"c{customer:03}", 0.0, held))
    return orders


def companions(given: Inputs, price: dict[str, float] | None = None) -> Companions:
    leaves = [path.rpartition("> ")[2] for path in given.types.categories]
    prices = np.array([(price or {}).get(leaf, np.nan) for leaf in leaves])
    return find_companions(
        given.placed, given.types.category, prices, min_lift=1.3, price_ratio=0.6
    )


def pairs(given: Inputs, found: Companions) -> list[tuple[str, str, int, int]]:
    leaf = [path.rpartition("> ")[2] for path in given.types.categories]
    return [
        (leaf[main], leaf[accessory], int(owners), int(buyers))
        for main, accessory, owners, buyers in zip(
            found.main, found.accessory, found.owners, found.buyers, strict=True
        )
    ]


def test_products_that_go_each_with_its_own_make_their_types_companions() -> None:
    given = Inputs.of(PRODUCTS, together(matching=True))
    found = companions(given)
    # Of the two the phone has fewer owners: 120, all of whom bought a case with it.
    assert pairs(given, found) == [("phone", "case", 120, 120)]
    assert found.expected.tolist() == [120 * 240 / 240]


def test_types_whose_products_mix_are_no_companions_however_often_they_meet() -> None:
    given = Inputs.of(PRODUCTS, together(matching=False))
    assert pairs(given, companions(given)) == []


@pytest.mark.parametrize(
    ("phone", "case", "runs"),
    [
        (100.0, 60.0, [("phone", "case")]),
        (60.0, 100.0, [("case", "phone")]),
        (100.0, 61.0, []),
    ],
)
def test_prices_tell_which_of_two_is_the_accessory(
    phone: float, case: float, runs: list[tuple[str, str]]
) -> None:
    given = Inputs.of(PRODUCTS, together(matching=True))
    found = companions(given, {"phone": phone, "case": case})
    assert [(main, accessory) for main, accessory, _, _ in pairs(given, found)] == runs


def test_companions_are_needs_without_a_lag() -> None:
    given = Inputs.of(PRODUCTS, together(matching=True))
    needs = learn_needs(
        given.placed,
        given.products,
        given.listing,
        given.types,
        given.fits,
        AccessoriesConfig(),
        ThisMachine(),
        delivery_days=3,
    )
    assert (needs.owners.tolist(), needs.buyers.tolist()) == ([120], [120])
    assert needs.lag_days.tolist() == needs.offer_day.tolist() == [0]
    assert needs.window_days.tolist() == [AccessoriesConfig().window_days]
    assert not needs.events.any()
    assert not needs.at_risk.any()


def fitting(orders: list[Order], as_of: float) -> tuple[FittingLags, Followed, Inputs]:
    given = Inputs.of(PRODUCTS, [*orders, ("end", None, as_of, ["tea0"])])
    followed = Followed.of(given.placed, delivery_days=2)
    kinds = [path.rpartition("> ")[2] for path in given.types.categories]
    pair = np.array([[kinds.index("phone")], [kinds.index("case")]])
    lags = FittingLags.of(followed, given.types.category, given.fits, pair)
    return lags, followed, given


def test_only_an_order_of_what_fits_ends_a_following() -> None:
    lags, _, _ = fitting(
        [
            ("o1", "ann", 0, ["phone1"]),
            ("o2", "ann", 5, ["case2"]),
            ("o3", "ann", 12, ["case1"]),
        ],
        as_of=20,
    )
    bucket = int(np.searchsorted(LAG_DAYS, 12 - 2, "right")) - 1
    assert np.flatnonzero(lags.events[0]).tolist() == [bucket]
    assert lags.at_risk[0].sum(axis=0)[: bucket + 2].tolist() == [1] * (bucket + 1) + [0]


@pytest.mark.parametrize(
    ("case_day", "case"),
    [(0, "case1"), (1, "case1")],
    ids=["in the same order", "between order and arrival"],
)
def test_who_has_what_fits_was_never_at_risk(case_day: float, case: str) -> None:
    orders: list[Order] = [("o1", "ann", 0, ["phone1"]), ("o2", "ann", case_day, [case])]
    if case_day == 0:
        orders = [("o1", "ann", 0, ["phone1", case])]
    lags, _, _ = fitting(orders, as_of=50)
    assert not lags.events.any()
    assert not lags.at_risk.any()


def test_following_ends_with_the_next_phone_and_with_the_history() -> None:
    lags, _, _ = fitting(
        [("o1", "ann", 0, ["phone1"]), ("o2", "ann", 10, ["phone2"]), ("o3", "ann", 11, ["case1"])],
        as_of=30,
    )
    observed = lags.at_risk[0].sum(axis=0)
    # The first phone is followed for 8 days from its arrival, the second for 18.
    assert observed[np.flatnonzero(LAG_DAYS[1:] <= 8)].tolist() == [2] * 8
    assert not observed[np.flatnonzero(LAG_DAYS[1:] > 18)].any()
    assert not lags.events.any()


def test_earlier_purchases_tell_how_often_something_fits_by_chance() -> None:
    orders: list[Order] = []
    for customer in range(40):
        case = customer % 2
        orders += [
            (f"a{customer:02}", f"c{customer:02}", 0, [f"case{case}"]),
            (f"b{customer:02}", f"c{customer:02}", 9, ["phone0"]),
        ]
    lags, _, _ = fitting(orders, as_of=30)
    # Half of the 40 earlier cases fit; 5 more count as any case does: half of those bought.
    assert lags.chance[0] == pytest.approx(0.5)


def test_sharpened_counts_hold_the_fitting_lags_and_leave_the_others() -> None:
    orders: list[Order] = []
    for customer in range(6):
        name = f"c{customer}"
        orders += [
            (f"a{name}", name, 0, ["phone1", "tea1"]),
            (f"b{name}", name, 6, ["case2"]),
            (f"c{name}", name, 20, ["case1"]),
        ]
    lags, _, given = fitting(orders, as_of=90)
    types = Followed.of(
        given.placed.coarsened(given.types.category, given.types.categories), delivery_days=2
    )
    counts = lag_counts(types)
    sharp, share = lags.sharpen(counts)
    pair = int(np.flatnonzero((counts.first == lags.first) & (counts.second == lags.second))[0])
    np.testing.assert_array_equal(sharp.events[pair], lags.events[0])
    np.testing.assert_array_equal(sharp.at_risk()[pair], lags.at_risk[0])
    assert share[pair] == lags.chance[0]
    others = np.arange(len(counts)) != pair
    np.testing.assert_array_equal(sharp.events[others], counts.events[others])
    np.testing.assert_array_equal(sharp.gone[others], counts.gone[others])
    assert (share[others] == 1).all()
