"""What providers of messages report: bounces, complaints, clicks, unsubscribes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from nba.state.asking import microseconds
from nba.state.feedback import Kept, keep
from nba_api.answers import private
from nba_api.limits import Buckets, address_of, too_often
from nba_api.live import Live, LiveState
from nba_api.problems import declared
from nba_api.webhooks.providers import NAMES, Providers
from nba_api.webhooks.reading import Delivery, Provider

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

_ProviderPath = Annotated[str, Path(max_length=50, description=", ".join(NAMES))]
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "what the provider sends, as it sends it",
        "content": {
            "application/json": {"schema": {}},
            "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
        },
    }
}


class Heard(BaseModel):
    """How much of what a provider said was new."""

    accepted: int = Field(description="new events of messages")
    counted: int = Field(description="new ones about no message of ours, or of a type of no use")
    duplicates: int = Field(description="what was said before")


class Ready(BaseModel):
    """The address is right."""

    provider: str


@router.get("/{provider}", responses={200: {"model": Ready}, **declared(404, 422)})
async def validate(providers: Providers, provider: _ProviderPath) -> Response:
    """The address is right; Mailchimp and Mandrill ask before they send."""
    return private({"provider": _known(providers, provider).name})


@router.post(
    "/{provider}",
    responses={200: {"model": Heard}, **declared(400, 401, 404, 422, 429, 503)},
    openapi_extra=_BODY,
)
async def hear(
    live: LiveState, providers: Providers, request: Request, provider: _ProviderPath
) -> Response:
    """Keep what a provider reports, once it is proven to come from there; said again, no more."""
    known = _known(providers, provider)
    delivery = Delivery(
        _url(live, request),
        dict(request.query_params),
        request.headers,
        await request.body(),
        microseconds(live.instant(None)),
    )
    try:
        # Signatures cost time, and the store waits for the disk.
        return private(asdict(await run_in_threadpool(_keep, live, known, delivery)))
    except HTTPException as error:
        if error.status_code == HTTPStatus.UNAUTHORIZED:
            _count_forged(live, request)
        raise


def _count_forged(live: Live, request: Request) -> None:
    """Refuse an address that sends forged events more often than anybody may ask.

    After the signature is checked, and never instead of it: the address of a provider is shared by
    all its customers, of whom one may send what is not signed for us, and an address behind a
    proxy that is not trusted by everybody. What is signed is kept however much is forged beside
    it. Checking a signature costs less than the rest of the request, so that to refuse before it
    would save little.

    Raises:
        HTTPException: 429, it does.
    """
    peer = request.client.host if request.client else ""
    forwarded = request.headers.get("x-forwarded-for", "")
    forgeries: Buckets = request.app.state.forgeries
    wait = forgeries.take(address_of(peer, forwarded, live.settings.trusted_proxies))
    if wait:
        live.metrics.request_refused("rate")
        raise too_often(wait) from None


def _keep(live: Live, provider: Provider, delivery: Delivery) -> Kept:
    try:
        events = provider.receive(delivery)
    except HTTPException as error:
        if error.status_code == HTTPStatus.UNAUTHORIZED:
            live.metrics.webhook_refused(provider.name)
        raise
    kept = keep(live.store, provider.name, events)
    for outcome, count in Counter(one.outcome or "other" for one in events).items():
        live.metrics.webhook_read(provider.name, outcome, count)
    return kept


def _known(providers: Mapping[str, Provider], name: str) -> Provider:
    if name in providers:
        return providers[name]
    raise HTTPException(
        HTTPStatus.NOT_FOUND,
        f"the setting webhook_{name} is not set"
        if name in NAMES
        else f"there is no such provider; there are {', '.join(NAMES)}",
    )


def _url(live: Live, request: Request) -> str:
    """Give the address as the provider has it: a proxy may have changed all but its path."""
    public_url = live.settings.public_url
    if public_url is None:
        return str(request.url)
    query = request.url.query
    return f"{public_url}{request.url.path}{f'?{query}' if query else ''}"
