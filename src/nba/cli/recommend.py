"""`nba recommend`: ask the current snapshot."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer

from nba.cli.console import AsJson, Models, give, instant, say
from nba.cli.profiles import show_profile

if TYPE_CHECKING:
    import numpy as np

    from nba.recommend.recommender import Recommender
    from nba.recommend.results import Slate


class RelationKind(StrEnum):
    """What can be asked for."""

    BOUGHT_TOGETHER = "bought-together"
    ACCESSORIES = "accessories"
    SIMILAR = "similar"
    REPLACEMENTS = "replacements"
    UPSELL = "upsell"
    COMPLETE = "complete"
    PICKS = "picks"
    BUY_AGAIN = "buy-again"
    POPULAR = "popular"
    PROFILE = "profile"


BASKETS: Final = (
    RelationKind.BOUGHT_TOGETHER,
    RelationKind.ACCESSORIES,
    RelationKind.COMPLETE,
)
"""Kinds that take several products."""
NEVER_FILLED: Final = (RelationKind.BUY_AGAIN, RelationKind.POPULAR, RelationKind.PROFILE)
"""Kinds that have no fallback: what was not bought is not bought again."""


def recommend(
    kind: Annotated[RelationKind, typer.Argument(help="What to ask for.")],
    ids: Annotated[
        list[str] | None, typer.Argument(help="Product ids (a basket), or one customer id.")
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, max=1000, help="How many at most.")] = 10,
    why: Annotated[
        bool, typer.Option("--why", help="Show the figures behind each reason.")
    ] = False,
    fallback: Annotated[
        str | None, typer.Option("--fallback", help="Fill up a short list: popular.")
    ] = None,
    target_total: Annotated[
        int | None,
        typer.Option("--target-total", help="For complete: the total to reach, minor units."),
    ] = None,
    kinds: Annotated[
        str | None,
        typer.Option(
            "--kinds",
            help="For replacements: successor,substitute (the default), spare_part, refill.",
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", help="Instant for which pins, bans and links hold."),
    ] = None,
    models: Models = "models",
    as_json: AsJson = False,
) -> None:
    """Print recommendations with their reasons, or what is known of a customer."""
    from nba.artifacts.registry import open_snapshot
    from nba.recommend.recommender import Recommender

    given = list(ids or ())
    _check(kind, given, fallback, target_total, kinds)
    moment = None if at is None else instant(at, "--at")
    recommender = Recommender(open_snapshot(models))
    if kind is RelationKind.PROFILE:
        found = recommender.profile(given[0], at=moment)
        show_profile(found, n=n, as_json=as_json)
        return
    if kind is RelationKind.COMPLETE:
        slate = recommender.complete_basket(
            given, target_total=target_total, n=n, fallback=fallback, at=moment
        )
    elif kind is RelationKind.REPLACEMENTS and kinds is not None:
        slate = recommender.replacements(
            given[0], kinds=kinds.split(","), n=n, fallback=fallback, at=moment
        )
    else:
        slate = _ask(recommender, kind, given, n, fallback, moment)
    for item in slate:
        say(f"{item.rank:>3}. {item.product_id}  {item.product['title']}", as_json=as_json)
        say(f"     {item.reason.text}", as_json=as_json)
        if why:
            figures = ", ".join(f"{name} {value}" for name, value in item.reason.evidence.items())
            say(f"     {item.source}: score {item.score:.6g}; {figures}", as_json=as_json)
    for missing in slate.missing_ids:
        say(f"unknown: {missing}", as_json=as_json)
    if not slate.items:
        say("nothing to recommend", as_json=as_json)
    if as_json:
        give(slate.to_dict())


def _check(
    kind: RelationKind,
    ids: list[str],
    fallback: str | None,
    target_total: int | None,
    kinds: str | None,
) -> None:
    """Refuse what a kind does not take.

    Raises:
        ConfigError: too many ids or none, or an option that says nothing for this kind.
    """
    from nba.errors import ConfigError

    if kind is RelationKind.POPULAR and ids:
        raise ConfigError(f"popular takes no id, {len(ids)} were given")
    if kind is not RelationKind.POPULAR and not ids:
        raise ConfigError(f"{kind} needs an id: nba recommend {kind} ID")
    if kind not in BASKETS and len(ids) > 1:
        raise ConfigError(f"{kind} takes one id, {len(ids)} were given")
    if fallback is not None and kind in NEVER_FILLED:
        raise ConfigError(f"{kind} has no fallback; the other kinds have")
    if target_total is not None and kind is not RelationKind.COMPLETE:
        raise ConfigError(f"{kind} has no --target-total; complete has")
    if kinds is not None and kind is not RelationKind.REPLACEMENTS:
        raise ConfigError(f"{kind} has no --kinds; replacements has")


def _ask(
    recommender: Recommender,
    kind: RelationKind,
    ids: list[str],
    n: int,
    fallback: str | None,
    at: np.datetime64 | None,
) -> Slate:
    from nba.recommend.questions import POPULAR

    match kind:
        case RelationKind.POPULAR:
            return recommender.popular(n=n, at=at)
        case RelationKind.BUY_AGAIN:
            return recommender.buy_again(ids[0], n=n, at=at)
        case RelationKind.PICKS:
            return recommender.picks(ids[0], n=n, fallback=fallback or POPULAR, at=at)
        case RelationKind.SIMILAR:
            return recommender.similar(ids[0], n=n, fallback=fallback, at=at)
        case RelationKind.UPSELL:
            return recommender.upsell(ids[0], n=n, fallback=fallback, at=at)
        case RelationKind.REPLACEMENTS:
            return recommender.replacements(ids[0], n=n, fallback=fallback, at=at)
        case RelationKind.ACCESSORIES:
            return recommender.accessories(ids, n=n, fallback=fallback, at=at)
        case _:
            return recommender.bought_together(ids, n=n, fallback=fallback, at=at)
