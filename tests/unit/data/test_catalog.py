"""A catalogue of a few products, read back."""

from __future__ import annotations

import pandas as pd
import pytest

from nba.data.catalog import Catalog
from nba.errors import DataError
from nba.vocabulary import AVAILABILITIES, Availability

FRAME = pd.DataFrame(
    {
        "product_id": ["b", "a"],
        "title": ["Lamp", "Kettle"],
        "price": [3.0, None],
        "sale_price": [None, None],
        "availability": ["Out of stock", None],
        "is_consumable": ["yes", None],
        "compatible_with": [["x", "y"], None],
    }
)


def test_an_empty_catalogue_has_no_products():
    assert len(Catalog.empty()) == 0


def test_products_are_sorted_by_id_and_what_is_missing_says_so():
    catalog = Catalog.from_frame(FRAME)
    assert list(catalog.product_ids) == ["a", "b"]
    assert list(catalog.title) == ["Kettle", "Lamp"]
    assert catalog.price.tolist() == [0, 300]
    assert catalog.priced.tolist() == [False, True]
    assert catalog.on_sale.tolist() == [False, False]
    assert [AVAILABILITIES[code] for code in catalog.availability] == [
        Availability.IN_STOCK,
        Availability.OUT_OF_STOCK,
    ]
    assert catalog.is_consumable.tolist() == [2, 1]


def test_a_frame_with_a_bad_row_is_refused_with_row_column_and_rule():
    with pytest.raises(DataError, match=r"1 of 2 rows are bad; products line 2: title missing"):
        Catalog.from_frame(FRAME.assign(title=["Lamp", None]))


def test_a_frame_with_one_product_twice_is_refused():
    with pytest.raises(DataError, match="several rows have the product_id a; keep one"):
        Catalog.from_frame(FRAME.assign(product_id="a"))
