"""The list of customers: how many are where, and who they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from nba.artifacts.rhythm import STATES as RHYTHMS
from nba.artifacts.segments import BAND, FAN, KINDS, RFM, RULE, TIER, Segments
from nba.artifacts.snapshot import Snapshot
from nba.domain import iso
from nba.facts.fold import Facts
from nba.facts.stages import STAGES
from nba.state.erasure import is_erased
from nba.state.listing import list_customers
from nba.state.standing import claimants
from nba.vocabulary import NOTHING_SENT
from nba_api.console.counting import Count, rhythms
from nba_api.live import Live
from nba_api.next_messages import next_message
from nba_api.queries import MAX_ID

A_PAGE: Final = 50
_LISTED_AT_ONCE: Final = 1000
"""Ids of one look at the store: a page far behind takes few looks."""


class CustomersQuery(BaseModel):
    """Which customers to list; empty fields, as a form sends them, ask for nothing.

    Attributes:
        stage: a word of `vocabulary.Stage`.
        rhythm: a word of `artifacts.rhythm.STATES`.
        segment: kind and id with a colon between.
        q: with which an id begins.
        page: from 1 on.
    """

    stage: str = Field("", max_length=40)
    rhythm: str = Field("", max_length=40)
    segment: str = Field("", max_length=MAX_ID)
    q: str = Field("", max_length=MAX_ID)
    page: int = Field(1, ge=1, le=10_000)

    def address(self, **changes: Any) -> str:  # noqa: ANN401 - a number or a text
        """Give the address of the list with other fields."""
        fields = self.model_dump() | {"page": 1} | changes
        told = {name: one for name, one in fields.items() if one and (name, one) != ("page", 1)}
        return f"/console/customers?{urlencode(told)}" if told else "/console/customers"


@dataclass(frozen=True, slots=True)
class Found:
    """One page of the customers that somebody asked for.

    Attributes:
        customers: ids.
        count: how many there are on all pages; None where that is not known.
        has_more: whether another page follows.
    """

    customers: Sequence[str]
    count: int | None
    has_more: bool


def find(live: Live, count: Count, query: CustomersQuery) -> Found:
    """Give the customers of a page of the list.

    Who is looked for by id alone is looked for in the store; who is also looked for by where they
    are, among those counted.

    Raises:
        StateError: the store cannot be read.
    """
    first = (query.page - 1) * A_PAGE
    if query.q and not (query.stage or query.rhythm or query.segment):
        ids, number = _beginning_with(live, query.q, first + A_PAGE + 1), None
    else:
        chosen = np.flatnonzero(_chosen(count, query))
        ids = sorted(count.customers[row] for row in chosen.tolist())
        ids = [one for one in ids if one.startswith(query.q)]
        number = len(ids)
    page = ids[first : first + A_PAGE]
    with live.store.reading() as connection:
        erased = is_erased(connection, page)
    shown = [one for one in page if one not in erased]
    return Found(shown, number, len(ids) > first + A_PAGE)


def _beginning_with(live: Live, prefix: str, most: int) -> list[str]:
    """List the first customers whose id begins so, or a few more."""
    ids: list[str] = []
    last: str | None = ""
    while last is not None and len(ids) < most:
        listed = list_customers(live.store, last, min(most, _LISTED_AT_ONCE), prefix=prefix)
        ids += listed.customers
        last = listed.last
    return ids


def _chosen(count: Count, query: CustomersQuery) -> NDArray[np.bool_]:
    chosen = np.ones(len(count.customers), np.bool_)
    if query.stage:
        chosen &= count.stage == _place([str(one) for one in STAGES], query.stage)
    if query.rhythm:
        chosen &= count.rhythm == _place(RHYTHMS, query.rhythm)
    if query.segment:
        kind, _, one = query.segment.partition(":")
        inside = _inside(count.snapshot.segments, kind, one)
        chosen &= (count.member >= 0) & inside[count.member] if len(inside) else False
    return chosen


def _place(names: Sequence[str], name: str) -> int:
    """Give the code of a name; of none, one that nobody has."""
    return names.index(name) if name in names else -1


def _inside(segments: Segments, kind: str, one: str) -> NDArray[np.bool_]:
    """Tell of each member of the segments whether they are in one of them."""
    nobody = np.zeros(len(segments), np.bool_)
    if kind not in KINDS:
        return nobody
    place = KINDS.index(kind)
    first, last = segments.kind_start[place : place + 2].tolist()
    code = _place([segments.look_id[look] for look in range(first, last)], one)
    if code < 0:
        return nobody
    if place == RULE:
        # Bit n, the highest of each byte first, is the n-th rule.
        return np.asarray(segments.rules[:, code // 8] & (0x80 >> code % 8), np.bool_)
    members: dict[int, NDArray[np.bool_]] = {
        RFM: segments.has_bought & (segments.segment == code),
        BAND: segments.has_band & (segments.band == code),
        TIER: segments.has_tier & (segments.tier == code),
        FAN: segments.is_fan,
    }
    return members.get(place, nobody)


def rows(live: Live, customers: Sequence[str]) -> list[dict[str, Any]]:
    """Tell where customers are now, what they ordered, and what they should get next.

    Raises:
        StateError: the store cannot be read.
        SnapshotError: no snapshot was ever published, or the only one is damaged.
    """
    if not customers:
        return []
    serving, at = live.serving(), live.instant(None)
    facts = live.store.facts(customers, at)
    # What waits is not looked for, which makes it quick; what is claimed is known of few.
    (told,) = serving.policy.columns(facts, at)
    claimed = {
        one: next_message(live.store, serving.policy, one, at, {})
        for one in claimants(live.store, customers, at)
    }
    rhythm, segments = rhythms(serving, customers, at), serving.snapshot.segments
    found = []
    for row, customer in enumerate(customers):
        member = segments.ids.find(customer)
        document = claimed.get(customer, {})
        due = {"id": told["message"][row], "channel": told["channel"][row]}
        message = None if due["id"] == NOTHING_SENT else due
        found.append(
            {
                "id": customer,
                "stage": told["stage"][row],
                "state": told["state"][row],
                "rhythm": RHYTHMS[rhythm[row]],
                "segments": [] if member is None else segments.segments_of(member),
                **ordered(facts, row),
                "message": document.get("message", message),
                "is_claimed": "claimed_at" in document,
            }
        )
    return found


def ordered(facts: Facts, customer: int) -> dict[str, Any]:
    """Tell how much one customer of some facts ordered and kept.

    Returns:
        `orders`, those placed; `kept_orders`; `value`, what was paid for these, minor units; and
        `last_order_at`.
    """
    begin, end = facts.order_start[customer : customer + 2].tolist()
    kept = facts.kept[begin:end]
    lines = np.repeat(kept, np.diff(facts.line_start[begin : end + 1]))
    revenue = facts.revenue[facts.line_start[begin] : facts.line_start[end]]
    last = facts.ordered_at[begin:end].max() if end > begin else np.datetime64("NaT", "us")
    return {
        "orders": end - begin,
        "kept_orders": int(kept.sum()),
        "value": int(revenue[lines].sum() - facts.discount[begin:end][kept].sum()),
        "last_order_at": iso(last),
    }


def currency_of(snapshot: Snapshot) -> str:
    """Give the currency of a shop: that of what it sells most; empty where nobody said."""
    products = snapshot.products
    named = (products.currency[code] for code in products.popular.tolist())
    return next((one for one in named if one), "")
