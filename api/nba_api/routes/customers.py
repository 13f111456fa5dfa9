"""One customer: personal lists, the next message, the plan. Asking has no side effect.

Each reads the store or scores every product in a thread of its own, while the widgets of the
storefront go on being answered. The next message is a coroutine only to wait for such a thread,
which answers all who wait.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from fastapi.concurrency import run_in_threadpool

from nba.domain import iso
from nba.recommend.results import Slate
from nba_api.answers import private, public_slate
from nba_api.erased import refuse_past_of_erased
from nba_api.keys import Caller, CallerOf
from nba_api.live import Live, LiveState
from nba_api.next_messages import Question, planned
from nba_api.next_messages import next_message as next_message_of
from nba_api.problems import declared
from nba_api.queries import (
    CustomerPath,
    CustomerQuery,
    MomentQuery,
    PicksQuery,
    PlanQuery,
    ProfileQuery,
)
from nba_api.questions import QuestionsOf
from nba_api.schemas import DecisionAnswer, PlanAnswer, ProfileAnswer, SlateAnswer

router = APIRouter(
    prefix="/v1/customers",
    tags=["customers"],
    responses=declared(410, 422, 503),
    dependencies=[Depends(refuse_past_of_erased)],
)
Asked = Annotated[CustomerQuery, Query()]


# An id may hold a slash, hence `:path`.
@router.get("/{customer_id:path}/recommendations", responses={200: {"model": SlateAnswer}})
def recommendations(
    live: LiveState,
    caller: CallerOf,
    customer_id: CustomerPath,
    query: Annotated[PicksQuery, Query()],
) -> Response:
    """Personal picks; for a visitor nobody knows what goes with `session`, else popular ones."""
    serving, at = live.serving_at(query.as_of), live.instant(query.as_of)
    facts = live.facts(customer_id, at)
    slate = serving.recommender_at(facts.shelf, at).picks(
        customer_id,
        n=query.limit,
        session=query.looked_at(),
        filters=query.filters(),
        bought=serving.bought(facts),
        at=at,
    )
    return private(_shown(slate, caller))


@router.get("/{customer_id:path}/buy-again", responses={200: {"model": SlateAnswer}})
def buy_again(
    live: LiveState, caller: CallerOf, customer_id: CustomerPath, query: Asked
) -> Response:
    """What the customer bought before and may buy again."""
    serving, at = live.serving_at(query.as_of), live.instant(query.as_of)
    facts = live.facts(customer_id, at)
    slate = serving.recommender_at(facts.shelf, at).buy_again(
        customer_id,
        n=query.limit,
        filters=query.filters(),
        bought=serving.bought(facts),
        at=at,
    )
    return private(_shown(slate, caller))


@router.get("/{customer_id:path}/profile", responses={200: {"model": ProfileAnswer}})
def profile(
    live: LiveState, customer_id: CustomerPath, query: Annotated[ProfileQuery, Query()]
) -> Response:
    """Stage, rhythm, worth, segments, what the customer owns, and what is due."""
    serving, at = live.serving_at(query.as_of), live.instant(query.as_of)
    known = serving.recommender.profile(customer_id, horizon_days=query.horizon_days, at=at)
    stage = serving.policy.stage(customer_id, live.facts(customer_id, at), at)
    where = {"stage": str(stage.stage), "state": stage.state, "days_since": stage.days_since}
    return private(known.to_dict() | where)


@router.get("/{customer_id:path}/viewed", responses={200: {"model": SlateAnswer}})
def viewed(live: LiveState, caller: CallerOf, customer_id: CustomerPath, query: Asked) -> Response:
    """What the customer looked at lately and did not buy, the latest first."""
    serving, at = live.serving_at(query.as_of), live.instant(query.as_of)
    facts = live.facts(customer_id, at)
    seen = serving.policy.viewed(facts, at)["product_ids"]
    slate = serving.recommender_at(facts.shelf, at).viewed(
        customer_id,
        seen[0] if seen else [],
        n=query.limit,
        filters=query.filters(),
        bought=serving.bought(facts),
        at=at,
    )
    return private(_shown(slate, caller))


@router.get("/{customer_id:path}/next-message", responses={200: {"model": DecisionAnswer}})
async def next_message(
    live: LiveState,
    questions: QuestionsOf,
    customer_id: CustomerPath,
    query: Annotated[MomentQuery, Query()],
) -> Response:
    """The next message, or the one claimed, with products and reasons, and why the others wait."""
    if query.as_of is None:
        asked = Question.of(customer_id, query.context())
        return private(await questions.next_message(asked))
    # It may have to open the snapshot of then, for which nobody else should wait.
    return private(await run_in_threadpool(_next_message_at, live, customer_id, query))


def _next_message_at(live: Live, customer: str, query: MomentQuery) -> dict[str, Any]:
    policy, at = live.serving_at(query.as_of).policy, live.instant(query.as_of)
    return next_message_of(live.store, policy, customer, at, query.context())


@router.get("/{customer_id:path}/plan", responses={200: {"model": PlanAnswer}})
def plan(
    live: LiveState, customer_id: CustomerPath, query: Annotated[PlanQuery, Query()]
) -> Response:
    """The messages to come, if nothing else happens."""
    policy, at = live.serving_at(query.as_of).policy, live.instant(query.as_of)
    decisions = planned(live.store, policy, customer_id, at, query.days, query.context())
    return private({"customer_id": customer_id, "as_of": iso(at), "decisions": decisions})


def _shown(slate: Slate, caller: Caller) -> dict[str, Any]:
    """Give a personal list: the figures behind it to the shop, not to its pages."""
    return slate.to_dict() if caller.is_trusted else public_slate(slate, explain=False)
