"""How two snapshots differ: in what they were told to do, and in what they would show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.graph import ProductGraph
from nba.artifacts.snapshot import Snapshot
from nba.config import TrainConfig

LIST_LENGTH: Final = 5
"""Partners of a product that people get to see."""
_NO_PARTNER: Final = -1
_UNKNOWN: Final = -2
"""Stands for a product that the other snapshot does not know."""


@dataclass(frozen=True, slots=True)
class ListsChanged:
    """How the lists of one relation differ.

    Attributes:
        relation: its name.
        compared: products that both snapshots know, and that have a list in either.
        changed: those of them whose first partners are not the same products, in whatever order.
    """

    relation: str
    compared: int
    changed: int

    @property
    def share(self) -> float | None:
        """The changed ones among those compared, 0 to 1; None where there are none."""
        return self.changed / self.compared if self.compared else None


@dataclass(frozen=True, slots=True)
class SettingChanged:
    """A setting that differs.

    Attributes:
        name: with points between its parts, such as `copurchase.top_k`.
        before, after: as JSON has them; None where one does not have it.
    """

    name: str
    before: Any
    after: Any


def settings_changed(before: TrainConfig, after: TrainConfig) -> list[SettingChanged]:
    """List the settings that differ between two configurations, by name."""
    one, other = (dict(_flat(config.model_dump(mode="json"))) for config in (before, after))
    return [
        SettingChanged(name, one.get(name), other.get(name))
        for name in sorted(one.keys() | other.keys())
        if one.get(name) != other.get(name)
    ]


def lists_changed(before: Snapshot, after: Snapshot) -> list[ListsChanged]:
    """Compare the first `LIST_LENGTH` partners of every product that both snapshots know.

    Takes time and memory that grow with the products.

    Args:
        before: one snapshot.
        after: another of the same shop.

    Returns:
        One a relation that both have, by name.
    """
    ids, known = before.products.ids, after.products.ids.codes()
    to_after = np.fromiter((known.get(one, _UNKNOWN) for one in ids), np.int32, len(ids))
    shared = np.flatnonzero(to_after >= 0)
    # One more at the end, for the places of a list that is shorter.
    codes = np.append(to_after, np.int32(_NO_PARTNER))
    found = []
    for name in sorted(before.graphs.keys() & after.graphs.keys()):
        was = codes[_first(before.graphs[name])[shared]]
        now = _first(after.graphs[name])[to_after[shared]]
        has_list = (was[:, 0] != _NO_PARTNER) | (now[:, 0] != _NO_PARTNER)
        differs = (np.sort(was, axis=1) != np.sort(now, axis=1)).any(axis=1)
        found.append(ListsChanged(str(name), int(has_list.sum()), int(differs.sum())))
    return found


def _first(graph: ProductGraph) -> NDArray[np.int32]:
    """Give the first partners of every product, int32[products, LIST_LENGTH], -1 behind them."""
    place = graph.indptr[:-1, None] + np.arange(LIST_LENGTH)
    behind = np.append(graph.neighbours, np.int32(_NO_PARTNER))
    return behind[np.where(place < graph.indptr[1:, None], place, len(graph))]


def _flat(settings: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value
