"""The stage of every customer at an instant, from facts alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.domain import DAY, Instants
from nba.facts.fold import Facts
from nba.ranges import crossed
from nba.statuses import CANCELLED, DELIVERED, RETURNED, STATUSES
from nba.vocabulary import INTENT_KINDS, MESSAGE_WORDS, Stage

STAGES: Final = tuple(Stage)
"""Code order of stages."""
_CHOOSING: Final = {"cart": "cart", "wish": "wishlist", "wait": "waitlist"}
"""Kind of intent → the state it puts a customer in."""
STATES: Final = (
    "acquaintance/new",
    "acquaintance/browsing",
    *(f"choosing/{name}" for name in _CHOOSING.values()),
    *(f"ordered/{name}" for name in STATUSES[:DELIVERED]),
    "client/delivered",
    "client/returned",
    "client/idle",
)
"""Code order of states."""
_CODE: Final = {name: code for code, name in enumerate(STATES)}
_STAGE_OF: Final = np.array([STAGES.index(Stage(name.split("/")[0])) for name in STATES], np.int8)
_ORDERED: Final = _CODE[f"ordered/{STATUSES[0]}"]
_WAIT: Final = INTENT_KINDS.index("wait")
_BACK_IN_STOCK: Final = MESSAGE_WORDS.index("back-in-stock")
_NEVER: Final = np.datetime64("NaT", "us")
_LONG_AGO: Final = np.datetime64(-(2**62), "us")


@dataclass(frozen=True, slots=True)
class Spans:
    """How long after its last event an intent counts as open, and which kind is the strongest.

    Attributes:
        days: per kind of intent, in the order of `vocabulary.INTENT_KINDS`; above 0.
        strongest: the kinds that make a customer one who is choosing, the strongest first.
        company_factor: by how much all of them are longer for companies.
    """

    days: tuple[float, float, float, float] = (14.0, 30.0, 180.0, 365.0)
    strongest: tuple[str, ...] = ("cart", "wish", "wait")
    company_factor: float = 2.0


SPANS: Final = Spans()


@dataclass(frozen=True, slots=True)
class StageAt:
    """Where one customer is.

    Attributes:
        stage: one of the four.
        state: the state inside it, such as `client/delivered`.
        days_since: whole days since the state began, or None where it has no beginning.
    """

    stage: Stage
    state: str
    days_since: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Stages:
    """Where N customers are at an instant.

    Attributes:
        at: the instant.
        state: int8, a code of `STATES`.
        since: datetime64[us]: when the state began; NaT where it has no beginning.
        chosen_until: datetime64[us]: when a customer who is choosing will no longer be, if nothing
            happens; NaT for the others.
        then: int8: the code of the stage they will be in.
    """

    at: np.datetime64
    state: NDArray[np.int8]
    since: Instants
    chosen_until: Instants
    then: NDArray[np.int8]

    @property
    def stage(self) -> NDArray[np.int8]:
        """The stage per customer, a code of `STAGES`."""
        return _STAGE_OF[self.state]

    def of(self, customer: int) -> StageAt:
        """Tell where one customer is."""
        state, since = STATES[self.state[customer]], self.since[customer]
        days = None if np.isnat(since) else max(int((self.at - since) // DAY), 0)
        return StageAt(STAGES[_STAGE_OF[self.state[customer]]], state, days)


def stages_at(
    facts: Facts,
    at: np.datetime64,
    arrival: Instants,
    *,
    silent: NDArray[np.bool_] | None = None,
    spans: Spans = SPANS,
    ends: Instants | None = None,
) -> Stages:
    """Give the stage of every customer of the facts at an instant.

    An order under way outranks everything, the latest one first; then what the customer is
    choosing, the strongest kind first; then the latest delivery or return, and cancelled orders
    count for nothing. A client who has been silent for longer than their rhythm explains is idle.
    Somebody without all that who looked at products lately is browsing.

    Args:
        facts: as known at `at` or before.
        at: the instant.
        arrival: datetime64[us] per order of the facts: when it arrived, or is taken to have.
        silent: bool per customer: the own rhythm says that they have left or are about to.
        spans: how long intents last.
        ends: what `intent_ends` gives for them, where it was asked for already.
    """
    count = len(facts.customer_ids)
    state, since = np.zeros(count, np.int8), np.full(count, _NEVER)
    _browse(state, since, facts, at, spans)
    _settle(state, since, facts, arrival)
    if silent is not None:
        state[silent & (state >= _CODE["client/delivered"])] = _CODE["client/idle"]
    chosen_until = np.full(count, _NEVER)
    then = _STAGE_OF[state]
    _choose(state, since, chosen_until, facts, at, spans, ends)
    _order(state, since, chosen_until, facts)
    return Stages(at, state, since, chosen_until, then)


def intent_ends(facts: Facts, spans: Spans) -> Instants:
    """Say when each intent of the facts stops counting as open, if nothing happens.

    Who was told that a product is back no longer waits for it.
    """
    intents, is_company = facts.intents, facts.people.is_company
    if not len(intents.kind):
        return intents.last_at
    span = (np.array(spans.days) * (DAY / np.timedelta64(1, "us"))).astype("timedelta64[us]")
    lasts = span[intents.kind]
    if is_company.any():
        longer = (span * spans.company_factor).astype("timedelta64[us]")
        company = np.repeat(is_company, np.diff(intents.start))
        lasts = np.where(company, longer[intents.kind], lasts)
    ends = np.asarray(intents.last_at + lasts, "datetime64[us]")
    told = np.flatnonzero(facts.letters.message == _BACK_IN_STOCK)
    waits = np.flatnonzero((intents.kind == _WAIT) & (intents.anchor >= 0))
    if len(told) and len(waits):
        told_at = np.full(len(facts.anchors), _NEVER)
        named = told[facts.letters.anchor[told] >= 0]
        told_at[facts.letters.anchor[named]] = facts.letters.at[named]
        at = told_at[intents.anchor[waits]]
        over = at >= intents.last_at[waits]
        ends[waits[over]] = np.minimum(ends[waits[over]], at[over])
    return ends


def _browse(
    state: NDArray[np.int8], since: Instants, facts: Facts, at: np.datetime64, spans: Spans
) -> None:
    span = np.timedelta64(int(spans.days[INTENT_KINDS.index("view")] * 86_400_000_000), "us")
    viewed_at = facts.people.viewed_at
    browsing = viewed_at + span > at
    state[browsing] = _CODE["acquaintance/browsing"]
    since[browsing] = viewed_at[browsing]


def _settle(state: NDArray[np.int8], since: Instants, facts: Facts, arrival: Instants) -> None:
    """Let the latest news of orders that have ended decide; of equal instants the later order."""
    if not len(facts.status):
        return
    over = (facts.status >= DELIVERED) & (facts.status != CANCELLED)
    is_back = (facts.status == RETURNED) | ~facts.kept
    told = np.where(is_back, facts.status_at, arrival)
    told = np.where(over, told, _LONG_AGO)
    begins = facts.order_start[:-1]
    has_order = np.flatnonzero(facts.order_start[1:] > begins)
    latest = np.maximum.reduceat(told.view(np.int64), begins[has_order]).view("datetime64[us]")
    newest = has_order[latest != _LONG_AGO]
    latest = latest[latest != _LONG_AGO]
    row, order = crossed(facts.order_start[newest], facts.order_start[newest + 1])
    decides = told[order] == latest[row]
    row, order = row[decides], order[decides]
    # Orders ascend in time, and of several written to one place the last stays.
    state[newest[row]] = np.where(
        is_back[order], _CODE["client/returned"], _CODE["client/delivered"]
    )
    since[newest] = latest


def _choose(
    state: NDArray[np.int8],
    since: Instants,
    chosen_until: Instants,
    facts: Facts,
    at: np.datetime64,
    spans: Spans,
    ends: Instants | None,
) -> None:
    intents = facts.intents
    if not len(intents.kind):
        return
    if ends is None:
        ends = intent_ends(facts, spans)
    owner = np.repeat(np.arange(len(state)), np.diff(intents.start))
    for name in reversed(spans.strongest):
        rows = np.flatnonzero((intents.kind == INTENT_KINDS.index(name)) & (ends > at))
        if not len(rows):
            continue
        customer = owner[rows]
        state[customer] = _CODE[f"choosing/{_CHOOSING[name]}"]
        # Rows of a kind stand by opening: the first of them began the state.
        since[customer[::-1]] = intents.opened_at[rows[::-1]]
        np.fmax.at(chosen_until, customer, ends[rows])


def _order(state: NDArray[np.int8], since: Instants, chosen_until: Instants, facts: Facts) -> None:
    under_way = np.flatnonzero(facts.status < DELIVERED)
    if not len(under_way):
        return
    customer = np.searchsorted(facts.order_start, under_way, "right") - 1
    state[customer] = _ORDERED + facts.status[under_way]
    since[customer] = facts.status_at[under_way]
    chosen_until[customer] = _NEVER
