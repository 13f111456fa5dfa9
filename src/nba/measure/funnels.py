"""How far customers have come, in the words of three well-known funnels.

One table says with which of our steps each funnel's stages begin. A customer stands where they got
furthest: a client who is choosing again is still a client. Whoever stands at a step counts as
having passed those before, so counts never rise along a funnel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nba.errors import DataError
from nba.facts.stages import STATES
from nba.measure.sales import ratio

STEPS: Final = (
    *("met", "browsing", "wishing", "carting"),
    *("ordered", "client", "returning", "recommending"),
)
"""How far a customer can have come, in this order."""
_STEP: Final = {name: code for code, name in enumerate(STEPS)}

FUNNELS: Final[Mapping[str, Mapping[str, str]]] = {
    "five_stages": {
        "awareness": "met",
        "interest": "browsing",
        "consideration": "wishing",
        "purchase": "ordered",
        "loyalty": "returning",
    },
    "aida": {
        "attention": "met",
        "interest": "browsing",
        "desire": "wishing",
        "action": "ordered",
        "loyalty": "returning",
        "advocacy": "recommending",
    },
    "seven_stages": {
        "awareness": "met",
        "interest": "browsing",
        "consideration": "wishing",
        "decision": "carting",
        "action": "ordered",
        "retention": "returning",
        "advocacy": "recommending",
    },
}
"""Funnel → its stages in order, each with the step it begins with."""

DEFINITIONS: Final[Mapping[str, str]] = {
    "met": "known to the shop, and none of what follows",
    "browsing": "looked at products lately",
    "wishing": "wishes for a product or waits for one",
    "carting": "laid something in the cart",
    "ordered": "placed an order that was kept, or one that is under way",
    "client": "had an order delivered, or gave one back",
    "returning": "at least 2 kept orders",
    "recommending": "bought, and brought somebody else or wrote a review",
    "at": "customers who got to this stage and no further",
    "reached": "customers who got to this stage or further",
    "conversion": "reached / reached of the stage before",
}
"""What each step and figure is, in a line."""


def _step_of(state: str) -> int:
    stage, _, inside = state.partition("/")
    if stage == "acquaintance":
        return _STEP["browsing" if inside == "browsing" else "met"]
    if stage == "choosing":
        return _STEP["carting" if inside == "cart" else "wishing"]
    return _STEP[stage]


_STEP_OF_STATE: Final = np.array([_step_of(state) for state in STATES], np.int8)


def furthest(
    state: NDArray[np.int8],
    kept_orders: NDArray[np.integer],
    recommends: NDArray[np.bool_] | None = None,
) -> NDArray[np.int8]:
    """Tell how far each customer has come.

    Args:
        state: int8 per customer, a code of `facts.stages.STATES`.
        kept_orders: int per customer.
        recommends: bool per customer: brought somebody or wrote a review; nobody by default. It
            counts of buyers alone.

    Returns:
        int8 per customer, a code of `STEPS`.

    Raises:
        DataError: not as many of the one as of the other.
    """
    count = len(state)
    told = np.zeros(count, np.bool_) if recommends is None else recommends
    if len(kept_orders) != count or len(told) != count:
        raise DataError(
            f"{count} states, {len(kept_orders)} counts of orders and {len(told)} opinions; "
            "give one of each a customer"
        )
    step = _STEP_OF_STATE[state]
    for name, there in (
        ("ordered", kept_orders > 0),
        ("returning", kept_orders > 1),
        ("recommending", told & (kept_orders > 0)),
    ):
        step = np.where(there, np.maximum(step, _STEP[name]), step)
    return step.astype(np.int8)


@dataclass(frozen=True, slots=True)
class FunnelStage:
    """A stage of a funnel.

    Attributes:
        name: in the funnel's words.
        at: customers who got so far and no further; over a funnel they are all customers.
        reached: customers who got so far or further; it never rises along a funnel.
        before: what the stage before was reached by; None of the first.
    """

    name: str
    at: int
    reached: int
    before: int | None

    @property
    def conversion(self) -> float | None:
        """Reached / before; None of the first stage, and where nobody reached the one before."""
        return None if self.before is None else ratio(self.reached, self.before)

    def to_dict(self) -> dict[str, Any]:
        """Give all of it, ready for JSON."""
        return {
            "name": self.name,
            "at": self.at,
            "reached": self.reached,
            "conversion": self.conversion,
        }


def funnel(step: NDArray[np.int8], name: str) -> tuple[FunnelStage, ...]:
    """Count the customers of each stage of a funnel.

    Args:
        step: int8 per customer, a code of `STEPS`.
        name: a key of `FUNNELS`.

    Raises:
        DataError: there is no such funnel.
    """
    if name not in FUNNELS:
        raise DataError(f"there is no funnel {name!r}; name one of {', '.join(FUNNELS)}")
    stages = FUNNELS[name]
    count = np.bincount(step, minlength=len(STEPS))
    reached = [int(count[_STEP[first] :].sum()) for first in stages.values()]
    return tuple(
        FunnelStage(stage, here - beyond, here, before)
        for stage, here, beyond, before in zip(
            stages, reached, [*reached[1:], 0], [None, *reached[:-1]], strict=True
        )
    )
