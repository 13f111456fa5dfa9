"""The application: routes over one live state."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI

from nba import __version__
from nba.palette import Looks
from nba_api import document, problems
from nba_api.admission import Admission
from nba_api.console.counted import LatestRows
from nba_api.console.counting import Counting
from nba_api.console.refusals import Refusals
from nba_api.console.reported import Reported
from nba_api.envelope import Envelope
from nba_api.fast_lane import FastLane
from nba_api.feeds.klaviyo import Measures
from nba_api.feeds.sending import Sending
from nba_api.gate import Gate
from nba_api.gathering import Gathering
from nba_api.hot_path import HotPath
from nba_api.idempotency import Idempotency
from nba_api.keys import Keys
from nba_api.letters.writer import Letters
from nba_api.limits import Buckets
from nba_api.live import Live
from nba_api.questions import Questions
from nba_api.routes import (
    assets,
    baskets,
    console,
    console_figures,
    console_letters,
    console_models,
    console_quality,
    customers,
    feeds,
    health,
    ingest,
    letters,
    messages,
    metrics,
    models,
    privacy,
    products,
    reports,
    shop,
    unsubscribe,
    webhooks,
)
from nba_api.sessions import Sessions
from nba_api.settings import Settings
from nba_api.shop.front import Shopfront
from nba_api.webhooks.providers import providers


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the application.

    Args:
        settings: what to serve; by default read from the environment.

    Raises:
        ConfigError: the playbook, the looks, the store's URL or the clock is wrong, or a storefront
            for demonstrations should be shown although there are keys.
        StateError: the store cannot be opened.
        DataError: `as_of` or `starts_at` is no instant with a zone.
    """
    settings = settings or Settings.from_environment()
    looks = Looks() if settings.looks is None else Looks.from_toml(settings.looks)
    live = Live(settings)
    keys = Keys(live.store)
    admission = Admission(keys, Sessions(live.store), settings, live.metrics)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watching = [asyncio.create_task(one.watch()) for one in (live, keys)]
        yield
        for task in watching:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        live.store.close()

    app = FastAPI(
        title="nba",
        version=__version__,
        lifespan=lifespan,
        summary="Which products, and which message next, from a shop's own orders.",
        redirect_slashes=False,
        # What is counted, `routes.metrics` tells; looking for other listeners costs every request.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.live = live
    app.state.looks = looks
    app.state.counting = Counting(live)
    app.state.admission = admission
    app.state.fast_lane = FastLane(live, admission)
    app.state.providers = providers(settings)
    app.state.forgeries = Buckets(settings.rate_limit)
    app.state.gathering = Gathering(live.store, live.posted)
    app.state.questions = Questions(live)
    app.state.shopfront = Shopfront(live, keys)
    app.state.reports = reports.Reports(live.models)
    app.state.catalogues = Measures()
    app.state.sending = Sending()
    app.state.reported = Reported(app.state.reports)
    app.state.latest_rows = LatestRows(live.store)
    app.state.letters = Letters(settings)
    # The last one added is the first that a request meets.
    app.add_middleware(Idempotency, store=live.store)
    app.add_middleware(HotPath, live=live)
    app.add_middleware(Gate, admission=admission)
    app.add_middleware(Refusals)
    app.add_middleware(Envelope, live=live)
    problems.install(app)
    document.install(app)
    for routes in (
        products,
        baskets,
        customers,
        letters,
        messages,
        ingest,
        webhooks,
        unsubscribe,
        privacy,
        models,
        reports,
        feeds,
        console,
        console_figures,
        console_letters,
        console_models,
        console_quality,
        shop,
        assets,
        health,
        metrics,
    ):
        app.include_router(routes.router)
    return app
