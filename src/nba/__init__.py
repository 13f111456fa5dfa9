"""Recommendations and the next best message for online shops.

>>> import nba
>>> shop = nba.read_shop("shop/")
>>> snapshot = nba.train(shop.history, shop.catalog, nba.TrainConfig(seed=7))
>>> nba.Recommender(snapshot).bought_together(["kettle-17"], n=4).to_frame()
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nba.artifacts.graph import ProductGraph
    from nba.artifacts.snapshot import Snapshot
    from nba.config import TrainConfig
    from nba.data.catalog import Catalog
    from nba.data.history import OrderHistory
    from nba.data.shop import read_shop
    from nba.data.simulator.generate import simulate
    from nba.decide.decision import Decision
    from nba.decide.playbook import Playbook
    from nba.decide.policy import Policy
    from nba.errors import NbaError
    from nba.learn.train import train
    from nba.measure.backtest import backtest
    from nba.recommend.recommender import Recommender
    from nba.recommend.results import Slate

__version__ = "0.1.0"

_HOMES = {
    "Catalog": "nba.data.catalog",
    "Decision": "nba.decide.decision",
    "NbaError": "nba.errors",
    "OrderHistory": "nba.data.history",
    "Playbook": "nba.decide.playbook",
    "Policy": "nba.decide.policy",
    "ProductGraph": "nba.artifacts.graph",
    "Recommender": "nba.recommend.recommender",
    "Slate": "nba.recommend.results",
    "Snapshot": "nba.artifacts.snapshot",
    "TrainConfig": "nba.config",
    "backtest": "nba.measure.backtest",
    "read_shop": "nba.data.shop",
    "simulate": "nba.data.simulator.generate",
    "train": "nba.learn.train",
}

__all__ = [
    "Catalog",
    "Decision",
    "NbaError",
    "OrderHistory",
    "Playbook",
    "Policy",
    "ProductGraph",
    "Recommender",
    "Slate",
    "Snapshot",
    "TrainConfig",
    "backtest",
    "read_shop",
    "simulate",
    "train",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - each name has its own type
    """Load a public name on first use, so that importing the package costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'nba' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted([*__all__, "__version__"])
