"""All that is learned of customers: what they buy next, their rhythm, and what they are worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nba.artifacts.rhythm import Fit, Rhythm
from nba.config import TrainConfig
from nba.data.catalog import Catalog
from nba.data.history import Baskets, OrderHistory
from nba.learn.assortment import Assortment
from nba.learn.lifecycle import rhythm
from nba.learn.personal.teaching import Personal, teach
from nba.statistics.customers import CustomerSummary


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """What is known of customers, by customer code.

    Attributes:
        personal: what picks and buy again rest on.
        rhythm: how often they buy, whether they still do, and what they are worth.
        fits: what its models found.
    """

    personal: Personal
    rhythm: Rhythm
    fits: tuple[Fit, ...]


def study(
    known: OrderHistory,
    listing: Catalog,
    placed: Baskets,
    types: Assortment,
    config: TrainConfig,
    threads: int,
    announce: Callable[[str], None],
) -> People:
    """Learn all there is to know of customers.

    Args:
        known: the history, for quantities and money.
        listing: the catalogue over the product codes.
        placed: the kept purchases, in the same codes.
        types: the products' categories and groups.
        config: the recipe.
        threads: processors to use.
        announce: called with the name of each step as it begins.
    """
    personal = teach(placed, types, config, threads=threads, announce=announce)
    announce("rhythm and value")
    summary = CustomerSummary.of(
        placed, known.purchases(), listing.cost, listing.costed, config.default_margin
    )
    found, fits = rhythm(summary, placed.customer_ids, config.rhythm)
    return People(personal, found, fits)
