"""The score of bought together, over products, groups of variants or categories alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.config import CoPurchaseConfig
from nba.data.history import Baskets
from nba.domain import DAY
from nba.learn.affinity import log_likelihood_ratio
from nba.statistics.engines import local
from nba.statistics.engines.protocol import Engine, Level, Pairs
from nba.statistics.pairs import WEIGHT_UNIT, PairSettings, ProductCounts
from nba.statistics.top import TopPairs

_SHOWN: Final = 10
"""Best sellers that a list is filled with."""
_SIGNIFICANT: Final = 10.83
"""Likelihood ratio that chance exceeds once in a thousand times."""
_STEADY_ORDERS: Final = 50
"""Orders' worth of belief that a product sells as it always did."""


@dataclass(frozen=True, slots=True, eq=False)
class Partners:
    """Ranked partners, and what they are measured against.

    Attributes:
        top: the partners of each product; `score` is s(j | i).
        counts: what each product did alone.
        prior: float64 per product j: m p_j p_j^(-beta) t_j^gamma, the score of a product that
            shares nothing, times `weight`.
        weight: float64 per product i: c_i + m.
    """

    top: TopPairs
    counts: ProductCounts
    prior: NDArray[np.float64]
    weight: NDArray[np.float64]

    def beyond(self) -> NDArray[np.bool_]:
        """Tell which partners outscore what would fill the list otherwise.

        That is the tenth best seller, had it nothing to do with the product.
        """
        return np.asarray(
            self.top.score * self.weight[self.top.first()] >= bar(self.prior), np.bool_
        )

    def convincing(self) -> NDArray[np.bool_]:
        """Tell which partners say what popularity does not.

        They outscore what would fill the list otherwise, or share orders, more than once, that
        chance would hardly make them share.
        """
        top, orders = self.top, self.counts.product_orders
        ratio = log_likelihood_ratio(
            top.orders,
            orders[top.first()],
            orders[top.partner],
            max(self.counts.order_count, 1),
        )
        return self.beyond() | ((top.orders > 1) & (ratio >= _SIGNIFICANT))


def bar(prior: NDArray[np.float64]) -> float:
    """Give what the tenth best seller scores beside a product it has nothing to do with."""
    if len(prior) < _SHOWN:
        return 0.0
    return float(np.partition(prior, -_SHOWN)[-_SHOWN])


@dataclass(frozen=True, slots=True, eq=False)
class Scoring:
    """How the partners of products are scored, over baskets of products, groups or categories.

    The score of product j beside product i is

        s(j | i) = (c_ij + m p_j) / (c_i + m) * p_j^(-beta) * t_j^gamma

    with c_ij the orders with both, each damped by 1 / log2(1 + size), at most `customer_cap` of
    one customer; c_i the same for i alone; p_j the share of j among all order lines; m
    pseudo-orders of popularity (Dirichlet smoothing), fewer in a small shop; beta the discovery
    knob; t_j the share of j in the last `trend_days` over its share ever; gamma how far that
    counts. Smoothing rather than testing ranks: a significance gate loses hits. Where customers
    order seldom, their orders of one spell taken together count too. Only proven customers count.

    Attributes:
        pairs: of the kept purchases.
        gain: float64 per product j: p_j^(-beta) t_j^gamma.
        prior, weight: as in `Partners`.
    """

    pairs: Pairs
    gain: NDArray[np.float64]
    prior: NDArray[np.float64]
    weight: NDArray[np.float64]

    @classmethod
    def of(cls, level: Level, baskets: Baskets, config: CoPurchaseConfig, engine: Engine) -> Self:
        """Count pairs, and what the products did alone.

        Args:
            level: what the products of the baskets are.
            baskets: the kept purchases.
            config: the section of the recipe.
            engine: who counts.
        """
        sold = _proven_orders(baskets)
        share = sold / max(int(sold.sum()), 1)
        gain = np.zeros(len(share))
        known = sold > 0
        gain[known] = (
            share[known] ** -config.discovery * _trend(baskets, sold, config)[known] ** config.trend
        )
        # Never more pseudo-orders than orders: they would drown a small shop.
        pseudo_orders = min(config.smoothing, config.smoothing_share * len(baskets))
        pairs = engine.pairs(level, baskets, evidence_of(baskets, config))
        return cls(
            pairs,
            gain,
            pseudo_orders * share * gain,
            pairs.products.product_weight / WEIGHT_UNIT + pseudo_orders,
        )

    def rank(
        self,
        *,
        top_k: int,
        min_orders: int,
        wanted: NDArray[np.bool_] | None = None,
    ) -> Partners:
        """Rank the partners of every product, or of those that `wanted` tells.

        Args:
            top_k: partners kept a product, at most.
            min_orders: orders or customers with both from which on a pair may rank.
            wanted: bool per product.
        """
        top = self.pairs.top(
            self.gain, self.prior, top_k=top_k, min_orders=min_orders, wanted=wanted
        )
        top = replace(top, score=top.score / self.weight[top.first()])
        return Partners(top, self.pairs.products, self.prior, self.weight)


def rank_partners(
    level: Level, baskets: Baskets, config: CoPurchaseConfig, engine: Engine, *, top_k: int
) -> Partners:
    """Rank, for each product, what shares its baskets, by `Scoring`."""
    scoring = Scoring.of(level, baskets, config, engine)
    return scoring.rank(top_k=top_k, min_orders=config.min_orders)


def evidence_of(baskets: Baskets, config: CoPurchaseConfig) -> PairSettings:
    """Count spells where customers order too seldom for single orders to tell."""
    named = baskets.customer[baskets.customer < len(baskets.customer_ids)]
    orders = np.bincount(named)
    seldom = len(named) > 0 and np.median(orders[orders > 0]) < config.spell_orders
    return PairSettings(
        customer_cap=config.customer_cap,
        spell_weight=config.spell_weight if seldom else 0.0,
        spell_days=config.spell_days,
    )


def _trend(
    baskets: Baskets, sold: NDArray[np.int64], config: CoPurchaseConfig
) -> NDArray[np.float64]:
    """Give the share of each product in the last days over its share ever, shrunk towards 1."""
    recent = baskets.at >= baskets.as_of - config.trend_days * DAY
    lately = _proven_orders(baskets, recent)
    usual = int(lately.sum()) / max(int(sold.sum()), 1)
    if not usual:
        return np.ones(len(sold))
    return np.asarray(
        (lately + _STEADY_ORDERS * usual) / ((sold + _STEADY_ORDERS) * usual), np.float64
    )


def _proven_orders(baskets: Baskets, counted: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """Count the orders of proven customers with each product, or some of those orders."""
    chosen = baskets.proven if counted is None else baskets.proven & counted
    return local.product_orders(baskets, chosen)
