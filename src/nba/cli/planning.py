"""`nba decide --plan-capacity`: what a place on a short channel costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from nba.cli.console import give, say, table
from nba.cli.facts import is_store, opened

if TYPE_CHECKING:
    from nba.decide.choice import CapacityPrices
    from nba.decide.policy import Policy
    from nba.facts.fold import Facts


def prices_of(shop: str) -> CapacityPrices | None:
    """Give the prices that a store holds; None of a folder, or where capacity was never planned."""
    from nba.decide.choice import CapacityPrices
    from nba.state.prices import prices_now

    if not is_store(shop):
        return None
    with opened(shop) as store:
        channels = prices_now(store)
    return CapacityPrices.of(channels) if channels else None


def plan(
    shop: str,
    policy: Policy,
    facts: Facts,
    capacity: Sequence[str],
    *,
    context: Mapping[str, str],
    as_json: bool,
) -> None:
    """Price the channels, and keep the prices where the shop is a store.

    Args:
        shop: a folder, or the URL of a store.
        policy: what decides, without prices.
        facts: of all customers.
        capacity: a channel, `=`, and how many messages it can send, each.
        context: what is known of the moment.
        as_json: whether stdout is one JSON document.
    """
    from nba.state.prices import keep_prices

    places = _places(capacity)
    found = policy.plan_capacity(facts, facts.as_of, places, context=context)
    rows = [
        [
            name,
            f"{places[name]:,}" if name in places else "",
            f"{found.wanted[name]:,}",
            f"{found.sent[name]:,}",
            f"{found.prices.channel.get(name, 0.0):g}",
        ]
        for name in found.sent
    ]
    say(table(["channel", "capacity", "due", "sent", "price"], rows), as_json=as_json)
    if is_store(shop):
        with opened(shop) as store:
            keep_prices(store, found.prices.id, found.prices.channel, facts.as_of)
        say(
            f"{found.prices.id} is kept in {shop} and holds for every later decision there",
            as_json=as_json,
        )
    else:
        say("a folder keeps no prices; plan on a store to have them hold", as_json=as_json)
    if as_json:
        give(
            {
                "prices_id": found.prices.id,
                "as_of": f"{facts.as_of}Z",
                "prices": dict(found.prices.channel),
                "capacity": places,
                "due": dict(found.wanted),
                "sent": dict(found.sent),
            }
        )


def _places(capacity: Sequence[str]) -> dict[str, int]:
    """Read how many messages channels can send.

    Raises:
        ConfigError: a part is no channel and number.
    """
    from nba.errors import ConfigError
    from nba.vocabulary import CHANNELS

    pairs = [one.partition("=") for one in capacity]
    for name, _, count in pairs:
        if name not in CHANNELS or not count.isdecimal():
            raise ConfigError(
                f"--plan-capacity {name}={count} is no channel with a number; expected one of "
                f"{', '.join(CHANNELS)}, such as email=10000"
            )
    return {name: int(count) for name, _, count in pairs}
