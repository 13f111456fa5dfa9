"""The closed loop: a policy is asked day by day, and its customers answer by planted chance.

The loop knows no policy: whoever decides is a function. It sees the shop's own facts of the days
before and nothing of the truth; what its messages lead to is among tomorrow's facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from nba.data.simulator.journal import Seen
from nba.data.simulator.offers import Offer
from nba.data.simulator.oracle import Options, Oracle
from nba.data.simulator.outcome import NOTHING, Comparison, Outcome
from nba.data.simulator.playing import Play
from nba.data.simulator.world import World, read_world
from nba.errors import ConfigError

ANNOUNCED_DAYS: Final = 7
RELEARNING_DAYS: Final = 28
HOURS_A_DAY: Final = 24

Decide = Callable[[Seen, Sequence[str], np.datetime64], Sequence[Offer | None]]
"""Asked once a day: the facts known so far, customers who may be contacted, and the instant; the
answer has one offer or None for each of them."""

Relearn = Callable[[Seen, np.datetime64], Decide]
"""Asked every four weeks: all that the shop knows by then; the answer decides from there on."""


def decide_nothing(
    seen: Seen,
    customers: Sequence[str],
    at: np.datetime64,
) -> Sequence[Offer | None]:
    """The policy that stays silent."""
    return [None] * len(customers)


def play(
    shop: str | Path,
    decide: Decide,
    *,
    days: int,
    customers: int | None = None,
    starts_at: str | np.datetime64 | None = None,
    seed: int = 1,
    announce: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Play one policy on a simulated shop.

    Args:
        shop: a folder with the shop's tables and `truth/`.
        decide: the policy.
        days: on which it is asked, from the start on; purchases are followed for 7 days more.
        customers: how many to draw, by name; by default all.
        starts_at: an instant with a zone; by default the end of the simulated history.
        seed: of the draws; two policies played with one seed meet the same chance.
        announce: called with each week as it begins.

    Raises:
        DataError: the shop or its truth cannot be read; the message names file and column.
        ConfigError: `decide` offers what has no planted response, or answers for others.
    """
    world = read_world(shop, customers=customers, starts_at=starts_at, seed=seed)
    return play_world(world, decide, days=days, seed=seed, announce=announce)


def compare(
    world: World,
    arms: Mapping[str, Decide],
    *,
    days: int,
    seed: int = 1,
    announce: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Play several policies on the same customers, and beside them the one that stays silent."""
    return Comparison(
        {
            name: play_world(
                world,
                decide,
                days=days,
                seed=seed,
                announce=lambda step, name=name: announce(f"{name}, {step}"),  # type: ignore[misc]
            )
            for name, decide in {NOTHING: decide_nothing, **arms}.items()
        },
        seed,
    )


def play_world(
    world: World,
    decide: Decide,
    *,
    days: int,
    seed: int = 1,
    asked_at_hours: float = 0.0,
    relearn: Relearn | None = None,
    announce: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Play one policy on a world that has been read; see `play`.

    Args:
        world: the shop.
        decide: the policy.
        days: on which it is asked.
        seed: of the draws.
        asked_at_hours: the time of the day at which it is asked, in hours from the world's start.
        relearn: gives the policy of the next four weeks; by default it stays the same.
        announce: called with each week as it begins.
    """
    going = _begun(world, days, seed, asked_at_hours)
    return _played(going, decide, days, relearn, announce)


def play_oracle(
    world: World,
    options: Options,
    *,
    days: int,
    seed: int = 1,
    asked_at_hours: float = 0.0,
    announce: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Play who knows the truth and chooses among these options; the same arguments."""
    going = _begun(world, days, seed, asked_at_hours)
    return _played(going, Oracle(going, options), days, None, announce)


def _begun(world: World, days: int, seed: int, asked_at_hours: float) -> Play:
    if days < 1:
        raise ConfigError(f"{days} days cannot be played; give 1 or more")
    if not 0 <= asked_at_hours < HOURS_A_DAY:
        raise ConfigError(
            f"nobody can be asked {asked_at_hours} hours into a day; give 0 up to {HOURS_A_DAY}, "
            "excluded"
        )
    return Play(world, days, seed, asked_at_hours=asked_at_hours)


def _played(
    going: Play,
    decide: Decide,
    days: int,
    relearn: Relearn | None,
    announce: Callable[[str], None],
) -> Outcome:
    for number in range(days):
        if number % ANNOUNCED_DAYS == 0:
            announce(f"day {number + 1} of {days}")
        at, asked = going.begin(number)
        if relearn is not None and number and number % RELEARNING_DAYS == 0:
            decide = relearn(going.seen(at), at)
        offers = decide(going.seen(at), asked, at)
        if len(offers) != len(asked):
            raise ConfigError(
                f"the policy gave {len(offers)} answers for {len(asked)} customers; "
                "give an offer or None for each, in their order"
            )
        going.send(asked, offers, at)
    return going.end()
