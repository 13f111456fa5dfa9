"""The application: routes over one live state."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

import nba
from nba_api import problems
from nba_api.live import Live
from nba_api.routes import customers, health, models, products
from nba_api.settings import Settings


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the application.

    Args:
        settings: what to serve; by default read from the environment.

    Raises:
        ConfigError: the playbook or the store's URL is wrong.
        StateError: the store cannot be opened.
        DataError: `as_of` is no instant with a zone.
    """
    live = Live(settings or Settings.from_environment())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        live.refresh()
        yield
        live.store.close()

    app = FastAPI(title="nba", version=nba.__version__, lifespan=lifespan, summary=nba.__doc__)
    app.state.live = live
    problems.install(app)
    for routes in (products, customers, models, health):
        app.include_router(routes.router)
    _declare_problems(app)
    return app


def _declare_problems(app: FastAPI) -> None:
    """Put the problem schema into the OpenAPI document, where the routes refer to it."""
    make = app.openapi

    def openapi() -> dict[str, Any]:
        document = make()
        document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = problems.SCHEMA
        return document

    app.openapi = openapi  # type: ignore[method-assign]
