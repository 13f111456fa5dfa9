"""Feeds that e-mail tools fetch by a plain address: the digest, and the catalogue."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, HTTPException, Query, Request, Response

from nba.recommend.recommender import Recommender
from nba_api.answers import CACHEABLE, cacheable_bytes, etag_of, is_known
from nba_api.feeds import rss
from nba_api.feeds.klaviyo import Catalogue, CatalogueAnswer, Measures
from nba_api.feeds.sending import Sending
from nba_api.live import LiveState
from nba_api.problems import declared

router = APIRouter(prefix="/v1/feeds", tags=["feeds"])

DIGEST: Final = "/digest.xml"
_NOT_MODIFIED: Final[dict[int | str, dict[str, Any]]] = {
    304: {"description": "Not Modified: If-None-Match names the feed's ETag"}
}
_RSS: Final = {
    200: {
        "description": "RSS 2.0",
        "content": {"application/rss+xml": {"schema": {"type": "string"}}},
    }
}
Limit = Annotated[
    int | None,
    Query(ge=1, le=50, description="products at most; by default as many as the digest shows"),
]
Part = Annotated[int, Query(ge=1, description="of a catalogue larger than one file")]


@router.get(DIGEST, response_class=Response, responses=_RSS | _NOT_MODIFIED | declared(422, 503))
def digest(request: Request, live: LiveState, limit: Limit = None) -> Response:
    """The best of the week as RSS: the broadcast of the first stage, the same for everybody."""
    serving, at, settings = live.serving(), live.instant(None), live.settings
    # What the shop pins leads its lists and not its messages, as which this goes out.
    recommender = Recommender(serving.recommender.snapshot, with_pins=False)
    slate = recommender.popular(n=limit or rss.size_of(serving.policy.playbook), at=at)
    public = settings.public_url
    channel = rss.Channel(
        settings.shop_name or "",
        settings.shop_url or public,
        f"{public}{router.prefix}{DIGEST}" if public else None,
        at,
    )
    return cacheable_bytes(request, rss.digest(channel, slate), rss.MEDIA_TYPE)


# A thread writes while others are answered: a large catalogue takes seconds.
@router.get(
    "/klaviyo/catalog.json",
    responses={
        200: {"model": CatalogueAnswer},
        **_NOT_MODIFIED,
        **declared(404, 422, 503),
    },
)
def klaviyo_catalogue(request: Request, live: LiveState, part: Part = 1) -> Response:
    """The products as Klaviyo's custom catalogue takes them, what sells first."""
    catalogue = Catalogue(live.serving().recommender.snapshot)
    version = catalogue.version()
    etag = etag_of(version + b"/%d" % part)
    headers = {"etag": etag, "cache-control": CACHEABLE}
    if is_known(etag, request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    measures: Measures = request.app.state.catalogues
    measured = measures.of(version, catalogue)
    parts = len(measured.sizes)
    if part > parts:
        raise HTTPException(404, f"there is no part {part}; the catalogue has {parts}")
    left_out = [str(sum(measured.left_out.values()))]
    headers |= {
        "content-length": str(measured.sizes[part - 1]),
        "x-nba-products": str(measured.counts[part - 1]),
        "x-nba-parts": str(parts),
        "x-nba-left-out": "; ".join(
            left_out + [f"{name}={count}" for name, count in measured.left_out.items()]
        ),
    }
    written = catalogue.part(*measured.starts[part - 1 : part + 1])
    sending: Sending = request.app.state.sending
    return sending.answer(written, headers, "application/json")
