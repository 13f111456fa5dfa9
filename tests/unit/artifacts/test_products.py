"""What a snapshot knows of products: the price to pay."""

from __future__ import annotations

import numpy as np

import nba
from tests.shops import catalog, history

QUICK = nba.TrainConfig.model_validate({"collaborative": {"factors": 2, "iterations": 1}})


def test_the_price_to_pay_is_the_lower_one_and_else_what_was_paid_last():
    listing = catalog(
        {"product_id": "a-sale", "price": 900, "sale_price": 700},
        {"product_id": "b-full", "price": 900},
        {"product_id": "c-no-sale", "price": 900, "sale_price": 950},
        {"product_id": "d-unknown"},
    )
    sold = [("o1", "ann", 1, ["b-full", "e-sold"]), ("o2", "bob", 2, ["e-sold"])]
    products = nba.train(history(sold, price=300), listing, QUICK, threads=1).products
    assert list(products.ids) == ["a-sale", "b-full", "c-no-sale", "d-unknown", "e-sold"]
    assert np.array_equal(products.to_pay(), [700, 900, 900, np.nan, 300], equal_nan=True)
