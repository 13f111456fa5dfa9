"""Which key each route asks for: one table, to which a test holds the application."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from re import Pattern
from typing import Final

from starlette.routing import compile_path

from nba.state.keys import Scope

MAX_BODY_BYTES: Final = 1_000_000
MAX_WEBHOOK_BYTES: Final = 5_000_000
MAX_FORM_BYTES: Final = 65_536


class Proof(Enum):
    """What a caller must show."""

    NOTHING = "nothing"
    PUBLISHABLE = "a publishable key, or a secret one"
    PERSONAL = "a secret key, or a publishable one with a token of the customer"
    SECRET = "a secret key"
    SIGNATURE = "the signature of a provider, which the route itself checks"
    LINK = "a link that the server signed, which the route itself checks"
    CONSOLE = "a secret key, or the session of the console that one began"
    FORM = "a secret key in a form, which the route itself checks"


@dataclass(frozen=True, slots=True)
class Need:
    """What a route asks for.

    Attributes:
        proof: what a caller must show.
        scope: what a secret key must allow; null where any will do.
        takes_token: a publishable key may bring a token of a customer.
        max_bytes: the largest body that is read.
    """

    proof: Proof
    scope: Scope | None = None
    takes_token: bool = False
    max_bytes: int = MAX_BODY_BYTES


OPEN_TO_ALL: Final = Need(Proof.NOTHING)
DEMONSTRATED: Final = Need(Proof.NOTHING, max_bytes=MAX_FORM_BYTES)
SHOWN: Final = Need(Proof.PUBLISHABLE, Scope.READ)
TOLD: Final = Need(Proof.PUBLISHABLE, Scope.WRITE, takes_token=True)
PERSONAL: Final = Need(Proof.PERSONAL, Scope.READ, takes_token=True)
READ: Final = Need(Proof.SECRET, Scope.READ)
WRITE: Final = Need(Proof.SECRET, Scope.WRITE)
ADMIN: Final = Need(Proof.SECRET, Scope.ADMIN)
OPERATOR: Final = Need(Proof.SECRET)
PROVIDER: Final = Need(Proof.SIGNATURE, max_bytes=MAX_WEBHOOK_BYTES)
LINK: Final = Need(Proof.LINK, max_bytes=MAX_FORM_BYTES)
ENTRY: Final = Need(Proof.FORM, max_bytes=MAX_FORM_BYTES)
CONSOLE: Final = Need(Proof.CONSOLE, Scope.READ, max_bytes=MAX_FORM_BYTES)
CONSOLE_ADMIN: Final = Need(Proof.CONSOLE, Scope.ADMIN, max_bytes=MAX_FORM_BYTES)

ROUTES: Final[Mapping[tuple[str, str], Need]] = {
    ("GET", "/v1/products/{product_id:path}/bought-together"): SHOWN,
    ("GET", "/v1/products/{product_id:path}/accessories"): SHOWN,
    ("GET", "/v1/products/{product_id:path}/similar"): SHOWN,
    ("GET", "/v1/products/{product_id:path}/replacements"): SHOWN,
    ("GET", "/v1/products/{product_id:path}/upsell"): SHOWN,
    ("POST", "/v1/baskets:complete"): SHOWN,
    ("POST", "/v1/events"): TOLD,
    ("POST", "/v1/track"): TOLD,
    ("POST", "/v1/batch"): TOLD,
    ("GET", "/v1/customers/{customer_id:path}/recommendations"): PERSONAL,
    ("GET", "/v1/customers/{customer_id:path}/buy-again"): PERSONAL,
    ("GET", "/v1/customers/{customer_id:path}/viewed"): PERSONAL,
    ("GET", "/v1/customers/{customer_id:path}/profile"): READ,
    ("GET", "/v1/customers/{customer_id:path}/next-message"): READ,
    ("GET", "/v1/customers/{customer_id:path}/next-message.html"): READ,
    ("GET", "/v1/customers/{customer_id:path}/plan"): READ,
    ("POST", "/v1/customers/{customer_id:path}/next-message:claim"): WRITE,
    ("POST", "/v1/messages/{message_id:path}:ack"): WRITE,
    ("POST", "/v1/next-messages:batch"): WRITE,
    ("POST", "/v1/orders"): WRITE,
    ("POST", "/v1/products"): WRITE,
    ("POST", "/v1/customers"): WRITE,
    ("POST", "/v1/message-events"): WRITE,
    ("GET", "/v1/customers/{customer_id:path}/export"): ADMIN,
    ("DELETE", "/v1/customers/{customer_id:path}"): ADMIN,
    # Tools that fetch a feed send no header; it shows a storefront's own products.
    ("GET", "/v1/feeds/digest.xml"): SHOWN,
    ("GET", "/v1/feeds/klaviyo/catalog.json"): SHOWN,
    ("GET", "/v1/kpis"): READ,
    ("GET", "/v1/cohorts"): READ,
    ("GET", "/v1/experiments"): READ,
    ("GET", "/v1/models"): READ,
    ("POST", "/v1/models:rollback"): ADMIN,
    ("POST", "/v1/webhooks/{provider}"): PROVIDER,
    ("GET", "/v1/webhooks/{provider}"): PROVIDER,
    ("POST", "/v1/u/{token}"): LINK,
    ("GET", "/v1/u/{token}"): LINK,
    ("GET", "/console"): CONSOLE,
    ("GET", "/console/enter"): ENTRY,
    ("POST", "/console/enter"): ENTRY,
    ("POST", "/console/leave"): CONSOLE,
    ("GET", "/console/figures"): CONSOLE,
    ("GET", "/console/pictures/{name}.svg"): CONSOLE,
    ("GET", "/console/models"): CONSOLE,
    ("GET", "/console/models/compare"): CONSOLE,
    ("GET", "/console/models/rollback"): CONSOLE,
    ("POST", "/console/models/rollback"): CONSOLE_ADMIN,
    ("GET", "/console/quality"): CONSOLE,
    ("GET", "/console/letters"): CONSOLE,
    ("GET", "/console/letters/{customer_id:path}"): CONSOLE,
    ("GET", "/console/samples/{message}"): CONSOLE,
    ("GET", "/console/messages/{customer_id:path}"): CONSOLE,
    ("GET", "/console/looks.css"): CONSOLE,
    ("GET", "/console/customers"): CONSOLE,
    ("GET", "/console/customers/{customer_id:path}"): CONSOLE,
    # For demonstrations; with keys these routes themselves refuse everybody.
    ("GET", "/shop"): OPEN_TO_ALL,
    ("GET", "/shop/category"): OPEN_TO_ALL,
    ("GET", "/shop/product"): OPEN_TO_ALL,
    ("GET", "/shop/basket"): OPEN_TO_ALL,
    ("GET", "/shop/order"): OPEN_TO_ALL,
    ("POST", "/shop/order"): DEMONSTRATED,
    ("GET", "/nba-products.js"): OPEN_TO_ALL,
    ("GET", "/assets/{name}"): OPEN_TO_ALL,
    ("GET", "/metrics"): OPERATOR,
    ("GET", "/health/live"): OPEN_TO_ALL,
    ("GET", "/health/ready"): OPEN_TO_ALL,
    ("GET", "/openapi.json"): OPEN_TO_ALL,
    ("GET", "/docs"): OPEN_TO_ALL,
    ("GET", "/docs/oauth2-redirect"): OPEN_TO_ALL,
    ("GET", "/redoc"): OPEN_TO_ALL,
}
"""(method, path template) → what the route asks for. What answers GET answers HEAD."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The route that a request asks for.

    Attributes:
        template: of its path.
        need: what it asks for.
        customer_id: the one in its path, if there is one.
    """

    template: str
    need: Need
    customer_id: str | None


def find_route(method: str, path: str) -> Asked | None:
    """Give the route that answers a request; null where none of the table does."""
    for pattern, template, need in _patterns().get(method, ()):
        if found := pattern.match(path):
            return Asked(template, need, found.groupdict().get("customer_id"))
    return None


def methods_of(path: str) -> list[str]:
    """Name the methods that a path answers to, in order."""
    return sorted(method for method in _patterns() if find_route(method, path) is not None)


@cache
def _patterns() -> Mapping[str, list[tuple[Pattern[str], str, Need]]]:
    """Give the router's own patterns by method: what one finds, the other finds."""
    patterns: dict[str, list[tuple[Pattern[str], str, Need]]] = {}
    for (method, template), need in ROUTES.items():
        patterns.setdefault(method, []).append((compile_path(template)[0], template, need))
    return patterns
