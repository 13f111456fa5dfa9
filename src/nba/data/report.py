"""What a shop's data can and cannot support, in figures and sentences a shop owner can read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from nba.data.census import Refused, take_census
from nba.data.remarks import counted
from nba.data.shop import Shop

SMALL_SHOP: Final = 500
"""Kept orders below which a shop is told what it gets, not what it lacks."""
WELL_FILLED: Final = 0.99
"""A column this full has nothing more to unlock; below, the share that is missing is named."""
NOTEWORTHY: Final = 0.01
"""A share of odd rows from which a remark is made."""
SHOWN_TO_SMALL: Final = 3

Counts = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class DataReport:
    """The findings of a check.

    Attributes:
        figures: what there is, by name, for people.
        counts: the same as numbers; shares are fractions of 1.
        works: what this data is enough for.
        grows: what gets better by itself as orders come in; told to small shops.
        would_unlock: what is missing, each with what it would make possible; the most useful first.
        remarks: what looks odd and may be a mistake.
        refused: rows in quarantine by reason, the most frequent first.
    """

    figures: Mapping[str, str]
    counts: Counts
    works: Sequence[str]
    grows: Sequence[str]
    would_unlock: Sequence[str]
    remarks: Sequence[str]
    refused: Sequence[Refused]

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        return asdict(self)


def data_report(shop: Shop) -> DataReport:
    """Look at orders, customers, dates, deliveries, prices, categories and joins of a shop."""
    census = take_census(shop)
    counts = census.counts
    is_small = counts["kept_orders"] < SMALL_SHOP
    missing = [one.told(counts) for one in _MISSING if one.is_missing(counts)]
    return DataReport(
        _figures(counts, census.words),
        counts,
        [say(counts) for holds, say in _WORKS if holds(counts)],
        [say(counts) for holds, say in _GROWS if holds(counts)] if is_small else [],
        missing[:SHOWN_TO_SMALL] if is_small else missing,
        [say(counts, census.words) for holds, say in _REMARKS if holds(counts)],
        census.refused,
    )


def _figures(counts: Counts, words: Mapping[str, str]) -> dict[str, str]:
    orders = f"{counts['orders']:,.0f}"
    if words["first_order"]:
        orders += f" from {words['first_order']} to {words['last_order']}"
        orders += f" ({counted(counts['days'], 'day')})"
    figures = {
        "orders": orders,
        "kept": f"{counts['kept_orders']:,.0f} (not cancelled, returned or tests)",
        "order lines": f"{counts['order_lines']:,.0f}",
        "customers": f"{counts['customers']:,.0f}, "
        f"{_share(counts['repeat_buyer_share'])} came back; "
        f"{counted(counts['guest_orders'], 'order')} by guests",
        "products": f"{counts['products_sold']:,.0f} sold, {counts['products']:,.0f} known",
        "several products": f"in {_share(counts['multi_product_share'])} of orders",
        "delivery known": f"for {_share(counts['delivery_known_share'])} of delivered orders",
        "prices": f"on {_share(counts['priced_line_share'])} of lines"
        + (f", {words['median_price']} in the middle" if words["median_price"] else ""),
        "titles, categories": f"for {_share(counts['title_share'])} and "
        f"{_share(counts['category_share'])} of products",
    }
    if counts["listed_products"]:
        joined = _share(1 - counts["unresolved_line_share"])
        figures["lines joined"] = f"{joined} name or match a product of the catalogue"
    if counts["events"]:
        figures["events"] = f"{counts['events']:,.0f}, most often {words['event_types']}"
    if counts["consents"]:
        figures["consents"] = f"of {counted(counts['consenting_customers'], 'customer')}"
    return figures


_Holds = Callable[[Counts], bool]

_WORKS: Final[Sequence[tuple[_Holds, Callable[[Counts], str]]]] = (
    (
        lambda c: c["kept_orders"] > 0,
        lambda c: f"popular products, from {counted(c['kept_orders'], 'order')}",
    ),
    (
        lambda c: c["multi_product_orders"] >= 1,
        lambda c: (
            f"bought together, from {counted(c['multi_product_orders'], 'order')} "
            "with several products"
        ),
    ),
    (
        lambda c: c["repeat_buyers"] > 0,
        lambda c: (
            f"personal picks and buy again, from {counted(c['repeat_buyers'], 'customer')} "
            "with two orders or more"
        ),
    ),
    (
        lambda c: c["customers"] > 0 and c["kept_orders"] > 0,
        lambda c: f"the messages after a purchase, for {counted(c['customers'], 'customer')}",
    ),
    (
        lambda c: c["intent_events"] > 0,
        lambda c: (
            f"messages on carts, wish lists and waiting lists, "
            f"from {counted(c['intent_events'], 'event')}"
        ),
    ),
    (
        lambda c: c["successors"] > 0,
        lambda c: f"replacements, for {counted(c['successors'], 'product')} with a successor",
    ),
    (
        lambda c: c["order_statuses"] > 0,
        lambda c: f"replays of any day, from {counted(c['order_statuses'], 'status', 'statuses')}",
    ),
)

_GROWS: Final[Sequence[tuple[_Holds, Callable[[Counts], str]]]] = (
    (
        lambda c: c["kept_orders"] > 0,
        lambda c: (
            "every order adds pairs: products without a pair of their own show what is "
            "popular meanwhile, and say so"
        ),
    ),
    (
        lambda c: c["customers"] > 0 and c["repeat_buyer_share"] < 1,
        lambda c: (
            "a customer's second order starts their own picks; the messages after a "
            "purchase need only the first"
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class _Missing:
    """Something a shop may not have, and what it would make possible.

    Attributes:
        count: the name of its count or share.
        name: what the shop would fill in.
        unlocks: what that makes possible.
        of: the rows of which a share is filled; none where one is enough.
        partly: the name where some rows have it, if it is another.
    """

    count: str
    name: str
    unlocks: str
    of: str = ""
    partly: str = ""

    def is_missing(self, counts: Counts) -> bool:
        return counts[self.count] < (WELL_FILLED if self.of else 1)

    def told(self, counts: Counts) -> str:
        """Name what is missing: all of it, or that of the rows that lack it."""
        name, share = self.name, counts[self.count]
        if self.of and share >= NOTEWORTHY:
            name = f"{self.partly or name} of the other {_share(1 - share)} of {self.of}"
        return f"{name}: {self.unlocks}"


_MISSING: Final[Sequence[_Missing]] = (
    _Missing("customers", "customer_id", "personal picks, buy again and messages"),
    _Missing(
        "delivery_known_share",
        "delivered_at, or a file of order_statuses",
        "messages count from the real delivery",
        of="delivered orders",
        partly="delivered_at",
    ),
    _Missing(
        "priced_line_share", "unit_price", "messages are valued by your own orders", of="lines"
    ),
    _Missing(
        "title_share",
        "a products file with titles",
        "widgets show names instead of ids",
        of="products",
        partly="titles",
    ),
    _Missing("category_share", "category", "widgets can be limited to a category", of="products"),
    _Missing(
        "intent_events",
        "events (carts, wish lists, waiting lists)",
        "messages before a purchase",
    ),
    _Missing("consents", "consents", "who may be written to is checked here, not by hand"),
    _Missing(
        "availability_share",
        "availability",
        "nothing that is out of stock is recommended",
        of="products",
    ),
    _Missing(
        "successors",
        "successor_of",
        "a discontinued product leads to the one that replaced it",
    ),
    _Missing("compatible", "compatible_with", "accessories that do not fit are never recommended"),
    _Missing("cost_share", "cost", "profit is counted instead of an assumed margin", of="products"),
    _Missing("order_statuses", "order_statuses", "any past day can be replayed exactly"),
)

_REMARKS: Final[Sequence[tuple[_Holds, Callable[[Counts, Mapping[str, str]], str]]]] = (
    (
        lambda c: c["guest_orders"] > 0.5 * c["orders"],
        lambda c, w: (
            f"{_share(c['guest_orders'] / c['orders'])} of orders are by guests: they "
            "count for bought together, but nobody gets a message for them; is customer_id filled?"
        ),
    ),
    (
        lambda c: c["unresolved_line_share"] >= NOTEWORTHY and c["listed_products"] > 0,
        lambda c, w: (
            f"{_share(c['unresolved_line_share'])} of lines match no product of the "
            f"catalogue, most often {w['unresolved']}"
        ),
    ),
    (
        lambda c: c["unlisted_products"] > 0 and c["listed_products"] > 0,
        lambda c, w: f"{counted(c['unlisted_products'], 'product')} sold but in no catalogue row",
    ),
    (
        lambda c: c["illegal_jumps"] > 0,
        lambda c, w: (
            f"{counted(c['illegal_jumps'], 'step')} between statuses that no flow allows: "
            f"{w['illegal_jumps']}"
        ),
    ),
    (
        lambda c: c["waiting_statuses"] > 0,
        lambda c, w: (
            f"{counted(c['waiting_statuses'], 'status', 'statuses')} of orders that are "
            "not in the shop"
        ),
    ),
    (
        lambda c: c["currencies"] > 1,
        lambda c, w: f"orders in {w['currencies']}: amounts are added as they are",
    ),
    (
        lambda c: c["gone_share"] >= 0.2,
        lambda c, w: (
            f"{_share(c['gone_share'])} of orders are cancelled or returned; they count for nothing"
        ),
    ),
    (
        lambda c: c["test_orders"] > 0,
        lambda c, w: f"{counted(c['test_orders'], 'test order')}, which count for nothing",
    ),
    (
        lambda c: c["quarantined"] > 0,
        lambda c, w: (
            f"{counted(c['quarantined'], 'row')} in quarantine, most often {w['quarantine_rules']}"
        ),
    ),
)


def _share(share: float) -> str:
    """Write a share so that neither 0 nor 1 is claimed where it is not so."""
    if 0 < share < 0.0005:
        return "under 0.1 %"
    if 0.9995 <= share < 1:
        return "over 99.9 %"
    return f"{share:.1%}".replace("%", " %").replace(".0 %", " %")
