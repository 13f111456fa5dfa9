"""A browser, a server to ask and a site to stand on; `make browser` runs what rests on them.

Fixtures for every test of this folder:

- `browser`: Debian's Chromium, one a session. Where there is none, tests are skipped; with
  `NBA_BROWSER=1`, as `make browser` has it, they fail.
- `page_at(width, dark=False, javascript=True)`: a new page of a browser that knows nothing yet,
  so wide; as many as a test asks for. An error that a script of a page does not catch fails the
  test. Whoever has to see what a page asks for uses the page's own `on("request")` and `route`.
- `trained`: settings of the shop of `tests.browser.shop`, whose clock stands at its `AS_OF`.
- `serve(settings, prepare=…)`: runs a server over a copy of that shop's store, as long as the
  tests of the file run; `prepare` is given the store first, such as to create a key.
- `served`: such a server without keys and with the settings `trained`.
- `shop_site`: a site of another origin to put pages on, for the tests of a file.
- `keyed`: a server like `served` that asks for keys, with a publishable one of `shop_site`.
- `other_site`: an empty site that knows nothing of the others, for one test.

The first three live as long as the session, servers as long as the tests of a file.
Playwright occupies the event loop of the process that uses it, so these tests run apart from all
others.
"""

from __future__ import annotations

import gc
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

import nba
from nba.cli.load import load
from nba.data.imports import import_files
from nba.state.keys import KeyKind, create_key
from nba.state.store import Store
from nba_api.app import create_app
from nba_api.server import Server
from nba_api.settings import Settings
from tests.browser.shop import AS_OF, PRODUCTS, orders_csv
from tests.browser.site import Site, site

CHROMIUM: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
HEIGHT: Final = 800
LONG_AGO: Final = np.datetime64("2020-01-01T00:00:00", "us")
# As root Chromium has no sandbox of its own; what it opens here are pages of this repository.
ARGUMENTS: Final = ("--no-sandbox", "--disable-dev-shm-usage")
PATIENCE_MS: Final = 15_000
"""How long a page may take on a busy machine before a test fails."""


class PageAt(Protocol):
    """Opens a page so wide."""

    def __call__(self, width: int, *, dark: bool = False, javascript: bool = True) -> Page: ...


@dataclass(frozen=True)
class Served:
    """A running server.

    Attributes:
        address: such as `http://127.0.0.1:40000`.
        store: the server's, to look at what it was told.
        key: a publishable one, where the server asks for keys.
    """

    address: str
    store: Store
    key: str = ""


Serve = Callable[..., Served]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        missing = "there is no Chromium here; install Debian's: apt-get install chromium"
        if os.environ.get("NBA_BROWSER") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def page_at(browser: Browser) -> Iterator[PageAt]:
    uncaught: list[str] = []
    with ExitStack() as opened:

        def open_page(width: int, *, dark: bool = False, javascript: bool = True) -> Page:
            context = browser.new_context(
                viewport={"width": width, "height": HEIGHT},
                color_scheme="dark" if dark else "light",
                java_script_enabled=javascript,
                locale="en-GB",
            )
            opened.callback(context.close)
            context.set_default_timeout(PATIENCE_MS)
            context.on("weberror", lambda told: uncaught.append(str(told.error)))
            return context.new_page()

        yield open_page
    assert not uncaught


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("browser")
    tables = {"orders": orders_csv(), "products": PRODUCTS}
    for name, rows in tables.items():
        (folder / f"{name}.csv").write_text(rows, "utf-8")
    report = import_files([folder / f"{name}.csv" for name in tables], folder / "shop")
    assert report.rows_quarantined == 0
    shop = nba.read_shop(folder / "shop")
    nba.train(shop.history, shop.catalog, nba.TrainConfig(seed=7)).publish(folder / "models")
    load(folder / "shop", f"sqlite:///{folder / 'loaded.db'}")
    return Settings(models=folder / "models", db=f"sqlite:///{folder / 'loaded.db'}", as_of=AS_OF)


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    with ExitStack() as running:

        def begin(
            settings: Settings, *, prepare: Callable[[Store], object] = lambda _: None
        ) -> Served:
            own = tmp_path_factory.mktemp("served") / "own.db"
            shutil.copy(settings.db.removeprefix("sqlite:///"), own)
            store = Store(f"sqlite:///{own}")
            running.callback(store.close)
            prepare(store)
            return running.enter_context(_serving(settings, own, store))

        yield begin


@pytest.fixture(scope="module")
def served(serve: Serve, trained: Settings) -> Served:
    return serve(trained)


@pytest.fixture(scope="module")
def shop_site() -> Iterator[Site]:
    with site() as running:
        yield running


@pytest.fixture(scope="module")
def keyed(serve: Serve, trained: Settings, shop_site: Site) -> Served:
    made: list[str] = []

    def prepare(store: Store) -> None:
        _, text = create_key(store, KeyKind.PUBLISHABLE, LONG_AGO, origins=[shop_site.address])
        made.append(text)

    return replace(serve(trained, prepare=prepare), key=made[0])


@pytest.fixture
def other_site() -> Iterator[Site]:
    with site() as running:
        yield running


@contextmanager
def _serving(settings: Settings, own: Path, store: Store) -> Iterator[Served]:
    is_ready = threading.Event()
    app = create_app(settings.model_copy(update={"db": f"sqlite:///{own}"}))
    server = Server(app, when_ready=is_ready.set)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            assert is_ready.wait(20), "the server did not start"
            yield Served(f"http://127.0.0.1:{listener.getsockname()[1]}", store)
        finally:
            server.should_exit = True
            thread.join()
            # What a server keeps from the collector for good is to be let go when the tests end.
            gc.unfreeze()
