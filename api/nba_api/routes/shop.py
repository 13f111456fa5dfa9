"""The demonstration storefront: home, categories, products, the basket, and orders."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Annotated, Any, Final, Self
from urllib.parse import parse_qsl

import numpy as np
from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute

from nba import schema
from nba.domain import iso
from nba.errors import SnapshotError, StateError
from nba.facts.fold import Facts
from nba.recommend.recommender import Recommender
from nba.recommend.wording import LEVEL
from nba.state.posting import Parcel
from nba_api.answers import PRIVATE
from nba_api.console.writing import FILTERS
from nba_api.gathering import GatheringOf
from nba_api.live import Live, LiveState, Serving
from nba_api.next_messages import next_message
from nba_api.pages import Pages
from nba_api.problems import RETRY_SECONDS
from nba_api.routes.ingest import write_rows
from nba_api.shop.basket import Basket, basket_blocks, card_of
from nba_api.shop.blocks import owned_by
from nba_api.shop.cards import Card
from nba_api.shop.floor import Floor
from nba_api.shop.front import ShopfrontOf
from nba_api.shop.home import home_blocks
from nba_api.shop.ordering import is_order_id, new_order_id, order_row, placed
from nba_api.shop.product import product_blocks
from nba_api.shop.visit import BLOCKS, HOME, NOTHING, Pairs, Visit, changes_in, pieces_in


class _AsPage(APIRoute):
    """A route whose visitors read a page, too, while there is no snapshot or no store."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Give what answers a request."""
        answer = super().get_route_handler()

        async def shown(request: Request) -> Response:
            try:
                return await answer(request)
            except (SnapshotError, StateError) as error:
                status = HTTPStatus.SERVICE_UNAVAILABLE
                closed = _pages().page("closed.html", {"problem": str(error)}, status=status)
                closed.headers["retry-after"] = str(RETRY_SECONDS)
                return closed

        return shown


router = APIRouter(prefix=HOME, include_in_schema=False, route_class=_AsPage)

ON_A_PAGE: Final = 24
"""Products of a category that are shown at a time."""
_MAX_FIELDS: Final = 200


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the shop: who looks, at what, and when.

    Attributes:
        live: what the server holds.
        serving: what answers.
        floor: of its snapshot.
        visit: who looks.
        said: the fields of the address.
        at: the instant.
    """

    live: Live
    serving: Serving
    floor: Floor
    visit: Visit
    said: Pairs
    at: np.datetime64

    @classmethod
    def of(cls, live: Live, front: ShopfrontOf, said: Pairs) -> Self:
        """Look at what is served now.

        Raises:
            SnapshotError: nothing is.
        """
        serving = live.serving()
        floor = front.floor(serving.opened.snapshot)
        return cls(live, serving, floor, Visit.of(said), said, live.instant(None))

    @property
    def recommender(self) -> Recommender:
        """What answers, with the products as they stand now."""
        return self.serving.recommender

    def asked(self, name: str) -> str:
        """Give a field of the address; empty where it is not there."""
        return dict(self.said).get(name, "")

    def card(self, product: str) -> Card | None:
        """Give the card of a product; None where nobody knows it."""
        return card_of(self.recommender.snapshot.products, product, self.visit)

    def facts(self) -> Facts | None:
        """Give what is known of the chosen customer; None without one, or while nobody can tell."""
        if self.visit.customer is None:
            return None
        try:
            return self.live.facts(self.visit.customer, self.at)
        except StateError:
            # The shop goes on while the store is away; what is personal waits.
            return None

    def page(
        self,
        template: str,
        values: Mapping[str, Any],
        *,
        page: str = "",
        asked: Mapping[str, str] = NOTHING,
        status: int = HTTPStatus.OK,
    ) -> Response:
        """Answer with a page of the shop.

        Args:
            template: a file of `api/storefront/shop`.
            values: what it names, besides what every page does.
            page: its own name below `HOME`, for links that lead back to it.
            asked: what it asks for besides the visit, likewise.
            status: of the answer.
        """
        visit, manifest = self.visit, self.serving.snapshot.manifest
        shared = {
            "visit": visit,
            "here": page,
            "asked": asked,
            "switches": [
                (one, visit.showing(one).address(page, asked), one == visit.blocks)
                for one in BLOCKS
            ],
            "regulars": self.floor.regulars,
            "basket_count": sum(visit.basket.values()),
            "snapshot_id": manifest.snapshot_id,
            "data_until": manifest.data_until,
            "now": iso(self.at),
            "clock_stands": self.live.settings.as_of is not None,
        }
        return _pages().page(template, {**shared, **values}, status=status)

    def missing(self, what: str, asked: Mapping[str, str]) -> Response:
        """Say on a page that the shop has not got what was asked for, as its page is called."""
        status = HTTPStatus.NOT_FOUND
        return self.page("missing.html", {"what": what}, page=what, asked=asked, status=status)


async def _looking(request: Request, live: LiveState, front: ShopfrontOf) -> Look:
    said = request.query_params.multi_items()
    return await run_in_threadpool(Look.of, live, front, said)


LookOf = Annotated[Look, Depends(_looking)]


@router.get("")
def home(look: LookOf) -> Response:
    """What the shop has, and what it proposes to the chosen customer."""
    facts, live, customer = look.facts(), look.live, look.visit.customer
    decision = None
    if facts is not None and customer is not None:
        decision = next_message(live.store, look.serving.policy, customer, look.at, {})
    values = {
        "aisles": look.floor.below(""),
        "product_count": len(look.floor.products),
        "blocks": home_blocks(look.serving, look.visit, facts, look.at),
        "decision": decision,
        "is_away": customer is not None and facts is None,
    }
    return look.page("home.html", values)


@router.get("/category")
def category(look: LookOf) -> Response:
    """The products of a category, or those that a search finds."""
    path, query = look.asked("path"), look.asked("q").strip()[:100]
    aisle = look.floor.aisle(path)
    if aisle is None:
        return look.missing("category", {"path": path})
    codes = look.floor.search(query) if query else look.floor.within(path)
    products = look.recommender.snapshot.products
    # What nobody can order any more stands last; before the last page hardly anybody sees it.
    can_be_ordered = products.can_be_ordered(codes)
    codes = np.concatenate([codes[can_be_ordered], codes[~can_be_ordered]])
    last = max(-(-len(codes) // ON_A_PAGE), 1)
    number = look.asked("page")
    shown = min(max(int(number), 1), last) if number.isdecimal() and len(number) < 9 else 1
    first = (shown - 1) * ON_A_PAGE
    levels = path.split(LEVEL) if path else []
    values = {
        "aisle": aisle,
        "query": query,
        "trail": [LEVEL.join(levels[: depth + 1]) for depth in range(len(levels) - 1)],
        "below": [] if query else look.floor.below(path),
        "cards_shown": [
            Card.of(products.ids[code], products.card(code), look.visit)
            for code in codes[first : first + ON_A_PAGE].tolist()
        ],
        "product_count": len(codes),
        "number": shown,
        "last": last,
    }
    asked = {"q": query} if query else {"path": path} if path else {}
    if shown > 1:
        asked |= {"page": str(shown)}
    return look.page("category.html", values, page="category", asked=asked)


@router.get("/product")
def product(look: LookOf) -> Response:
    """One product and what goes with it."""
    card = look.card(look.asked("id"))
    if card is None:
        return look.missing("product", {"id": look.asked("id")})
    values = {
        "card": card,
        "blocks": product_blocks(look.serving, look.visit, card, look.facts(), look.at),
    }
    return look.page("product.html", values, page="product", asked={"id": card.product_id})


@router.get("/basket")
def basket(look: LookOf) -> Response:
    """The basket; what changes it leads to the address of the changed one."""
    changes, added = changes_in(look.said), [value for name, value in look.said if name == "add"]
    if added:
        return _to(look.visit.adding(added, pieces_in(look.said)).address("basket"))
    if changes:
        return _to(look.visit.holding(changes).address("basket"))
    return _shown(look)


@router.get("/order")
def ordered(look: LookOf) -> Response:
    """What an order of the chosen customer changed."""
    order_id, customer = look.asked("id"), look.visit.customer
    if not is_order_id(order_id):
        return look.missing("order", {"id": order_id})
    known = None
    if customer is not None:
        facts = look.live.facts(customer, look.at)
        known = placed(look.live, look.serving, facts, order_id, look.at)
        if known is None and look.live.settings.as_of is None:
            return look.missing("order", {"id": order_id})
    cards = [] if known is None else [look.card(one) for one in known.product_ids]
    values = {"order_id": order_id, "placed": known, "cards_shown": [one for one in cards if one]}
    return look.page("order.html", values, page="order", asked={"id": order_id})


@router.post("/order")
async def order(
    request: Request, live: LiveState, front: ShopfrontOf, gathering: GatheringOf
) -> Response:
    """Place the order of a basket, as `POST /v1/orders` does, and lead to what it changed."""
    body = (await request.body()).decode("utf-8", "replace")
    try:
        said = parse_qsl(body, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "the form has too many fields") from None
    look = await run_in_threadpool(Look.of, live, front, said)
    visit, order_id = look.visit, look.asked("order_id")
    if not is_order_id(order_id):
        order_id = new_order_id()
    row = order_row(visit, look.recommender.snapshot.products, order_id, look.at)
    if not row["lines"]:
        return _to(visit.address("basket"))
    # An order that is known stays as it is, whoever guesses its id.
    parcel = Parcel(schema.ORDERS, [row], look.at, only_new=True)
    posted = await write_rows(live, gathering, parcel)
    if posted.errors:
        problem = posted.errors[0].problem
        return await run_in_threadpool(_shown, look, problem)
    return _to(Visit(visit.customer, visit.blocks).address("order", {"id": order_id}))


def _shown(look: Look, problem: str = "") -> Response:
    """Show the basket, and why it could not be ordered."""
    delivery, owned = look.floor.delivery, owned_by(look.serving, look.facts())
    laid = Basket.of(look.recommender, look.visit, delivery)
    values = {
        "basket": laid,
        "blocks": basket_blocks(look.recommender, look.visit, laid, delivery, owned, look.at),
        "order_id": new_order_id(),
        "problem": problem,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
    return look.page("basket.html", values, page="basket", status=status)


def _to(address: str) -> Response:
    """Lead on to a page, which can be shown again without doing anything again."""
    headers = {"location": address, "cache-control": PRIVATE}
    return Response(status_code=HTTPStatus.SEE_OTHER, headers=headers)


@cache
def _pages() -> Pages:
    return Pages("shop", FILTERS)
