"""`nba keys`: create, list and revoke the keys of a store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from nba.cli.console import AsJson, give, instant, now, say, table

if TYPE_CHECKING:
    from nba.state.keys import ApiKey, Scope

app = typer.Typer(help="Create, list and revoke keys.", no_args_is_help=True)
Db = Annotated[str, typer.Option("--db", help="URL of the store.")]

NO_SCOPE: Final = "none"
_DEFAULT_SCOPES: Final = "read"


@app.command()
def create(
    kind: Annotated[str, typer.Option("--kind", help="publishable, secret or signing.")],
    scopes: Annotated[
        str | None,
        typer.Option(
            "--scopes",
            help="Of a secret key: read, write, admin, comma-separated; read by default, none "
            "for the metrics alone.",
        ),
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option("--origin", help="Of a publishable key: a site whose pages use it; repeat."),
    ] = None,
    label: Annotated[str, typer.Option("--label", help="What you call it.")] = "",
    expires: Annotated[
        str | None, typer.Option("--expires", help="From when on it is refused; never by default.")
    ] = None,
    db: Db = "sqlite:///nba.db",
    as_json: AsJson = False,
) -> None:
    """Create a key and print it; a secret or signing one is shown this once."""
    from nba.errors import ConfigError
    from nba.state.keys import KeyKind, create_key
    from nba.state.store import Store

    try:
        of_kind = KeyKind(kind)
    except ValueError:
        known = ", ".join(KeyKind)
        raise ConfigError(f"{kind!r} is no kind of key; expected one of {known}") from None
    if scopes is None:
        scopes = _DEFAULT_SCOPES if of_kind is KeyKind.SECRET else NO_SCOPE
    until = None if expires is None else instant(expires, "--expires")
    wanted = _scopes(scopes)
    store = Store(db)
    try:
        key, text = create_key(
            store,
            of_kind,
            instant(now(), "now"),
            scopes=wanted,
            origins=origin or (),
            label=label,
            expires_at=until,
        )
    finally:
        store.close()
    say(f"{key.key_id}  {text}", as_json=as_json)
    if of_kind is not KeyKind.PUBLISHABLE:
        say("keep it now: it is not shown again", as_json=as_json)
    if as_json:
        give({**_document(key), "key": text})


@app.command("list")
def list_(db: Db = "sqlite:///nba.db", as_json: AsJson = False) -> None:
    """List the keys, oldest first; secrets are not among what is known of them."""
    from nba.state.keys import read_keys
    from nba.state.store import Store

    store = Store(db, must_exist=True)
    try:
        keys = read_keys(store).keys
    finally:
        store.close()
    rows = [
        [
            key.key_id,
            key.kind.value,
            ",".join(sorted(key.scopes) or sorted(key.origins)),
            _state(key),
            key.label,
            str(_document(key).get("key", "")),
        ]
        for key in keys
    ]
    header = ["id", "kind", "scopes or origins", "state", "label", "key"]
    say(table(header, rows), as_json=as_json)
    if as_json:
        give({"keys": [_document(key) for key in keys]})


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="Id of the key; nba keys list names it.")],
    db: Db = "sqlite:///nba.db",
    as_json: AsJson = False,
) -> None:
    """Refuse a key from now on; a running server obeys within half a second."""
    from nba.state.keys import revoke_key
    from nba.state.store import Store

    store = Store(db, must_exist=True)
    try:
        key = revoke_key(store, key_id, instant(now(), "now"))
    finally:
        store.close()
    say(f"{key.key_id} is refused from {_iso(key.revoked_at)} on", as_json=as_json)
    if as_json:
        give(_document(key))


def _scopes(text: str) -> list[Scope]:
    from nba.errors import ConfigError
    from nba.state.keys import Scope

    if text == NO_SCOPE:
        return []
    try:
        return [Scope(one.strip()) for one in text.split(",")]
    except ValueError:
        known = ", ".join(Scope)
        raise ConfigError(
            f"--scopes {text}: expected some of {known}, comma-separated, or {NO_SCOPE}"
        ) from None


def _state(key: ApiKey) -> str:
    if key.revoked_at is not None:
        return f"revoked {_iso(key.revoked_at)}"
    return "valid" if key.expires_at is None else f"until {_iso(key.expires_at)}"


def _document(key: ApiKey) -> dict[str, Any]:
    from nba.state.keys import KeyKind

    shown = {"key": key.kept} if key.kind is KeyKind.PUBLISHABLE else {}
    return {
        "key_id": key.key_id,
        "kind": key.kind.value,
        "scopes": sorted(key.scopes),
        "origins": sorted(key.origins),
        "label": key.label,
        "created_at": _iso(key.created_at),
        "expires_at": _iso(key.expires_at),
        "revoked_at": _iso(key.revoked_at),
        **shown,
    }


def _iso(microseconds: int | None) -> str | None:
    import numpy as np

    from nba.domain import iso

    return None if microseconds is None else iso(np.datetime64(microseconds, "us"))
