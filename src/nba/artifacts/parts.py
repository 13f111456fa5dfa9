"""What a training run leaves behind, part by part, and as named arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.arrays import Arrays, pack, unpack
from nba.artifacts.customers import Customers
from nba.artifacts.factors import Factors
from nba.artifacts.fits import Fits
from nba.artifacts.graph import ProductGraph
from nba.artifacts.habits import Habits
from nba.artifacts.needs import Needs
from nba.artifacts.neighbourhood import Neighbourhood
from nba.artifacts.products import Products
from nba.artifacts.repurchase import Repurchase
from nba.artifacts.responses import Responses
from nba.artifacts.rhythm import Rhythm
from nba.artifacts.rules import Rules
from nba.artifacts.segments import Segments

Collaborative = Factors | Neighbourhood


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Parts:
    """Everything serving needs but the manifest.

    Attributes:
        products: what is known of products.
        customers: what customers bought.
        habits: the chances that they buy it again, or something new.
        fits: which products fit which.
        needs: which types of product come to be needed after which, and when.
        rules: what the shop decided by hand.
        repurchase: when each purchase is due again, in the order of those of `customers`.
        segments: who is in which segment.
        rhythm: how often customers buy, whether they still do, and what they are worth.
        responses: how customers answer messages.
        graphs: relation name (a word of `vocabulary.Relation`) → graph over the product codes.
        collaborative: the model of what is new to a customer, or None where nobody bought anything.
    """

    products: Products
    customers: Customers
    habits: Habits
    fits: Fits
    needs: Needs
    rules: Rules
    rhythm: Rhythm
    responses: Responses
    repurchase: Repurchase
    segments: Segments
    graphs: Mapping[str, ProductGraph]
    collaborative: Collaborative | None

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Name every array as in the folder, without the suffix."""
        arrays: dict[str, NDArray[Any]] = {}
        for name in _ALWAYS:
            arrays |= pack(name, getattr(self, name))
        for relation, graph in self.graphs.items():
            arrays |= pack(f"graphs/{relation}", graph)
        if self.collaborative is not None:
            arrays |= pack(_FOLDER[type(self.collaborative)], self.collaborative)
        return arrays


_ALWAYS: Final[dict[str, type]] = {
    "products": Products,
    "customers": Customers,
    "habits": Habits,
    "fits": Fits,
    "needs": Needs,
    "rules": Rules,
    "responses": Responses,
    "rhythm": Rhythm,
    "repurchase": Repurchase,
    "segments": Segments,
}
"""Parts that every snapshot has, by field and folder."""
_FOLDER: Final[dict[type[Collaborative], str]] = {
    Factors: "factors",
    Neighbourhood: "neighbourhood",
}


def parts_of(arrays: Arrays) -> dict[str, Any]:
    """Rebuild the fields of `Parts` from arrays named by `Parts.arrays`.

    Raises:
        KeyError: an array is missing.
    """
    relations = sorted({name.split("/")[1] for name in arrays if name.startswith("graphs/")})
    folders = {name.split("/")[0] for name in arrays}
    models: list[Collaborative] = [
        unpack(kind, folder, arrays) for kind, folder in _FOLDER.items() if folder in folders
    ]
    parts: dict[str, Any] = {name: unpack(kind, name, arrays) for name, kind in _ALWAYS.items()}
    parts["graphs"] = {one: unpack(ProductGraph, f"graphs/{one}", arrays) for one in relations}
    parts["collaborative"] = models[0] if models else None
    return parts


def read_only(arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[np.generic]]:
    """Give views that nobody writes to; the caller may go on writing to what is the caller's."""
    views = {name: array.view() for name, array in arrays.items()}
    for view in views.values():
        view.flags.writeable = False
    return views
