"""What is believed of a shop's customers, as data: so many of these do that within so long."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nba.domain import Instants
from nba.errors import DataError
from nba.measure.experiments.definition import Table, read_table
from nba.measure.experiments.intervals import share_interval
from nba.ranges import changes


class Act(Table):
    """Something customers do, in the shop's own words, such as `blog-visit` or `purchase`."""

    act: str = Field(min_length=1)
    times: int = Field(1, ge=1)
    """How often it takes."""
    least_amount: int = Field(0, ge=0)
    """Minor units that all of them come to, at least."""


class Hypothesis(Table):
    """A share of customers, of whom something is known, does something within some time.

    Raises:
        ConfigError: from `from_toml`, when a key is unknown or a value makes no sense.
    """

    id: str = Field(min_length=1)
    """By default the name of the file."""
    hypothesis: str = Field(min_length=1)
    """What is believed, in words."""
    threshold: float = Field(gt=0, lt=1)
    """Share of the customers, at least."""
    of: Act
    """Whom it is about: a customer counts from the act with which this is so."""
    do: Act
    """What they are believed to do from then on."""
    window_days: int = Field(ge=1, le=3650)
    """Days within which they do."""
    alpha: float = Field(0.05, gt=0, le=0.5)
    """Chance of a wrong verdict, over all looks together."""

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Read the file of a hypothesis."""
        return read_table(cls, "hypothesis", path)


@dataclass(frozen=True, slots=True, eq=False)
class Acts:
    """Acts of one kind, in any order.

    Attributes:
        customer: int64 per act: code of the customer, 0 or more.
        at: datetime64[us] per act.
        amount: int64 per act, minor units; 0 where there is none.
    """

    customer: NDArray[np.int64]
    at: Instants
    amount: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Refuse columns that do not fit together.

        Raises:
            DataError: they differ in length.
        """
        if not len(self.customer) == len(self.at) == len(self.amount):
            raise DataError(
                f"there are {len(self.customer)} customers, {len(self.at)} instants and "
                f"{len(self.amount)} amounts; give one of each an act"
            )


@dataclass(frozen=True, slots=True)
class Tally:
    """Customers whom a hypothesis is about, each once, and those who did as believed."""

    customers: int = 0
    successes: int = 0

    def __add__(self, other: Tally) -> Tally:
        """Take other customers in."""
        return Tally(self.customers + other.customers, self.successes + other.successes)


@dataclass(frozen=True, slots=True)
class Belief:
    """What has become of a hypothesis.

    Attributes:
        word: holds, fails, or open.
        share: of the customers who did; None without customers.
        low, high: bounds of the true share, at all looks together.
        reason: a sentence.
    """

    word: Literal["holds", "fails", "open"]
    share: float | None
    low: float
    high: float
    reason: str


def tally(hypothesis: Hypothesis, of: Acts, do: Acts, *, as_of: np.datetime64) -> Tally:
    """Count customers whose window is over, so that nothing about them can change.

    Acts at the instant from which a customer counts are within the window, its end is not.

    Args:
        hypothesis: whom it is about and what they do.
        of: acts of the first kind, all there are.
        do: acts of the second kind.
        as_of: windows over by then count.
    """
    who, since = _reached(hypothesis.of, of)
    over = since + np.timedelta64(hypothesis.window_days, "D")
    who, since, over = who[over <= as_of], since[over <= as_of], over[over <= as_of]
    if not len(who):
        return Tally()
    # Who is not among them finds the place of another, which the comparison then leaves out.
    place = np.minimum(np.searchsorted(who, do.customer), len(who) - 1)
    own = (who[place] == do.customer) & (do.at >= since[place]) & (do.at < over[place])
    times = np.bincount(place[own], minlength=len(who))
    amount = np.zeros(len(who), np.int64)
    np.add.at(amount, place[own], do.amount[own])
    did = (times >= hypothesis.do.times) & (amount >= hypothesis.do.least_amount)
    return Tally(len(who), int(did.sum()))


def believe(hypothesis: Hypothesis, counted: Tally) -> Belief:
    """Say whether a hypothesis holds: the whole interval lies at or above its threshold, or below.

    Args:
        hypothesis: with threshold and alpha.
        counted: of it; those of further days may be added and looked at again.

    Raises:
        DataError: more did than there are, or a count is negative.
    """
    if not 0 <= counted.successes <= counted.customers:
        raise DataError(
            f"{counted.successes} of {counted.customers} customers cannot be; count each once"
        )
    low, high = share_interval(counted.successes, counted.customers, hypothesis.alpha)
    share = counted.successes / counted.customers if counted.customers else None
    told = (
        f"{counted.successes} of {counted.customers} customers did, a share of {low:.2%} to "
        f"{high:.2%}, where {hypothesis.threshold:.2%} are believed to"
    )
    if low >= hypothesis.threshold:
        return Belief("holds", share, low, high, told)
    if high < hypothesis.threshold:
        return Belief("fails", share, low, high, told)
    return Belief("open", share, low, high, f"{told}: too few customers to tell")


def _reached(act: Act, acts: Acts) -> tuple[NDArray[np.int64], Instants]:
    """Give who did an act often and dearly enough, ascending, and when first."""
    order = np.lexsort((acts.at, acts.customer))
    customer, at, amount = acts.customer[order], acts.at[order], acts.amount[order]
    opens = changes(customer)
    opened = np.flatnonzero(opens)[np.cumsum(opens) - 1]
    done = np.arange(len(customer)) - opened + 1
    total = np.cumsum(amount)
    spent = total - (total - amount)[opened]
    enough = np.flatnonzero((done >= act.times) & (spent >= act.least_amount))
    who, first = np.unique(customer[enough], return_index=True)
    return who, at[enough][first]
