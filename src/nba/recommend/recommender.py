"""The recommender: slates from a snapshot, nothing else; it reads no file and no clock."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.snapshot import Snapshot
from nba.domain import significant
from nba.errors import ConfigError, UnknownProductError
from nba.recommend import reasons, scores
from nba.recommend.eligibility import NO_FILTERS, Eligibility, Filters
from nba.recommend.ranking import best
from nba.recommend.results import Reason, Recommendation, Slate
from nba.vocabulary import AVAILABILITIES, Source

POPULAR = "popular"
FALLBACKS = (POPULAR,)

Explain = Callable[[int], tuple[Source, Reason]]


class Recommender:
    """Answers from one snapshot.

    Every method returns a `Slate` of at most `n` products, never more, never one that the
    filters forbid; unknown products are named in `missing_ids`.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        """Answer from this snapshot."""
        self.snapshot = snapshot
        self._products = snapshot.products

    def bought_together(
        self,
        products: str | Sequence[str],
        *,
        n: int = 10,
        filters: Filters = NO_FILTERS,
        fallback: str | None = None,
        min_customers: int = 1,
        owned: Collection[str] = (),
        strict: bool = False,
    ) -> Slate:
        """Recommend what shares orders with a product or a basket.

        A basket's score is the mean of its products' scores; the reason names the product that
        speaks loudest.

        Args:
            products: one id or several.
            n: at most this many.
            filters: what to leave out; the given products are always left out, and so are
                their variants where `filters` collapses groups.
            fallback: `popular` fills up the list, labelled; by default nothing does.
            min_customers: hides pairs seen for fewer distinct customers.
            owned: what the customer has; of it, durable products and their variants are left out.
            strict: an unknown product is an error instead of a missing id.

        Raises:
            UnknownProductError: `strict`, and a product is unknown.
            ConfigError: no such fallback.
        """
        asked = [products] if isinstance(products, str) else list(dict.fromkeys(products))
        known, missing = self._split(asked, strict=strict)
        codes, total, loudest = self._merged(known, min_customers)
        had = np.array(self._split(list(owned), strict=False)[0], np.int32)
        return self._slate(
            "bought_together",
            {"product_ids": asked, "limit": n}
            | ({"min_customers": min_customers} if min_customers > 1 else {}),
            codes,
            total,
            n,
            Eligibility(self._products, filters, had[self._products.is_durable[had]]),
            lambda code: (Source.PAIR, loudest[code]()),
            fallback=fallback,
            missing=missing,
            never=known,
        )

    def replacements(
        self,
        product: str,
        *,
        n: int = 10,
        filters: Filters = NO_FILTERS,
        strict: bool = False,
    ) -> Slate:
        """Recommend what the catalogue names as successor, at the end of its chain.

        Args:
            product: the product to replace.
            n: at most this many.
            filters: what to leave out.
            strict: an unknown product is an error instead of a missing id.

        Raises:
            UnknownProductError: `strict`, and the product is unknown.
        """
        known, missing = self._split([product], strict=strict)
        codes = [int(self._products.successor[code]) for code in known]
        codes = [code for code, old in zip(codes, known, strict=True) if code != old]
        return self._slate(
            "replacements",
            {"product_ids": [product], "limit": n},
            np.array(codes, np.int32),
            np.ones(len(codes), np.float64),
            n,
            Eligibility(self._products, filters),
            lambda _: (Source.CATALOGUE_LINK, reasons.successor(self._products, known[0])),
            missing=missing,
        )

    def picks(
        self,
        customer: str,
        *,
        n: int = 10,
        filters: Filters = NO_FILTERS,
        fallback: str | None = POPULAR,
    ) -> Slate:
        """Recommend to a customer: own purchases, the collaborative score, popular last.

        An unknown customer gets the popular list, labelled as the fallback it is, and is named
        in `missing_ids`.

        Args:
            customer: an id.
            n: at most this many.
            filters: what to leave out.
            fallback: `popular`, or None for a list that may stay short.

        Raises:
            ConfigError: no such fallback.
        """
        code = self.snapshot.customers.ids.find(customer)
        candidates = np.empty(0, np.int64)
        total = np.empty(0, np.float32)
        if code is not None:
            score = scores.picks(self.snapshot, code)
            total = score[candidates := np.flatnonzero(score > 0)]
        return self._slate(
            "picks",
            {"customer_id": customer, "limit": n},
            candidates,
            total,
            n,
            Eligibility(self._products, filters, self._owned_durable(code)),
            self._personal(code),
            fallback=fallback,
            missing=(customer,) if code is None else (),
        )

    def buy_again(
        self,
        customer: str,
        *,
        n: int = 10,
        filters: Filters = NO_FILTERS,
        among: Sequence[str] | None = None,
    ) -> Slate:
        """Recommend what a customer bought before, by frequency decayed with age.

        Args:
            customer: an id; an unknown one has bought nothing and is named in `missing_ids`.
            n: at most this many.
            filters: what to leave out; durable products are left out by themselves.
            among: only these products, such as those of one order.
        """
        code = self.snapshot.customers.ids.find(customer)
        missing: tuple[str, ...] = (customer,) if code is None else ()
        request: dict[str, Any] = {"customer_id": customer, "limit": n}
        span = slice(0, 0) if code is None else self.snapshot.customers.span(code)
        bought = self.snapshot.customers.product[span]
        decayed = self.snapshot.customers.decayed[span]
        if among is not None:
            known, unknown = self._split(among, strict=False)
            missing += unknown
            request["among"] = list(among)
            wanted = np.isin(bought, known)
            bought, decayed = bought[wanted], decayed[wanted]
        return self._slate(
            "buy_again",
            request,
            bought,
            decayed,
            n,
            Eligibility(self._products, filters, self._owned_durable(code)),
            self._personal(code),
            missing=missing,
        )

    def popular(self, *, n: int = 10, filters: Filters = NO_FILTERS) -> Slate:
        """Recommend the most ordered products of the popularity window."""
        codes, orders = self._products.popular, self._products.popular_orders
        return self._slate(
            "popular",
            {"limit": n},
            codes,
            orders.astype(np.float64),
            n,
            Eligibility(self._products, filters),
            self._popular_reasons(),
        )

    def _split(self, ids: Sequence[str], *, strict: bool) -> tuple[list[int], tuple[str, ...]]:
        found = [(one, self._products.ids.find(one)) for one in ids]
        missing = tuple(one for one, code in found if code is None)
        if strict and missing:
            raise UnknownProductError(
                f"no product {', '.join(missing)} in snapshot {self.snapshot.id}"
            )
        return [code for _, code in found if code is not None], missing

    def _merged(
        self, sources: Sequence[int], min_customers: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], dict[int, Callable[[], Reason]]]:
        """Merge the neighbours of several products: mean score, and the loudest source of each."""
        graph = self.snapshot.graphs["bought_together"]
        total: dict[int, float] = {}
        loudest: dict[int, tuple[float, int, int]] = {}
        for source in sources:
            span = graph.span(source)
            for place in range(span.start, span.stop):
                if graph.customers[place] < min_customers:
                    continue
                code, score = int(graph.neighbours[place]), float(graph.score[place])
                total[code] = total.get(code, 0.0) + score
                if code not in loudest or score > loudest[code][0]:
                    loudest[code] = (score, source, place)
        codes = np.array(sorted(total), np.int64)
        mean = np.array([total[int(code)] for code in codes]) / max(len(sources), 1)

        def reason(source: int, place: int) -> Callable[[], Reason]:
            return lambda: reasons.bought_together(self.snapshot, source, place)

        return codes, mean, {code: reason(s, place) for code, (_, s, place) in loudest.items()}

    def _personal(self, customer: int | None) -> Explain:
        # Nobody's list has no personal candidate to explain.
        return lambda product: reasons.personal(self.snapshot, customer or 0, product)

    def _owned_durable(self, customer: int | None) -> NDArray[np.int32]:
        if customer is None:
            return np.empty(0, np.int32)
        bought = self.snapshot.customers.product[self.snapshot.customers.span(customer)]
        return bought[self._products.is_durable[bought]]

    def _slate(
        self,
        kind: str,
        request: dict[str, Any],
        codes: NDArray[np.integer],
        score: NDArray[np.floating],
        n: int,
        eligibility: Eligibility,
        explain: Explain,
        *,
        fallback: str | None = None,
        missing: tuple[str, ...] = (),
        never: Sequence[int] = (),
    ) -> Slate:
        if n < 0:
            raise ConfigError(f"n is {n}; expected 0 or more recommendations")
        if fallback is not None and fallback not in FALLBACKS:
            raise ConfigError(f"fallback {fallback!r} is unknown; expected {', '.join(FALLBACKS)}")
        offered = ~np.isin(codes, list(never))
        codes, score = codes[offered], score[offered]
        chosen, excluded = self._first_eligible(codes, score, n, eligibility, never)
        items = [
            self._recommendation(code, rank, value, *explain(code))
            for rank, (code, value) in enumerate(chosen, 1)
        ]
        filled = None
        if fallback is not None and len(items) < n:
            # The list was short, so every candidate has been judged: the rest is what is left.
            left = ~np.isin(self._products.popular, [*codes.tolist(), *never])
            rest, orders = self._products.popular[left], self._products.popular_orders[left]
            shown = [*never, *(code for code, _ in chosen)]
            more, also = self._first_eligible(
                rest, orders.astype(np.float64), n - len(items), eligibility, shown
            )
            # What fills up never outscores what it follows.
            unit = items[-1].score / (int(orders.max(initial=0)) + 1) if items else 1.0
            because = self._popular_reasons()
            items += [
                self._recommendation(code, rank, unit * count, *because(code))
                for rank, (code, count) in enumerate(more, len(items) + 1)
            ]
            filled = fallback if more else None
            excluded = {rule: excluded.get(rule, 0) + also.get(rule, 0) for rule in excluded | also}
        asked = request | eligibility.asked() | ({"fallback": fallback} if fallback else {})
        model = self.snapshot.manifest
        return Slate(
            kind,
            asked,
            tuple(items),
            {
                "snapshot_id": model.snapshot_id,
                "trained_at": model.trained_at,
                "data_until": model.data_until,
            },
            filled,
            missing,
            excluded,
        )

    def _first_eligible(
        self,
        codes: NDArray[np.integer],
        score: NDArray[np.floating],
        n: int,
        eligibility: Eligibility,
        shown: Sequence[int],
    ) -> tuple[list[tuple[int, float]], dict[str, int]]:
        """Take the n best candidates that may be shown beside `shown`, looking no further."""
        looked = min(len(codes), 4 * n + 50)
        while True:
            ranked = best(score, looked)
            kept, excluded = eligibility.keep(codes[ranked], shown)
            if kept.sum() >= n or looked == len(codes):
                chosen = ranked[kept][:n]
                if 0 < n <= len(chosen):
                    # Only what stood before the last one shown was taken out for its sake.
                    last = int(np.flatnonzero(kept)[n - 1])
                    _, excluded = eligibility.keep(codes[ranked[:last]], shown)
                return list(
                    zip(codes[chosen].tolist(), score[chosen].tolist(), strict=True)
                ), excluded
            looked = min(len(codes), 4 * looked)

    def _recommendation(
        self, code: int, rank: int, score: float, source: Source, reason: Reason
    ) -> Recommendation:
        return Recommendation(
            self._products.ids[code], rank, significant(score), source, reason, self.card(code)
        )

    def card(self, code: int) -> dict[str, str | int | None]:
        """Give what a shop shows of a product."""
        products = self._products
        return {
            "title": products.title[code],
            "category": products.category[code] or None,
            "price": int(products.price[code]) if products.has_price[code] else None,
            "sale_price": int(products.sale_price[code]) if products.has_sale_price[code] else None,
            "currency": products.currency[code] or None,
            "link": products.link[code] or None,
            "image_link": products.image_link[code] or None,
            "availability": str(AVAILABILITIES[int(products.availability[code])]),
        }

    def _popular_reasons(self) -> Explain:
        manifest = self.snapshot.manifest
        days, until = manifest.config.popular.window_days, manifest.data_until
        orders = dict(
            zip(
                self._products.popular.tolist(), self._products.popular_orders.tolist(), strict=True
            )
        )
        return lambda code: (Source.POPULAR, reasons.popular(orders[code], days, until))
