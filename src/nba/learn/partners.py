"""The score of bought together, over products, groups of variants or categories alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.config import CoPurchaseConfig
from nba.data.history import Baskets
from nba.domain import DAY
from nba.statistics.engines import local
from nba.statistics.evidence import PairSettings
from nba.statistics.pairs import WEIGHT_UNIT
from nba.statistics.top import TopPairs

_STEADY_ORDERS: Final = 50
"""Orders' worth of belief that a product sells as it always did."""


def rank_partners(
    baskets: Baskets, config: CoPurchaseConfig, *, top_k: int, threads: int
) -> TopPairs:
    """Rank, for each product, what shares its baskets.

    The score of product j beside product i is

        s(j | i) = (c_ij + m p_j) / (c_i + m) * p_j^(-beta) * t_j^gamma

    with c_ij the orders with both, each damped by 1 / log2(1 + size), at most `customer_cap` of
    one customer; c_i the same for i alone; p_j the share of j among all order lines; m
    pseudo-orders of popularity (Dirichlet smoothing); beta the discovery knob; t_j the share of j
    in the last `trend_days` over its share ever; gamma how far that counts. Smoothing rather
    than testing ranks: a significance gate loses hits. Where customers order seldom, their orders
    of one spell taken together count too. Only proven customers count.

    Returns:
        At most `top_k` partners a product; `score` is the formula.
    """
    sold = _proven_orders(baskets)
    share = sold / max(int(sold.sum()), 1)
    gain = np.zeros(len(share))
    known = sold > 0
    gain[known] = (
        share[known] ** -config.discovery * _trend(baskets, sold, config)[known] ** config.trend
    )
    pseudo_orders = min(config.smoothing, config.smoothing_share * int(baskets.proven.sum()))
    top = local.top_pairs(
        baskets,
        _evidence(baskets, config),
        gain,
        pseudo_orders * share * gain,
        top_k=top_k,
        min_orders=config.min_orders,
        threads=threads,
    )
    alone = local.product_counts(baskets).product_weight / WEIGHT_UNIT + pseudo_orders
    return replace(top, score=top.score / alone[top.first()])


def _evidence(baskets: Baskets, config: CoPurchaseConfig) -> PairSettings:
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
    cells = np.repeat(chosen, baskets.size)
    return np.bincount(baskets.product[cells], minlength=len(baskets.product_ids))
