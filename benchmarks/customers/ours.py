"""What we ship, asked like every other method: the learners of picks and nothing else."""

from __future__ import annotations

import numpy as np
from cuts import Answer, Cut
from ladder import Pairs, Scores
from numpy.typing import NDArray
from ranking import by_scores, some_only

from nba.artifacts.habits import chance
from nba.artifacts.needs import Needs
from nba.artifacts.parts import Parts
from nba.artifacts.rules import Rules
from nba.artifacts.snapshot import Snapshot
from nba.config import PicksConfig, TrainConfig
from nba.learn.assortment import Assortment
from nba.learn.cards import product_cards
from nba.learn.personal.habits import customers_at, untaught
from nba.learn.personal.repeats import teach_repeats
from nba.learn.personal.teaching import teach
from nba.recommend import chances

THREADS = 2


def snapshot(cut: Cut, config: TrainConfig) -> Snapshot:
    """Train what picks rest on."""
    types = Assortment.of(cut.catalog.category, cut.catalog.product_group_id)
    personal = teach(cut.placed, types, config, threads=THREADS)
    parts = Parts(
        products=product_cards(cut.history, cut.catalog, cut.placed, types, config.popular),
        customers=personal.customers,
        habits=personal.habits,
        needs=Needs.empty(len(cut.catalog.product_ids)),
        rules=Rules.none(),
        graphs={},
        collaborative=personal.collaborative,
    )
    return Snapshot.of(
        parts,
        config=config,
        data_from=None,
        data_until=cut.placed.as_of,
        engines={},
        counts={},
        coverage={},
        learned={"picks": personal.account},
    )


def picks(cut: Cut, variety: float = PicksConfig().variety) -> Answer:
    """Rank by the chance to buy within a week, again or for the first time."""
    made = snapshot(cut, TrainConfig(picks=PicksConfig(variety=variety)))
    at, count = cut.placed.as_of, len(cut.placed.customer_ids)

    def score(customers: NDArray[np.int32]) -> NDArray[np.float64]:
        known = [customer if customer < count else None for customer in customers.tolist()]
        rows = [chances.picks(made, one, at, chances.liking(made, one)) for one in known]
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
