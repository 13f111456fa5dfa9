"""The policy: facts in, decisions out. One customer is N = 1 of the same path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, overload

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.snapshot import Snapshot
from nba.decide.audiences import viewed_not_bought
from nba.decide.capacity import Bids, CapacityPlan
from nba.decide.choice import CapacityPrices
from nba.decide.deciding import Choices, Rulebook, choose_all
from nba.decide.decision import Decision
from nba.decide.explaining import explain_all
from nba.decide.playbook import Playbook
from nba.decide.sendable import sendable_all
from nba.decide.telling import columns_of
from nba.domain import DAY, iso, to_instant
from nba.errors import StateError, UnknownCustomerError
from nba.facts.fold import Facts
from nba.facts.people import GRANTED
from nba.facts.stages import StageAt, Stages, intent_ends
from nba.vocabulary import CHANNELS

MAX_PLAN: Final = 50
TOGETHER: Final = 2048
"""Customers explained at once, which bounds the memory."""
PIECE: Final = 1 << 16
"""Customers chosen for at once, likewise."""
_NO_CONTEXT: Final[Mapping[str, str]] = MappingProxyType({})
_NO_CLAIMS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType({})


class Policy:
    """Decides which message each customer should get next, from a snapshot and a playbook."""

    def __init__(
        self, snapshot: Snapshot, playbook: Playbook, *, prices: CapacityPrices | None = None
    ) -> None:
        """Decide with this snapshot's products and this playbook's messages.

        Args:
            snapshot: what was learned.
            playbook: which messages there are.
            prices: of channels whose capacity is short; by default none is.
        """
        self.snapshot = snapshot
        self.playbook = playbook
        self._book = Rulebook.of(snapshot, playbook, prices)

    @property
    def version(self) -> str:
        """SHA-256 of what the playbook says."""
        return self._book.version

    @overload
    def decide(
        self,
        customers: str,
        facts: Facts,
        at: str | datetime | np.datetime64,
        *,
        context: Mapping[str, str] = ...,
        claimed: Mapping[str, tuple[str, str]] = ...,
    ) -> Decision: ...
    @overload
    def decide(
        self,
        customers: list[str] | tuple[str, ...],
        facts: Facts,
        at: str | datetime | np.datetime64,
        *,
        context: Mapping[str, str] = ...,
        claimed: Mapping[str, tuple[str, str]] = ...,
    ) -> list[Decision]: ...
    def decide(
        self,
        customers: str | list[str] | tuple[str, ...],
        facts: Facts,
        at: str | datetime | np.datetime64,
        *,
        context: Mapping[str, str] = _NO_CONTEXT,
        claimed: Mapping[str, tuple[str, str]] = _NO_CLAIMS,
    ) -> Decision | list[Decision]:
        """Decide for one customer or several.

        Args:
            customers: an id, or ids; each must be among the facts' customers.
            facts: what is known of them.
            at: the instant to decide for, with a zone; not before the facts' `as_of`.
            context: what the request says, such as place, device or hour; messages whose `when`
                names some of it are for requests that say so.
            claimed: customer → the message that they have an open claim of, and what it is about;
                as long as it may be sent it is the choice. The facts count it as not claimed.

        Returns:
            A decision for one id, a list in the given order for several.

        Raises:
            StateError: the facts know more than was known at `at`.
            UnknownCustomerError: the facts hold no row for a customer.
            DataError: `at` carries no zone.
        """
        several = [customers] if isinstance(customers, str) else list(customers)
        decisions = list(self.stream(several, facts, at, context=context, claimed=claimed))
        return decisions[0] if isinstance(customers, str) else decisions

    def stream(
        self,
        customers: Sequence[str],
        facts: Facts,
        at: str | datetime | np.datetime64,
        *,
        context: Mapping[str, str] = _NO_CONTEXT,
        claimed: Mapping[str, tuple[str, str]] = _NO_CLAIMS,
    ) -> Iterator[Decision]:
        """Decide one after the other, as `decide` does, without keeping the answers."""
        instant = _instant(facts, at)
        rows = _rows(facts, customers)
        for begin in range(0, len(rows), TOGETHER):
            some = _part(facts, rows[begin : begin + TOGETHER])
            yield from explain_all(self._book, some, instant, context, claimed)

    def choose(
        self,
        facts: Facts,
        at: str | datetime | np.datetime64,
        *,
        context: Mapping[str, str] = _NO_CONTEXT,
    ) -> Choices:
        """Choose for all customers of the facts, as columns: the same messages as `decide` gives.

        What waits, and why, is not looked for, which makes it quick.

        Raises:
            StateError: the facts know more than was known at `at`.
            DataError: `at` carries no zone.
        """
        return choose_all(self._book, facts, _instant(facts, at), context)

    def choices(
        self,
        facts: Facts,
        at: str | datetime | np.datetime64,
        *,
        context: Mapping[str, str] = _NO_CONTEXT,
        together: int = PIECE,
    ) -> Iterator[Choices]:
        """Choose as `choose` does, for some of the customers at a time, in order.

        Of millions that takes less memory than at once, and so less time to get it.

        Args:
            facts: of all customers.
            at: the instant to decide for.
            context: as `decide` has it.
            together: customers at a time, 1 or more.

        Raises:
            StateError: the facts know more than was known at `at`.
            DataError: `at` carries no zone.
        """
        instant = _instant(facts, at)
        for some in _pieces(facts, together):
            yield choose_all(self._book, some, instant, context)

    def columns(
        self,
        facts: Facts,
        at: str | datetime | np.datetime64,
        *,
        context: Mapping[str, str] = _NO_CONTEXT,
    ) -> Iterator[dict[str, list[Any]]]:
        """Choose for all customers of the facts and tell it, some tens of thousands at a time.

        Yields:
            One list for each of `telling.COLUMNS`, one entry a customer, in the facts' order.

        Raises:
            StateError: the facts know more than was known at `at`.
            DataError: `at` carries no zone.
        """
        for choices in self.choices(facts, at, context=context):
            yield columns_of(self._book, choices, context)

    def plan(
        self,
        customer: str,
        facts: Facts,
        at: str | datetime | np.datetime64,
        *,
        horizon_days: int = 90,
        context: Mapping[str, str] = _NO_CONTEXT,
    ) -> list[Decision]:
        """Decide now and at each later instant at which something falls due.

        The facts stay as they are: this is the schedule if nothing else happens.

        Args:
            customer: an id among the facts' customers.
            facts: what is known now.
            at: now.
            horizon_days: how far to look.
            context: as `decide` has it.
        """
        first = self.decide(customer, facts, at, context=context)
        decisions = [first]
        end = first.as_of + horizon_days * DAY
        while (following := decisions[-1].next_due_at) is not None:
            if following > end or len(decisions) == MAX_PLAN:
                break
            decisions.append(self.decide(customer, facts, following, context=context))
        return decisions

    def plan_capacity(
        self,
        facts: Facts,
        at: str | datetime | np.datetime64,
        capacity: Mapping[str, int],
        *,
        context: Mapping[str, str] = _NO_CONTEXT,
    ) -> CapacityPlan:
        """Find what a place on each short channel costs, so that no more messages go than may.

        Args:
            facts: of all customers.
            at: the instant to decide for.
            capacity: channel → messages.
            context: as `decide` has it.

        Raises:
            StateError: the facts know more than was known at `at`.
            DataError: `at` carries no zone.
        """
        instant, parts = _instant(facts, at), []
        for some in _pieces(facts):
            found = sendable_all(self._book, some, instant, context)
            parts.append((Bids.of(found), len(some.customer_ids)))
        return CapacityPlan.of(Bids.joined(parts), capacity)

    def without_consent(self, facts: Facts) -> int:
        """Count the customers who consented to no channel that marketing of the playbook takes."""
        marketing = [one for one in self.playbook.message if one.is_marketing]
        used = [
            CHANNELS.index(name) for name in {name for one in marketing for name in one.channels}
        ]
        granted = (facts.people.consent[:, used] == GRANTED).any(axis=1)
        return int((~granted).sum()) if used else 0

    def viewed(self, facts: Facts, at: str | datetime | np.datetime64) -> dict[str, list[Any]]:
        """List who looked at products lately, and which of these they did not buy.

        Returns:
            customer_id, product_ids and last_viewed_at, one entry a customer who did; the products
            are a list, the latest looked at first, then by id. How long a look counts is the
            playbook's `intents.view`.

        Raises:
            StateError: the facts know more than was known at `at`.
            DataError: `at` carries no zone.
        """
        instant = _instant(facts, at)
        return viewed_not_bought(facts, intent_ends(facts, self._book.spans), instant)

    def stage(self, customer: str, facts: Facts, at: str | datetime | np.datetime64) -> StageAt:
        """Say where a customer is, as `decide` sees it; the same arguments and errors."""
        instant = _instant(facts, at)
        some = _part(facts, _rows(facts, [customer]))
        return self._book.situation(some, instant).stages.of(0)

    def stages(self, facts: Facts, at: str | datetime | np.datetime64) -> Stages:
        """Say where all customers of the facts are, as `stage` does of one.

        Raises:
            StateError: the facts know more than was known at `at`.
            DataError: `at` carries no zone.
        """
        return self._book.situation(facts, _instant(facts, at)).stages


def _instant(facts: Facts, at: str | datetime | np.datetime64) -> np.datetime64:
    instant = to_instant(at)
    if facts.as_of > instant:
        raise StateError(
            f"the facts are as of {iso(facts.as_of)}, later than {iso(instant)}; "
            "fold them with as_of at or before the instant of the decision"
        )
    return instant


def _rows(facts: Facts, customers: Sequence[str]) -> NDArray[np.int64]:
    known = {customer: row for row, customer in enumerate(facts.customer_ids)}
    try:
        return np.array([known[one] for one in customers], np.int64)
    except KeyError as missing:
        raise UnknownCustomerError(
            f"the facts hold no row for {missing.args[0]!r}; fold them with this customer"
        ) from None


def _pieces(facts: Facts, together: int = PIECE) -> Iterator[Facts]:
    """Cut the customers of some facts into groups; there is at least one, if an empty one."""
    count = len(facts.customer_ids)
    for begin in range(0, max(count, 1), together):
        yield _part(facts, np.arange(begin, min(begin + together, count)))


def _part(facts: Facts, rows: NDArray[np.int64]) -> Facts:
    """Keep some customers; all of them are the facts themselves."""
    whole = len(rows) == len(facts.customer_ids) and (rows == np.arange(len(rows))).all()
    if whole:
        return facts
    return facts.take(rows, tuple(facts.customer_ids[row] for row in rows.tolist()))
