"""The recommender: slates from a snapshot, nothing else; it reads no file and no clock."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

import numpy as np

from nba.artifacts.snapshot import Snapshot
from nba.errors import ConfigError
from nba.recommend import personal, relations, slates
from nba.recommend.completion import Gap
from nba.recommend.eligibility import NO_FILTERS, Filters
from nba.recommend.profile import Profile, profile
from nba.recommend.questions import POPULAR, At, Bought, Question, Questions
from nba.recommend.relations import REPLACING, ReplacementKind
from nba.recommend.results import Slate
from nba.recommend.slates import Candidates
from nba.vocabulary import Relation

COMPLEMENTS: Final = (Relation.BOUGHT_TOGETHER, Relation.ACCESSORIES)


class Recommender:
    """Answers from one snapshot.

    Every method returns a `Slate` of at most `n` products, never more, never one that the
    filters or the shop's bans forbid. These arguments mean the same everywhere:

        n: at most this many.
        filters: what to leave out; the given products are always left out, and so are their
            variants where `filters` collapses groups.
        owned: what the customer has; of it, durable products and their variants are left out.
        bought: what the customer bought; by default what the snapshot knows of it.
        min_customers: hides what rests on the orders of fewer distinct customers.
        fallback: `popular` fills up the list, labelled; by default nothing does.
        strict: an unknown product is an error; else it is named in `missing_ids`.
        at: the instant for which the shop's pins, bans and links hold, with a zone; by default
            up to when the snapshot knows the orders.

    Pinned products stand first, by id; linked ones behind those that orders of both speak for.

    Raises:
        UnknownProductError: from every list about products, when `strict` and one is unknown.
        ConfigError: from every method, when `n` is negative or there is no such fallback.
        DataError: from every method, when `at` carries no zone.
    """

    def __init__(self, snapshot: Snapshot, *, with_pins: bool = True) -> None:
        """Answer from this snapshot; `with_pins` lets what the shop pinned lead its lists."""
        self.snapshot = snapshot
        self._with_pins = with_pins
        self._questions = Questions(snapshot)

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
        at: At = None,
    ) -> Slate:
        """Recommend what shares orders with a product or a basket.

        A basket's score is the mean of its products' scores; the reason names the product that
        speaks loudest.
        """
        question = self._questions.about(
            "bought_together",
            _distinct(products),
            n=n,
            filters=filters,
            fallback=fallback,
            min_customers=min_customers,
            owned=owned,
            strict=strict,
            at=at,
        )
        return self._fill(question, relations.rounds_of(self.snapshot, question))

    def accessories(
        self,
        products: str | Sequence[str],
        *,
        n: int = 10,
        filters: Filters = NO_FILTERS,
        fallback: str | None = None,
        min_customers: int = 1,
        owned: Collection[str] = (),
        strict: bool = False,
        at: At = None,
    ) -> Slate:
        """Recommend what those who have a product, or a basket, come to need with it.

        A basket's score is the mean of its products' scores. An item's evidence says how many days
        after the purchase it is usually bought, and from which day on to offer it.
        """
        question = self._questions.about(
            "accessories",
            _distinct(products),
            n=n,
            filters=filters,
            fallback=fallback,
            min_customers=min_customers,
            owned=owned,
            strict=strict,
            at=at,
        )
        return self._fill(question, relations.rounds_of(self.snapshot, question))

    def similar(
        self,
        product: str,
        *,
        n: int = 10,
        filters: Filters = NO_FILTERS,
        fallback: str | None = None,
        owned: Collection[str] = (),
        strict: bool = False,
        at: At = None,
    ) -> Slate:
        """Recommend what serves the same need as a product."""
        question = self._questions.about(
            "similar",
            [product],
            n=n,
            filters=filters,
            fallback=fallback,
            owned=owned,
            strict=strict,
            at=at,
        )
        return self._fill(question, relations.rounds_of(self.snapshot, question))

    def replacements(
        self,
        product: str,
        *,
        kinds: str | Sequence[str] = REPLACING,
        n: int = 10,
        filters: Filters = NO_FILTERS,
        fallback: str | None = None,
        owned: Collection[str] = (),
        strict: bool = False,
        at: At = None,
    ) -> Slate:
        """Recommend what takes a product's place, or that of a part of it.

        The list goes through `kinds` in their order: `successor` (the newest product that
        can be ordered, chains followed), `substitute` (what serves the same need), `spare_part`
        and `refill` (what wears out or runs out). Variants of the product may replace it.

        Raises:
            ConfigError: there is no such kind.
        """
        named = _distinct(kinds)
        if unknown := set(named) - set(ReplacementKind):
            raise ConfigError(
                f"no replacements are called {', '.join(sorted(unknown))}; "
                f"expected some of {', '.join(ReplacementKind)}"
            )
        asked = [ReplacementKind(kind) for kind in named]
        question = self._questions.about(
            "replacements",
            [product],
            n=n,
            filters=filters,
            fallback=fallback,
            owned=owned,
            strict=strict,
            at=at,
            with_variants=True,
            request={} if tuple(asked) == REPLACING else {"kinds": list(map(str, asked))},
        )
        return self._fill(
            question, [relations.replacements(self.snapshot, question, kind) for kind in asked]
        )

    def upsell(
        self,
        product: str,
        *,
        n: int = 10,
        filters: Filters = NO_FILTERS,
        fallback: str | None = None,
        owned: Collection[str] = (),
        strict: bool = False,
        at: At = None,
    ) -> Slate:
        """Recommend dearer products for the same need, up to `replacements.upsell_band` times.

        A product without a price has none. Evidence holds both prices, in minor units.
        """
        question = self._questions.about(
            "upsell",
            [product],
            n=n,
            filters=filters,
            fallback=fallback,
            owned=owned,
            strict=strict,
            at=at,
        )
        return self._fill(question, relations.rounds_of(self.snapshot, question))

    def complete_basket(
        self,
        products: str | Sequence[str],
        *,
        target_total: int | None = None,
        n: int = 10,
        filters: Filters = NO_FILTERS,
        fallback: str | None = None,
        min_customers: int = 1,
        owned: Collection[str] = (),
        strict: bool = False,
        at: At = None,
    ) -> Slate:
        """Recommend what completes a basket: what is bought together with it, and accessories.

        With a total, those stand first whose price closes the gap to it and goes beyond by no more
        than a band: the greater of 30 % of the gap and 10 % of the total. The answer's `request`
        says gap and band. `target_total` is in minor units, such as the sum from which delivery is
        free; a product that stands several times in the basket is paid several times.

        Raises:
            ConfigError: the total is negative.
        """
        if isinstance(products, str):
            products = [products]
        gap = None
        if target_total is not None:
            basket, _ = self._questions.find(products)
            gap = Gap.of(self.snapshot, basket, target_total)
        question = self._questions.about(
            "complete_basket",
            products,
            n=n,
            filters=filters,
            fallback=fallback,
            min_customers=min_customers,
            owned=owned,
            strict=strict,
            at=at,
            rules_of=COMPLEMENTS,
            request={} if gap is None else gap.asked(),
        )
        rounds = [relations.complements(self.snapshot, question, COMPLEMENTS)]
        return self._fill(question, rounds, gap)

    def picks(
        self,
        customer: str,
        *,
        n: int = 10,
        session: Sequence[str] = (),
        filters: Filters = NO_FILTERS,
        fallback: str | None = POPULAR,
        bought: Bought | None = None,
        at: At = None,
    ) -> Slate:
        """Recommend to a customer: what they buy again, what is new to them, popular last.

        Ranked by the chance to be bought within a week. `session` names products that the visitor
        looks at now: they say what is liked, and are not offered. A customer of whom no purchase is
        known gets, without them, the popular list, labelled as the fallback it is; with them, what
        customers with such products buy. An unknown one is named in `missing_ids`. With `fallback`
        None the list may stay short.
        """
        looked, missing = self._questions.find(session)
        question = self._questions.of(
            "picks",
            customer,
            n=n,
            filters=filters,
            at=at,
            fallback=fallback,
            bought=bought,
            known=looked,
            missing=missing,
            request={"session": list(session)} if session else {},
        )
        code = self.snapshot.customers.ids.find(customer)
        has_bought = code is not None and self.snapshot.customers.order_count[code] > 0
        if not has_bought and not looked:
            return self._fill(question, [])
        instant = self._questions.instant(at)
        return self._fill(question, [personal.picks(self.snapshot, code, instant, looked)])

    def buy_again(
        self,
        customer: str,
        *,
        n: int = 10,
        filters: Filters = NO_FILTERS,
        among: Sequence[str] | None = None,
        bought: Bought | None = None,
        at: At = None,
    ) -> Slate:
        """Recommend what a customer bought before, by the chance to buy it within a week.

        An item's evidence holds `probability` (of buying within 7 days) and, where its purchases
        tell a date, when the need for it is next due. Durable products are left out by themselves.
        An unknown customer has bought nothing and is named in `missing_ids`. With `among`, only
        these products, such as those of one order.
        """
        wanted, missing = self._questions.find(among or ())
        asked: dict[str, Any] = {} if among is None else {"among": list(among)}
        question = self._questions.of(
            "buy_again",
            customer,
            n=n,
            filters=filters,
            at=at,
            missing=missing,
            bought=bought,
            request=asked,
        )
        code = self.snapshot.customers.ids.find(customer)
        if code is None:
            return self._fill(question, [])
        again = personal.bought(self.snapshot, code, self._questions.instant(at))
        if among is not None:
            again = again.where(np.isin(again.codes, wanted))
        return self._fill(question, [again])

    def viewed(
        self,
        customer: str,
        products: Sequence[str],
        *,
        n: int = 10,
        filters: Filters = NO_FILTERS,
        bought: Bought | None = None,
        at: At = None,
    ) -> Slate:
        """List what a customer looked at and did not buy.

        The snapshot does not know the `products`, the latest first; it knows their cards and what
        can be ordered.
        """
        seen, missing = self._questions.find(products)
        question = self._questions.of(
            "viewed",
            customer,
            n=n,
            filters=filters,
            at=at,
            missing=missing,
            bought=bought,
            request={"product_ids": list(products)},
        )
        return slates.fill(self.snapshot, question, [personal.viewed(seen)])

    def profile(self, customer: str, *, horizon_days: int = 365, at: At = None) -> Profile:
        """Say what is known of a customer: rhythm, worth, segments, what they own, what is due.

        Args:
            customer: an id; of one nobody knows all figures are 0 and all lists empty.
            horizon_days: of expected purchases and lifetime value.
            at: the instant asked about, with a zone; by default up to when the snapshot knows the
                orders, which holds for any earlier one too.

        Raises:
            ConfigError: the horizon is not above 0.
            DataError: `at` carries no zone.
        """
        instant = self._questions.instant(at)
        return profile(self.snapshot, customer, instant, horizon_days=horizon_days)

    def popular(self, *, n: int = 10, filters: Filters = NO_FILTERS, at: At = None) -> Slate:
        """Recommend the most ordered products of the popularity window."""
        question = self._questions.of("popular", None, n=n, filters=filters, at=at)
        return self._fill(question, [personal.popular(self.snapshot)])

    def card(self, code: int) -> dict[str, str | int | None]:
        """Give what a shop shows of a product."""
        return self.snapshot.products.card(code)

    def _fill(
        self, question: Question, found: Sequence[Candidates], gap: Gap | None = None
    ) -> Slate:
        """Take what closes a gap before what is pinned, and that before what was found."""
        rounds = relations.led(self.snapshot, question, found) if self._with_pins else [*found]
        if gap is not None and gap.amount:
            rounds = [*(gap.closing(self.snapshot, one) for one in rounds), *rounds]
        if question.fallback:
            rounds.append(personal.popular(self.snapshot))
        return slates.fill(self.snapshot, question, rounds)


def _distinct(words: str | Sequence[str]) -> list[str]:
    return [words] if isinstance(words, str) else list(dict.fromkeys(words))
