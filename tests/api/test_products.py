"""Product routes: limits, filters, unknown products, figures, caching, ids of every kind."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from nba_api.answers import CACHEABLE
from tests.api.shop import EVERY_GET, ODD_PRODUCT, PRODUCT_ROUTES, is_problem, path_of

KETTLE = path_of("products", "kettle", "bought-together")
FILTERS = {"category": "Kitchen > Filters"}


def ids(client: TestClient, path: str = KETTLE, **query: Any) -> list[str]:
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return [item["product_id"] for item in answer.json()["items"]]


def test_what_shares_two_orders_goes_with_a_kettle_and_what_is_sold_out_is_counted(
    client: TestClient,
) -> None:
    slate = client.get(KETTLE).json()
    # filter in 3 of its 8 orders, tea in 2, blue and red mug in 2 each (one group), cup sold out.
    found = [item["product_id"] for item in slate["items"]]
    assert {"filter", ODD_PRODUCT} < set(found)
    assert len(set(found) & {"mug-red", "mug-blue"}) == 1
    assert slate["excluded"] == {"out_of_stock": 1, "variant": 1}
    assert slate["missing_ids"] == []
    assert slate["fallback"] is None


def test_without_explain_a_reason_is_code_text_and_a_whole_percent(client: TestClient) -> None:
    for query in ({}, {"explain": "0"}):
        reason = client.get(KETTLE, params=FILTERS | query).json()["items"][0]["reason"]
        assert reason == {
            "code": "BOUGHT_TOGETHER",
            "text": "38 % of orders with Kettle also had it",
            "percent": 38,
        }


def test_with_explain_a_reason_shows_the_figures_behind_it(client: TestClient) -> None:
    reason = client.get(KETTLE, params=FILTERS | {"explain": "1"}).json()["items"][0]["reason"]
    assert list(reason) == ["code", "text", "evidence"]
    evidence = reason["evidence"]
    # Of 11 orders 8 had a kettle and 4 a filter, 3 both: ann's, bob's and a guest's.
    expected = {"from": "kettle", "orders_together": 3, "orders_from": 8, "confidence": 0.375}
    assert {name: evidence[name] for name in expected} == expected
    assert evidence["lift"] == pytest.approx(3 * 11 / (8 * 4))


@pytest.mark.parametrize("query", [{}, {"fallback": "popular", "limit": 50}])
def test_without_explain_no_reason_carries_figures_other_than_the_percent(
    client: TestClient, query: dict[str, Any]
) -> None:
    for item in client.get(KETTLE, params=query).json()["items"]:
        assert set(item["reason"]) <= {"code", "text", "percent"}


def test_a_share_exists_only_where_there_is_one(client: TestClient) -> None:
    path = path_of("products", "old-kettle", "replacements")
    reason = client.get(path).json()["items"][0]["reason"]
    assert set(reason) == {"code", "text"}


@pytest.mark.parametrize("route", PRODUCT_ROUTES)
@pytest.mark.parametrize("limit", ["0", "51", "-1", "ten", "", "1.5", "1e1", "9" * 400])
def test_a_limit_outside_one_to_fifty_is_a_problem(
    client: TestClient, route: str, limit: str
) -> None:
    answer = client.get(path_of("products", "kettle", route), params={"limit": limit})
    assert is_problem(answer, 422)
    assert answer.json()["errors"][0]["where"] == "query.limit"


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_a_list_is_never_longer_than_its_limit(client: TestClient, limit: int) -> None:
    assert len(ids(client, limit=limit, fallback="popular")) <= limit


@pytest.mark.parametrize("route", PRODUCT_ROUTES)
def test_an_unknown_product_is_named_and_answered_with_an_empty_list(
    client: TestClient, route: str
) -> None:
    slate = client.get(path_of("products", "unheard-of", route)).json()
    assert slate["items"] == []
    assert slate["missing_ids"] == ["unheard-of"]


def test_an_unknown_product_may_fall_back_on_popular_ones(client: TestClient) -> None:
    path = path_of("products", "unheard-of", "bought-together")
    slate = client.get(path, params={"fallback": "popular", "limit": 2}).json()
    assert slate["fallback"] == "popular"
    assert slate["missing_ids"] == ["unheard-of"]
    assert [item["source"] for item in slate["items"]] == ["popular", "popular"]
    assert slate["items"][0]["product_id"] == "kettle"


@pytest.mark.parametrize("route", PRODUCT_ROUTES)
def test_asked_strictly_an_unknown_product_is_a_404(client: TestClient, route: str) -> None:
    answer = client.get(path_of("products", "unheard-of", route), params={"strict": "true"})
    assert is_problem(answer, 404)
    assert "unheard-of" in answer.json()["detail"]
    assert client.get(KETTLE, params={"strict": "true"}).status_code == 200


def test_a_basket_and_exclusions_are_never_shown_repeated_or_comma_separated(
    client: TestClient,
) -> None:
    assert "filter" not in ids(client, in_basket="filter")
    assert not {"filter", "mug-blue", "mug-red"} & set(
        ids(client, exclude=["filter,mug-blue", "mug-red"])
    )
    # An id may itself hold a comma.
    assert ODD_PRODUCT not in ids(client, exclude=ODD_PRODUCT)
    assert ids(client, exclude=["", ",", "unheard-of"]) == ids(client)
    assert client.get(KETTLE, params={"in_basket": "filter"}).json()["excluded"]["in_basket"] == 1


def test_filters_keep_a_category_a_price_range_and_an_availability(client: TestClient) -> None:
    assert ids(client, category="Food") == [ODD_PRODUCT]
    assert set(ids(client, category="Kitchen")) < {"filter", "mug-red", "mug-blue"}
    assert ids(client, max_price=400) == [ODD_PRODUCT]
    assert ids(client, min_price=401, max_price=500) == ["filter"]
    assert ids(client, min_price=900, max_price=100) == []
    assert ids(client, availability="out_of_stock") == ["cup"]


def test_variants_collapse_unless_told_otherwise(client: TestClient) -> None:
    assert {"mug-red", "mug-blue"} <= set(ids(client, collapse="false"))


@pytest.mark.parametrize(
    "query",
    [
        {"availability": "soon"},
        {"fallback": "random"},
        {"min_price": "-1"},
        {"max_price": "9" * 30},
        {"explain": "perhaps"},
        {"category": "x" * 501},
        {"placement": "x" * 101},
    ],
)
def test_a_value_that_makes_no_sense_is_a_problem_that_names_it(
    client: TestClient, query: dict[str, str]
) -> None:
    answer = client.get(KETTLE, params=query)
    assert is_problem(answer, 422)
    assert [one["where"] for one in answer.json()["errors"]] == [f"query.{next(iter(query))}"]


def test_key_and_placement_and_words_unheard_of_change_nothing(client: TestClient) -> None:
    plain = client.get(KETTLE).content
    assert (
        client.get(KETTLE, params={"key": "pk_1", "placement": "cart", "x": "1"}).content == plain
    )


def test_an_answer_may_be_cached_by_everybody_and_is_revalidated_without_a_body(
    client: TestClient,
) -> None:
    for route in PRODUCT_ROUTES:
        path = path_of("products", "kettle", route)
        first = client.get(path)
        assert first.headers["cache-control"] == CACHEABLE
        tag = first.headers["etag"]
        for sent in (tag, f'"other", {tag}', f"W/{tag}", "*"):
            again = client.get(path, headers={"if-none-match": sent})
            assert again.status_code == 304
            assert again.content == b""
            assert again.headers["etag"] == tag
            assert again.headers["cache-control"] == CACHEABLE
        assert client.get(path, headers={"if-none-match": '"other"'}).content == first.content
    assert (
        client.get(KETTLE, params={"limit": 1}).headers["etag"]
        != client.get(KETTLE).headers["etag"]
    )


@pytest.mark.parametrize(
    "raw",
    [
        "a%2Fb%2F%2Fc",
        "..%2F..%2Fetc%2Fpasswd",
        "%20%09",
        "nul%00nul",
        "%FF%FE",
        "%E2%98%83",
        "100%25",
        "%2520",
        "%27%20OR%201=1--",
        "bought-together",
        "x/bought-together",
        "%F0%9F%AB%96" * 256,
    ],
)
@pytest.mark.parametrize("route", PRODUCT_ROUTES)
def test_an_id_of_any_bytes_is_merely_unknown(client: TestClient, raw: str, route: str) -> None:
    slate = client.get(f"/v1/products/{raw}/{route}")
    assert slate.status_code == 200, slate.text
    assert len(slate.json()["missing_ids"]) == 1
    json.dumps(slate.json(), allow_nan=False)


@pytest.mark.parametrize("raw", ["x" * 257, "%C3%A9" * 300, ""])
def test_an_id_longer_than_an_import_takes_or_empty_is_a_problem(
    client: TestClient, raw: str
) -> None:
    assert is_problem(client.get(f"/v1/products/{raw}/bought-together"), 422)
    assert is_problem(client.get(f"/v1/customers/{raw}/next-message"), 422)


def test_a_product_with_an_odd_id_is_found_under_its_encoded_name(client: TestClient) -> None:
    assert "kettle" in ids(client, path_of("products", ODD_PRODUCT, "bought-together"))


def test_the_old_kettle_is_replaced_by_the_new_and_else_by_what_is_like_it(
    client: TestClient,
) -> None:
    path = path_of("products", "old-kettle", "replacements")
    items = client.get(path).json()["items"]
    assert items[0]["product_id"] == "kettle"
    assert [item["reason"]["code"] for item in items] == ["SUCCESSOR", "SUBSTITUTE", "SUBSTITUTE"]
    assert "SUCCESSOR" not in client.get(path_of("products", "kettle", "replacements")).text


def test_accessories_are_those_that_the_catalogue_names(client: TestClient) -> None:
    (item,) = client.get(path_of("products", "kettle", "accessories")).json()["items"]
    assert (item["product_id"], item["source"]) == ("filter", "catalogue_link")
    assert ids(client, path_of("products", "filter", "accessories")) == []


def test_what_is_similar_is_of_the_category_before_all_else(client: TestClient) -> None:
    assert ids(client, path_of("products", "old-kettle", "similar"))[0] == "kettle"
    assert ids(client, path_of("products", "cup", "similar"))[0] == "mug-blue"


def test_an_upsell_is_dearer_within_its_band(client: TestClient) -> None:
    (item,) = client.get(
        path_of("products", "old-kettle", "upsell"), params={"explain": "1"}
    ).json()["items"]
    evidence = item["reason"]["evidence"]
    assert (item["product_id"], evidence["price_from"], evidence["price"]) == ("kettle", 2000, 3000)
    assert ids(client, path_of("products", "kettle", "upsell")) == []


def test_the_same_question_has_the_same_bytes(client: TestClient) -> None:
    for path in EVERY_GET:
        assert client.get(path).content == client.get(path).content
