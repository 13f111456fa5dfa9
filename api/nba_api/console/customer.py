"""One customer: where they are, what happened, what they get today, why, and what comes then."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

import numpy as np
from pydantic import BaseModel, Field

from nba.artifacts.snapshot import Snapshot
from nba.domain import DAY, MICROSECOND, iso, to_instant
from nba.state.erasure import is_erased
from nba.state.export import export
from nba_api.console.customers import currency_of, ordered
from nba_api.console.timeline import Timeline, timeline_of
from nba_api.console.words import RULES
from nba_api.live import Live
from nba_api.next_messages import planned

PLAN_DAYS: Final = 30
OPEN_LIST: Final = 8
"""What somebody owns, and what is due, as far as it is shown at once."""
_WIDTH: Final = 0.05
"""What a message takes of the line of days."""
_LOCAL: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?")
"""An instant as a field of a form gives it, which names no zone."""

Document = Mapping[str, Any]


class CustomerQuery(BaseModel):
    """What a customer's page takes besides the customer.

    Attributes:
        as_of: the instant to look at; empty for now, and without a zone in UTC.
        page: of the timeline.
    """

    as_of: str = Field("", max_length=64)
    page: int = Field(1, ge=1, le=1_000_000)

    def instant(self) -> str | None:
        """Give the instant with its zone; None for now."""
        return f"{self.as_of}Z" if _LOCAL.fullmatch(self.as_of) else self.as_of or None

    def suffix(self, page: int | None = None) -> str:
        """Give the end of the address of a page about the same instant."""
        fields = {"as_of": self.instant() or "", "page": str(page) if page else ""}
        told = {name: one for name, one in fields.items() if one}
        return f"?{urlencode(told)}" if told else ""


@dataclass(frozen=True, slots=True)
class Step:
    """A message to come, and where its day stands on the line of days.

    Attributes:
        message: its document.
        at: when it may leave.
        left: from the beginning of the line, 0 to 1.
        lane: from 0 on; two of one lane do not touch.
    """

    message: Document
    at: str
    left: float
    lane: int


def is_known(live: Live, customer: str, document: Document) -> bool:
    """Whether the store or the snapshot holds anything of a customer.

    Raises:
        SnapshotError: no snapshot was ever published, or the only one is damaged.
    """
    rows = (one for one in document.values() if isinstance(one, list))
    snapshot = live.serving().snapshot
    # Their own id is one of the accounts.
    return (
        any(len(one) for one in rows if one is not document["accounts"])
        or snapshot.customers.ids.find(customer) is not None
        or snapshot.segments.ids.find(customer) is not None
    )


def was_erased(live: Live, customer: str) -> bool:
    """Whether the shop was told to forget a customer, of whom no instant is told then.

    Raises:
        StateError: the store cannot be read.
    """
    with live.store.reading() as connection:
        return bool(is_erased(connection, [customer]))


def told_of(live: Live, customer: str, query: CustomerQuery) -> dict[str, Any] | None:
    """Give all that the page of a customer who was not erased shows; None of one nobody knows.

    Raises:
        PrunedSnapshotError: the snapshot of that instant is no longer stored.
        DataError: the instant is none.
        SnapshotError: no snapshot was ever published, or the only one is damaged.
        StateError: the store cannot be read.
    """
    as_of = query.instant()
    at = live.instant(as_of)
    exported = export(live.store, customer)
    if not is_known(live, customer, exported):
        return None
    serving = live.serving_at(as_of)
    snapshot, playbook = serving.snapshot, serving.policy.playbook
    now, *later = planned(live.store, serving.policy, customer, at, PLAN_DAYS, {})
    return {
        "customer_id": customer,
        "at": iso(at),
        "query": query,
        "profile": serving.recommender.profile(customer, at=at).to_dict(),
        "placed": ordered(live.facts(customer, at), 0),
        "currency": currency_of(snapshot),
        "decision": now,
        "waiting": waiting(now["suppressed"]),
        "steps": steps([now, *later], at),
        "plan_days": PLAN_DAYS,
        # Of now, what happens this instant is known.
        "timeline": _timeline(exported, at + (as_of is None) * MICROSECOND, query.page, snapshot),
        "accounts": [one for one in exported["accounts"] if one != customer],
        "open_list": OPEN_LIST,
        "playbook": {"id": playbook.id, "version": serving.policy.version},
        "snapshot": snapshot.manifest,
        "is_ahead": at < snapshot.customers.as_of[0],
        "address": f"/console/customers/{quote(customer, safe='')}",
    }


def _timeline(exported: Document, at: np.datetime64, page: int, snapshot: Snapshot) -> Timeline:
    products = snapshot.products

    def named(product: str) -> str:
        code = products.ids.find(product)
        return product if code is None else products.title[code] or product

    return timeline_of(exported, iso(at) or "", page, named)


def waiting(suppressed: Sequence[Document]) -> list[dict[str, Any]]:
    """Tell why messages wait, those whose time is known first."""
    told = [{**one, "words": RULES.get(one["rule"], one["rule"])} for one in suppressed]
    return sorted(told, key=lambda one: (one["until"] is None, one["until"] or ""))


def steps(decisions: Sequence[Document], at: np.datetime64) -> list[Step]:
    """Give the messages of a plan, each with its place among the days.

    One that is still not sent at the next look is there once.
    """
    found: list[Step] = []
    seen: set[tuple[str, str]] = set()
    ends: list[float] = []
    for one in decisions:
        message = one["message"]
        if message is None or (message["id"], message["anchor"]) in seen:
            continue
        seen.add((message["id"], message["anchor"]))
        leaves = message["send_after"]
        days = float((to_instant(leaves) - at) / DAY)
        left = min(max(days / PLAN_DAYS, 0.0), 1.0)
        lane = next((lane for lane, end in enumerate(ends) if end <= left), len(ends))
        ends[lane : lane + 1] = [left + _WIDTH]
        found.append(Step(message, leaves, left, lane))
    return found
