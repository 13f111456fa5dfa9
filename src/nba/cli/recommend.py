"""`nba recommend`: ask the current snapshot."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from nba.cli.console import AsJson, Models, give, say

if TYPE_CHECKING:
    from nba.recommend.recommender import Recommender
    from nba.recommend.results import Slate


class RelationKind(StrEnum):
    """What can be asked for."""

    BOUGHT_TOGETHER = "bought-together"
    REPLACEMENTS = "replacements"
    PICKS = "picks"
    BUY_AGAIN = "buy-again"
    POPULAR = "popular"


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
    models: Models = "models",
    as_json: AsJson = False,
) -> None:
    """Print recommendations with their reasons."""
    from nba.artifacts.registry import open_snapshot
    from nba.recommend.recommender import Recommender

    slate = _ask(Recommender(open_snapshot(models)), kind, list(ids or ()), n, fallback)
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


def _ask(
    recommender: Recommender, kind: RelationKind, ids: list[str], n: int, fallback: str | None
) -> Slate:
    from nba.errors import ConfigError
    from nba.recommend.recommender import POPULAR

    if kind is RelationKind.POPULAR and ids:
        raise ConfigError(f"popular takes no id, {len(ids)} were given")
    if kind is not RelationKind.POPULAR and not ids:
        raise ConfigError(f"{kind} needs an id: nba recommend {kind} ID")
    if kind is not RelationKind.BOUGHT_TOGETHER and len(ids) > 1:
        raise ConfigError(f"{kind} takes one id, {len(ids)} were given")
    filled = (RelationKind.BOUGHT_TOGETHER, RelationKind.PICKS)
    if fallback is not None and kind not in filled:
        raise ConfigError(f"{kind} has no fallback; {' and '.join(filled)} have")
    match kind:
        case RelationKind.POPULAR:
            return recommender.popular(n=n)
        case RelationKind.BOUGHT_TOGETHER:
            return recommender.bought_together(ids, n=n, fallback=fallback)
        case RelationKind.REPLACEMENTS:
            return recommender.replacements(ids[0], n=n)
        case RelationKind.BUY_AGAIN:
            return recommender.buy_again(ids[0], n=n)
        case RelationKind.PICKS:
            return recommender.picks(ids[0], n=n, fallback=fallback or POPULAR)
