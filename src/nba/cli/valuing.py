"""`nba backtest --policy`: what a new playbook would be worth, before anybody gets its messages."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nba.cli.console import give, instant, say, steps, table
from nba.cli.train import TRAINING_STEPS

if TYPE_CHECKING:
    import numpy as np

    from nba.artifacts.snapshot import Snapshot
    from nba.measure.valuation import Valuation, Worth

PER: Final = 1000
"""Decisions that useful actions are told for."""
_HEADER: Final = [
    *("", "value", "95 % from", "to", "more than the log", "from", "to"),
    *("effective decisions", "greatest share"),
]


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """The snapshots of a home, by what they know.

    Attributes:
        models: their home, as people write it.
        known: up to when each knows, ascending, at least one.
        ids: their ids.
    """

    models: str
    known: Sequence[np.datetime64]
    ids: Sequence[str]

    @classmethod
    def of(cls, models: str) -> Kept:
        """List them.

        Raises:
            SnapshotError: there is none.
        """
        from nba.artifacts.homes import home_of
        from nba.artifacts.registry import current_id, list_snapshots
        from nba.domain import to_instant
        from nba.errors import SnapshotError

        current_id(models)
        told = sorted(
            (to_instant(one.data_until), one.sequence, one.snapshot_id)
            for one in list_snapshots(models)
        )
        if not told:
            home = home_of(models)
            raise SnapshotError(
                f"the snapshots of {home} are damaged; see: nba models verify --models {home}"
            )
        return cls(models, [one[0] for one in told], [one[2] for one in told])

    def at(self, instant: np.datetime64) -> Snapshot:
        """Open the newest that knows of nothing from an instant on."""
        return _opened(self.models, self.ids[bisect_right(self.known, instant) - 1])


@lru_cache(maxsize=1)
def _opened(models: str, snapshot_id: str) -> Snapshot:
    from nba.artifacts.registry import open_snapshot

    return open_snapshot(models, snapshot_id)


def value_playbook(
    shop: Path,
    playbook: Path,
    *,
    test_from: str | None,
    window_days: float,
    recipe: Path | None,
    models: str | None,
    decisions: int | None,
    as_json: bool,
) -> None:
    """Estimate a playbook from the log of a shop, and print what it comes to.

    Args:
        shop: the folder.
        playbook: the file of the new one.
        test_from: the first decision to judge; by default the first that chance had a part in.
        window_days: how long after a decision what is done counts.
        recipe: of the snapshot that is trained on what was known before.
        models: a folder whose snapshots decide instead, each decision by the newest before it;
            earlier decisions are not judged.
        decisions: how many to draw; by default as many as take a minute or two.
        as_json: whether stdout is one JSON document.

    Raises:
        DataError: the log cannot carry an estimate.
    """
    from nba.config import TrainConfig
    from nba.data.shop import read_shop
    from nba.decide.playbook import Playbook
    from nba.learn.train import train
    from nba.measure.logged import Logged, first_chance
    from nba.measure.valuation import news_of, value

    config = TrainConfig() if recipe is None else TrainConfig.from_toml(recipe)
    new = Playbook.from_toml(playbook)
    since = None if test_from is None else instant(test_from, "--test-from")
    with steps("backtest", TRAINING_STEPS + 3) as announce:
        announce("reading the shop")
        found = read_shop(shop)
        if since is None:
            since = first_chance(found.history)
        kept = None if models is None else Kept.of(models)
        if kept is not None:
            since = kept.known[0] if since is None else max(since, kept.known[0])
        logged = Logged.of(found.history, since=since, window_days=window_days)
        logged = logged.judged(news_of(new))
        snapshot_at: Callable[[np.datetime64], Snapshot]
        if kept is not None:
            snapshot_at = kept.at
        else:
            before = found.history.until(logged.rows.decided_at.min())
            snapshot_at = _always(train(before, found.catalog, config, announce=announce))
        valuation = value(found, logged, snapshot_at, new, most=decisions, announce=announce)
        valuation.checked()
    say(describe(valuation), as_json=as_json)
    if as_json:
        give(valuation.to_dict())


def _always(snapshot: Snapshot) -> Callable[[np.datetime64], Snapshot]:
    return lambda _: snapshot


def describe(valuation: Valuation) -> str:
    """Lay out what the new playbook would have earned beside what the log's did."""
    from nba.domain import iso

    left_out = ""
    if valuation.left_out:
        drawn = valuation.decisions + valuation.apart
        left_out = (
            f"; {drawn:,} of the log's {drawn + valuation.left_out:,} decisions were drawn by "
            "chance, more with --decisions"
        )
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
