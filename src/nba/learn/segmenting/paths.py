"""The path to fans: what precedes becoming one, more often than it precedes that age of others."""

from __future__ import annotations

from itertools import combinations
from math import ceil
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.segments import FanPaths, Segments
from nba.data.contacts import Contacts
from nba.data.history import Baskets
from nba.domain import Instants, Texts
from nba.learn.assortment import Assortment
from nba.learn.segmenting.fans import first_orders, turning_points
from nba.learn.segmenting.figures import places
from nba.learn.segmenting.steps import Steps
from nba.segmentation import FansConfig

LONGEST: Final = 3
"""Steps of a path, at most."""
_REMEMBERED: Final = 6
"""Last steps of a window among which paths are sought."""
_SURE: Final = 1.645
"""Standard errors below the lift that its lower 5 % bound is."""
_NEVER: Final = np.datetime64("NaT", "us")


def fan_paths(
    segments: Segments,
    baskets: Baskets,
    types: Assortment,
    contacts: Contacts,
    config: FansConfig,
    *,
    seed: int,
) -> FanPaths:
    """Find the ordered steps, not necessarily next to one another, that precede becoming a fan.

    A fan's window ends before the order that made them one; another customer's before an age, in
    days since the first order, at which a fan drawn by lot became one. A step is a message sent, a
    message answered, or a category bought. The more steps a window has the more paths: so others
    weigh w, the fans over the others with as many steps. Over fans F and others W = sum of w, with
    a and b of them on the path, p = (a + b) / (F + W) and smoothing m:

        lift = ((a + m p) / (F + m)) / ((b + m p) / (W + m))
        low  = lift exp(-1.645 sqrt(1 / (a + m p) + 1 / (b_n + m p)))

    with b_n the others on the path unweighted, as many as were really seen.

    A path that has all steps of a surer one, in their order, is left out.

    Args:
        segments: the customers, and who is a fan.
        baskets: their purchases.
        types: the categories of the same products.
        contacts: the messages they were sent.
        config: window, smoothing and how many.
        seed: of the draw.
    """
    until = _window_ends(segments, baskets, config, seed)
    is_fan = segments.is_fan & ~np.isnat(until)
    steps = Steps.before(until, config.window_days, segments.ids, baskets, types, contacts)
    needed = max(config.min_fans, ceil(config.min_share * int(is_fan.sum())))
    steps = steps.only(_gone_by(steps, is_fan) >= needed)
    compared = np.flatnonzero(~np.isnat(until))
    table = steps.last(_REMEMBERED, len(segments))[compared]
    is_fan = is_fan[compared]
    weight = _weights((table > 0).sum(axis=1), is_fan)
    found = [
        _counted(table, length, len(steps.names) + 1, is_fan, weight, needed)
        for length in range(1, LONGEST + 1)
    ]
    keys, fans, others, busy = (np.concatenate(columns) for columns in zip(*found, strict=True))
    fan_count, total = int(is_fan.sum()), float(weight[~is_fan].sum())
    lift, low = _lift(fans, others, busy, fan_count, total, config.smoothing)
    length = (keys > 0).sum(axis=1)
    first = _telling(keys, np.lexsort((*keys.T[::-1], length, -fans, -low)), config.top_k)
    path = keys[first]
    used = np.unique(path[path > 0])
    return FanPaths(
        steps=Texts.of(steps.names[one - 1] for one in used.tolist()),
        length=length[first].astype(np.int8),
        path=np.where(path > 0, np.searchsorted(used, path), 0).astype(np.int32),
        fans=fans[first],
        others=others[first],
        others_share=(busy[first] / max(total, 1.0)).astype(np.float32),
        lift=lift[first].astype(np.float32),
        lift_low=low[first].astype(np.float32),
        fan_count=np.array([fan_count], np.int64),
        other_count=np.array([len(is_fan) - fan_count], np.int64),
    )


def _window_ends(segments: Segments, baskets: Baskets, config: FansConfig, seed: int) -> Instants:
    """Say when each customer's window ends; NaT for those who are not compared."""
    place = places(segments.ids, baskets.customer_ids)
    turned, at = turning_points(baskets, config.order_days)
    became, first = np.full(len(segments), _NEVER), np.full(len(segments), _NEVER)
    became[place[turned]] = at
    first[place] = first_orders(baskets)
    became[~segments.is_fan] = _NEVER
    ages = (became - first)[segments.is_fan]
    others = np.flatnonzero(~segments.is_fan & segments.has_bought)
    random = np.random.default_rng([seed, crc32(b"paths to fans")])
    if not len(ages) or not len(others):
        return np.full(len(segments), _NEVER)
    others = np.sort(random.permutation(others)[: config.controls * len(ages)])
    reached = first[others] + ages[random.integers(0, len(ages), len(others))]
    # Whoever has not come to that age yet may still go the same path.
    old_enough = reached < baskets.as_of
    became[others[old_enough]] = reached[old_enough]
    return became


def _gone_by(steps: Steps, is_fan: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count the fans who took each step."""
    wide = max(len(steps.names), 1)
    cells = np.sort((steps.customer * wide + steps.step)[is_fan[steps.customer]])
    new = np.append(True, np.diff(cells) != 0)[: len(cells)]
    return np.bincount(cells[new] % wide, minlength=len(steps.names))


def _weights(busy: NDArray[np.int64], is_fan: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Weigh other customers so that as many of them as of fans had so many steps."""
    fans = np.bincount(busy[is_fan], minlength=_REMEMBERED + 1)
    others = np.bincount(busy[~is_fan], minlength=_REMEMBERED + 1)
    weight = np.where(is_fan, 1.0, (fans / np.maximum(others, 1))[busy])
    return np.asarray(weight, np.float64)


def _counted(
    table: NDArray[np.int64],
    length: int,
    base: int,
    is_fan: NDArray[np.bool_],
    weight: NDArray[np.float64],
    needed: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Count who went each path of one length that enough fans went.

    Returns:
        Per path its steps (int64[paths, 3], from 1), the fans, the others, and these weighed.
    """
    columns = []
    for chosen in combinations(range(table.shape[1]), length):
        taken = table[:, chosen]
        key = np.zeros(len(table), np.int64)
        # Three steps fit as long as there are fewer than two million different ones.
        for column in taken.T:
            key = key * base + column
        columns.append(np.where((taken > 0).all(axis=1), key, 0))
    keys = np.sort(np.stack(columns, axis=1), axis=1)
    once = keys > 0
    once[:, 1:] &= keys[:, 1:] != keys[:, :-1]
    who, _ = np.nonzero(once)
    gone = keys[once]
    order = np.argsort(gone, kind="stable")
    gone, who = gone[order], who[order]
    begins = np.flatnonzero(np.append(True, np.diff(gone) != 0)[: len(gone)])
    path = np.repeat(np.arange(len(begins)), np.diff(np.append(begins, len(gone))))
    fan = is_fan[who]
    fans = np.bincount(path[fan], minlength=len(begins))
    others = np.bincount(path[~fan], minlength=len(begins))
    busy = np.bincount(path[~fan], weight[who[~fan]], minlength=len(begins))
    often = np.flatnonzero(fans >= needed)
    steps = np.zeros((len(often), LONGEST), np.int64)
    left = gone[begins[often]]
    for place in range(length - 1, -1, -1):
        left, steps[:, place] = np.divmod(left, base)
    return steps, fans[often], others[often], np.asarray(busy[often], np.float64)


def _lift(
    fans: NDArray[np.int64],
    others: NDArray[np.int64],
    busy: NDArray[np.float64],
    fan_count: int,
    total: float,
    smoothing: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    usual = smoothing * (fans + busy) / max(fan_count + total, 1.0)
    # Without smoothing nobody else may have gone a path: half a customer then did.
    mine, theirs = fans + usual, np.maximum(busy + usual, 0.5)
    lift = mine / (fan_count + smoothing) * (total + smoothing) / theirs
    spread = np.sqrt(1 / np.maximum(mine, 0.5) + 1 / np.maximum(others + usual, 0.5))
    return lift, lift * np.exp(-_SURE * spread)


def _telling(keys: NDArray[np.int64], ranked: NDArray[np.int64], top_k: int) -> NDArray[np.int64]:
    """Take the first paths, but none that has all steps of one before it."""
    kept: list[tuple[int, ...]] = []
    chosen: list[int] = []
    for number, row in zip(ranked.tolist(), keys[ranked].tolist(), strict=True):
        if len(chosen) == top_k:
            break
        path = tuple(step for step in row if step)
        if not any(_goes(path, shorter) for shorter in kept):
            kept.append(path)
            chosen.append(number)
    return np.array(chosen, np.int64)


def _goes(path: tuple[int, ...], shorter: tuple[int, ...]) -> bool:
    """Tell whether a path has all steps of another in their order."""
    left = iter(path)
    return all(step in left for step in shorter)
