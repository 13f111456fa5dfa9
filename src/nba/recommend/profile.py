"""What is known of a customer: rhythm, worth, segments, what they own, and what is due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from nba.artifacts.habits import WEEK_DAYS
from nba.artifacts.needs import NEED_KINDS
from nba.artifacts.rhythm import INTERVAL, STATES
from nba.artifacts.segments import RHYTHM
from nba.artifacts.snapshot import Snapshot
from nba.domain import DAY, iso, significant
from nba.recommend.chances import Chances
from nba.recommend.due import due_dates

PART_LEVEL: Final = 0.5
"""Share of the needs for a part that come between its two dates: quartiles were learned."""
SHOWN: Final = 50
"""Owned products, and due refills, listed at most."""

Figures = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Profile:
    """Figures of a customer that depend on no stage; money in minor units.

    Attributes:
        customer_id: of whom.
        as_of: up to when orders were known, or the later instant asked about.
        known: whether the snapshot knows an order, or a word of the shop, of this customer.
        rhythm: `state` (active, at_risk, lost; none without an order) with its look, and what it
            rests on: order days, the first and the last, orders a week, and `silence`, the share
            of such customers who would be silent for so long without having left.
        p_alive: probability that they have not left for good.
        horizon_days: of the next two.
        expected_purchases: days with an order.
        lifetime_value: `expected` profit, and `low` and `high`, between which it lies with
            probability `level`.
        segments: id, kind, label, colour, icon and evidence of each.
        progress: points, spend of the period, and what is missing to the next band and tier.
        owned: durable products, the latest first, at most 50.
        due: what runs out, the most likely first, at most 50; then what wears out, by its date.
        model: snapshot_id, trained_at, data_until.
    """

    customer_id: str
    as_of: str
    known: bool
    rhythm: Figures
    p_alive: float
    horizon_days: int
    expected_purchases: float
    lifetime_value: Figures
    segments: Sequence[Figures]
    progress: Figures | None
    owned: Sequence[Figures]
    due: Sequence[Figures]
    model: Mapping[str, str | None]

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        return {name: getattr(self, name) for name in self.__slots__}


def profile(snapshot: Snapshot, customer: str, at: np.datetime64, *, horizon_days: int) -> Profile:
    """Put together what a snapshot knows of a customer.

    Args:
        snapshot: what was learned.
        customer: an id; of one nobody knows all figures are 0 and all lists empty.
        at: the instant asked about; before the last orders known, theirs holds.
        horizon_days: of expected purchases and lifetime value, above 0.

    Raises:
        ConfigError: the horizon is not above 0.
    """
    code = snapshot.customers.ids.find(customer)
    member = snapshot.segments.ids.find(customer)
    instant = max(at, snapshot.customers.as_of[0])
    manifest = snapshot.manifest
    return Profile(
        customer,
        iso(instant) or "",
        code is not None or member is not None,
        **_rhythm(snapshot, code, instant, horizon_days),
        segments=[] if member is None else snapshot.segments.segments_of(member),
        progress=None if member is None else snapshot.segments.progress_of(member),
        owned=[] if code is None else _owned(snapshot, code),
        due=[] if code is None else _due(snapshot, code, instant),
        model={
            "snapshot_id": manifest.snapshot_id,
            "trained_at": manifest.trained_at,
            "data_until": manifest.data_until,
        },
    )


def _rhythm(
    snapshot: Snapshot, code: int | None, at: np.datetime64, horizon_days: int
) -> dict[str, Any]:
    rhythm = snapshot.rhythm
    if code is None:
        nothing = {"expected": 0, "low": 0, "high": 0, "level": INTERVAL}
        return {
            "rhythm": {"state": STATES[0]},
            "p_alive": 0.0,
            "horizon_days": horizon_days,
            "expected_purchases": 0.0,
            "lifetime_value": nothing,
        }
    one = np.array([code])
    state = int(rhythm.state(one, at)[0])
    value = rhythm.lifetime_value(one, at, horizon_days)
    found: dict[str, Any] = {"state": STATES[state]}
    if state:
        look = snapshot.segments.look(RHYTHM, state - 1)
        found |= {name: look[name] for name in ("label", "colour", "icon")}
        found["evidence"] = {
            "order_days": int(rhythm.days[code]),
            "first_day": str(rhythm.first_day[code]),
            "last_day": str(rhythm.last_day[code]),
            "orders_a_week": significant(float(rhythm.weekly_rate(one, at)[0])),
            "silence": significant(float(rhythm.silence(one, at)[0])),
        }
    return {
        "rhythm": found,
        "p_alive": significant(float(rhythm.p_alive(one, at)[0])),
        "horizon_days": horizon_days,
        "expected_purchases": significant(
            float(rhythm.expected_purchases(one, at, horizon_days)[0])
        ),
        "lifetime_value": {
            "expected": round(float(value.expected[0])),
            "low": round(float(value.low[0])),
            "high": round(float(value.high[0])),
            "level": INTERVAL,
        },
    }


def _owned(snapshot: Snapshot, code: int) -> list[Figures]:
    customers, products = snapshot.customers, snapshot.products
    span = customers.span(code)
    owned = np.flatnonzero(products.is_durable[customers.product[span]]) + span.start
    latest = owned[np.lexsort((owned, -customers.last_at[owned].astype(np.int64)))]
    return [
        {
            "product_id": products.ids[int(customers.product[cell])],
            "title": products.title[int(customers.product[cell])],
            "evidence": {
                "orders": int(customers.orders[cell]),
                "last_at": iso(customers.last_at[cell]),
            },
        }
        for cell in latest[:SHOWN].tolist()
    ]


def _due(snapshot: Snapshot, code: int, at: np.datetime64) -> list[Figures]:
    """List refills by the chance to be bought within a week, then parts by the day they are due."""
    products, customers = snapshot.products, snapshot.customers
    codes, chance = Chances.of(snapshot).again(code, at)
    refilled = ~products.is_durable[codes] & snapshot.repurchase.known[customers.span(code)]
    codes, chance = codes[refilled], chance[refilled]
    best = np.lexsort((codes, -chance))[:SHOWN]
    dates = due_dates(snapshot, code, codes[best], at)
    refills = [
        {
            "product_id": products.ids[int(codes[row])],
            "title": products.title[int(codes[row])],
            "kind": "buy_again",
            "evidence": {
                "probability": significant(float(chance[row])),
                "within_days": WEEK_DAYS,
                **date,
            },
        }
        for row, date in zip(best.tolist(), dates, strict=True)
    ]
    return [*refills, *_parts(snapshot, code, at)]


def _parts(snapshot: Snapshot, code: int, at: np.datetime64) -> list[Figures]:
    """List what comes to be needed with what a customer owns, by type, and when."""
    needs, customers = snapshot.needs, snapshot.customers
    span = customers.span(code)
    kinds = needs.product_type[customers.product[span]]
    last_of: dict[int, int] = {}
    for cell, kind in zip(range(span.start, span.stop), kinds.tolist(), strict=True):
        if kind not in last_of or customers.last_at[cell] > customers.last_at[last_of[kind]]:
            last_of[kind] = cell
    found = []
    for kind, cell in sorted(last_of.items()):
        low, high = np.searchsorted(needs.main, [kind, kind + 1])
        for pair in range(int(low), int(high)):
            part = int(needs.accessory[pair])
            since, days = customers.last_at[cell], int(needs.lag_days[pair])
            has = part in last_of and customers.last_at[last_of[part]] > since
            until = since + int(needs.lag_high[pair]) * DAY
            if NEED_KINDS[needs.kind[pair]] == "accessory" or not days or has or until < at:
                continue
            found.append(
                {
                    "category": needs.types[part],
                    "kind": NEED_KINDS[needs.kind[pair]],
                    "evidence": {
                        "of": snapshot.products.ids[int(customers.product[cell])],
                        "bought_at": iso(since),
                        "due_at": iso(since + days * DAY),
                        "due_from": iso(since + int(needs.lag_low[pair]) * DAY),
                        "due_until": iso(until),
                        "level": PART_LEVEL,
                        "owners": int(needs.owners[pair]),
                        "buyers": int(needs.buyers[pair]),
                    },
                }
            )
    return sorted(found, key=lambda one: (one["evidence"]["due_at"], one["category"]))
