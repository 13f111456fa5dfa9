"""What others claim of shops, beside this one's figures: never a figure of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of somebody else, which nothing here has measured.

    Attributes:
        figure: the figure of ours that it speaks of; None where there is none to compare.
        text: what it says.
        source: who says so.
        low, high: the figures it names; the same where it names one.
    """

    figure: str | None
    text: str
    source: str
    low: float
    high: float


_TEXT: Final = "a founding text of this project, on {}, which gives no source"
CLAIMS: Final = (
    Claim(
        "repeat_revenue_share",
        "Repeat purchases of customers who were served well bring 65 % of sales on average",
        _TEXT.format("running a shop"),
        0.65,
        0.65,
    ),
    Claim(
        "conversion",
        "A conversion of 1 to 3 % is average",
        _TEXT.format("running a shop"),
        0.01,
        0.03,
    ),
    Claim(
        None,
        "Winning a new customer costs 5 to 25 times as much as keeping one",
        _TEXT.format("retention"),
        5.0,
        25.0,
    ),
    Claim(
        None,
        "Keeping 5 % more of the customers brings 25 to 95 % more profit",
        _TEXT.format("retention"),
        0.25,
        0.95,
    ),
)
"""Claims that shop owners meet, as they are told."""

DEFINITIONS: Final[Mapping[str, str]] = {
    "low": "the least of what the claim of somebody else names",
    "high": "the most of what the claim of somebody else names",
    "ours": "this shop's figure of the same name; null where there is none to compare",
}
"""What each number beside a claim is, in a line."""


def claims(figures: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List what others claim, each with the figure of this shop beside it, ready for JSON.

    Args:
        figures: those of the whole history, by name.
    """
    return [
        asdict(one) | {"ours": None if one.figure is None else figures[one.figure]}
        for one in CLAIMS
    ]
