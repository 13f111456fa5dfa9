"""What we ship, asked like every other method: the learners of picks and nothing else."""

from __future__ import annotations

import numpy as np
from cuts import Answer, Cut
from ladder import Pairs, Scores
from numpy.typing import NDArray
from ranking import by_scores, some_only
from threadpoolctl import threadpool_limits

from nba.artifacts.habits import chance
from nba.config import PicksConfig, TrainConfig
from nba.learn.assortment import Assortment
from nba.learn.cards import product_cards
from nba.learn.personal.habits import customers_at, untaught
from nba.learn.personal.repeats import teach_repeats
from nba.learn.personal.teaching import teach
from nba.recommend.chances import Chances
from nba.statistics.engines.this_machine import ThisMachine

THREADS = 2


def chances(cut: Cut, config: TrainConfig) -> Chances:
    """Train what picks rest on."""
    types = Assortment.of(cut.catalog.category, cut.catalog.product_group_id)
    with threadpool_limits(limits=1, user_api="blas"):
        personal = teach(cut.placed, types, config, ThisMachine(THREADS), threads=THREADS)
    products = product_cards(cut.history, cut.catalog, cut.placed, types, config.popular)
    return Chances(
        products,
        personal.customers,
        personal.habits,
        personal.collaborative,
        config.picks.variety,
    )


def picks(cut: Cut, variety: float = PicksConfig().variety) -> Answer:
    """Rank by the chance to buy within a week, again or for the first time."""
    made = chances(cut, TrainConfig(picks=PicksConfig(variety=variety)))
    at, count = cut.placed.as_of, len(cut.placed.customer_ids)

    def score(customers: NDArray[np.int32]) -> NDArray[np.float64]:
        known = [customer if customer < count else None for customer in customers.tolist()]
        with threadpool_limits(limits=1, user_api="blas"):
            rows = [made.picks(one, at, made.liking(one)) for one in known]
        return some_only(np.stack(rows))

    return by_scores(cut, score)


def buy_again(cut: Cut, pairs: Pairs) -> Scores:
    """Give the chance of each pair to be bought again within a week."""
    types = Assortment.of(cut.catalog.category, cut.catalog.product_group_id)
    taught = teach_repeats(cut.placed, types, seed=TrainConfig().seed)
    customers = customers_at(cut.placed)
    habits, at = untaught(cut.placed, customers, types), cut.placed.as_of
    asked = cut.customer.astype(np.int64)
    cell, terms = habits.repeat_terms(customers, asked, habits.shoppers(customers, asked, at), at)
    assert np.array_equal(customers.product[cell], pairs.product), "both list the same pairs"
    return chance(terms, taught.coefficients)
