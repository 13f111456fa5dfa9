"""Which segments every customer is in, what that rests on, and how it is shown."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nba.domain import Ids, Texts

KINDS: Final = ("rfm", "band", "tier", "fan", "rhythm", "rule")
"""The kinds of segment, in the order of the tables of `Segments`."""
RFM, BAND, TIER, FAN, RHYTHM, RULE = range(len(KINDS))


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """Customers who have an id and an order, or whom the shop describes, sorted by id.

    Money is in minor units; figures of purchases are of kept ones.

    Attributes:
        ids: the customer ids.
        has_bought: bool per customer; without a kept purchase what follows up to `monetary` is 0.
        recency_score, frequency_score, monetary_score: int8 per customer, 1 (worst) to 5 (best).
        segment: int8 per customer: one of the ten of kind `rfm`.
        order_days: int32 per customer: distinct days (UTC) with an order.
        days_since_last: int32 per customer: days before that of the last fact.
        monetary: int64 per customer: the revenue or profit that the monetary score ranks.
        spend: int64 per customer: revenue of the period.
        is_banded: bool per customer: of an account type that has bands.
        has_band: bool per customer: in a band; `band` is 0 where not.
        band: int8 per customer: one of kind `band`.
        has_tier: bool per customer: the shop says a tier; `tier` is 0 where not.
        tier: int32 per customer: one of kind `tier`.
        has_points: bool per customer: the shop says how many points; `points` is 0 where not.
        points: int64 per customer.
        is_fan: bool per customer.
        fan_score: float32 per customer, 0 to 1.
        reviews, referrals: int32 per customer: reviews and ratings written, customers brought.
        rules: uint8[customers, ceil(rules / 8)]: bit n, the highest first, is the n-th rule.
        kind_start: int64[kinds + 1]: the looks of kind k are at kind_start[k]:kind_start[k + 1].
        look_id, look_label, look_colour, look_icon: one text a segment of any kind.
        band_floor: int64 per band, rising: the least spend in it.
        tier_floor: int64 per tier that the recipe knows, rising: the spend that it takes; tiers
            beyond those are only named by the shop.
        rule_where: one text a rule: its conditions, a JSON list.
        period_days: int32[1]: length of the period.
    """

    ids: Ids
    has_bought: NDArray[np.bool_]
    recency_score: NDArray[np.int8]
    frequency_score: NDArray[np.int8]
    monetary_score: NDArray[np.int8]
    segment: NDArray[np.int8]
    order_days: NDArray[np.int32]
    days_since_last: NDArray[np.int32]
    monetary: NDArray[np.int64]
    spend: NDArray[np.int64]
    is_banded: NDArray[np.bool_]
    has_band: NDArray[np.bool_]
    band: NDArray[np.int8]
    has_tier: NDArray[np.bool_]
    tier: NDArray[np.int32]
    has_points: NDArray[np.bool_]
    points: NDArray[np.int64]
    is_fan: NDArray[np.bool_]
    fan_score: NDArray[np.float32]
    reviews: NDArray[np.int32]
    referrals: NDArray[np.int32]
    rules: NDArray[np.uint8]
    kind_start: NDArray[np.int64]
    look_id: Texts
    look_label: Texts
    look_colour: Texts
    look_icon: Texts
    band_floor: NDArray[np.int64]
    tier_floor: NDArray[np.int64]
    rule_where: Texts
    period_days: NDArray[np.int32]

    def __len__(self) -> int:
        """Count the customers."""
        return len(self.ids)

    def look(self, kind: int, code: int) -> dict[str, str]:
        """Give id, kind, label, colour and icon of a segment, ready for JSON."""
        place = int(self.kind_start[kind]) + code
        return {
            "id": self.look_id[place],
            "kind": KINDS[kind],
            "label": self.look_label[place],
            "colour": self.look_colour[place],
            "icon": self.look_icon[place],
        }

    def rules_of(self, customer: int) -> list[int]:
        """List the rules whose conditions a customer meets."""
        count = len(self.rule_where)
        return [int(one) for one in np.flatnonzero(np.unpackbits(self.rules[customer])[:count])]

    def segments_of(self, customer: int) -> list[dict[str, Any]]:
        """List what a customer is in, ready for JSON.

        Each is a `look` with `evidence`: the figures that decided it. The states of a customer's
        rhythm are decided elsewhere; only their looks are here.
        """
        found: list[dict[str, Any]] = []
        if self.has_bought[customer]:
            evidence: dict[str, Any] = {
                "r": int(self.recency_score[customer]),
                "f": int(self.frequency_score[customer]),
                "m": int(self.monetary_score[customer]),
                "days_since_last": int(self.days_since_last[customer]),
                "order_days": int(self.order_days[customer]),
                "monetary": int(self.monetary[customer]),
            }
            found.append(self.look(RFM, int(self.segment[customer])) | {"evidence": evidence})
        spent = self._spent(customer)
        if self.has_band[customer]:
            found.append(self.look(BAND, int(self.band[customer])) | {"evidence": spent})
        if self.has_tier[customer]:
            found.append(self.look(TIER, int(self.tier[customer])) | {"evidence": spent})
        if self.is_fan[customer]:
            evidence = {
                "score": round(float(self.fan_score[customer]), 6),
                "order_days": int(self.order_days[customer]),
                "days_since_last": int(self.days_since_last[customer]),
                "reviews": int(self.reviews[customer]),
                "referrals": int(self.referrals[customer]),
            }
            found.append(self.look(FAN, 0) | {"evidence": evidence})
        for rule in self.rules_of(customer):
            evidence = {"where": json.loads(self.rule_where[rule])}
            found.append(self.look(RULE, rule) | {"evidence": evidence})
        return found

    def progress_of(self, customer: int) -> dict[str, Any]:
        """Say what a customer has and what is missing to the next band and tier, ready for JSON.

        Returns:
            `points`, null where the shop does not say; `spend` of the period and `period_days`;
            `next_band` and `next_tier`: id, `at` (the spend it takes) and `missing` of it, 0 where
            the spend is reached and the shop has not promoted the customer; null at the top, for
            customers without bands, and for tiers that the recipe does not know.
        """
        points = int(self.points[customer]) if self.has_points[customer] else None
        band = int(self.band[customer]) + 1 if self.has_band[customer] else 0
        tier = int(self.tier[customer]) + 1 if self.has_tier[customer] else 0
        return {
            "points": points,
            **self._spent(customer),
            "next_band": self._next(BAND, self.band_floor, band, customer)
            if self.is_banded[customer]
            else None,
            "next_tier": self._next(TIER, self.tier_floor, tier, customer),
        }

    def _spent(self, customer: int) -> dict[str, int]:
        return {"spend": int(self.spend[customer]), "period_days": int(self.period_days[0])}

    def _next(
        self, kind: int, floor: NDArray[np.int64], code: int, customer: int
    ) -> dict[str, Any] | None:
        if code >= len(floor):
            return None
        at = int(floor[code])
        missing = max(at - int(self.spend[customer]), 0)
        return {"id": self.look_id[int(self.kind_start[kind]) + code], "at": at, "missing": missing}


@dataclass(frozen=True, slots=True, eq=False)
class FanPaths:
    """What most often precedes becoming a fan, the surest path first.

    Attributes:
        steps: the steps, as `message:<id>`, `answered:<id>` of a message that was clicked or
            useful, `bought:<category>`, or `bought:<product id>` of a product without one.
        length: int8 per path: 1 to 3.
        path: int32[paths, 3]: its steps in order, a place in `steps`; 0 beyond its length.
        fans: int64 per path: fans who went it in the window before becoming one.
        others: int64 per path: other customers who went it before reaching the same age.
        others_share: float32 per path: the share of them, were they as busy as the fans.
        lift: float32 per path: the smoothed share of fans over that of others.
        lift_low: float32 per path: lower 5 % bound of the lift, by which they are sorted.
        fan_count, other_count: int64[1]: how many were compared.
    """

    steps: Texts
    length: NDArray[np.int8]
    path: NDArray[np.int32]
    fans: NDArray[np.int64]
    others: NDArray[np.int64]
    others_share: NDArray[np.float32]
    lift: NDArray[np.float32]
    lift_low: NDArray[np.float32]
    fan_count: NDArray[np.int64]
    other_count: NDArray[np.int64]

    def __len__(self) -> int:
        """Count the paths."""
        return len(self.length)

    def to_rows(self) -> list[dict[str, Any]]:
        """List the paths, ready for JSON: steps, fans, others, shares, lift and its lower bound."""
        fans = max(int(self.fan_count[0]), 1)
        return [
            {
                "steps": [self.steps[int(one)] for one in self.path[row, : self.length[row]]],
                "fans": int(self.fans[row]),
                "fans_share": round(int(self.fans[row]) / fans, 6),
                "others": int(self.others[row]),
                "others_share": round(float(self.others_share[row]), 6),
                "lift": round(float(self.lift[row]), 6),
                "lift_low": round(float(self.lift_low[row]), 6),
            }
            for row in range(len(self))
        ]
