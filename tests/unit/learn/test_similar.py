from dataclasses import replace
from math import exp, log, log2, sqrt

import numpy as np
import pytest

from nba.config import SimilarConfig
from nba.data.events import ABSENT, Events
from nba.domain import Ids
from nba.learn.alike.likeness import alike
from nba.learn.alike.text import attribute_terms
from nba.learn.designs import Designs
from nba.learn.similar import similar
from nba.vocabulary import EVENT_TYPES
from tests.shops import random_orders
from tests.unit.learn.inputs import Inputs


def kettle(product_id, title="", **columns):
    row = {"product_id": product_id, "title": title or product_id, "category": "Home > Kettles"}
    return row | columns


def viewed(*views, kind="view_item"):
    """Build events from (session, customer or None, product)."""
    sessions, customers, products = (
        Ids.of(view[place] for view in views if view[place]) for place in range(3)
    )
    session, customer, product = (
        np.array([ABSENT if one is None else ids.find(one) for one in column], np.int32)
        for ids, column in zip(
            (sessions, customers, products), zip(*views, strict=True), strict=True
        )
    )
    return Events(
        session_ids=sessions,
        product_ids=products,
        customer_ids=customers,
        type=np.full(len(views), EVENT_TYPES.index(kind), np.int8),
        at=np.full(len(views), np.datetime64("2026-01-01", "us")),
        session=session,
        product=product,
        customer=customer,
    )


def graph_of(inputs, events=None, *, threads=1, **settings):
    return similar(
        inputs.listing,
        inputs.products,
        inputs.types,
        inputs.fits,
        inputs.placed,
        Events.none() if events is None else events,
        SimilarConfig(**settings),
        threads=threads,
    )


def find(*products, orders=(), events=None, **settings):
    inputs = Inputs.of(products, orders)
    return inputs.named(graph_of(inputs, events, **settings))


def names(found):
    return [name for name, _, _ in found]


def test_nearer_titles_stand_first():
    found = find(
        kettle("a", "Steel gooseneck kettle"),
        kettle("b", "Glass kettle"),
        kettle("c", "Gooseneck kettle of steel"),
        kettle("d", "Travel pot"),
    )
    assert names(found["a"]) == ["c", "b", "d"]


def test_likeness_is_what_its_formula_says():
    inputs = Inputs.of(
        [
            row | {"category": "Kettles"}
            for row in (
                kettle("a", "abc", price=100, attributes='{"colour": "red", "litres": 1}'),
                kettle("b", "abc x", price=150, attributes='{"colour": "red", "litres": 2}'),
                kettle("c", "y"),
            )
        ]
    )
    designs = Designs.of(inputs.listing.product_ids, inputs.types)
    found, known = alike(
        inputs.listing,
        attribute_terms(inputs.listing.attributes),
        inputs.products,
        inputs.types,
        designs,
        top_k=5,
        threads=1,
    )
    likeness = {
        (int(one), int(other)): score
        for one, other, score in zip(found.first, found.second, found.score, strict=True)
    }
    # a: abc and its runs " ab", "abc", "bc "; b: those, and x with its run " x ".
    shared, single = 4 / log2(3), 2.0
    text = shared / sqrt(shared * (shared + single))
    expected = 0.5 * text + 0.3 / 3 + 0.2 * exp(-log(1.5) / 0.3)
    assert likeness[0, 1] == pytest.approx(expected, rel=1e-5)
    assert likeness[2, 0] == 0.0
    assert known.tolist() == pytest.approx([1.0, 1.0, 0.5])


def test_of_equal_titles_the_nearer_price_stands_first():
    found = find(
        *(
            kettle(name, "Glass kettle", price=price)
            for name, price in (("a", 1000), ("b", 5000), ("c", 1100), ("d", 900))
        )
    )
    assert names(found["a"]) == ["c", "d", "b"]


def test_without_titles_prices_and_orders_the_attributes_speak():
    found = find(
        *(
            kettle(name, attributes=f'{{"material": ["{material}"], "whistles": true}}')
            for name, material in (("a", "steel"), ("b", "glass"), ("c", "steel"))
        )
    )
    assert names(found["a"]) == ["c", "b"]


def test_other_categories_are_not_similar():
    found = find(
        kettle("a", "Steel kettle"),
        kettle("b", "Tin kettle"),
        *(kettle(f"x{number}", "Steel kettle", category="Toys") for number in range(6)),
    )
    assert names(found["a"]) == ["b"]


def test_a_small_category_is_filled_up_from_the_one_above_it_behind_its_own():
    found = find(
        kettle("a", "Steel kettle"),
        kettle("b", "Pot"),
        kettle("c", "Steel kettle", category="Home"),
        kettle("d", "Steel kettle", category="Home > Pans"),
        kettle("e", "Steel kettle", category="Garden > Kettles"),
        *(kettle(f"x{number}", "Mug", category="Home > Mugs") for number in range(6)),
    )
    assert names(found["a"])[0] == "b"
    assert {"c", "d"} < set(names(found["a"]))
    assert "e" not in found
    assert all(one.startswith("x") for one in names(found["x0"]))


def test_without_categories_everything_may_be_similar():
    found = find(
        *(kettle(f"a{number}", f"Thing {number}", category="") for number in range(7)),
        kettle("z", "Thing z", category="Home"),
    )
    assert set(names(found["a0"])) == {f"a{number}" for number in range(1, 7)}
    assert "z" not in found


def test_of_another_products_variants_one_is_listed_the_one_most_like_it():
    def variants(group, *, sold_out=""):
        return [
            kettle(
                f"{group}-{colour}",
                f"{group} kettle {colour}",
                product_group_id=group,
                attributes=f'{{"colour": "{colour}"}}',
                availability="out_of_stock" if colour == sold_out else "in_stock",
            )
            for colour in ("black", "red", "white")
        ]

    found = find(*variants("Acme"), *variants("Bolt", sold_out="red"))
    assert found["Acme-white"] == [("Bolt-white", "content", 0)]
    assert names(found["Acme-red"]) == ["Bolt-black"]
    assert names(found["Bolt-red"]) == ["Acme-red"]


def test_what_fits_another_product_is_not_similar():
    phones = [kettle(name, name, category="Phones") for name in ("Fone A1", "Fone A2")]
    cases = [
        kettle(f"{model}-{number}", f"Case for {model}", compatible_with=model, category="Cases")
        for model in ("A1", "A2")
        for number in (1, 2)
    ]
    found = find(*phones, *cases)
    assert names(found["A1-1"]) == ["A1-2"]
    assert names(found["A2-2"]) == ["A2-1"]


def test_a_session_that_views_both_makes_them_similar_and_is_counted():
    events = viewed(
        ("s1", "ann", "a"),
        ("s1", "ann", "c"),
        ("s1", "ann", "c"),
        ("s2", "ann", "a"),
        ("s2", None, "c"),
        ("s3", None, "a"),
        ("s3", None, "b"),
        ("s3", None, "unheard of"),
    )
    found = find(*(kettle(name) for name in "abcd"), events=events)
    assert found["a"][:2] == [("c", "views", 2), ("b", "views", 1)]
    assert "views" not in [source for _, source, _ in found["d"]]


def test_people_who_view_are_counted_once_and_strangers_by_their_sessions():
    events = viewed(
        *((session, "ann", product) for session in ("s1", "s2") for product in "ab"),
        *((session, None, product) for session in ("s3", "s4") for product in "ab"),
    )
    graph = graph_of(Inputs.of([kettle("a"), kettle("b")]), events)
    assert (graph.support.tolist(), graph.customers.tolist()) == ([4, 4], [3, 3])


def test_only_views_count_as_views():
    events = viewed(("s1", None, "a"), ("s1", None, "b"), kind="add_to_cart")
    found = find(kettle("a"), kettle("b"), events=events)
    assert found["a"] == [("b", "content", 0)]


def test_views_of_any_variant_count_for_all():
    products = [kettle(f"{group}{size}", product_group_id=group) for group in "ab" for size in "12"]
    found = find(*products, events=viewed(("s", None, "a1"), ("s", None, "b2")))
    assert found["a2"] == [("b1", "views", 1)]


ALTERNATING = [
    (f"o{customer}-{product}", f"c{customer}", 10 * place, [product])
    for customer in range(4)
    for place, product in enumerate("ab")
]
OTHERS = [(f"p{number}", f"d{number}", 5, ["c" if number % 2 else "d"]) for number in range(8)]


def test_customers_who_buy_both_in_different_orders_make_them_similar():
    found = find(*(kettle(name) for name in "abcd"), orders=ALTERNATING + OTHERS)
    assert found["a"][0] == ("b", "customers", 4)
    assert all(source == "content" for _, source, _ in found["a"][1:])


def test_what_goes_into_the_same_order_serves_no_same_need():
    together = [(f"o{number}", f"c{number}", 0, ["a", "b"]) for number in range(4)]
    found = find(*(kettle(name) for name in "abcd"), orders=together + OTHERS)
    assert {source for _, source, _ in found["a"]} == {"content"}


def test_products_that_everybody_buys_serve_no_same_need():
    found = find(kettle("a"), kettle("b"), orders=ALTERNATING)
    assert found["a"] == [("b", "content", 0)]


def test_customers_who_are_not_proven_say_nothing():
    inputs = Inputs.of([kettle(name) for name in "abcd"], ALTERNATING + OTHERS)
    nobody = np.zeros(len(inputs.placed), np.bool_)
    unproven = replace(inputs, placed=replace(inputs.placed, proven=nobody))
    assert {source for _, source, _ in unproven.named(graph_of(unproven))["a"]} == {"content"}


def test_a_silent_voice_lists_nobody():
    settings = {"content": 0.0, "customers": 0.0}
    products = [kettle(name) for name in "abcd"]
    assert find(*products, orders=ALTERNATING + OTHERS, **settings) == {}
    found = find(*products, orders=ALTERNATING + OTHERS, content=0.0)
    assert found["a"] == [("b", "customers", 4)]


def test_lists_end_at_their_length_and_the_best_are_kept():
    products = [
        kettle(f"p{number:02}", "Glass kettle", price=1000 + number) for number in range(30)
    ]
    whole, cut = find(*products), find(*products, top_k=3)
    assert {name: found[:3] for name, found in whole.items()} == cut


def test_the_number_of_threads_changes_nothing():
    products = [
        kettle(f"p{number:04}", f"Kettle {number % 7} {number % 5}", price=500 + 37 * number % 900)
        for number in range(40)
    ]
    inputs = Inputs.of(products, random_orders(3, products=40))
    one, two = graph_of(inputs, threads=1), graph_of(inputs, threads=2)
    assert np.array_equal(one.neighbours, two.neighbours)
    assert np.array_equal(one.score, two.score)
    assert np.array_equal(one.source, two.source)


def test_an_empty_shop_and_a_single_product_have_nothing_similar():
    assert find() == {}
    assert find(kettle("a", "Kettle")) == {}
