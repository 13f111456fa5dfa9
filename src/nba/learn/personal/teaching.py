"""All that is learned of what single customers will buy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from nba.artifacts.customers import Customers
from nba.artifacts.habits import DISCOVERY_TERMS, REPEAT_TERMS, Habits
from nba.artifacts.parts import Collaborative
from nba.config import TrainConfig
from nba.data.history import Baskets
from nba.domain import significant
from nba.learn.assortment import Assortment
from nba.learn.personal.discoveries import Tried, learners, matrix_of, try_models
from nba.learn.personal.habits import customers_at, untaught
from nba.learn.personal.repeats import Taught, teach_repeats
from nba.statistics.engines.protocol import Engine


@dataclass(frozen=True, slots=True, eq=False)
class Personal:
    """What picks and buy again rest on.

    Attributes:
        customers: what they bought.
        habits: the chances to buy again and anew.
        collaborative: the model chosen for what is new, or None where nobody bought anything.
        account: JSON for the manifest: the models tried, the coefficients by name.
    """

    customers: Customers
    habits: Habits
    collaborative: Collaborative | None
    account: dict[str, Any]


def teach(
    baskets: Baskets,
    types: Assortment,
    config: TrainConfig,
    engine: Engine,
    *,
    threads: int = 1,
    announce: Callable[[str], None] = lambda _: None,
) -> Personal:
    """Learn what customers buy again, which model tells best what they buy anew, and fit it.

    Args:
        baskets: the kept purchases over the product codes.
        types: categories of these products.
        config: the recipe.
        engine: who counts pairs, and fits what is not fitted here.
        threads: processors to use.
        announce: called with the name of each step as it begins.
    """
    announce("buying again")
    repeats = teach_repeats(baskets, types, seed=config.seed)
    announce("collaborative filtering: trying models")
    tried = try_models(baskets, types, config, engine, threads=threads)
    announce("collaborative filtering")
    customers = customers_at(baskets)
    chosen = tried.best
    collaborative = None
    if len(customers.product):
        every = learners(len(baskets.product_ids), config, engine, engine, threads=threads)
        collaborative = every[chosen.model](baskets, matrix_of(baskets, customers))
    habits = replace(
        untaught(baskets, customers, types),
        repeat=repeats.coefficients,
        discovery=chosen.coefficients,
    )
    return Personal(customers, habits, collaborative, _account(repeats, tried, habits))


def _account(repeats: Taught, tried: Tried, habits: Habits) -> dict[str, Any]:
    def named(terms: tuple[str, ...], coefficients: Any) -> dict[str, float]:  # noqa: ANN401
        values = map(significant, coefficients.tolist())
        return dict(zip(("intercept", *terms), values, strict=True))

    return {
        "repeat": {
            "rows": repeats.rows,
            "purchases": repeats.purchases,
            "coefficients": named(REPEAT_TERMS, habits.repeat),
        },
        "discovery": {
            "chosen": tried.best.model,
            "tried": {one.model: significant(one.ndcg) for one in tried.trials},
            "measure": "ndcg@10 of products new to a customer",
            "customers": tried.customers,
            "window_days": tried.window_days,
            "coefficients": named(DISCOVERY_TERMS, habits.discovery),
        },
    }
