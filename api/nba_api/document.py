"""What the OpenAPI document says of keys: which route takes which, from the table of the gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import FastAPI

from nba_api.access import ROUTES, Need, Proof

_PAGE, _SHOP, _TOKEN = "publishableKey", "secretKey", "customerToken"
SCHEMES: Final[Mapping[str, Mapping[str, str]]] = {
    _PAGE: {
        "type": "apiKey",
        "in": "query",
        "name": "key",
        "description": "pk_…, for the pages of the sites that it is bound to",
    },
    _SHOP: {
        "type": "http",
        "scheme": "bearer",
        "description": "sk_…, for servers of the shop; a route may ask for one of its scopes",
    },
    _TOKEN: {
        "type": "apiKey",
        "in": "header",
        "name": "X-Customer-Token",
        "description": "a JWT that the shop signed for one customer; or as token= in the query",
    },
}
"""How a caller shows who they are. Until the first key is made nobody needs any."""

Security = Sequence[Mapping[str, Sequence[str]]]


def security_of(need: Need) -> Security:
    """Give the ways, each of which will do, to show what a route asks for.

    What providers and links prove is none of them: the route itself checks it.
    """
    secret = {_SHOP: [] if need.scope is None else [str(need.scope)]}
    with_token: Mapping[str, Sequence[str]] = {_PAGE: [], _TOKEN: []}
    match need.proof:
        case Proof.PUBLISHABLE:
            return [{_PAGE: []}, *([with_token] if need.takes_token else []), secret]
        case Proof.PERSONAL:
            return [secret, with_token]
        case Proof.SECRET | Proof.CONSOLE:
            return [secret]
        case Proof.NOTHING | Proof.SIGNATURE | Proof.LINK | Proof.FORM:
            return []


def install(app: FastAPI) -> None:
    """Say in an app's OpenAPI document what each of its routes asks for."""
    make = app.openapi

    def openapi() -> dict[str, Any]:
        document = make()
        document.setdefault("components", {})["securitySchemes"] = SCHEMES
        for (method, template), need in ROUTES.items():
            operations = document["paths"].get(template.replace(":path}", "}"), {})
            if method.lower() in operations:
                operations[method.lower()]["security"] = security_of(need)
        return document

    app.openapi = openapi  # type: ignore[method-assign]
