"""Related products: what a storefront widget fetches."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from nba_api.answers import cacheable
from nba_api.live import LiveState
from nba_api.problems import PROBLEMS
from nba_api.schemas import ProductQuery, SlateAnswer

router = APIRouter(prefix="/v1/products", tags=["products"], responses=PROBLEMS)
ProductPath = Annotated[str, Path(max_length=256)]


@router.get("/{product_id}/bought-together", responses={200: {"model": SlateAnswer}})
async def bought_together(
    request: Request,
    live: LiveState,
    product_id: ProductPath,
    query: Annotated[ProductQuery, Query()],
) -> Response:
    """What shares orders with a product."""
    slate = live.serving().recommender.bought_together(
        product_id,
        n=query.limit,
        filters=query.filters(),
        fallback=query.fallback,
        strict=query.strict,
    )
    return cacheable(request, slate.to_dict(explain=query.explain))


@router.get("/{product_id}/replacements", responses={200: {"model": SlateAnswer}})
async def replacements(
    request: Request,
    live: LiveState,
    product_id: ProductPath,
    query: Annotated[ProductQuery, Query()],
) -> Response:
    """What the catalogue names as a product's successor."""
    slate = live.serving().recommender.replacements(
        product_id, n=query.limit, filters=query.filters(), strict=query.strict
    )
    return cacheable(request, slate.to_dict(explain=query.explain))
