"""The simulated catalogue: types become products with models, generations, variants and prices."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.data.simulator.assortment import (
    BRANDS,
    COLOURS,
    LEVELS,
    MEMORIES,
    PACKS,
    TYPES,
    ProductType,
)
from nba.data.simulator.calendar import DAY, ENDS_AT, HISTORY_DAYS, NEVER, STARTS_AT, Micros
from nba.data.simulator.chance import Codes, Floats, Wheel, stream, zipf

CURRENCY: Final = "EUR"
MODEL_LETTERS: Final = tuple(
    first + second for second in "XTZKNSRQ" for first in "ABCDEFGHKLMNPRSTVW"
)
"""Two letters name a family of models; with a generation they are a token such as AX15."""

FIRST_GENERATION_DAY: Final = (-700, -480)
GENERATION_DAYS: Final = (300, 400)
"""Days on the market of a generation."""
GENERATION_GAP_DAYS: Final = (-60, 30)
"""From the end of one generation to the start of the next; negative is an overlap."""
RENEWED_SHARE: Final = 0.12
"""Share of product lines without models that a new line succeeds within the two years."""
ENDED_SHARE: Final = 0.06
"""Share of product lines without models that end and have no successor."""
NEWCOMER_SHARE: Final = 0.30
"""Share of product lines without models that are published during the two years."""
LOOP_COUNT: Final = 4
"""Successor chains that a mistake closes on themselves."""
LINKED_SHARE: Final = 0.4
"""Share of fitting products whose main products the shop has typed in as `accessory_for`."""
NO_BRAND_SHARE: Final = 0.02
NO_COST_SHARE: Final = 0.08
POPULARITY_EXPONENT: Final = 1.05
POPULARITY_SHIFT: Final = 2.0


@dataclass(slots=True)
class _Draft:
    """One product while the catalogue is made; days count from the shop's first one."""

    product_id: str
    title: str
    type: int
    group_id: str
    brand: str
    price: int
    weight: float
    published: float
    discontinued: float
    model: str = ""
    fits: tuple[str, ...] = ()
    predecessor: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Successor:
    """One link of a chain; a loop is a link that leads back to its beginning."""

    product: int
    successor: int
    gap_days: int
    is_loop: bool


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """All products as columns, sorted by id; the position of one is its code.

    Attributes:
        product_ids, titles, group_ids, brands, attributes: object arrays of texts.
        type, model: int32; `model` is a code of `models`, -1 where the product is no model.
        models: the model tokens.
        compatible_with, accessory_for, successor_of: object arrays, comma-separated; None where
            nothing is said.
        price, cost: int64, minor units. cost_is_known: bool: the shop's catalogue tells it.
        weight: float64, popularity within the type.
        published_at, discontinued_at: int64 microseconds; NEVER where it is not discontinued.
        successors: the chains, loops included.
        by_type: wheel of products by type.
        by_fit: wheel of products by type x model that they fit; see `fit_group`.
        by_model: wheel of the main products of a model.
        fit_model, fits_too: int32, the first and second model a product fits; -1 where it fits any,
            or no second one.
        next_product: int32, its true successor; -1 where there is none.
    """

    product_ids: NDArray[np.object_]
    titles: NDArray[np.object_]
    group_ids: NDArray[np.object_]
    brands: NDArray[np.object_]
    attributes: NDArray[np.object_]
    type: NDArray[np.int32]
    model: NDArray[np.int32]
    models: tuple[str, ...]
    compatible_with: NDArray[np.object_]
    accessory_for: NDArray[np.object_]
    successor_of: NDArray[np.object_]
    price: NDArray[np.int64]
    cost: NDArray[np.int64]
    cost_is_known: NDArray[np.bool_]
    weight: Floats
    published_at: Micros
    discontinued_at: Micros
    successors: tuple[Successor, ...]
    by_type: Wheel
    by_fit: Wheel
    by_model: Wheel
    fit_model: NDArray[np.int32]
    fits_too: NDArray[np.int32]
    next_product: NDArray[np.int32]

    def __len__(self) -> int:
        """Count the products."""
        return len(self.product_ids)

    def fit_group(self, type_code: int, model: Codes) -> NDArray[np.int64]:
        """Number the groups of `by_fit`: the products of a type that fit each model."""
        return np.asarray(type_code * len(self.models) + model.astype(np.int64), np.int64)


def make_catalogue(seed: int) -> Catalogue:
    """Make the catalogue of a seed; it is the same at every size of the shop."""
    rng = stream(seed, "catalogue")
    letters = iter(MODEL_LETTERS)
    drafts: list[_Draft] = []
    mains: dict[str, list[list[_Draft]]] = {}
    for code, one in enumerate(TYPES):
        if one.generation_count:
            mains[one.name] = [
                _family(rng, code, one, next(letters), number) for number in range(one.family_count)
            ]
            drafts += [draft for family in mains[one.name] for draft in family]
        elif not one.fits:
            drafts += _lines(rng, code, one)
    for code, one in enumerate(TYPES):
        if one.fits:
            drafts += _fitting(rng, code, one, mains[one.fits])
    return _columns(rng, sorted(drafts, key=lambda draft: draft.product_id), mains)


def _family(
    rng: np.random.Generator, code: int, one: ProductType, letters: str, number: int
) -> list[_Draft]:
    """Make the generations of one family of models, each the successor of the one before."""
    brand = _brands(one)[number % len(_brands(one))]
    price = one.price * np.exp(rng.normal(0.0, one.price_sigma))
    popularity = zipf(np.array([number]), exponent=POPULARITY_EXPONENT, shift=POPULARITY_SHIFT)[0]
    published = rng.uniform(*FIRST_GENERATION_DAY)
    drafts: list[_Draft] = []
    for generation in range(one.generation_count):
        if published >= HISTORY_DAYS - 1:
            break
        discontinued = published + rng.uniform(*GENERATION_DAYS)
        token = f"{letters}{10 * generation + 15}"
        for variant in range(one.variant_count):
            memory, (colour, word) = MEMORIES[variant // 2 % 4], COLOURS[(variant + number) % 4]
            suffix = f"{memory}-{colour}"
            drafts.append(
                _Draft(
                    f"{one.code}-{token}-{suffix}",
                    f"{brand} {one.name} {token} {memory} {word}",
                    code,
                    f"{one.code}-{token}",
                    brand,
                    _ending_in_nine(price * (1 + 0.12 * (variant // 2)) * 1.04**generation),
                    popularity * rng.uniform(0.4, 1.0),
                    published,
                    discontinued,
                    model=token,
                    predecessor=f"{one.code}-{letters}{10 * generation + 5}-{suffix}"
                    if generation
                    else "",
                    attributes={"colour": word, "size": memory},
                )
            )
        published = discontinued + rng.uniform(*GENERATION_GAP_DAYS)
    return drafts


def _lines(rng: np.random.Generator, code: int, one: ProductType) -> list[_Draft]:
    """Make product lines without models; some are renewed, some end."""
    drafts: list[_Draft] = []
    brands = _brands(one)
    for number in range(one.family_count):
        brand = brands[int(rng.integers(len(brands)))]
        price = one.price * np.exp(rng.normal(0.0, one.price_sigma))
        popularity = zipf(np.array([number]), exponent=POPULARITY_EXPONENT, shift=POPULARITY_SHIFT)
        is_newcomer = rng.random() < NEWCOMER_SHARE
        published = rng.uniform(0, HISTORY_DAYS - 60) if is_newcomer else rng.uniform(-900, -30)
        fate = rng.random()
        ends = max(published, 0.0) + rng.uniform(60, 600)
        discontinued = ends if fate < RENEWED_SHARE + ENDED_SHARE else np.inf
        renewals = [(f"{number + 1:03d}", published, discontinued, "")]
        starts = ends + rng.uniform(*GENERATION_GAP_DAYS)
        if fate < RENEWED_SHARE and starts < HISTORY_DAYS - 1:
            renewals.append((f"{number + 501:03d}", starts, np.inf, f"{number + 1:03d}"))
        for name, begins, until, before in renewals:
            for variant in range(one.variant_count):
                suffix, word = _variant(one, variant)
                drafts.append(
                    _Draft(
                        f"{one.code}-{name}-{suffix}",
                        f"{brand} {one.name} {name} {word}",
                        code,
                        f"{one.code}-{name}",
                        brand,
                        _ending_in_nine(price * _pack_factor(one, variant)),
                        float(popularity[0]) * rng.uniform(0.3, 1.0),
                        begins,
                        until,
                        predecessor=f"{one.code}-{before}-{suffix}" if before else "",
                        attributes={"variant": word},
                    )
                )
    return drafts


def _fitting(
    rng: np.random.Generator, code: int, one: ProductType, families: list[list[_Draft]]
) -> list[_Draft]:
    """Make the products that fit models: for each model a few; every second fits the next too."""
    drafts: list[_Draft] = []
    brands = _brands(one)
    for family in families:
        tokens = list(dict.fromkeys(draft.model for draft in family))
        for place, token in enumerate(tokens):
            main = next(draft for draft in family if draft.model == token)
            for line in range(one.family_count):
                fits = tuple(tokens[place : place + 1 + line % 2])
                brand = main.brand if line == 0 else brands[int(rng.integers(len(brands)))]
                price = one.price * np.exp(rng.normal(0.0, one.price_sigma))
                for variant in range(one.variant_count):
                    suffix, word = _variant(one, variant)
                    drafts.append(
                        _Draft(
                            f"{one.code}-{token}-{'ABCD'[line]}{suffix}",
                            f"{brand} {one.name} for {' and '.join(fits)} {word}",
                            code,
                            f"{one.code}-{token}-{'ABCD'[line]}",
                            brand,
                            _ending_in_nine(price * _pack_factor(one, variant)),
                            main.weight * rng.uniform(0.3, 1.0) / (line + 1),
                            main.published,
                            np.inf,
                            fits=fits,
                            attributes={"variant": word},
                        )
                    )
    return drafts


def _brands(one: ProductType) -> list[str]:
    """Give the brands of a type: eight of its half of the shop, other ones for each department."""
    names = BRANDS[LEVELS[one.department].partition(" > ")[0]].split()
    first = list(LEVELS).index(one.department)
    return [names[(first + step) % len(names)] for step in range(8)]


def _variant(one: ProductType, number: int) -> tuple[str, str]:
    words = PACKS if one.nature == "consumable" else COLOURS
    return words[number % len(words)]


def _pack_factor(one: ProductType, variant: int) -> float:
    return (1.0, 1.85, 3.4)[variant] if one.nature == "consumable" else 1.0


def _ending_in_nine(euros: float) -> int:
    """Round to a price as shops write them, in cents: 4.99, 12.90, 349.00."""
    if euros < 10:
        return round(euros) * 100 - 1 if euros >= 1 else 99
    return round(euros) * 100 - 10 if euros < 100 else round(euros / 10) * 1000 - 100


def _columns(
    rng: np.random.Generator, drafts: list[_Draft], mains: dict[str, list[list[_Draft]]]
) -> Catalogue:
    code = {draft.product_id: position for position, draft in enumerate(drafts)}
    models = tuple(
        dict.fromkeys(draft.model for families in mains.values() for f in families for draft in f)
    )
    model_code = {token: position for position, token in enumerate(models)}
    groups = {draft.model: draft.group_id for draft in drafts if draft.model}
    types = np.array([draft.type for draft in drafts], np.int32)
    weight = np.array([draft.weight for draft in drafts])
    weight /= np.bincount(types, weight)[types]
    model = np.array([model_code.get(draft.model, -1) for draft in drafts], np.int32)
    fits = [(row, token) for row, draft in enumerate(drafts) for token in draft.fits]
    fit_row = np.array([row for row, _ in fits], np.int32)
    fit_model = np.array([model_code[token] for _, token in fits], np.int64)
    all_rows = np.arange(len(drafts), dtype=np.int32)
    published = _instants(np.array([draft.published for draft in drafts]))
    discontinued = _instants(np.array([draft.discontinued for draft in drafts]))
    links = [
        Successor(
            code[draft.predecessor],
            row,
            round((published[row] - discontinued[code[draft.predecessor]]) / DAY),
            is_loop=False,
        )
        for row, draft in enumerate(drafts)
        if draft.predecessor in code
    ]
    successor_of: list[list[str]] = [[] for _ in drafts]
    for link in (*links, *(loops := _loops(links, published, discontinued))):
        successor_of[link.successor].append(drafts[link.product].product_id)
    next_product = np.full(len(drafts), -1, np.int32)
    for link in links:
        next_product[link.product] = link.successor
    margin = np.array([TYPES[one].margin for one in types])
    price = np.array([draft.price for draft in drafts], np.int64)
    is_linked = rng.random(len(drafts)) < LINKED_SHARE
    return Catalogue(
        product_ids=_texts([draft.product_id for draft in drafts]),
        titles=_texts([draft.title for draft in drafts]),
        group_ids=_texts([draft.group_id for draft in drafts]),
        brands=_texts([None if rng.random() < NO_BRAND_SHARE else draft.brand for draft in drafts]),
        attributes=_texts([json.dumps(draft.attributes, sort_keys=True) for draft in drafts]),
        type=types,
        model=model,
        models=models,
        compatible_with=_texts([",".join(draft.fits) or None for draft in drafts]),
        accessory_for=_texts(
            [
                ",".join(groups[token] for token in draft.fits) or None if linked else None
                for draft, linked in zip(drafts, is_linked, strict=True)
            ]
        ),
        successor_of=_texts([",".join(sorted(before)) or None for before in successor_of]),
        price=price,
        cost=np.rint(price * (1 - margin * rng.uniform(0.8, 1.2, len(drafts)))).astype(np.int64),
        cost_is_known=rng.random(len(drafts)) >= NO_COST_SHARE,
        weight=weight,
        published_at=published,
        discontinued_at=discontinued,
        successors=tuple(sorted((*links, *loops), key=lambda one: (one.product, one.successor))),
        by_type=Wheel.of(types, all_rows, weight, len(TYPES)),
        by_fit=Wheel.of(
            types[fit_row] * len(models) + fit_model,
            fit_row,
            weight[fit_row],
            len(TYPES) * len(models),
        ),
        by_model=Wheel.of(model[model >= 0], all_rows[model >= 0], weight[model >= 0], len(models)),
        fit_model=np.array([_fit(model_code, draft, 0) for draft in drafts], np.int32),
        fits_too=np.array([_fit(model_code, draft, 1) for draft in drafts], np.int32),
        next_product=next_product,
    )


def _fit(model_code: dict[str, int], draft: _Draft, place: int) -> int:
    return model_code[draft.fits[place]] if len(draft.fits) > place else -1


def _loops(links: list[Successor], published: Micros, discontinued: Micros) -> list[Successor]:
    """Close some chains: the oldest product is wrongly said to succeed the newest of three."""
    after = {link.product: link.successor for link in links}
    firsts = sorted(set(after) - set(after.values()))
    ends = [(first, last) for first in firsts if (last := after.get(after[first])) is not None]
    ended = [(first, last) for first, last in ends if discontinued[last] < ENDS_AT]
    return [
        Successor(last, first, round((published[first] - discontinued[last]) / DAY), is_loop=True)
        for first, last in ended[:: max(len(ended) // LOOP_COUNT, 1)][:LOOP_COUNT]
    ]


def _instants(days: Floats) -> Micros:
    """Turn days of the shop into instants at whole hours; what lies beyond its end is NEVER."""
    known = np.where(days < HISTORY_DAYS, days, 0.0)
    hours = np.floor(known * 24).astype(np.int64)
    return np.where(days < HISTORY_DAYS, STARTS_AT + hours * (DAY // 24), NEVER)


def _texts(texts: list[str | None]) -> NDArray[np.object_]:
    found = np.empty(len(texts), np.object_)
    found[:] = texts
    return found
