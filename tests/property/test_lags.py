"""Lag counts and gap statistics against counts in plain Python, and their arithmetic."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nba.data.history import Baskets
from nba.domain import DAY, Ids
from nba.errors import DataError
from nba.statistics.gaps import GapStats
from nba.statistics.lags import LAG_DAYS, Followed, LagCounts, lag_counts
from tests.shops import day, history

TYPES = ["case", "cover", "glass", "phone"]
NAMED = ["ann", "bob", "cat"]
END = 420
DELIVERY = 3


@st.composite
def shops(draw):
    orders = draw(
        st.lists(
            st.tuples(
                st.sampled_from([None, *NAMED]),
                st.integers(0, END - 1),
                st.sets(st.sampled_from(TYPES), min_size=1),
                st.none() | st.integers(0, 9),
            ),
            max_size=18,
            # Two orders of a customer at one instant have no order that plain code could know.
            unique_by=lambda order: (order[0], order[1]),
        )
    )
    return [
        (f"o{number:02}", who, at, sorted(types), delivery)
        for number, (who, at, types, delivery) in enumerate(orders)
    ]


NEEDED = st.dictionaries(
    st.tuples(st.sampled_from(TYPES), st.sampled_from(TYPES)).filter(lambda two: two[0] != two[1]),
    st.integers(1, 60),
    max_size=3,
)
"""(main, second) → days within which owners of the main type may need the second."""


def baskets_of(orders, *, only=None, as_of=END) -> Baskets:
    """Build baskets of types, with deliveries where the order tells one."""
    chosen = [order for order in orders if only is None or order[1] in only]
    baskets = history([order[:4] for order in chosen]).baskets(proving_days=0)
    baskets = baskets.over(Ids.of(TYPES))
    names = [*baskets.customer_ids]
    told = {(who, day(at)): delivery for _, who, at, _, delivery in chosen}
    delivered = [
        np.datetime64("NaT")
        if code >= len(names) or told[names[code], at] is None
        else at + told[names[code], at] * DAY
        for code, at in zip(baskets.customer, baskets.at, strict=True)
    ]
    return replace(
        baskets,
        delivered_at=np.array(delivered, "datetime64[us]"),
        proven=np.ones(len(baskets), np.bool_),
        as_of=day(as_of),
    )


def count(orders, needed=None, *, only=None) -> LagCounts:
    settling = np.zeros((len(TYPES), len(TYPES)), np.int64)
    for (main, second), days in (needed or {}).items():
        settling[TYPES.index(main), TYPES.index(second)] = days
    followed = Followed.of(baskets_of(orders, only=only), delivery_days=DELIVERY)
    return lag_counts(followed, settling=settling if needed else None)


def plain(orders, needed=None) -> tuple[Counter, Counter]:
    """Count events and owners at risk by (first, second, bucket), one customer after another."""
    needed = needed or {}
    events, at_risk = Counter(), Counter()
    for who in NAMED:
        mine = sorted(
            (at, types, DELIVERY if delivery is None else delivery)
            for _, customer, at, types, delivery in orders
            if customer == who
        )
        for place, (at, types, delivery) in enumerate(mine):
            since = at + delivery
            later = mine[place + 1 :]
            for first in types:
                end = min([END, *(other for other, held, _ in later if first in held)])
                for second in set(TYPES) - {first}:
                    leaves, is_event = END + 1, False
                    nexts = [other for other, held, _ in later if second in held]
                    if second in types:
                        leaves = at
                    elif nexts:
                        leaves, is_event = nexts[0], True
                    for (main, need), reach in needed.items():
                        if need != second or main in (first, second):
                            continue
                        got = [
                            other + late for other, held, late in mine[: place + 1] if main in held
                        ]
                        coming = [other + late for other, held, late in later if main in held]
                        if got and got[-1] + reach >= since:
                            leaves, is_event = at, False
                        elif coming and coming[0] < leaves:
                            leaves, is_event = coming[0], False
                    for bucket, (low, high) in enumerate(pairwise(LAG_DAYS.tolist())):
                        if since + high > end:
                            break
                        lag = leaves - since
                        if lag < 0 or (lag == 0 and not is_event):
                            break
                        if lag < low or (low <= lag < high and not is_event):
                            break
                        at_risk[first, second, bucket] += 1
                        if lag < high:
                            events[first, second, bucket] += 1
                            break
    return events, at_risk


def cells(counts: LagCounts, values) -> Counter:
    found = Counter()
    for pair, bucket in zip(*np.nonzero(values), strict=True):
        first, second = (
            counts.types[int(counts.first[pair])],
            counts.types[int(counts.second[pair])],
        )
        found[first, second, int(bucket)] = int(values[pair, bucket])
    return found


@given(shops(), NEEDED)
@settings(max_examples=60)
def test_lag_counts_are_those_of_plain_python(orders, needed) -> None:
    counts = count(orders, needed)
    events, at_risk = plain(orders, needed)
    kept = {
        (counts.types[int(one)], counts.types[int(other)])
        for one, other in zip(counts.first, counts.second, strict=True)
    }
    assert cells(counts, counts.events) == events
    found = cells(counts, counts.at_risk().sum(axis=1))
    assert found == Counter({key: n for key, n in at_risk.items() if key[:2] in kept})
    # Of a pair that is not kept every owner stays at risk.
    owners = counts.owners.sum(axis=1)
    for (first, second, bucket), n in at_risk.items():
        if (first, second) not in kept:
            assert owners[TYPES.index(first), bucket] == n


@given(shops(), NEEDED, st.sets(st.sampled_from(NAMED)))
@settings(max_examples=40)
def test_lag_counts_of_parts_add_up_to_the_whole_and_come_off_again(orders, needed, some) -> None:
    whole = count(orders, needed)
    part, rest = count(orders, needed, only=some), count(orders, needed, only={*NAMED, None} - some)
    assert part + rest == whole
    assert whole - rest == part


@given(shops())
@settings(max_examples=25)
def test_every_event_and_every_owner_is_in_the_totals(orders) -> None:
    counts = count(orders)
    assert counts.taken.sum() == counts.events.sum() == counts.seasons.sum()
    np.testing.assert_array_equal(counts.calendar.sum(axis=2), counts.owners.sum(axis=1))
    missed = np.zeros_like(counts.missed)
    np.add.at(missed, counts.second, counts.gone)
    np.testing.assert_array_equal(counts.missed, missed)


@given(shops(), st.sets(st.sampled_from(NAMED)))
@settings(max_examples=40)
def test_gaps_are_those_of_plain_python_and_add(orders, some) -> None:
    gaps = GapStats.of(baskets_of(orders))
    events, at_risk = np.zeros_like(gaps.events), np.zeros_like(gaps.at_risk)
    for who in NAMED:
        for code, one in enumerate(TYPES):
            bought = sorted(
                at for _, customer, at, types, _ in orders if customer == who and one in types
            )
            for at, after in pairwise([*bought, None]):
                for bucket, high in enumerate(LAG_DAYS[1:].tolist()):
                    if at + high > END:
                        break
                    at_risk[code, bucket] += 1
                    if after is not None and after - at < high:
                        events[code, bucket] += 1
                        break
    np.testing.assert_array_equal(gaps.events, events)
    np.testing.assert_array_equal(gaps.at_risk, at_risk)
    part = GapStats.of(baskets_of(orders, only=some))
    rest = GapStats.of(baskets_of(orders, only={*NAMED, None} - some))
    assert part + rest == gaps
    assert gaps - rest == part


ORDERS = [
    ("o1", "ann", 0, ["phone"], 2),
    ("o2", "ann", 9, ["case"], None),
    ("o3", "bob", 5, ["phone"], None),
    ("o4", "ann", 200, ["phone"], None),
]


@pytest.mark.parametrize("made", [count, lambda orders: GapStats.of(baskets_of(orders))])
def test_counts_come_back_from_a_file_and_a_damaged_one_is_refused(made, tmp_path: Path) -> None:
    counts, path = made(ORDERS), tmp_path / "counts"
    counts.save(path)
    assert type(counts).load(path) == counts
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match="count them again"):
        type(counts).load(path)


def test_counts_until_different_instants_do_not_add() -> None:
    early = Followed.of(baskets_of(ORDERS, as_of=300), delivery_days=DELIVERY)
    with pytest.raises(DataError, match="until one instant"):
        lag_counts(early) + count(ORDERS)
    with pytest.raises(DataError, match="until one instant"):
        GapStats.of(baskets_of(ORDERS, as_of=300)) - GapStats.of(baskets_of(ORDERS))


def test_customers_who_are_not_proven_and_guests_are_not_followed() -> None:
    baskets = baskets_of([*ORDERS, ("o5", None, 1, ["phone"], None)])
    doubted = replace(baskets, proven=np.zeros(len(baskets), np.bool_))
    assert not lag_counts(Followed.of(doubted, delivery_days=DELIVERY)).owners.any()
    assert not GapStats.of(doubted).at_risk.any()
    assert count([*ORDERS, ("o5", None, 1, ["phone"], None)]) == count(ORDERS)


def test_only_pairs_of_enough_customers_are_kept_and_totals_stay() -> None:
    every = count(ORDERS)
    followed = Followed.of(baskets_of(ORDERS), delivery_days=DELIVERY)
    none = lag_counts(followed, min_shared=2)
    assert len(every) == 2
    assert len(none) == 0
    np.testing.assert_array_equal(none.taken, every.taken)
