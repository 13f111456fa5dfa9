"""Whom a message is meant for: its stages and the conditions of `when`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.rhythm import STATES as RHYTHMS
from nba.artifacts.segments import KINDS, Segments
from nba.decide.playbooks.messages import Message
from nba.decide.situation import Situation
from nba.facts.stages import STAGES, STATES


@lru_cache(maxsize=1024)
def _stages(named: tuple[str, ...]) -> NDArray[np.bool_]:
    return np.array([one in named for one in STAGES])


def stage_table(message: Message) -> NDArray[np.bool_]:
    """Tell of each stage, by its code, whether the message is for it."""
    return _stages(message.stage)


def admitted(
    now: Situation, message: Message, context: Mapping[str, str]
) -> NDArray[np.bool_] | None:
    """Tell which customers meet all conditions of a message.

    Args:
        now: the situation.
        message: whose `when`.
        context: what the request says, such as place, device or hour; what a condition names and
            the request does not say is not met.

    Returns:
        bool per customer of the facts; None where there is no condition.
    """
    when, facts = message.when, now.facts
    people = facts.people
    met: list[NDArray[np.bool_]] = []
    if when.rhythm is not None:
        codes = [RHYTHMS.index(one) for one in when.rhythm]
        met.append(now.outlook.known & _among(now.outlook.state, codes, len(RHYTHMS)))
    if when.account_type is not None and len(when.account_type) == 1:
        met.append(people.is_company == (when.account_type[0] == "b2b"))
    if when.tier is not None:
        codes = [place for place, one in enumerate(people.tiers) if one in when.tier]
        met.append(_among(people.tier, codes, len(people.tiers)))
    if when.min_orders is not None or when.max_orders is not None:
        kept = np.append(0, np.cumsum(facts.kept))
        count = np.diff(kept[facts.order_start])
        met.append(count >= (when.min_orders or 0))
        if when.max_orders is not None:
            met.append(count <= when.max_orders)
    if when.has_points is not None:
        met.append(people.has_points == when.has_points)
    if when.states is not None:
        met.append(_among(now.stages.state, _states(when.states), len(STATES)))
    if when.segments is not None or when.is_fan is not None:
        met.extend(_segments(now, when.segments, when.is_fan))
    for key, values in when.context.items():
        if context.get(key) not in values:
            return np.zeros(len(facts.customer_ids), np.bool_)
    if not met:
        return None
    return np.asarray(np.logical_and.reduce(met), np.bool_)


def _states(named: tuple[str, ...]) -> list[int]:
    return [
        code
        for code, state in enumerate(STATES)
        if state in named or f"{state.split('/')[0]}/*" in named
    ]


def _segments(
    now: Situation, named: tuple[str, ...] | None, is_fan: bool | None
) -> list[NDArray[np.bool_]]:
    segments, code = now.snapshot.segments, now.coding.described
    known = code >= 0
    met = []
    if is_fan is not None:
        fan = known.copy()
        fan[known] = segments.is_fan[code[known]]
        met.append(fan == is_fan)
    if named is not None:
        inside = known.copy()
        inside[known] = _inside(segments, code[known], named)
        met.append(inside)
    return met


def _inside(
    segments: Segments, code: NDArray[np.int64], named: tuple[str, ...]
) -> NDArray[np.bool_]:
    """Tell which described customers are in any of some segments."""
    ids = list(segments.look_id)
    start = segments.kind_start
    inside = np.zeros(len(code), np.bool_)
    columns: dict[str, tuple[NDArray[np.bool_], NDArray[np.integer]]] = {
        "rfm": (segments.has_bought, segments.segment),
        "band": (segments.has_band, segments.band),
        "tier": (segments.has_tier, segments.tier),
        "fan": (segments.is_fan, np.zeros(len(segments), np.int8)),
    }
    for kind, name in enumerate(KINDS):
        looks = ids[int(start[kind]) : int(start[kind + 1])]
        codes = [place for place, one in enumerate(looks) if one in named]
        if not codes:
            continue
        if name in columns:
            has, column = columns[name]
            inside |= has[code] & _among(column[code], codes, len(looks))
        elif name == "rule":
            bits = np.unpackbits(segments.rules[code], axis=1)
            inside |= bits[:, codes].any(axis=1)
    return inside


def _among(column: NDArray[np.integer], codes: list[int], count: int) -> NDArray[np.bool_]:
    table = np.zeros(max(count, 1), np.bool_)
    table[codes] = True
    return np.asarray(table[column], np.bool_)
