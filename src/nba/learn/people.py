"""All that is learned of customers: what they buy next, their rhythm, and what they are worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nba.artifacts.products import Products
from nba.artifacts.repurchase import Repurchase
from nba.artifacts.responses import Responses
from nba.artifacts.rhythm import Fit, Rhythm
from nba.artifacts.segments import FanPaths, Segments
from nba.config import TrainConfig
from nba.data.catalog import Catalog
from nba.data.history import Baskets, OrderHistory
from nba.learn.assortment import Assortment
from nba.learn.lifecycle import looking_ahead, rhythm
from nba.learn.personal.teaching import Personal, teach
from nba.learn.repurchase.learning import repurchase
from nba.learn.responding.earnings import Earnings
from nba.learn.responding.letters import Arrivals
from nba.learn.responses import responses
from nba.learn.segmenting.paths import fan_paths
from nba.learn.segments import segments
from nba.statistics.engines.protocol import Engine


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """What is known of customers, by customer code.

    Attributes:
        personal: what picks and buy again rest on.
        rhythm: how often they buy, whether they still do, and what they are worth.
        fits: what its models found.
        repurchase: when what they bought is due again.
        responses: how they answer messages.
        segments: who is in which segment.
        paths: what most often precedes becoming a fan.
    """

    personal: Personal
    rhythm: Rhythm
    fits: tuple[Fit, ...]
    repurchase: Repurchase
    responses: Responses
    segments: Segments
    paths: FanPaths


def study(
    known: OrderHistory,
    listing: Catalog,
    placed: Baskets,
    products: Products,
    types: Assortment,
    config: TrainConfig,
    engine: Engine,
    threads: int,
    announce: Callable[[str], None],
) -> People:
    """Learn all there is to know of customers.

    Args:
        known: the history, for quantities and money.
        listing: the catalogue over the product codes.
        placed: the kept purchases, in the same codes.
        products: their cards, for what is durable.
        types: the products' categories and groups.
        config: the recipe.
        engine: who sums up customers.
        threads: processors to use.
        announce: called with the name of each step as it begins.
    """
    personal = teach(placed, types, config, engine, threads=threads, announce=announce)
    announce("rhythm and value")
    purchases = known.purchases()
    costs = listing.cost, listing.costed, config.default_margin
    summary = engine.customer_summary(placed, purchases, *costs)
    found, fits = rhythm(summary, placed.customer_ids, config.rhythm)
    found = looking_ahead(found, placed.as_of)
    announce("due dates")
    clocks = repurchase(
        placed,
        purchases,
        listing,
        types,
        personal.customers.product,
        products.is_durable,
        config.repurchase,
    )
    announce("segments")
    # A history that was not cut ends with its orders, but not what is told beside them.
    told = known.told.until(known.as_of)
    grouped = segments(placed, purchases, summary, told.profiles(), told.replies(), config.segments)
    announce("answers to messages")
    decisions, answers = told.decisions(), Responses.none()
    # A shop without a log needs no index of what its customers brought.
    if len(decisions):
        answers = responses(
            decisions,
            Earnings.of(placed, purchases.profit(placed.product, *costs)),
            products.to_pay() * config.default_margin,
            found,
            Arrivals.of_orders(known),
            told.profiles(),
            config.responses,
            known.as_of,
        )
    del purchases, decisions
    announce("paths to fans")
    paths = fan_paths(
        grouped, placed, types, told.contacts(), config.segments.fans, seed=config.seed
    )
    return People(personal, found, fits, clocks, answers, grouped, paths)
