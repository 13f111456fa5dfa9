"""How far customers have come: from being known to coming back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from nba.measure import funnels
from nba.measure.report.picture import Picture
from nba.measure.report.pictures.funnel import bars_of
from nba.measure.report.source import Source
from nba.measure.report.words import count, percent

if TYPE_CHECKING:
    from nba.measure.report.picture import Chart

NAME: Final = "customer-funnel"
TITLE: Final = "How far customers have come"
FUNNEL: Final = "five_stages"
_WORDS: Final = {
    "awareness": "known to the shop",
    "interest": "looked at products",
    "consideration": "wish list or cart",
    "purchase": "ordered",
    "loyalty": "came back or told others",
}
DEFINITIONS: Final[Mapping[str, str]] = {
    **{
        f"{stage}: {_WORDS[stage]}": f"from the step “{step}” on: {funnels.DEFINITIONS[step]}"
        for stage, step in funnels.FUNNELS[FUNNEL].items()
    },
    "reached": "customers with an id who got to this stage or further, whether or not the shop saw "
    "them pass those before",
    "share": "of the stage before, and of all customers known",
}


def rows(step: NDArray[np.int8]) -> list[dict[str, Any]]:
    """Count the customers of each of the five stages; none where there is no customer.

    Args:
        step: int8 per customer, a code of `funnels.STEPS`.

    Returns:
        A dict a stage: `stage`, `reached`, `at`, `of_before` and `of_all`, None of the first or
        where nobody reached the one before.
    """
    if not len(step):
        return []
    return [
        {
            "stage": one.name,
            "reached": one.reached,
            "at": one.at,
            "of_before": one.conversion,
            "of_all": None if one.before is None else one.reached / len(step),
        }
        for one in funnels.funnel(step, FUNNEL)
    ]


def draw(source: Source) -> Picture:
    """Draw how many customers reached each of five stages."""
    stages = rows(source.steps)
    if not stages:
        return Picture(
            NAME,
            TITLE,
            "The shop knows no customer: that takes orders, events or a table customers with a "
            "customer id.",
            DEFINITIONS,
        )
    return Picture(NAME, TITLE, _reading(stages), DEFINITIONS, _chart(stages))


def _reading(stages: Sequence[Mapping[str, Any]]) -> str:
    told = {one["stage"]: one for one in stages}
    known, bought, loyal = (told[name] for name in ("awareness", "purchase", "loyalty"))
    text = f"Of {count(known['reached'])} customers known, {count(bought['reached'])} "
    text += f"({percent(bought['of_all'])}) have ordered"
    if bought["reached"]:
        text += (
            f", and {count(loyal['reached'])} of these ({percent(loyal['of_before'])}) bought "
            "again or told others"
        )
    losses = [one for one in stages[1:] if one["of_before"] is not None and one["of_before"] < 1]
    text += "."
    if losses:
        worst = min(losses, key=lambda one: float(one["of_before"]))
        before = stages[[one["stage"] for one in stages].index(worst["stage"]) - 1]
        text += (
            f" Most are left behind between “{_WORDS[before['stage']]}” and "
            f"“{_WORDS[worst['stage']]}”: {percent(worst['of_before'])} go on."
        )
    return text


def _chart(stages: Sequence[Mapping[str, Any]]) -> Chart:
    names = {one["stage"]: f"{one['stage'].title()}: {_WORDS[one['stage']]}" for one in stages}
    bars, notes = [], []
    for one in stages:
        name, note = names[one["stage"]], count(one["reached"])
        if one["of_before"] is not None:
            note += f" · {percent(one['of_before'])} of the stage before"
            notes.append({"step": name, "text": f"{percent(one['of_all'])} of all", "line": 1})
        notes.append({"step": name, "text": note, "line": 0})
        bars.append(
            {
                "step": name,
                "from": 0,
                "to": one["reached"],
                "light": False,
                "said": f"{name}: {note}; {count(one['at'])} of them got no further",
            }
        )
    return bars_of(bars, notes, list(names.values()), None)
