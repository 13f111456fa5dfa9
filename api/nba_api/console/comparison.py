"""Two snapshots side by side, for people who choose between them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import orjson

from nba.artifacts.comparing import LIST_LENGTH, ListsChanged, lists_changed, settings_changed
from nba.artifacts.homes import Models
from nba.artifacts.registry import open_snapshot
from nba.artifacts.snapshot import Manifest
from nba.errors import SnapshotError
from nba_api.console.writing import NOTHING, grouped, moment, percent

MOST_PRODUCTS: Final = 100_000
MOST_EDGES: Final = 20_000_000
"""Both snapshots are read in full to compare their lists; larger ones take more than seconds."""
_ASKED: Final = {
    "test_from": "Tested from",
    "horizon_days": "Days tested",
    "n": "Products in a list",
    "customers": "Customers who bought then",
}
_SEEN: Final = 0.0005
"""The least share that is not written as nothing."""
_COMPARING: Final = threading.Lock()
_MINUS: Final = "\N{MINUS SIGN}"
_RELATION_WORDS: Final = {"bought_together": "Bought together", "parts": "Spare parts"}


@dataclass(frozen=True, slots=True)
class Row:
    """A figure of both.

    Attributes:
        name: of the figure.
        before, after: as people read them.
        change: from the first to the second; empty where nothing changed or there is none to tell.
    """

    name: str
    before: str
    after: str
    change: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Figures of one kind.

    Attributes:
        title: for people.
        rows: the figures.
        reading: what to know of them.
        columns: what the values of a row are; by default those of both snapshots and the change.
    """

    title: str
    rows: Sequence[Row]
    reading: str = ""
    columns: Sequence[str] = ("Before", "After", "Change")


def compared(models: Models, before: Manifest, after: Manifest) -> list[Group]:
    """Put two stored snapshots side by side; reads both in full where they are not too large."""
    groups = [
        Group("What they are", list(_identity(before, after))),
        _backtests(before.backtest, after.backtest),
        _lists(models, before, after),
        Group("Counts", list(_numbers(before.counts, after.counts))),
        Group("Share of products with a list", list(_shares(before.coverage, after.coverage))),
        _settings(before, after),
    ]
    return [one for one in groups if one.rows or one.reading]


def backtest_summary(manifest: Manifest) -> str:
    """Write the figure of the backtest that customers see the result of, with its interval."""
    found = manifest.backtest
    if found is None:
        return NOTHING
    name = f"recall@{found['n']}"
    return f"{name}: {_interval(found['methods']['picks'][name])}"


def engines(manifest: Manifest) -> str:
    """Write which engine counted what, shortly where one counted everything."""
    told = manifest.engines
    if len(set(told.values())) == 1:
        return next(iter(told.values()))
    return ", ".join(f"{_words(name)}: {engine}" for name, engine in sorted(told.items()))


def _identity(before: Manifest, after: Manifest) -> Iterator[Row]:
    written: Mapping[str, Callable[[Manifest], str]] = {
        "Published as number": lambda one: grouped(one.sequence),
        "Trained": lambda one: moment(one.trained_at),
        "Orders from": lambda one: moment(one.data_from),
        "Known up to": lambda one: moment(one.data_until),
        "Counted by": engines,
        "Model of new products": _chosen,
        "Digest": lambda one: one.digest[:12],
    }
    for name, write in written.items():
        yield Row(name, write(before), write(after))


def _chosen(manifest: Manifest) -> str:
    return str(manifest.picks.get("discovery", {}).get("chosen") or NOTHING)


def _backtests(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Group:
    title = "Backtest"
    if before is None and after is None:
        return Group(title, [], "Neither was tested; nba train SHOP --backtest 28 tests first.")
    rows = [
        Row(words, *(_asked(one, name) for one in (before, after)))
        for name, words in _ASKED.items()
    ]
    measured = [{} if one is None else dict(_measures(one)) for one in (before, after)]
    rows += [
        Row(name, *(one.get(name, NOTHING) for one in measured))
        for name in dict.fromkeys([*measured[0], *measured[1]])
    ]
    is_alike = (
        before is not None
        and after is not None
        and all(before[name] == after[name] for name in ("test_from", "horizon_days", "n"))
    )
    reading = "With 95 % intervals by customer: where they overlap, the difference may be chance."
    if not is_alike:
        reading += " The two were not tested alike, so their figures say little about each other."
    return Group(title, rows, reading)


def _asked(backtest: Mapping[str, Any] | None, name: str) -> str:
    if backtest is None:
        return NOTHING
    return moment(backtest[name]) if name == "test_from" else grouped(backtest[name])


def _measures(backtest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for method, figures in backtest["methods"].items():
        for name, value in figures.items():
            written = _interval(value) if isinstance(value, dict) else percent(value, 1)
            yield f"{_words(method)}: {name}", written


def _interval(told: Mapping[str, float]) -> str:
    low, high = (percent(told[name], 2) for name in ("low", "high"))
    return f"{percent(told['mean'], 2)} ({low} to {high})"


def _lists(models: Models, before: Manifest, after: Manifest) -> Group:
    title = f"Lists whose first {LIST_LENGTH} products are others"
    if any(_is_large(one) for one in (before, after)):
        return Group(title, [], "Not compared: these snapshots are too large for a page.")
    try:
        # Both are in memory meanwhile: so many that ask at once would fill it.
        with _COMPARING:
            found = _lists_changed(models, before.snapshot_id, after.snapshot_id)
    except SnapshotError as error:
        return Group(title, [], f"Not compared: {error}")
    rows = [_changed(one) for one in found if one.compared]
    return Group(
        title,
        rows,
        "Of the products that both know and that have a list in either; their order in it is not "
        "looked at.",
        ("Compared", "Changed", "Share"),
    )


@lru_cache(maxsize=64)
def _lists_changed(models: Models, before: str, after: str) -> Sequence[ListsChanged]:
    """Compare two snapshots by their ids; what is stored under one never changes."""
    return lists_changed(*(open_snapshot(models, one) for one in (before, after)))


def _is_large(manifest: Manifest) -> bool:
    edges = sum(count for name, count in manifest.counts.items() if name.endswith("_edges"))
    return manifest.counts.get("products", 0) > MOST_PRODUCTS or edges > MOST_EDGES


def _changed(one: ListsChanged) -> Row:
    name = _RELATION_WORDS.get(one.relation, _words(one.relation))
    return Row(name, grouped(one.compared), grouped(one.changed), percent(one.share, 1))


def _numbers(before: Mapping[str, int], after: Mapping[str, int]) -> Iterator[Row]:
    for name in dict.fromkeys([*before, *after]):
        was, now = before.get(name), after.get(name)
        change = "" if was is None or now is None else _difference(was, now)
        yield Row(_words(name), grouped(was), grouped(now), change)


def _difference(was: int, now: int) -> str:
    if was == now:
        return ""
    told = _signed(now - was, grouped(abs(now - was)))
    share = abs(now - was) / was if was else 0.0
    return f"{told} ({percent(share, 1)})" if share >= _SEEN else told


def _signed(change: float, size: str) -> str:
    return f"{'+' if change > 0 else _MINUS}{size}"


def _shares(before: Mapping[str, float], after: Mapping[str, float]) -> Iterator[Row]:
    for name in dict.fromkeys([*before, *after]):
        was, now = before.get(name), after.get(name)
        change = ""
        if was is not None and now is not None and abs(now - was) >= _SEEN:
            change = _signed(now - was, f"{grouped(100 * abs(now - was), 1)} points")
        yield Row(_words(name), percent(was, 1), percent(now, 1), change)


def _settings(before: Manifest, after: Manifest) -> Group:
    title = "Settings that differ"
    found = settings_changed(before.config, after.config)
    if not found:
        return Group(title, [], "None: both were trained with the same recipe.")
    return Group(title, [Row(one.name, _json(one.before), _json(one.after)) for one in found])


def _json(value: object) -> str:
    return NOTHING if value is None else orjson.dumps(value).decode()


def _words(name: str) -> str:
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]
