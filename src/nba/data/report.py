"""What a shop's data can and cannot support, in figures and sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nba.data.shop import Shop
from nba.domain import iso

WELL_FILLED = 0.99
"""A column this full has nothing more to unlock."""


@dataclass(frozen=True, slots=True)
class DataReport:
    """The findings of a check.

    Attributes:
        figures: name → value, for people.
        counts: the same as numbers.
        works: what this data is enough for.
        would_unlock: what is missing, each with what it would make possible.
    """

    figures: Mapping[str, str]
    counts: Mapping[str, float]
    works: Sequence[str]
    would_unlock: Sequence[str]

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        return asdict(self)


def data_report(shop: Shop) -> DataReport:
    """Look at orders, customers, dates, prices, categories and titles of a shop."""
    rows, baskets = shop.history.rows, shop.history.baskets()
    orders = len(rows.order_ids)
    known = baskets.customer < len(baskets.customer_ids)
    per_customer = np.bincount(baskets.customer[known], minlength=len(baskets.customer_ids))
    counts = {
        "orders": orders,
        "kept_orders": len(baskets),
        "order_lines": len(rows.line_order),
        "customers": len(rows.customer_ids),
        "guest_orders": rows.guest_count,
        "products_sold": len(rows.product_ids),
        "products": len(shop.catalog),
        "multi_product_share": float((baskets.size > 1).mean()) if len(baskets) else 0.0,
        "repeat_buyer_share": float((per_customer > 1).sum() / max((per_customer > 0).sum(), 1)),
        "delivery_known_share": float((~np.isnat(rows.delivered_at)).mean()) if orders else 0.0,
        "priced_line_share": float((rows.unit_price > 0).mean()) if orders else 0.0,
        "category_share": _filled(shop.catalog.category),
        "title_share": _titled(shop),
    }
    first = iso(rows.ordered_at.min()) if orders else None
    last = iso(rows.ordered_at.max()) if orders else None
    figures = {
        "orders": f"{orders:,} ({first} to {last})" if orders else "0",
        "kept orders": f"{counts['kept_orders']:,}",
        "order lines": f"{counts['order_lines']:,}",
        "customers": f"{counts['customers']:,} and {counts['guest_orders']:,} guest orders",
        "products": f"{counts['products_sold']:,} sold of {counts['products']:,}",
        "orders with several products": f"{counts['multi_product_share']:.1%}",
        "customers who came back": f"{counts['repeat_buyer_share']:.1%}",
        "orders with a delivery date": f"{counts['delivery_known_share']:.1%}",
        "lines with a price": f"{counts['priced_line_share']:.1%}",
        "products with a category": f"{counts['category_share']:.1%}",
        "products with a title": f"{counts['title_share']:.1%}",
    }
    return DataReport(figures, counts, _works(counts), _would_unlock(counts))


def _works(counts: Mapping[str, float]) -> list[str]:
    works = []
    if counts["kept_orders"]:
        works.append("popular products")
    if counts["multi_product_share"] * counts["kept_orders"] >= 2:
        works.append("bought together, for pairs seen in at least two orders")
    if counts["repeat_buyer_share"] > 0:
        works.append("buy again and personal picks")
    if counts["customers"] and counts["kept_orders"]:
        works.append("the messages after a purchase")
    return works


def _would_unlock(counts: Mapping[str, float]) -> list[str]:
    hints = []
    if counts["delivery_known_share"] < WELL_FILLED:
        hints.append("delivered_at: messages count from the real delivery, not from a guess")
    if counts["priced_line_share"] < WELL_FILLED:
        hints.append("unit_price: messages are valued by your own orders")
    if counts["category_share"] < WELL_FILLED:
        hints.append("category: widgets can be limited to a category")
    if counts["title_share"] < WELL_FILLED:
        hints.append("a products file with titles: widgets show names instead of ids")
    if not counts["customers"]:
        hints.append("customer_id: personal picks and messages")
    return hints


def _filled(texts: Sequence[str]) -> float:
    return sum(bool(text) for text in texts) / max(len(texts), 1)


def _titled(shop: Shop) -> float:
    pairs = zip(shop.catalog.product_ids, shop.catalog.title, strict=True)
    return sum(title != product for product, title in pairs) / max(len(shop.catalog), 1)
