"""`nba serve`: the API over the current snapshot and a store."""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer

from nba.cli.console import AsJson, give, instant, say

LOOPBACK_NAMES: Final = ("127.0.0.1", "localhost", "[::1]")


def serve(
    shop: Annotated[
        Path | None,
        typer.Option(
            "--shop",
            exists=True,
            file_okay=False,
            help="Load this shop first, if the store is empty.",
        ),
    ] = None,
    db: Annotated[
        str, typer.Option("--db", envvar="NBA_DB", help="URL of the store.")
    ] = "sqlite:///nba.db",
    playbook: Annotated[
        Path | None,
        typer.Option(
            "--playbook", envvar="NBA_PLAYBOOK", help="Playbook (TOML); owox_2011 by default."
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", envvar="NBA_AS_OF", help="A clock that stands still, for demonstrations."
        ),
    ] = None,
    starts_at: Annotated[
        str | None,
        typer.Option(
            "--starts-at",
            envvar="NBA_STARTS_AT",
            help="What the clock shows at the start, for demonstrations; it runs from then on.",
        ),
    ] = None,
    storefront: Annotated[
        bool,
        typer.Option(
            "--storefront",
            envvar="NBA_STOREFRONT",
            help="Show a demonstration storefront at /shop; only without keys.",
        ),
    ] = False,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 8000,
    models: Annotated[
        str,
        typer.Option(
            "--models",
            envvar="NBA_MODELS",
            help="Folder of snapshots, or its URL: s3://bucket/models.",
        ),
    ] = "models",
    as_json: AsJson = False,
) -> None:
    """Serve recommendations and next messages over HTTP."""

    def when_ready(address: str) -> None:
        is_open = not has_keys(db)
        asked = "OPEN: no keys, this machine only" if is_open else "asks for keys"
        say(f"serving on {address} (docs: {address}/docs); {asked}", as_json=as_json)
        if as_json:
            give({"address": address, "docs": f"{address}/docs", "open": is_open})

    run(
        shop=shop,
        db=db,
        playbook=playbook,
        as_of=as_of,
        starts_at=starts_at,
        storefront=storefront,
        host=host,
        port=port,
        models=models,
        when_ready=when_ready,
        as_json=as_json,
    )


def run(
    *,
    shop: Path | None,
    db: str,
    playbook: Path | None,
    as_of: str | None,
    starts_at: str | None,
    storefront: bool,
    host: str,
    port: int,
    models: str,
    when_ready: Callable[[str], None],
    as_json: bool = False,
) -> None:
    """Run the server until it is stopped by SIGTERM or SIGINT; requests under way are finished.

    Raises:
        ConfigError: `as_of` or `starts_at` is no instant, or both are given; the address is not a
            loopback one while there are no keys, or its port is taken; there is a storefront
            although there are keys.
        DataError: the shop cannot be loaded.
        StateError: the store cannot be read.
    """
    # One request scores one customer: a second BLAS thread would only wait for the first. This is
    # read when numpy is loaded, which happens from here on.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for told_at, option in ((as_of, "--as-of"), (starts_at, "--starts-at")):
        if told_at is not None:
            instant(told_at, option)
    with _listening(host, port, db) as listener:
        if shop is not None:
            load_shop(shop, db, as_json=as_json)
        from nba_api.app import create_app
        from nba_api.logs import configure
        from nba_api.server import Server
        from nba_api.settings import Settings

        shown = f"[{host}]" if ":" in host else host
        told = {
            "models": models,
            "db": db,
            "playbook": playbook,
            "as_of": as_of,
            "starts_at": starts_at,
            "storefront": storefront,
            "hosts": (*LOOPBACK_NAMES, shown),
        }
        # What no option says, such as limits and secrets, comes from the environment.
        settings = Settings.from_environment().model_copy(update=told)
        configure(requests=settings.log_requests)
        app = create_app(settings)
        # After a clean stop uvicorn raises the signal again, for who was there before it: that
        # is us, and a stop that was asked for is a success.
        for stop in (signal.SIGTERM, signal.SIGINT):
            signal.signal(stop, lambda *_: None)
        Server(app, when_ready=lambda: when_ready(f"http://{shown}:{port}")).run(sockets=[listener])
    say("stopped", as_json=as_json)


def load_shop(shop: Path, db: str, *, as_json: bool = False) -> None:
    """Load a shop into an empty store, in a process that ends before the first request.

    Reading Parquet takes DuckDB, which a server has no need to carry.

    Raises:
        DataError: the child failed; its message is repeated.
    """
    from nba.errors import DataError
    from nba.state.store import Store

    store = Store(db)
    held = store.order_count()
    store.close()
    if held:
        say(
            f"{db} holds {held:,} orders already and is served as it is; {shop} was not loaded: "
            "for that choose another --db",
            as_json=as_json,
        )
        return
    say(f"loading {shop} into {db}", as_json=as_json)
    child = subprocess.run(
        [sys.executable, "-m", "nba.cli.load", str(shop)],
        # Not among the arguments, which everybody may list: it may hold a password.
        env={**os.environ, "NBA_DB": db},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if child.returncode:
        # Of an unforeseen failure the last line says what it was, and the rest is for developers.
        told = child.stderr.strip().splitlines() or [f"the process ended with {child.returncode}"]
        raise DataError(f"{shop} cannot be loaded: {told[-1]}")


def has_keys(db: str) -> bool:
    """Tell whether a store has keys, so that its server is closed; one that is not there has none.

    Raises:
        StateError: the store cannot be read.
    """
    from nba.errors import ConfigError
    from nba.state.keys import read_keys
    from nba.state.store import Store

    try:
        store = Store(db, must_exist=True)
    except ConfigError:
        return False
    try:
        return bool(read_keys(store).keys)
    finally:
        store.close()


def _listening(host: str, port: int, db: str) -> socket.socket:
    """Take the address before the work that leads up to listening on it."""
    from nba.errors import ConfigError

    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        raise ConfigError(f"{host!r} is no address; expected one such as 127.0.0.1") from None
    if not loopback and not has_keys(db):
        raise ConfigError(
            f"without keys the server listens on this machine only, not on {host}; "
            f"make one first: nba keys create --kind secret --db {_shown(db)}"
        )
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"port {port} of {host} cannot be used ({error.strerror}); choose another: --port"
        ) from None
    return listener


def _shown(db: str) -> str:
    """Give a store's address as people may see it: a password in it stays unsaid."""
    return db if db.startswith("sqlite:") else "URL"
