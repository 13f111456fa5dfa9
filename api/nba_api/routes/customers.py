"""One customer: personal lists, the next message, the plan. Asking has no side effect."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from nba.domain import iso
from nba_api.answers import private
from nba_api.live import LiveState
from nba_api.problems import PROBLEMS
from nba_api.schemas import AsOf, DecisionAnswer, FilterQuery, PlanAnswer, SlateAnswer

router = APIRouter(prefix="/v1/customers", tags=["customers"], responses=PROBLEMS)
CustomerPath = Annotated[str, Path(max_length=256)]


class _ListQuery(FilterQuery):
    """What a personal list takes besides the customer."""

    limit: Annotated[int, Query(ge=1, le=50)] = 10


@router.get("/{customer_id}/recommendations", responses={200: {"model": SlateAnswer}})
async def recommendations(
    live: LiveState, customer_id: CustomerPath, query: Annotated[_ListQuery, Query()]
) -> Response:
    """Personal picks; popular products, labelled, for a customer nobody knows."""
    slate = live.serving().recommender.picks(customer_id, n=query.limit, filters=query.filters())
    return private(slate.to_dict())


@router.get("/{customer_id}/buy-again", responses={200: {"model": SlateAnswer}})
async def buy_again(
    live: LiveState, customer_id: CustomerPath, query: Annotated[_ListQuery, Query()]
) -> Response:
    """What the customer bought before and may buy again."""
    slate = live.serving().recommender.buy_again(
        customer_id, n=query.limit, filters=query.filters()
    )
    return private(slate.to_dict())


@router.get("/{customer_id}/next-message", responses={200: {"model": DecisionAnswer}})
async def next_message(live: LiveState, customer_id: CustomerPath, as_of: AsOf = None) -> Response:
    """The next message, with products and reasons, and why the others wait."""
    at = live.instant(as_of)
    facts = live.facts(customer_id, at)
    return private(live.serving().policy.decide(customer_id, facts, at).to_dict())


@router.get("/{customer_id}/plan", responses={200: {"model": PlanAnswer}})
async def plan(
    live: LiveState,
    customer_id: CustomerPath,
    as_of: AsOf = None,
    days: Annotated[int, Query(ge=1, le=365)] = 90,
) -> Response:
    """The messages to come, if nothing else happens."""
    at = live.instant(as_of)
    facts = live.facts(customer_id, at)
    decisions = live.serving().policy.plan(customer_id, facts, at, horizon_days=days)
    return private(
        {
            "customer_id": customer_id,
            "as_of": iso(at),
            "decisions": [one.to_dict() for one in decisions],
        }
    )
