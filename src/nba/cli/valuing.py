"""`nba backtest --policy`: what a new playbook would be worth, before anybody gets its messages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from nba.cli.console import give, instant, say, steps, table
from nba.cli.train import TRAINING_STEPS

if TYPE_CHECKING:
    from nba.measure.valuation import Valuation, Worth

PER: Final = 1000
"""Decisions that useful actions are told for."""
_HEADER: Final = [
    *("", "value", "95 % from", "to", "more than the log", "from", "to"),
    *("effective decisions", "greatest share"),
]


def value_playbook(
    shop: Path,
    playbook: Path,
    *,
    test_from: str | None,
    window_days: float,
    recipe: Path | None,
    models: str | None,
    as_json: bool,
) -> None:
    """Estimate a playbook from the log of a shop, and print what it comes to.

    Args:
        shop: the folder.
        playbook: the file of the new one.
        test_from: the first decision to judge; by default the first that chance had a part in.
        window_days: how long after a decision what is done counts.
        recipe: of the snapshot that is trained on what was known before.
        models: a folder whose current snapshot decides instead; what it knows of is not judged.
        as_json: whether stdout is one JSON document.

    Raises:
        DataError: the log cannot carry an estimate.
    """
    from nba.artifacts.registry import open_snapshot
    from nba.config import TrainConfig
    from nba.data.shop import read_shop
    from nba.decide.playbook import Playbook
    from nba.domain import to_instant
    from nba.learn.train import train
    from nba.measure.logged import Logged, first_chance
    from nba.measure.valuation import news_of, value

    config = TrainConfig() if recipe is None else TrainConfig.from_toml(recipe)
    new = Playbook.from_toml(playbook)
    since = None if test_from is None else instant(test_from, "--test-from")
    with steps("backtest", TRAINING_STEPS + 3) as announce:
        announce("reading the shop")
        found = read_shop(shop)
        snapshot = None if models is None else open_snapshot(models)
        if since is None:
            since = first_chance(found.history)
        if snapshot is not None:
            known = to_instant(snapshot.manifest.data_until)
            since = known if since is None else max(since, known)
        logged = Logged.of(found.history, since=since, window_days=window_days)
        logged = logged.judged(news_of(new))
        if snapshot is None:
            before = found.history.until(logged.rows.decided_at.min())
            snapshot = train(before, found.catalog, config, announce=announce)
        valuation = value(found, logged, snapshot, new, announce=announce).checked()
    say(describe(valuation), as_json=as_json)
    if as_json:
        give(valuation.to_dict())


def describe(valuation: Valuation) -> str:
    """Lay out what the new playbook would have earned beside what the log's did."""
    from nba.domain import iso

    left_out = f"; {valuation.left_out:,} more were not drawn" if valuation.left_out else ""
    if valuation.apart:
        left_out += (
            f"; at {valuation.apart:,} more the new playbook would do what the log never does, so "
            "nothing is known of them"
        )
    parts = [
        f"{valuation.decisions:,} decisions of {valuation.customers:,} customers from "
        f"{iso(valuation.since)} to {iso(valuation.until)}{left_out}; chance had a part in "
        f"{valuation.explored:,}; what customers did in the {valuation.window_days:g} days after "
        f"each counts; weights up to {valuation.greatest:.1f}"
    ]
    for word, worth, scale, form in (
        (f"decisions of {PER:,} followed by a useful action", valuation.useful, PER, "{:,.1f}"),
        ("revenue a decision, minor units", valuation.revenue, 1, "{:,.1f}"),
    ):
        parts.append(f"\n{word}\n{table(_HEADER, _rows(worth, scale, form))}")
    return "\n".join(parts)


def _rows(worth: Worth, scale: int, form: str) -> list[list[str]]:
    def told(*values: float) -> list[str]:
        return [form.format(one * scale) for one in values]

    rows = [["the log's own", *told(worth.logged.value, *worth.logged.interval()), *[""] * 5]]
    for name, one in worth.methods.items():
        rows.append(
            [
                f"new, {name}",
                *told(one.value, *one.interval()),
                *told(*worth.difference(name)),
                f"{one.effective:,.0f}",
                f"{one.greatest:.2%}",
            ]
        )
    return rows
