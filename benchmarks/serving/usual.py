"""The widget's route as it is usually written: a coroutine, its parameters, a response model.

    uvicorn benchmarks.serving.usual:app      (NBA_MODELS and NBA_DB as for `nba serve`)

`/v1/products/{id}/bought-together` asks the same recommender as `nba serve` does. Below
`/framework` the very same answer comes from a dictionary that was filled before: what the framework
alone costs.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

from fastapi import FastAPI, Query

from nba.recommend.eligibility import Filters
from nba_api.answers import public_slate
from nba_api.live import Live
from nba_api.queries import ProductQuery
from nba_api.schemas import SlateAnswer
from nba_api.settings import Settings

app = FastAPI()
live = Live(Settings.from_environment())
Asked = Annotated[ProductQuery, Query()]


@app.get("/v1/products/{product_id:path}/bought-together", response_model=SlateAnswer)
async def bought_together(product_id: str, query: Asked) -> dict[str, Any]:
    """Answer through the recommender."""
    return answered(product_id, query.limit, query.filters())


@app.get("/framework/v1/products/{product_id:path}/bought-together", response_model=SlateAnswer)
async def remembered(product_id: str, query: Asked) -> dict[str, Any]:
    """Answer what was answered before, whatever the filters say."""
    return once(product_id, query.limit)


def answered(product: str, limit: int, filters: Filters) -> dict[str, Any]:
    """Ask the recommender."""
    recommender = live.serving().recommender
    slate = recommender.bought_together(product, n=limit, filters=filters, at=live.instant(None))
    return public_slate(slate, explain=False)


@cache
def once(product: str, limit: int) -> dict[str, Any]:
    """Ask it once."""
    return answered(product, limit, Filters())
