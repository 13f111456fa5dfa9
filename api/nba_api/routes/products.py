"""Related products: what a storefront widget fetches."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from nba_api.answers import cacheable, public_slate
from nba_api.keys import CallerOf
from nba_api.live import LiveState
from nba_api.problems import declared
from nba_api.queries import ProductPath, ProductQuery
from nba_api.schemas import SlateAnswer

ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": SlateAnswer},
    304: {"description": "Not Modified: If-None-Match names the answer's ETag"},
}
router = APIRouter(prefix="/v1/products", tags=["products"], responses=declared(404, 422, 503))
Asked = Annotated[ProductQuery, Query()]


# An id may hold a slash, hence `:path`.
@router.get("/{product_id:path}/bought-together", responses=ANSWERS)
async def bought_together(
    request: Request, live: LiveState, caller: CallerOf, product_id: ProductPath, query: Asked
) -> Response:
    """What shares orders with a product."""
    slate = live.serving().recommender.bought_together(
        product_id,
        n=query.limit,
        filters=query.filters(),
        fallback=query.fallback,
        min_customers=caller.min_customers,
        strict=query.strict,
        at=live.instant(None),
    )
    return cacheable(request, public_slate(slate, explain=query.explain and caller.is_trusted))


@router.get("/{product_id:path}/accessories", responses=ANSWERS)
async def accessories(
    request: Request, live: LiveState, caller: CallerOf, product_id: ProductPath, query: Asked
) -> Response:
    """What those who have a product come to need with it, and when."""
    slate = live.serving().recommender.accessories(
        product_id,
        n=query.limit,
        filters=query.filters(),
        fallback=query.fallback,
        min_customers=caller.min_customers,
        strict=query.strict,
        at=live.instant(None),
    )
    return cacheable(request, public_slate(slate, explain=query.explain and caller.is_trusted))


@router.get("/{product_id:path}/similar", responses=ANSWERS)
async def similar(
    request: Request, live: LiveState, caller: CallerOf, product_id: ProductPath, query: Asked
) -> Response:
    """What serves the same need as a product."""
    slate = live.serving().recommender.similar(
        product_id,
        n=query.limit,
        filters=query.filters(),
        fallback=query.fallback,
        strict=query.strict,
        at=live.instant(None),
    )
    return cacheable(request, public_slate(slate, explain=query.explain and caller.is_trusted))


@router.get("/{product_id:path}/replacements", responses=ANSWERS)
async def replacements(
    request: Request, live: LiveState, caller: CallerOf, product_id: ProductPath, query: Asked
) -> Response:
    """What takes a product's place: its successor, else a substitute."""
    slate = live.serving().recommender.replacements(
        product_id,
        n=query.limit,
        filters=query.filters(),
        fallback=query.fallback,
        strict=query.strict,
        at=live.instant(None),
    )
    return cacheable(request, public_slate(slate, explain=query.explain and caller.is_trusted))


@router.get("/{product_id:path}/upsell", responses=ANSWERS)
async def upsell(
    request: Request, live: LiveState, caller: CallerOf, product_id: ProductPath, query: Asked
) -> Response:
    """Dearer products for the same need, within a price band."""
    slate = live.serving().recommender.upsell(
        product_id,
        n=query.limit,
        filters=query.filters(),
        fallback=query.fallback,
        strict=query.strict,
        at=live.instant(None),
    )
    return cacheable(request, public_slate(slate, explain=query.explain and caller.is_trusted))
