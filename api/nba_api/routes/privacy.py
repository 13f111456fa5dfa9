"""What a customer may ask of a shop: all that is known of them, and that it is forgotten.

None is a coroutine: both wait for the store and for files, in a thread of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from nba.artifacts.blanking import blank
from nba.domain import iso
from nba.state.erasure import bury, erase
from nba.state.export import export
from nba_api.answers import private
from nba_api.live import LiveState
from nba_api.problems import declared
from nba_api.queries import CustomerPath

router = APIRouter(prefix="/v1/customers", tags=["privacy"], responses=declared(422, 503))
Rows = Sequence[Mapping[str, Any]]


class ExportAnswer(BaseModel):
    """All that is known of a customer; a row has the columns of its table."""

    customer_id: str
    exported_at: str
    accounts: Sequence[str] = Field(description="the customer, and whoever was merged with them")
    customers: Rows
    consents: Rows
    orders: Rows = Field(description="each with its `lines`, `statuses` and former `versions`")
    events: Rows
    messages: Rows
    message_events: Rows


class ErasureAnswer(BaseModel):
    """What was removed."""

    customer_id: str
    accounts: int = Field(description="the customer, and whoever was merged with them")
    erased: Mapping[str, int] = Field(description="table → rows, without zeros")
    snapshots: Sequence[str] = Field(description="ids of those that no longer know the customer")


# An id may hold a slash, hence `:path`.
@router.get("/{customer_id:path}/export", responses={200: {"model": ExportAnswer}})
def export_customer(live: LiveState, customer_id: CustomerPath) -> Response:
    """Hand out all that the store holds of a customer, with every account merged with theirs."""
    exported_at = iso(live.instant(None))
    return private({**export(live.store, customer_id), "exported_at": exported_at})


@router.delete("/{customer_id:path}", responses={200: {"model": ErasureAnswer}})
def erase_customer(live: LiveState, customer_id: CustomerPath) -> Response:
    """Forget a customer, with every account merged with theirs, and keep them from coming back.

    Asked again, it does what a crash left undone.
    """
    at = live.instant(None)
    accounts = bury(live.store, customer_id, at).accounts
    blanked = blank(live.models, accounts)
    live.refresh()
    erased = erase(live.store, customer_id, at, rewrite=False)
    live.posted("products")
    return private(
        {
            "customer_id": customer_id,
            "accounts": len(accounts),
            "erased": erased.counts,
            "snapshots": blanked.snapshots,
        }
    )
