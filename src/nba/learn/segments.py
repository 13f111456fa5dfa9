"""Put every customer into segments: by recency, money, tier, love of the shop, and rule."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.segments import KINDS, Segments
from nba.data.contacts import Replies
from nba.data.history import Baskets
from nba.data.profiles import Profiles
from nba.data.purchases import Purchases
from nba.domain import Texts
from nba.learn.segmenting.fans import fan_scores, fans
from nba.learn.segmenting.figures import Figures, places
from nba.learn.segmenting.rfm import SEGMENTS, Rfm
from nba.learn.segmenting.rules import Column, members
from nba.palette import RHYTHM_LOOKS, Look
from nba.segmentation import SegmentsConfig
from nba.statistics.customers import CustomerSummary

_TOLD = ("account_type", "locale", "timezone", "tier", "attributes")
"""The texts of a profile that segments look at."""


def segments(
    baskets: Baskets,
    purchases: Purchases,
    summary: CustomerSummary,
    profiles: Profiles,
    replies: Replies,
    config: SegmentsConfig,
) -> Segments:
    """Segment the customers who have an id and an order, or whom the shop describes.

    Args:
        baskets: the kept purchases; ages and periods end at their `as_of`.
        purchases: their money, cell by cell.
        summary: the sums of the same purchases.
        profiles: the customers known at the same instant.
        replies: what was said until then.
        config: bands, tiers, fans, rules and looks.
    """
    figures = Figures.of(baskets, purchases, summary, profiles, replies, config)
    place = places(figures.customer_ids, profiles.customer_ids)
    told = _told(profiles, place, len(figures))
    rfm = Rfm.of(figures, config.monetary)
    scores = fan_scores(figures, config.fans)
    is_fan = fans(figures, scores, config.fans)
    is_banded = _is_banded(told["account_type"], config.band_account_types)
    band, has_band = level(figures.spend, [one.floor for one in config.band])
    has_band &= is_banded
    band[~has_band] = 0
    tiers, tier = _tiers(told["tier"], [one.id for one in config.tier])
    points, has_points = _points(profiles, place, len(figures))
    fields: dict[str, Callable[[], Column]] = {
        **_purchase_fields(figures, rfm),
        "band": lambda: Column.of_words([one.id for one in config.band], band, has_band),
        "points": lambda: Column.of_numbers(points, has_points),
        "fan": lambda: Column.of_flags(is_fan),
        "fan_score": lambda: Column.of_numbers(scores, figures.has_bought),
        "tier": lambda: Column.of_texts(told["tier"]),
        "account_type": lambda: Column.of_texts(told["account_type"]),
        "locale": lambda: Column.of_texts(told["locale"]),
        "timezone": lambda: Column.of_texts(told["timezone"]),
    }
    met = members(config.rule, fields, told["attributes"])
    looks = _looks(config, tiers)
    return Segments(
        ids=figures.customer_ids,
        has_bought=figures.has_bought,
        recency_score=rfm.recency,
        frequency_score=rfm.frequency,
        monetary_score=rfm.money,
        segment=rfm.segment,
        order_days=figures.order_days.astype(np.int32),
        days_since_last=figures.days_since_last.astype(np.int32),
        monetary=figures.revenue if config.monetary == "revenue" else figures.profit,
        spend=figures.spend,
        is_banded=is_banded,
        has_band=has_band,
        band=band,
        has_tier=np.diff(told["tier"].offsets) > 0,
        tier=tier,
        has_points=has_points,
        points=points,
        is_fan=is_fan,
        fan_score=scores.astype(np.float32),
        reviews=figures.reviews.astype(np.int32),
        referrals=figures.referrals.astype(np.int32),
        rules=np.packbits(met, axis=1),
        kind_start=np.append(0, np.cumsum([len(looks[kind]) for kind in KINDS])).astype(np.int64),
        look_id=Texts.of(one for kind in KINDS for one in looks[kind]),
        look_label=Texts.of(one.label for kind in KINDS for one in looks[kind].values()),
        look_colour=Texts.of(one.colour for kind in KINDS for one in looks[kind].values()),
        look_icon=Texts.of(one.icon for kind in KINDS for one in looks[kind].values()),
        band_floor=np.array([one.floor for one in config.band], np.int64),
        tier_floor=np.array([one.at_least for one in config.tier], np.int64),
        rule_where=Texts.of(_conditions(one.where) for one in config.rule),
        period_days=np.array([config.period_days], np.int32),
    )


def level(
    values: NDArray[np.int64], floors: list[int]
) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Find the highest level whose floor each value reaches, the floor itself included.

    Returns:
        int8 per value: its level; 0 where it reaches none; and bool per value: it reaches one.
    """
    place = np.searchsorted(np.array(floors, np.int64), values, "right") - 1
    return np.maximum(place, 0).astype(np.int8), np.asarray(place >= 0, np.bool_)


def _told(profiles: Profiles, place: NDArray[np.int64], count: int) -> dict[str, Texts]:
    """Spread texts of profiles over customers; of whom the shop says nothing, empty ones."""
    return {name: getattr(profiles, name).spread(place, count) for name in _TOLD}


def _is_banded(account_type: Texts, wanted: Iterable[str]) -> NDArray[np.bool_]:
    wanted = tuple(wanted)
    if not wanted:
        return np.ones(len(account_type), np.bool_)
    column = Column.of_texts(account_type)
    return np.asarray(np.logical_or.reduce([column.equals(one) for one in wanted]), np.bool_)


def _tiers(told: Texts, ranked: list[str]) -> tuple[list[str], NDArray[np.int32]]:
    """Code the tiers that customers have: those of the recipe in order, then others by name."""
    here = list(told)
    names = [*ranked, *sorted(set(here) - {*ranked, ""})]
    code = {name: number for number, name in enumerate(names)} | {"": 0}
    return names, np.fromiter((code[one] for one in here), np.int32, len(here))


def _points(
    profiles: Profiles, place: NDArray[np.int64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    points, has_points = np.zeros(count, np.int64), np.zeros(count, np.bool_)
    points[place], has_points[place] = profiles.points, profiles.has_points
    return points, has_points


def _purchase_fields(figures: Figures, rfm: Rfm) -> dict[str, Callable[[], Column]]:
    """Give the fields that follow from purchases; ages, scores and means need one."""
    here = figures.has_bought
    mean = figures.revenue / np.maximum(figures.orders, 1)
    of_buyers: Mapping[str, NDArray[Any]] = {
        "r": rfm.recency,
        "f": rfm.frequency,
        "m": rfm.money,
        "days_since_first": figures.days_since_first,
        "days_since_last": figures.days_since_last,
        "average_order": mean,
    }
    of_all = {
        name: getattr(figures, name)
        for name in ("orders", "order_days", "revenue", "profit", "spend", "reviews", "referrals")
    }
    return {
        **{name: partial(Column.of_numbers, values, here) for name, values in of_buyers.items()},
        **{name: partial(Column.of_numbers, values) for name, values in of_all.items()},
        "segment": lambda: Column.of_words(SEGMENTS, rfm.segment, here),
    }


def _looks(config: SegmentsConfig, tiers: list[str]) -> dict[str, dict[str, Look]]:
    """Give the looks of every segment, by kind and id."""
    return {
        "rfm": {one: config.segment_look(one) for one in SEGMENTS},
        "band": {one.id: one.look for one in config.band},
        "tier": {one: config.tier_look(one) for one in tiers},
        "fan": {"fan": config.fan_look},
        "rhythm": {one: config.rhythm_look(one) for one in RHYTHM_LOOKS},
        "rule": {one.id: one.look for one in config.rule},
    }


def _conditions(where: Iterable[Any]) -> str:
    said = [one.model_dump(mode="json", exclude_none=True) for one in where]
    return json.dumps(said, ensure_ascii=False)
