"""`nba simulate`: a shop with planted truth, or a policy played on one day by day."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nba.cli.console import AsJson, give, say, steps, table
from nba.cli.train import TRAINING_STEPS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from nba.data.simulator.generate import SimulatedShop
    from nba.data.simulator.journal import Seen
    from nba.data.simulator.loop import Decide
    from nba.data.simulator.outcome import Comparison, Outcome
    from nba.data.simulator.offers import Offer
    from nba.decide.decision import Decision
    from nba.decide.playbook import Playbook
    from nba.decide.policy import Policy

WRITTEN_ORDERS = 20_000
PLAYED_ORDERS = 5_000
PLAYED_CUSTOMERS = 600
PLAYED_DAYS = 28
SEED = 1
SIMULATING_STEPS = 8

MEASURES = {
    "customers": "customers",
    "messages": "messages",
    "useful": "useful actions",
    "useful_share": "useful share",
    "orders": "orders",
    "revenue": "revenue",
    "margin": "margin",
    "unsubscribes": "unsubscribes",
    "contactable_share": "still contactable",
    "refused": "not sent: no consent",
    "repeated": "not sent: sent before",
}


def simulate(
    out: Annotated[Path | None, typer.Option("--out", help="Write a shop to this folder.")] = None,
    orders: Annotated[
        int | None, typer.Option("--orders", min=1, help="Orders to simulate; 20,000 by default.")
    ] = None,
    policy: Annotated[
        Path | None, typer.Option("--policy", help="Play this playbook (TOML).")
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(
            "--truth",
            exists=True,
            file_okay=False,
            help="Shop folder with truth/ to play on; by default one is simulated.",
        ),
    ] = None,
    customers: Annotated[
        int | None,
        typer.Option("--customers", min=1, help="Customers to play, drawn by name; 600."),
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", min=1, max=358, help="Days to play; 28.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of every draw.")] = SEED,
    as_json: AsJson = False,
) -> None:
    """Write a simulated shop, or play a playbook on one beside a calendar and silence."""
    from nba.errors import ConfigError

    if out is not None and policy is None:
        for option, value in (("--truth", truth), ("--customers", customers), ("--days", days)):
            if value is not None:
                raise ConfigError(f"{option} goes with --policy, not with --out")
        _write(out, orders or WRITTEN_ORDERS, seed, as_json=as_json)
    elif policy is not None and out is None:
        if truth is not None and orders is not None:
            raise ConfigError("--orders is for a shop to simulate; that of --truth exists already")
        _play(
            policy,
            truth,
            orders=orders or PLAYED_ORDERS,
            customers=customers or PLAYED_CUSTOMERS,
            days=days or PLAYED_DAYS,
            seed=seed,
            as_json=as_json,
        )
    else:
        raise ConfigError(
            "give either --out DIR, to write a shop, or --policy FILE, to play a playbook on one"
        )


def describe(comparison: Comparison) -> str:
    """Lay out the arms beside each other, then the messages of each."""
    first = next(iter(comparison.arms.values()))
    arms = {name: outcome.summary() for name, outcome in comparison.arms.items()}
    rows = [
        [label, *(_cell(summary[name]) for summary in arms.values())]
        for name, label in MEASURES.items()
    ]
    gains = [comparison.gain(name) for name in arms]
    rows += [
        ["profit over nothing, per 1,000 customers", *(f"{one.mean:,.0f}" for one in gains)],
        ["  95 % from", *(f"{one.low:,.0f}" for one in gains)],
        ["  to", *(f"{one.high:,.0f}" for one in gains)],
    ]
    parts = [
        f"{first.days} days, purchases followed for 7 more; seed {comparison.seed}; money in minor "
        f"units of {first.currency}",
        table(["", *arms], rows),
    ]
    parts += [
        f"\nmessages of {name}\n{_messages(outcome)}"
        for name, outcome in comparison.arms.items()
        if outcome.messages
    ]
    return "\n".join(parts)


def _messages(outcome: Outcome) -> str:
    header = ["", "sent", "useful", "share", "relevance", "orders", "margin", "unsubscribes"]
    rows = [
        [
            one.message,
            f"{one.sent:,}",
            f"{one.useful:,}",
            f"{one.useful / one.sent:.1%}",
            f"{one.relevance / one.sent:.2f}",
            f"{one.orders:,}",
            f"{one.margin:,}",
            f"{one.unsubscribes:,}",
        ]
        for one in outcome.messages
    ]
    return table(header, rows)


def _cell(value: int | float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.1%}" if isinstance(value, float) else f"{value:,}"


def _write(out: Path, orders: int, seed: int, *, as_json: bool) -> None:
    from nba.errors import ConfigError

    if out.exists() and not out.is_dir():
        raise ConfigError(f"{out} is a file; give a folder with --out")
    if out.is_dir() and any(out.iterdir()) and not (out / "truth" / "world.parquet").is_file():
        raise ConfigError(
            f"{out} holds files and is no simulated shop; give an empty or new folder with --out"
        )
    shop = _simulated(out, orders, seed)
    say(
        f"shop: {shop.orders:,} orders, {shop.order_lines:,} lines, {shop.products:,} products, "
        f"{shop.customers:,} customers, {shop.events:,} events, {shop.messages:,} messages; the "
        f"truth is in {shop.path / 'truth'}",
        as_json=as_json,
    )
    say(f"next: nba train {shop.path}", as_json=as_json)
    if as_json:
        give(asdict(shop) | {"path": str(shop.path)})


def _simulated(out: Path, orders: int, seed: int) -> SimulatedShop:
    from nba.data.simulator.generate import simulate as simulate_shop

    with steps("simulate", SIMULATING_STEPS) as announce:
        return simulate_shop(out, orders=orders, seed=seed, announce=announce)


def _play(
    policy: Path,
    truth: Path | None,
    *,
    orders: int,
    customers: int,
    days: int,
    seed: int,
    as_json: bool,
) -> None:
    from nba.decide.playbook import Playbook

    playbook = Playbook.from_toml(policy)
    with TemporaryDirectory() as folder:
        if truth is None:
            _simulated(Path(folder), orders, seed)
        comparison = played(
            truth or Path(folder), playbook, customers=customers, days=days, seed=seed
        )
    say(describe(comparison), as_json=as_json)
    if as_json:
        give({"playbook": playbook.id} | comparison.to_dict())


def played(shop: Path, playbook: Playbook, *, customers: int, days: int, seed: int) -> Comparison:
    """Train on a shop as of the start, and play a playbook: valued, as a calendar, not at all."""
    from nba.data.shop import read_shop
    from nba.data.simulator.loop import ANNOUNCED_DAYS, compare
    from nba.data.simulator.world import read_world
    from nba.decide.policy import Policy
    from nba.learn.train import train

    weeks = -(-days // ANNOUNCED_DAYS)
    with steps("play", 2 + TRAINING_STEPS + 3 * weeks) as announce:
        announce("reading the truth")
        world = read_world(shop, customers=customers, seed=seed)
        announce("reading the shop")
        found = read_shop(shop)
        snapshot = train(found.history, found.catalog, as_of=world.starts_at, announce=announce)
        arms = {
            "policy": _deciding(Policy(snapshot, playbook)),
            "calendar": _deciding(Policy(snapshot, unvalued(playbook))),
        }
        return compare(world, arms, days=days, seed=seed, announce=announce)


def unvalued(playbook: Playbook) -> Playbook:
    """Give a playbook whose messages are all worth the same: what is due is sent in its order."""
    same: dict[str, Any] = {
        "value_share": 1.0,
        "response": 0.5,
        "unsubscribe_risk": 0.0,
        "cost": 0.0,
        "lever": 1.0,
    }
    messages = tuple(one.model_copy(update=same) for one in playbook.message)
    return playbook.model_copy(update={"message": messages})


def _deciding(policy: Policy) -> Decide:
    """Ask a policy in the way of the loop: from the facts of the day before."""
    from nba.facts.fold import fold

    def decide(seen: Seen, customers: Sequence[str], at: np.datetime64) -> Sequence[Offer | None]:
        facts = fold(seen.rows(customers), as_of=at, customers=customers)
        return [_offer(one) for one in policy.stream(customers, facts, at)]

    return decide


def _offer(decision: Decision) -> Offer | None:
    from nba.data.simulator.offers import Offer

    chosen = decision.message
    if chosen is None:
        return None
    shown = (item.product_id for items in chosen.slots.values() for item in items)
    return Offer(chosen.id, chosen.kind, chosen.channel, tuple(shown), chosen.merge.get("order_id"))
