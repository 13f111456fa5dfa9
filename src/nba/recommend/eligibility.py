"""Which candidates may be shown: filters turned into masks, with a count of what each took out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.products import Products
from nba.errors import ConfigError
from nba.vocabulary import AVAILABILITIES, ELIGIBLE_AVAILABILITIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the caller wants left out; every field is optional.

    Attributes:
        exclude: products never to show.
        in_basket: products already in the basket.
        category: a category path; products in it or below it stay.
        min_price, max_price: minor units, inclusive; an unpriced product fails either.
        availability: one code; by default every product that can be ordered stays.
        collapse: show one product of each group (colours, sizes), the best.
    """

    exclude: Collection[str] = ()
    in_basket: Collection[str] = ()
    category: str | None = None
    min_price: int | None = None
    max_price: int | None = None
    availability: str | None = None
    collapse: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            ConfigError: an availability that does not exist, or one id where a list is expected.
        """
        for name in ("exclude", "in_basket"):
            if isinstance(given := getattr(self, name), str):
                raise ConfigError(f"{name} is the text {given!r}; expected a list of product ids")
        if self.availability is not None and self.availability not in AVAILABILITIES:
            raise ConfigError(
                f"availability {self.availability!r} is unknown; "
                f"expected one of {', '.join(AVAILABILITIES)}"
            )

    def asked(self) -> dict[str, Any]:
        """Give the filters that were set, in an order that depends on nothing else."""
        asked: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in ("exclude", "in_basket"):
                value = tuple(sorted(set(value)))
            if value != field.default:
                asked[field.name] = list(value) if isinstance(value, tuple) else value
        return asked


NO_FILTERS = Filters()
NO_PRODUCTS = np.empty(0, np.int32)


class Eligibility:
    """The filters of one request over the products of one snapshot."""

    def __init__(
        self,
        products: Products,
        filters: Filters,
        *,
        owned_durable: NDArray[np.int32] = NO_PRODUCTS,
        bought_lately: NDArray[np.int32] = NO_PRODUCTS,
        banned: NDArray[np.int32] = NO_PRODUCTS,
    ) -> None:
        """Prepare.

        Args:
            products: the snapshot's products.
            filters: the caller's.
            owned_durable: codes of durable products the customer has; they and their variants
                are not offered again.
            bought_lately: codes that the customer bought since the snapshot was made.
            banned: codes that the shop's own rules keep from this list.
        """
        self._products = products
        self._filters = filters
        self._banned = banned
        self._excluded = _codes(products, filters.exclude)
        self._in_basket = _codes(products, filters.in_basket)
        self._owned = owned_durable
        self._bought_lately = bought_lately
        self._owned_groups = {products.group[int(code)] for code in self._owned} - {""}
        wanted = (
            ELIGIBLE_AVAILABILITIES if filters.availability is None else (filters.availability,)
        )
        self._availabilities = [AVAILABILITIES.index(one) for one in wanted]

    def asked(self) -> dict[str, Any]:
        """Give the filters that were set, in an order that depends on nothing else."""
        return self._filters.asked()

    def keep(
        self, codes: NDArray[np.integer], shown: Sequence[int] = ()
    ) -> tuple[NDArray[np.bool_], dict[str, int]]:
        """Judge candidates in rank order.

        Args:
            codes: the candidates.
            shown: products that stand beside them already; their groups are taken.

        Returns:
            One bool a candidate, and how many each rule took out first.
        """
        kept = np.ones(len(codes), np.bool_)
        excluded: dict[str, int] = {}
        for rule, fails in self._rules(codes):
            taken = kept & fails
            if taken.any():
                excluded[rule] = int(taken.sum())
            kept &= ~fails
        if self._filters.collapse:
            variants = self._repeated_groups(codes, kept, shown)
            if variants.any():
                excluded["variant"] = int(variants.sum())
            kept &= ~variants
        return kept, excluded

    def _rules(self, codes: NDArray[np.integer]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
        products, filters = self._products, self._filters
        if len(self._banned):
            yield "banned", np.isin(codes, self._banned)
        if len(self._excluded):
            yield "excluded", np.isin(codes, self._excluded)
        if len(self._in_basket):
            yield "in_basket", np.isin(codes, self._in_basket)
        yield "out_of_stock", ~np.isin(products.availability[codes], self._availabilities)
        if len(self._owned):
            same = np.isin(codes, self._owned)
            if self._owned_groups:
                groups = [products.group[int(code)] for code in codes]
                same |= np.array([group in self._owned_groups for group in groups], np.bool_)
            yield "owned", same
        if len(self._bought_lately):
            yield "bought_lately", np.isin(codes, self._bought_lately)
        if filters.category is not None:
            wanted, below = filters.category, f"{filters.category} > "
            paths = [products.category[int(code)] for code in codes]
            yield (
                "category",
                np.array(
                    [path != wanted and not path.startswith(below) for path in paths], np.bool_
                ),
            )
        if filters.min_price is not None or filters.max_price is not None:
            low = -np.inf if filters.min_price is None else filters.min_price
            high = np.inf if filters.max_price is None else filters.max_price
            price = price_to_pay(products, codes)
            yield "price", ~products.has_price[codes] | (price < low) | (price > high)

    def _repeated_groups(
        self, codes: NDArray[np.integer], kept: NDArray[np.bool_], shown: Sequence[int]
    ) -> NDArray[np.bool_]:
        repeated = np.zeros(len(codes), np.bool_)
        if not len(self._products.group.data):
            return repeated
        seen = {self._products.group[code] for code in shown} - {""}
        for place in np.flatnonzero(kept):
            group = self._products.group[int(codes[place])]
            repeated[place] = group in seen
            if group:
                seen.add(group)
        return repeated


def price_to_pay(products: Products, codes: NDArray[np.integer]) -> NDArray[np.int64]:
    """Give what products cost now: the sale price where there is one.

    Returns:
        int64 per code, minor units; means nothing where `products.has_price` is false.
    """
    on_sale = products.has_sale_price[codes]
    price: NDArray[np.int64] = np.where(on_sale, products.sale_price[codes], products.price[codes])
    return price


def _codes(products: Products, ids: Collection[str]) -> NDArray[np.int32]:
    found = (products.ids.find(one) for one in ids)
    return np.array([code for code in found if code is not None], np.int32)
