"""The chance to buy a product for the first time, and the model that tells it best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.customers import LIKING_DECAY, Customers
from nba.artifacts.habits import WEEK_DAYS, Habits, chance
from nba.artifacts.parts import Collaborative
from nba.config import PicksModel, TrainConfig
from nba.data.history import Baskets
from nba.domain import DAY
from nba.learn.assortment import Assortment
from nba.learn.collaborative import factorise, factorise_on_spark
from nba.learn.evidence.partners import evidence_of
from nba.learn.neighbourhood import cosine, linear, random_walk, together
from nba.learn.personal.chance import drawn
from nba.learn.personal.habits import DISCOVERY_PRIOR, customers_at, untaught
from nba.learn.personal.logistic import fit
from nba.learn.personal.repeats import bought_cells
from nba.ranges import ranks
from nba.statistics.engines.protocol import Engine
from nba.statistics.engines.this_machine import ThisMachine
from nba.statistics.interactions import InteractionMatrix

Learner = Callable[[Baskets, InteractionMatrix], Collaborative]

MOST_CUSTOMERS: Final = 100_000
"""Customers that a model is tried on, at most."""
_WINDOWS: Final = (WEEK_DAYS, 4 * WEEK_DAYS, 13 * WEEK_DAYS)
_ENOUGH: Final = 1_000
"""First purchases from which on a window is long enough."""
_STRENGTH: Final = 5.0
"""Pseudo-events for the prior, whose terms are few."""
_LEAST: Final = 20
"""First purchases below which nothing is learned from them."""
_POPULAR: Final = 100
_LIKED: Final = 50
"""Products looked at for a customer: the popular ones, and those each model likes best."""
_IDLE_SHARE: Final = 0.25
"""Customers looked at who bought nothing in the window, beside those who did."""
LIST: Final = 10
_WALK: Final = 0.9, 0.25
"""alpha and beta of RP3beta."""


@dataclass(frozen=True, slots=True)
class Trial:
    """How one model did on products that were new to customers.

    Attributes:
        model: its name.
        ndcg: mean NDCG@10 of the new products, over customers who bought one.
        coefficients: of `Habits.discovery` with this model's liking.
    """

    model: str
    ndcg: float
    coefficients: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tried:
    """What the trials were, and on whom.

    Attributes:
        trials: one a model; where there was nothing to try them on, the first alone, untried.
        customers: customers who bought a product new to them.
        window_days: in so many days.
    """

    trials: tuple[Trial, ...]
    customers: int
    window_days: int

    @property
    def best(self) -> Trial:
        """The model with the greatest NDCG; of equals, the first."""
        return max(self.trials, key=lambda one: one.ndcg)


def learners(
    product_count: int, config: TrainConfig, engine: Engine, counting: Engine, *, threads: int
) -> dict[str, Learner]:
    """Name the models to try: EASE only where the catalogue is small enough to invert.

    Args:
        product_count: products of the catalogue.
        config: which models.
        engine: who fits what is not fitted here.
        counting: who counts pairs.
        threads: processors to use.
    """
    every: dict[PicksModel, Learner] = {
        "rp3beta": lambda _, matrix: random_walk(
            matrix, alpha=_WALK[0], beta=_WALK[1], threads=threads
        ),
        "item-item": lambda _, matrix: cosine(matrix, threads=threads),
        "together": lambda baskets, _: together(
            counting.pairs("products", baskets, evidence_of(baskets, config.copurchase))
        ),
        "als": lambda _, matrix: factorise(
            matrix, config.collaborative, seed=config.seed, threads=threads
        ),
        "spark-als": lambda _, matrix: factorise_on_spark(
            matrix, config.collaborative, engine, seed=config.seed
        ),
        "ease": lambda _, matrix: linear(matrix, ridge=config.picks.ease_ridge),
    }
    too_many = product_count > config.picks.ease_products
    wanted = [one for one in config.picks.models if one != "ease" or not too_many]
    if not wanted:
        wanted = ["rp3beta"]
    return {name: every[name] for name in wanted}


def try_models(
    baskets: Baskets, types: Assortment, config: TrainConfig, engine: Engine, *, threads: int = 1
) -> Tried:
    """Let every model tell the new products of the shop's last days from what was known before.

    Each is fitted on what was bought before, and ranks, by the chance that its liking, popularity
    and the customer's ways give, the products the customer had not bought: the popular ones and
    those that any model likes best. What was bought beyond those is missed by all.

    Args:
        baskets: of the whole shop.
        types: categories of the products.
        config: which models, and how many customers.
        engine: who fits what is not fitted here.
        threads: processors to use.
    """
    # A sample of customers is counted here, whoever counts the shop.
    here = ThisMachine(threads)
    every = learners(len(baskets.product_ids), config, engine, here, threads=threads)
    untried = Trial(next(iter(every)), 0.0, DISCOVERY_PRIOR)
    if not len(baskets):
        return Tried((untried,), 0, WEEK_DAYS)
    sample = drawn(
        len(baskets.customer_ids),
        MOST_CUSTOMERS / max(len(baskets.customer_ids), 1),
        config.seed,
        "models",
    )
    if len(sample) < len(baskets.customer_ids):
        is_drawn = np.zeros(baskets.customer_count, np.bool_)
        is_drawn[sample] = True
        baskets = baskets.where(is_drawn[baskets.customer])
    held = _hold_out(baskets)
    customers = held.customers
    if len(held.new) < _LEAST:
        return Tried((untried,), 0, held.days)
    matrix = matrix_of(held.known, customers)
    models = {name: learner(held.known, matrix) for name, learner in every.items()}
    habits = untaught(held.known, customers, types)
    asked = _asked(held.new, customers, len(baskets.product_ids), config)
    rows = _look(asked, held.new, customers, habits, models)
    trials = tuple(
        _judge(name, rows, column, asked, habits, held) for column, name in enumerate(models)
    )
    return Tried(trials, int((asked.truth > 0).sum()), held.days)


def matrix_of(baskets: Baskets, customers: Customers) -> InteractionMatrix:
    """See what customers bought as the matrix that models are fitted on."""
    return InteractionMatrix(
        customers.ids,
        baskets.product_ids,
        customers.start,
        customers.product,
        customers.orders,
        customers.first_at,
        customers.last_at,
        customers.decayed,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _HeldOut:
    """The last days of the shop, and what was known when they began.

    Attributes:
        days: how many.
        known: the baskets before.
        customers: what customers had bought by then.
        new: customer x products + product, sorted, of what was new to them in those days.
    """

    days: int
    known: Baskets
    customers: Customers
    new: NDArray[np.int64]

    @classmethod
    def of(cls, baskets: Baskets, days: int) -> Self:
        """Hold out the last days."""
        cut = baskets.as_of - days * DAY
        known = baskets.until(cut)
        customers = customers_at(known)
        return cls(days, known, customers, _first_purchases(baskets, customers, cut, days))


def _hold_out(baskets: Baskets) -> _HeldOut:
    """Hold out a week; more where little was new in it and twice as much remains before."""
    held = _HeldOut.of(baskets, _WINDOWS[0])
    history = (baskets.as_of - baskets.at.min()) / DAY
    for days in _WINDOWS[1:]:
        if len(held.new) >= _ENOUGH or history < 3 * days:
            break
        held = _HeldOut.of(baskets, days)
    return held


def _first_purchases(
    baskets: Baskets, customers: Customers, cut: np.datetime64, days: int
) -> NDArray[np.int64]:
    """Give customer x products + product, sorted, of what was new to a customer known before."""
    width = max(len(baskets.product_ids), 1)
    cells = bought_cells(baskets, cut, days)
    owner = np.repeat(np.arange(len(customers)), np.diff(customers.start))
    owned = owner * width + customers.product
    place = np.searchsorted(owned, cells)
    known = np.diff(customers.start)[cells // width] > 0
    is_new = known & (np.append(owned, -1)[place] != cells)
    return np.asarray(cells[is_new], np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """Customers looked at: codes, how many each stands for, how many new products they bought."""

    customer: NDArray[np.int64]
    weight: NDArray[np.float64]
    truth: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class _Looked:
    """Products looked at, by customer: the customer's row, the product, whether it was bought.

    `liking` has a column a model.
    """

    row: NDArray[np.int64]
    product: NDArray[np.int64]
    bought: NDArray[np.bool_]
    liking: NDArray[np.float64]


def _asked(new: NDArray[np.int64], customers: Customers, width: int, config: TrainConfig) -> _Asked:
    """Draw customers who bought something new, and some of the others for all of them."""
    truth = np.bincount(new // width, minlength=len(customers))
    known = np.diff(customers.start) > 0
    parts, weights = [], []
    most = config.picks.validation_customers
    for name, group, room in (
        ("buyers", np.flatnonzero(known & (truth > 0)), most),
        ("idle", np.flatnonzero(known & (truth == 0)), max(round(most * _IDLE_SHARE), 1)),
    ):
        some = group[drawn(len(group), room / max(len(group), 1), config.seed, name)]
        parts.append(some)
        weights.append(np.full(len(some), len(group) / max(len(some), 1)))
    customer = np.concatenate(parts)
    return _Asked(customer, np.concatenate(weights), truth[customer])


def _look(
    asked: _Asked,
    new: NDArray[np.int64],
    customers: Customers,
    habits: Habits,
    models: dict[str, Collaborative],
) -> _Looked:
    """Put together, for each customer, the popular products and those that any model likes."""
    width = len(habits.share)
    popular = np.argsort(-habits.recent, kind="stable")[:_POPULAR]
    rows, products, bought, likings = [], [], [], []
    for row, customer in enumerate(asked.customer.tolist()):
        span = customers.span(customer)
        owned = customers.product[span]
        liking = np.stack(
            [
                model.liking(owned, customers.orders[span], customers.decayed[span, LIKING_DECAY])
                for model in models.values()
            ]
        )
        is_candidate = np.zeros(width, np.bool_)
        is_candidate[popular] = True
        for one in liking:
            new_to = one.copy()
            new_to[owned] = 0
            best = np.argpartition(-new_to, min(_LIKED, width) - 1)[:_LIKED]
            is_candidate[best[new_to[best] > 0]] = True
        is_candidate[owned] = False
        product = np.flatnonzero(is_candidate)
        begin, end = np.searchsorted(new, [customer * width, (customer + 1) * width])
        rows.append(np.full(len(product), row))
        products.append(product)
        bought.append(np.isin(product, new[begin:end] % width))
        likings.append(liking[:, product])
    return _Looked(
        np.concatenate(rows),
        np.concatenate(products),
        np.concatenate(bought),
        np.concatenate(likings, axis=1).T,
    )


def _judge(
    name: str,
    looked: _Looked,
    column: int,
    asked: _Asked,
    habits: Habits,
    held: _HeldOut,
) -> Trial:
    """Fit the chance with one model's liking, and see how well it ranks what was bought."""
    shoppers = habits.shoppers(held.customers, asked.customer, held.known.as_of).take(looked.row)
    terms = habits.discovery_terms(looked.product, looked.liking[:, column], shoppers)
    # What is bought in several weeks is bought in one with about as many times less chance.
    longer = np.zeros(len(DISCOVERY_PRIOR))
    longer[0] = np.log(held.days / WEEK_DAYS)
    found = fit(
        terms, looked.bought, asked.weight[looked.row], DISCOVERY_PRIOR + longer, strength=_STRENGTH
    )
    score = chance(terms, found)
    order = np.lexsort((looked.product, -score, looked.row))
    rank = ranks(looked.row[order])
    gain = 1 / np.log2(np.arange(2, LIST + 2))
    listed = (rank < LIST) & looked.bought[order]
    gained = np.bincount(
        looked.row[order][listed], gain[rank[listed]], minlength=len(asked.customer)
    )
    has = asked.truth > 0
    ideal = np.append(0, np.cumsum(gain))[np.minimum(asked.truth, LIST)]
    return Trial(name, float((gained[has] / ideal[has]).mean()), found - longer)
