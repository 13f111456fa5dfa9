"""Choosing one of the messages that may be sent: by value, with exact chances where it tries."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.decide.playbook import Playbook
from nba.domain import significant, uniform
from nba.ranges import starts
from nba.vocabulary import CHANNELS

NOTHING: Final = -1
"""The row of no message."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CapacityPrices:
    """What one place costs where places are short, minor units, by the word of a channel.

    Attributes:
        id: names the prices, so that a decision says on which it rests.
        channel: channel → price, 0 or more.
    """

    id: str
    channel: Mapping[str, float]

    @classmethod
    def of(cls, channel: Mapping[str, float]) -> Self:
        """Name prices after what they are."""
        told = ";".join(f"{name}={price:.9g}" for name, price in sorted(channel.items()))
        return cls(f"c_{hashlib.sha256(told.encode()).hexdigest()[:12]}", dict(channel))

    def column(self) -> Floats:
        """Give one price a code of `vocabulary.CHANNELS`."""
        return np.array([self.channel.get(name, 0.0) for name in CHANNELS])


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """What was chosen among the rows of one tier, one entry a customer who has any.

    Attributes:
        customer: int64, ascending.
        row: int64: the row chosen.
        propensity: float64: the probability with which it was.
        eligible: one (place in the playbook, probability) a message that could be, a tuple a
            customer; empty where nothing is tried.
    """

    customer: NDArray[np.int64]
    row: NDArray[np.int64]
    propensity: Floats
    eligible: Sequence[tuple[tuple[int, float], ...]]


def best_rows(
    customer: NDArray[np.int64], message: NDArray[np.int64], net: Floats
) -> NDArray[np.int64]:
    """Choose the best row of each customer.

    The greatest net value; of equal ones the earlier message, then the later row, which is about
    the later order.

    Returns:
        int64 rows, by customer.
    """
    if not len(customer):
        return np.empty(0, np.int64)
    count = int(customer.max()) + 1
    best = np.full(count, -np.inf)
    np.maximum.at(best, customer, net)
    top = np.flatnonzero(net == best[customer])
    first = np.full(count, np.iinfo(np.int64).max)
    # Earlier messages first, later rows first.
    rank = message[top] * np.int64(len(customer)) + (len(customer) - 1 - top)
    np.minimum.at(first, customer[top], rank)
    chosen = top[rank == first[customer[top]]]
    return np.asarray(chosen[np.argsort(customer[chosen], kind="stable")], np.int64)


def choose(
    customer: NDArray[np.int64],
    message: NDArray[np.int64],
    net: Floats,
    *,
    playbook: Playbook,
    customer_ids: Sequence[str],
    day: str,
    seed: int,
) -> Chosen:
    """Choose among the rows of one tier, all of which may be sent and are worth it.

    Without exploration it is the best row. Else every message that could be sent, with its best
    row, is an arm: with `temperature` t its chance is softmax(value / t), without it is 1 for the
    best; and with `rate` e, (1 - e) of that plus e / arms. The draw is a function of seed,
    customer and day.

    Args:
        customer: row of the facts per row.
        message: place in the playbook per row.
        net: expected value less the price of the place it takes.
        playbook: its `explore`.
        customer_ids: by row of the facts.
        day: of the decision, UTC, such as 2026-11-21.
        seed: of the snapshot's recipe.
    """
    explore = playbook.explore
    if not (explore.rate or explore.temperature):
        rows = best_rows(customer, message, net)
        return Chosen(customer[rows], rows, np.ones(len(rows)), ((),) * len(rows))
    arms = best_rows(customer * np.int64(len(playbook.message)) + message, message, net)
    arms = arms[np.lexsort((message[arms], customer[arms]))]
    begin = starts(customer[arms])
    chosen: list[int] = []
    chances: list[float] = []
    eligible: list[tuple[tuple[int, float], ...]] = []
    for first, last in zip(begin.tolist(), [*begin[1:].tolist(), len(arms)], strict=True):
        span = arms[first:last]
        chance = _chances(net[span], explore.rate, explore.temperature)
        draw = uniform(seed, customer_ids[customer[span[0]]], "explore", day)
        picked = min(int(np.searchsorted(np.cumsum(chance), draw, "right")), len(span) - 1)
        chosen.append(int(span[picked]))
        chances.append(float(chance[picked]))
        eligible.append(tuple(zip(message[span].tolist(), chance.tolist(), strict=True)))
    rows = np.array(chosen, np.int64)
    return Chosen(customer[rows], rows, np.array(chances), eligible)


def _chances(net: Floats, rate: float, temperature: float) -> Floats:
    if temperature:
        # One exponential at a time: a vector's may differ in the last bit with its length.
        weight = [float(np.exp((one - net.max()) / temperature)) for one in net.tolist()]
    else:
        weight = [0.0] * len(net)
        weight[int(net.argmax())] = 1.0
    total = sum(weight)
    mixed = [(1 - rate) * one / total + rate / len(net) for one in weight]
    return np.array([significant(one) for one in mixed])


def held_out(playbook: Playbook, customer_ids: Sequence[str]) -> NDArray[np.bool_]:
    """Tell which customers get no marketing, so that its effect can be measured.

    Whoever's hash of salt and id lies below the share; who is held out stays so.
    """
    share, salt = playbook.holdout.share, playbook.holdout.salt
    if not share:
        return np.zeros(len(customer_ids), np.bool_)
    return np.array([uniform(0, one, "holdout", salt) < share for one in customer_ids], np.bool_)


def arm_of(variants: Sequence[str], message: str, customer_id: str) -> str | None:
    """Give the variant of a message that a customer gets, always the same; None without any."""
    if not variants:
        return None
    return variants[int(uniform(0, customer_id, "arm", message) * len(variants))]
