"""Candidates of the lists that are about a customer, or about nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nba.artifacts.snapshot import Snapshot
from nba.recommend import reasons
from nba.recommend.chances import Chances
from nba.recommend.due import due_dates
from nba.recommend.results import Reason
from nba.recommend.slates import Candidates, Explained
from nba.vocabulary import ReasonCode, Source


def picks(
    snapshot: Snapshot, customer: int | None, at: np.datetime64, session: Sequence[int] = ()
) -> Candidates:
    """Give what a customer bought, and what customers like this one buy.

    Args:
        snapshot: what to choose from.
        customer: a code of its customers, or None for a visitor nobody knows.
        at: the instant of the question.
        session: codes of products that the visitor looks at now; they are not offered.
    """
    chances = Chances.of(snapshot)
    chance = chances.either(customer, at, chances.liking(customer, session))
    chance[list(session)] = 0.0
    score = chances.varied(chance)
    codes = np.flatnonzero(score)
    return Candidates(
        codes, score[codes], lambda code: reasons.personal(snapshot, customer, code, chance[code])
    )


def bought(snapshot: Snapshot, customer: int, at: np.datetime64) -> Candidates:
    """Give what a customer bought, by the chance to buy it again within a week."""
    codes, chance = Chances.of(snapshot).again(customer, at)

    def explain(code: int) -> Explained:
        source, reason = reasons.personal(snapshot, customer, code, chance[codes == code][0])
        due = due_dates(snapshot, customer, np.array([code]), at)[0]
        return source, replace(reason, evidence={**reason.evidence, **due})

    return Candidates(codes, chance, explain)


def viewed(products: Sequence[int]) -> Candidates:
    """Give codes of products that a customer looked at, in the order given; the first scores 1."""
    codes = np.array(list(dict.fromkeys(products)), np.int64)
    looked = Source.INTENT, Reason(ReasonCode.INTENT, "looked at and not bought", {})
    return Candidates(codes, 1.0 / np.arange(1, len(codes) + 1), lambda _: looked)


def popular(snapshot: Snapshot) -> Candidates:
    """Give the most ordered products of the popularity window."""
    codes, orders = snapshot.products.popular, snapshot.products.popular_orders
    manifest = snapshot.manifest
    days, until = manifest.config.popular.window_days, manifest.data_until

    def explain(code: int) -> Explained:
        return reasons.popular(int(orders[codes == code][0]), days, until)

    return Candidates(codes, orders.astype(np.float64), explain)
