"""Compatibility: requirement lists resolved by id, group and model token."""

from __future__ import annotations

from typing import Any

import numpy as np

from nba.learn.compatibility import Compatibility
from tests.shops import catalog

PHONES: tuple[dict[str, Any], ...] = (
    {"product_id": "phone-15", "title": "Acme Fone 15 black", "product_group_id": "FONE15"},
    {"product_id": "phone-15-red", "title": "Acme Fone 15 red", "product_group_id": "FONE15"},
    {"product_id": "phone-15-pro", "title": "Acme Fone 15 Pro", "product_group_id": "FONE15P"},
    {"product_id": "beans", "title": "Coffee beans"},
    {"product_id": "cable", "title": "Cable for everything"},
)


def compatibility(*products: dict[str, Any]) -> tuple[Compatibility, dict[str, int]]:
    """Build it over the phones and more products, with the code of each id."""
    listing = catalog(*PHONES, *products)
    return Compatibility.of(listing), {one: code for code, one in enumerate(listing.product_ids)}


def fit(pairs: Compatibility, code: dict[str, int], first: str, second: str) -> bool:
    """Ask one pair in both directions, which must agree."""
    one, other = np.array([code[first]]), np.array([code[second]])
    there, back = bool(pairs.fits(one, other)[0]), bool(pairs.fits(other, one)[0])
    assert there == back
    return there


def test_a_list_names_products_by_id_by_group_and_by_words_of_the_title() -> None:
    pairs, code = compatibility(
        {"product_id": "by-id", "compatible_with": "phone-15"},
        {"product_id": "by-group", "accessory_for": " FONE15 ,"},
        {"product_id": "by-model", "compatible_with": "fone 15"},
        {"product_id": "by-long-model", "compatible_with": "Fone 15 Pro"},
    )
    named = {
        accessory: [
            one
            for one in ("phone-15", "phone-15-red", "phone-15-pro")
            if fit(pairs, code, one, accessory)
        ]
        for accessory in ("by-id", "by-group", "by-model", "by-long-model")
    }
    assert named == {
        "by-id": ["phone-15"],
        "by-group": ["phone-15", "phone-15-red"],
        "by-model": ["phone-15", "phone-15-red"],
        "by-long-model": ["phone-15-pro"],
    }


def test_a_token_names_the_longer_model_too_while_nobody_asks_for_that_one() -> None:
    pairs, code = compatibility({"product_id": "case", "compatible_with": "Fone 15"})
    assert fit(pairs, code, "phone-15-pro", "case")


def test_lists_fit_each_other_when_they_name_one_product_or_share_an_unknown_word() -> None:
    pairs, code = compatibility(
        {"product_id": "case", "compatible_with": "Fone 15"},
        {"product_id": "glass", "compatible_with": "phone-15-red, Fone 15 Pro"},
        {"product_id": "pro-case", "compatible_with": "Fone 15 Pro"},
        {"product_id": "bag", "compatible_with": "ZX81"},
        {"product_id": "strap", "compatible_with": "ZX81, ZX82"},
    )
    assert fit(pairs, code, "case", "glass")
    assert fit(pairs, code, "pro-case", "glass")
    assert not fit(pairs, code, "case", "pro-case")
    assert fit(pairs, code, "bag", "strap")
    assert not fit(pairs, code, "bag", "case")


def test_what_no_list_speaks_of_fits_everything_but_has_no_specific_accessory() -> None:
    pairs, code = compatibility({"product_id": "case", "compatible_with": "Fone 15 Pro"})
    assert fit(pairs, code, "beans", "case")
    assert fit(pairs, code, "phone-15", "cable")
    main = np.array([code[one] for one in ("beans", "phone-15", "phone-15-pro", "beans")])
    accessory = np.array([code[one] for one in ("case", "case", "case", "cable")])
    assert pairs.belongs(main, accessory).tolist() == [False, False, True, True]


def test_the_title_of_a_product_with_a_list_names_nothing() -> None:
    pairs, code = compatibility(
        {"product_id": "case", "title": "Case for Fone 15 Pro", "compatible_with": "phone-15"},
        {"product_id": "glass", "title": "Glass", "compatible_with": "Fone 15 Pro"},
    )
    assert not fit(pairs, code, "case", "glass")
    assert not pairs.named[code["case"]]


def test_accessory_for_is_a_link_and_compatible_with_is_none() -> None:
    pairs, code = compatibility(
        {"product_id": "case", "accessory_for": "FONE15, ghost"},
        {"product_id": "glass", "compatible_with": "FONE15"},
    )
    links = set(zip(pairs.link_main.tolist(), pairs.link_accessory.tolist(), strict=True))
    assert links == {(code["phone-15"], code["case"]), (code["phone-15-red"], code["case"])}


def test_a_catalogue_without_lists_objects_to_nothing() -> None:
    pairs, code = compatibility()
    every = np.arange(len(code))
    assert pairs.fits(np.repeat(every, len(code)), np.tile(every, len(code))).all()
    assert not pairs.specific.any()


def test_of_tokens_that_overlap_in_a_title_the_longest_one_counts() -> None:
    pairs, code = compatibility(
        {"product_id": "ultra", "title": "Galaxy S23 Ultra 5G"},
        {"product_id": "plain-case", "compatible_with": "Galaxy S23"},
        {"product_id": "ultra-case", "compatible_with": "S23 Ultra 5G"},
    )
    assert fit(pairs, code, "ultra", "ultra-case")
    assert not fit(pairs, code, "ultra", "plain-case")
