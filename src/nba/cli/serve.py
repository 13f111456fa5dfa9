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

from nba.cli.console import AsJson, Models, give, instant, say

LOOPBACK_NAMES: Final = ("127.0.0.1", "localhost", "[::1]")
GRACE_SECONDS: Final = 10


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
    db: Annotated[str, typer.Option("--db", help="URL of the store.")] = "sqlite:///nba.db",
    playbook: Annotated[
        Path | None, typer.Option("--playbook", help="Playbook (TOML); owox_2011 by default.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="A clock that stands still, for demonstrations.")
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 8000,
    models: Models = "models",
    as_json: AsJson = False,
) -> None:
    """Serve recommendations and next messages over HTTP."""

    def when_ready(address: str) -> None:
        say(
            f"serving on {address} (docs: {address}/docs); open: no keys, this machine only",
            as_json=as_json,
        )
        if as_json:
            give({"address": address, "docs": f"{address}/docs", "open": True})

    run(
        shop=shop,
        db=db,
        playbook=playbook,
        as_of=as_of,
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
    host: str,
    port: int,
    models: str,
    when_ready: Callable[[str], None],
    as_json: bool = False,
) -> None:
    """Run the server until it is stopped by SIGTERM or SIGINT; requests under way are finished.

    Raises:
        ConfigError: `as_of` is no instant, the address is not a loopback one, or its port is taken.
        DataError: the shop cannot be loaded.
    """
    # One request scores one customer: a second BLAS thread would only wait for the first. This is
    # read when numpy is loaded, which happens from here on.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if as_of is not None:
        instant(as_of, "--as-of")
    with _listening(host, port) as listener:
        if shop is not None:
            load_shop(shop, db, as_json=as_json)
        import uvicorn

        from nba_api.app import create_app
        from nba_api.settings import Settings

        shown = f"[{host}]" if ":" in host else host
        app = create_app(
            Settings(
                models=Path(models),
                db=db,
                playbook=playbook,
                as_of=as_of,
                hosts=(*LOOPBACK_NAMES, shown),
            )
        )

        class Server(uvicorn.Server):
            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets)
                if self.started:
                    when_ready(f"http://{shown}:{port}")

        config = uvicorn.Config(
            app,
            log_level="warning",
            ws="none",
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        # After a clean stop uvicorn raises the signal again, for who was there before it: that
        # is us, and a stop that was asked for is a success.
        for stop in (signal.SIGTERM, signal.SIGINT):
            signal.signal(stop, lambda *_: None)
        Server(config).run(sockets=[listener])
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
            f"{db} holds {held:,} orders already: {shop} was not loaded; to serve it, choose "
            "another --db or remove that one",
            as_json=as_json,
        )
        return
    say(f"loading {shop} into {db}", as_json=as_json)
    child = subprocess.run(
        [sys.executable, "-m", "nba.cli.load", str(shop), db],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if child.returncode:
        # Of an unforeseen failure the last line says what it was, and the rest is for developers.
        told = child.stderr.strip().splitlines() or [f"the process ended with {child.returncode}"]
        raise DataError(f"{shop} cannot be loaded: {told[-1]}")


def _listening(host: str, port: int) -> socket.socket:
    """Take the address before the work that leads up to listening on it."""
    from nba.errors import ConfigError

    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        raise ConfigError(f"{host!r} is no address; expected one such as 127.0.0.1") from None
    if not loopback:
        raise ConfigError(
            f"without keys the server listens on this machine only, not on {host}; "
            "put a proxy with its own access control in front"
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
