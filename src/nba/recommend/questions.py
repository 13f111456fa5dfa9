"""Questions, looked up in a snapshot: which products are meant, and which may be shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from nba.artifacts.snapshot import Snapshot
from nba.domain import to_instant
from nba.errors import ConfigError, UnknownProductError
from nba.recommend.curation import NO_CURATION, Curation, Curator
from nba.recommend.eligibility import NO_PRODUCTS, Eligibility, Filters
from nba.vocabulary import Source

POPULAR: Final = str(Source.POPULAR)
FALLBACKS: Final = (POPULAR,)

At = str | datetime | np.datetime64 | None
"""An instant with a zone; None = up to when the snapshot knows the orders."""

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What was asked.

    Attributes:
        type: the relation or list.
        request: what the answer repeats of it.
        n: products wanted, at most.
        eligibility: which products may be shown.
        known: codes of the products asked about, which are never shown.
        beside: codes of products that stand beside the slate already, so that no variant of
            theirs is shown where `eligibility` collapses groups.
        curation: what the shop decided by hand.
        min_customers: hides what rests on the orders of fewer distinct customers.
        missing: ids asked about that nobody knows.
        fallback: the step that fills up a short list, or None.

    Raises:
        ConfigError: `n` is negative, or there is no such fallback.
    """

    type: str
    request: Mapping[str, Any]
    n: int
    eligibility: Eligibility
    known: Sequence[int] = ()
    beside: Sequence[int] = ()
    curation: Curation = NO_CURATION
    min_customers: int = 1
    missing: Sequence[str] = ()
    fallback: str | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if self.n < 0:
            raise ConfigError(f"n is {self.n}; expected 0 or more recommendations")
        if self.fallback is not None and self.fallback not in FALLBACKS:
            raise ConfigError(
                f"fallback {self.fallback!r} is unknown; expected {', '.join(FALLBACKS)}"
            )


@dataclass(frozen=True, slots=True)
class Bought:
    """What a customer bought, from who knows more of it than the snapshot.

    Attributes:
        products: ids; durable ones and their variants are not offered again.
        lately: ids of those bought since the snapshot was made: whatever it says of when they are
            needed again no longer holds.
    """

    products: Collection[str] = ()
    lately: Collection[str] = ()


class Questions:
    """Looks questions up in one snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Make the shop's rules ready."""
        self._snapshot = snapshot
        self._curator = Curator(snapshot.rules)
        self._until = to_instant(snapshot.manifest.data_until)

    def about(
        self,
        kind: str,
        products: Sequence[str],
        *,
        n: int,
        filters: Filters,
        fallback: str | None,
        owned: Collection[str],
        strict: bool,
        at: At,
        min_customers: int = 1,
        rules_of: Sequence[str] = (),
        with_variants: bool = False,
        request: Mapping[str, Any] = _NOTHING,
    ) -> Question:
        """Look up a question about products, asked with the arguments of `Recommender`.

        The rules of the relations `rules_of` hold, by default those of `kind`; `with_variants`
        allows variants of the products asked about; the answer repeats `request` besides the usual.

        Raises:
            UnknownProductError: `strict`, and a product is unknown.
            ConfigError: as `Question`.
            DataError: `at` carries no zone.
        """
        found, missing = self.find(products)
        if strict and missing:
            raise UnknownProductError(
                f"no product {', '.join(missing)} in snapshot {self._snapshot.id}"
            )
        known = list(dict.fromkeys(found))
        curation = self._curator.curate(rules_of or (kind,), known, self.instant(at))
        had = np.array(self.find(owned)[0], np.int32)
        asked: dict[str, Any] = {"min_customers": min_customers} if min_customers > 1 else {}
        if owned:
            asked["owned"] = sorted(set(owned))
        return Question(
            type=kind,
            request={"product_ids": list(products), "limit": n, **asked, **request},
            n=n,
            eligibility=Eligibility(
                self._snapshot.products,
                filters,
                owned_durable=had[self._snapshot.products.is_durable[had]],
                banned=curation.banned,
            ),
            known=known,
            beside=() if with_variants else known,
            curation=curation,
            min_customers=min_customers,
            missing=missing,
            fallback=fallback,
        )

    def of(
        self,
        kind: str,
        customer: str | None,
        *,
        n: int,
        filters: Filters,
        at: At,
        fallback: str | None = None,
        known: Sequence[int] = (),
        missing: Sequence[str] = (),
        bought: Bought | None = None,
        request: Mapping[str, Any] = _NOTHING,
    ) -> Question:
        """Look up a question of a customer, or of nobody.

        Of the shop's rules only the bans from every list hold: a pin of a product's list says
        nothing about a customer. The products of `known` are never shown. An unknown customer is
        missing, and so are the ids of `missing`; what the customer `bought` goes before what the
        snapshot knows of it; the answer repeats `request` besides the usual.

        Raises:
            ConfigError: as `Question`.
            DataError: `at` carries no zone.
        """
        snapshot = self._snapshot
        code = None if customer is None else snapshot.customers.ids.find(customer)
        asked: dict[str, Any] = {} if customer is None else {"customer_id": customer}
        unknown = (customer,) if customer is not None and code is None else ()
        had = lately = NO_PRODUCTS
        if bought is not None:
            had, lately = (
                np.array(self.find(one)[0], np.int32) for one in (bought.products, bought.lately)
            )
        elif code is not None:
            had = snapshot.customers.product[snapshot.customers.span(code)]
        curation = self._curator.curate((), (), self.instant(at))
        return Question(
            type=kind,
            request={**asked, "limit": n, **request},
            n=n,
            eligibility=Eligibility(
                snapshot.products,
                filters,
                owned_durable=had[snapshot.products.is_durable[had]],
                bought_lately=lately,
                banned=curation.banned,
            ),
            known=known,
            curation=curation,
            missing=(*unknown, *missing),
            fallback=fallback,
        )

    def find(self, products: Collection[str]) -> tuple[list[int], tuple[str, ...]]:
        """Give the codes of the products that the snapshot knows, and the ids of the others."""
        found = [(one, self._snapshot.products.ids.find(one)) for one in products]
        unknown = dict.fromkeys(one for one, code in found if code is None)
        return [code for _, code in found if code is not None], tuple(unknown)

    def instant(self, at: At) -> np.datetime64:
        """Read the instant of a question; by default up to when the snapshot knows the orders.

        Raises:
            DataError: `at` carries no zone.
        """
        return self._until if at is None else to_instant(at)
