"""`nba simulate`: a shop with planted truth, or a policy played on some day by day."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nba.cli.console import AsJson, give, say, steps, table

if TYPE_CHECKING:
    from nba.cli.playing import Plan
    from nba.data.simulator.frontier import Frontier
    from nba.data.simulator.generate import SimulatedShop
    from nba.data.simulator.study import Estimate, Study

WRITTEN_ORDERS = 20_000
PLAYED_CUSTOMERS = 600
PLAYED_DAYS = 28
ASKED_AT_HOURS = 9.0
SEED = 1
SIMULATING_STEPS = 8
NOT_WITH_OUT = "goes with --policy, not with --out"
_DIFFERENCE = ["", "mean", "95 % from", "to", "share more", "from", "to"]


def simulate(
    out: Annotated[Path | None, typer.Option("--out", help="Write a shop to this folder.")] = None,
    orders: Annotated[
        int | None,
        typer.Option(
            "--orders",
            min=1,
            help="Orders to simulate; 20,000 by default, for a policy as its customers need.",
        ),
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
            help="Shop folder with truth/ to play on; by default one a seed is simulated.",
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
    seeds: Annotated[
        int | None,
        typer.Option("--seeds", min=1, help="Shops to play on: this seed and the next ones; 1."),
    ] = None,
    hour: Annotated[
        float | None,
        typer.Option(
            "--hour", min=0, max=23.99, help="Hour of the day, UTC, when policies are asked; 9."
        ),
    ] = None,
    frontier: Annotated[
        bool,
        typer.Option(
            "--frontier", help="Also send less and less, to compare unsubscribes at equal profit."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write a simulated shop, or play a playbook on some beside other ways of sending."""
    from nba.errors import ConfigError

    if out is not None and policy is None:
        for option, value in (
            ("--truth", truth),
            ("--customers", customers),
            ("--days", days),
            ("--seeds", seeds),
            ("--hour", hour),
            ("--frontier", frontier or None),
        ):
            if value is not None:
                raise ConfigError(f"{option} {NOT_WITH_OUT}")
        _write(out, orders or WRITTEN_ORDERS, seed, as_json=as_json)
    elif policy is not None and out is None:
        from nba.cli.playing import ORDERS_A_CUSTOMER, Plan

        if truth is not None and orders is not None:
            raise ConfigError("--orders is for a shop to simulate; that of --truth exists already")
        count = customers or PLAYED_CUSTOMERS
        _play(
            Plan(
                str(policy),
                None if truth is None else str(truth),
                orders=orders or round(count * ORDERS_A_CUSTOMER),
                customers=count,
                days=days or PLAYED_DAYS,
                asked_at_hours=ASKED_AT_HOURS if hour is None else hour,
                with_frontier=frontier,
            ),
            range(seed, seed + (seeds or 1)),
            as_json=as_json,
        )
    else:
        raise ConfigError(
            "give either --out DIR, to write a shop, or --policy FILE, to play a playbook on one"
        )


def describe(study: Study) -> str:
    """Lay out the arms beside each other, how they differ, and the messages of each."""
    shops = "shop" if len(study.seeds) == 1 else f"{len(study.seeds)} shops"
    names = list(study.arms)
    parts = [
        f"{study.days} days, purchases followed for 7 more; {shops}, seed "
        f"{', '.join(map(str, study.seeds))}; money in minor units of {study.currency}",
        table(["", *names], _arms(study)),
        "\nprofit more than another arm's, per 1,000 customers",
        table(_DIFFERENCE, _differences(study)),
        "\nthe same without the chance of what is bought: what the messages truly add",
        table(_DIFFERENCE, _differences(study.in_expectation())),
    ]
    header = [
        "",
        "sent",
        "useful",
        "share",
        "relevance",
        "orders",
        "margin",
        "adds",
        "unsubscribes",
    ]
    for name in names:
        rows = [
            [
                one.message,
                f"{one.sent:,}",
                f"{one.useful:,}",
                f"{one.useful / one.sent:.1%}",
                f"{one.relevance / one.sent:.2f}",
                f"{one.orders:,}",
                f"{one.margin:,}",
                f"{one.expected:,.0f}",
                f"{one.unsubscribes:,}",
            ]
            for one in study.messages(name)
        ]
        if rows:
            parts.append(f"\nmessages of {name}\n{table(header, rows)}")
    return "\n".join(parts)


def describe_frontier(frontier: Frontier) -> str:
    """Lay out the points of both ways of sending, and what is saved at equal profit."""
    study = frontier.study
    rows = [
        [
            name,
            *_interval(study.gain(name), "{:,.0f}"),
            f"{study.per_customers(name, 'unsubscribes').mean():,.1f}",
            *(_interval(frontier.saved(name), "{:.0%}") if name in frontier.theirs else "---"),
        ]
        for name in (*frontier.ours, *frontier.theirs)
    ]
    header = ["", "added", "from", "to", "unsubscribes", "saved by us", "from", "to"]
    return (
        "\nthe frontiers, per 1,000 customers: what messages truly add, unsubscribes, and the "
        f"share of them that {frontier.ours[0]} saves at that profit\n{table(header, rows)}"
    )


def _arms(study: Study) -> list[list[str]]:
    """Write one row a measure, one column an arm."""
    told = study.to_dict()["arms"]

    def row(label: str, measure: str, form: str, part: str | None = "mean") -> list[str]:
        cells = [arm[measure] if part is None else arm[measure][part] for arm in told.values()]
        return [label, *("-" if one is None else form.format(one) for one in cells)]

    return [
        row("customers", "customers", "{:,}", None),
        row("messages", "messages", "{:,}", None),
        row("useful actions", "useful", "{:,}", None),
        row("  a message", "useful_per_message", "{:.2%}"),
        row("unsubscribes", "unsubscribes", "{:,}", None),
        row("  a message", "unsubscribes_per_message", "{:.3%}"),
        row("still contactable", "contactable_share", "{:.1%}"),
        row("not sent: no consent", "refused", "{:,}", None),
        row("not sent: sent before", "repeated", "{:,}", None),
        row("not sent: for another day", "postponed", "{:,}", None),
        row("lifetime value left, a customer", "lifetime", "{:,.0f}"),
        row("cost of sending, per 1,000 customers", "cost_per_1000", "{:,.0f}"),
        row("profit, per 1,000 customers", "profit_per_1000", "{:,.0f}"),
        row("profit over nothing, per 1,000 customers", "incremental_profit_per_1000", "{:,.0f}"),
        row("  95 % from, over shops", "incremental_profit_per_1000", "{:,.0f}", "low"),
        row("  to", "incremental_profit_per_1000", "{:,.0f}", "high"),
        row(
            "  95 % from, over customers",
            "incremental_profit_per_1000_by_customers",
            "{:,.0f}",
            "low",
        ),
        row("  to", "incremental_profit_per_1000_by_customers", "{:,.0f}", "high"),
        row("what its messages truly add, per 1,000 customers", "in_expectation", "{:,.0f}"),
        row("  95 % from, over shops", "in_expectation", "{:,.0f}", "low"),
        row("  to", "in_expectation", "{:,.0f}", "high"),
    ]


def _differences(study: Study) -> list[list[str]]:
    return [
        [
            f"{arm} - {base}",
            *_interval(study.gain(arm, base), "{:,.0f}"),
            *_interval(study.share_more(arm, base), "{:.0%}"),
        ]
        for arm, base in study.pairs()
    ]


def _interval(estimate: Estimate, form: str) -> list[str]:
    cells = estimate.to_dict().values()
    return ["-" if one is None else form.format(one) for one in cells]


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


def _play(plan: Plan, seeds: range, *, as_json: bool) -> None:
    from nba.cli.playing import frontier_of, play_seeds
    from nba.decide.playbook import Playbook

    # What is wrong with the file is said before anything is simulated.
    playbook = Playbook.from_toml(plan.playbook)
    with steps("play", plan.steps * len(seeds)) as announce:
        study = play_seeds(plan, seeds, announce)
    shown, told = study, dict[str, Any](playbook=playbook.id)
    if plan.with_frontier:
        shown, frontier = frontier_of(study)
        say(describe_frontier(frontier), as_json=as_json)
        told["frontier"] = frontier.to_dict()
    say(describe(shown), as_json=as_json)
    if as_json:
        give(told | shown.to_dict())
