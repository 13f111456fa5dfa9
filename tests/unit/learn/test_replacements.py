import numpy as np
import pytest

from nba.config import ReplacementsConfig
from nba.learn.replacements import successors
from tests.unit.learn.inputs import Inputs

PHONES = "Phones > Smartphones"


def at(day):
    return np.datetime64("2024-01-01", "us") + np.timedelta64(day, "D")


def phone(name, day=None, *, price=50_000, **columns):
    row = {"product_id": name.lower().replace(" ", "-"), "title": name, "category": PHONES}
    row |= {"brand": "Acme", "price": price} | columns
    return row if day is None else row | {"published_at": at(day)}


def find(*products, orders=(), **settings):
    inputs = Inputs.of(products, orders)
    graph = successors(
        inputs.listing,
        inputs.products,
        inputs.types,
        inputs.fits,
        inputs.placed,
        ReplacementsConfig(**settings),
    )
    return inputs.named(graph)


def test_the_next_generation_of_a_family_succeeds():
    found = find(phone("Fone A1", 0), phone("Fone A2", 300), phone("Fone A3", 600))
    assert found == {"fone-a1": [("fone-a2", "version", 0)], "fone-a2": [("fone-a3", "version", 0)]}


def test_who_finds_nobody_in_the_next_generation_looks_in_the_one_after_it():
    found = find(phone("Fone A1", 0), phone("Fone A2", 300, price=500), phone("Fone A3", 600))
    assert found["fone-a1"] == [("fone-a3", "version", 0)]


@pytest.mark.parametrize(
    "newer",
    [
        phone("Fone A2 Pro", 300),
        phone("Fone B2", 300),
        phone("Fone A2", 300, brand="Bolt"),
        phone("Fone A2", 300, category="Phones > Cases"),
        phone("Fone A2 case", 300),
        phone("Fone A2", 20),
        phone("Fone A2"),
        phone("Fone A2", 300, price=101_000),
        phone("Fone A2", 300, price=24_000),
        phone("Fone A0", 300),
    ],
    ids=[
        "a tier",
        "another family",
        "another brand",
        "another category",
        "an accessory",
        "launched with it",
        "launched nobody knows when",
        "much dearer",
        "much cheaper",
        "an earlier version",
    ],
)
def test_no_successor_is(newer):
    assert find(phone("Fone A1", 0), newer) == {}


def test_the_price_band_can_be_set():
    pair = (phone("Fone A1", 0), phone("Fone A2", 300, price=101_000))
    assert find(*pair, price_band=3.0) == {"fone-a1": [("fone-a2", "version", 0)]}


def test_variants_do_not_succeed_each_other_and_prefer_their_own_colour():
    def colours(name, day):
        return [phone(f"{name} {one}", day, product_group_id=name) for one in ("black", "red")]

    found = find(*colours("Fone A1", 0), *colours("Fone A2", 300))
    assert [newer for newer, _, _ in found["fone-a1-red"]] == ["fone-a2-red", "fone-a2-black"]
    assert [newer for newer, _, _ in found["fone-a1-black"]] == ["fone-a2-black", "fone-a2-red"]
    assert set(found) == {"fone-a1-red", "fone-a1-black"}


def test_a_new_generation_without_the_old_colour_still_succeeds():
    older = [
        phone(f"Fone A1 {one}", 0, product_group_id="one") for one in ("black", "blue", "gold")
    ]
    newer = [phone(f"Fone A2 {one}", 300, product_group_id="two") for one in ("black", "red")]
    assert {one for one, _, _ in find(*older, *newer)["fone-a1-gold"]} == {
        "fone-a2-black",
        "fone-a2-red",
    }


def test_a_case_is_no_successor_of_a_case_for_another_phone():
    def case(model, number, day):
        title = f"Bag {number} for {model}"
        return phone(title, day, category="Phones > Cases", compatible_with=model)

    def follow(other):
        return find(phone("Fone A1", 0), phone("Fone A2", 0), case("A1", "K1", 0), other)

    assert follow(case("A2", "K2", 300)) == {}
    assert follow(case("A1", "K2", 300)) == {"bag-k1-for-a1": [("bag-k2-for-a1", "version", 0)]}


def handed_over(name, number, born, died):
    return phone(f"{name} {number}", born, discontinued_at=at(died))


def test_a_mere_number_is_a_version_only_where_the_new_came_when_the_old_went():
    older = phone("Fone 15", 0)
    newer = phone("Fone 16", 300)
    assert find(older, newer) == {}
    for day, found in ((300, {"fone-15"}), (390, {"fone-15"}), (210, {"fone-15"}), (391, set())):
        assert set(find(older | {"discontinued_at": at(day)}, newer)) == found


def test_mere_numbers_that_came_out_together_are_sizes():
    assert set(find(handed_over("Pan", 20, 0, 300), phone("Pan 24", 300))) == {"pan-20"}
    sizes = [handed_over("Pan", 20, 0, 300), phone("Pan 24", 300), phone("Pan 28", 310)]
    assert find(*sizes) == {}


def test_the_catalogue_stands_before_titles():
    found = find(
        phone("Fone A1", 0), phone("Fone A2", 300), phone("Bolt 7", 300, successor_of="fone-a1")
    )
    assert found["fone-a1"] == [("bolt-7", "catalogue_link", 0), ("fone-a2", "version", 0)]


def test_one_product_may_replace_several_and_unknown_names_are_passed_over():
    found = find(
        phone("Fone"), phone("Bolt"), phone("Zap", successor_of="fone, bolt , , nobody, zap")
    )
    assert found == {
        "fone": [("zap", "catalogue_link", 0)],
        "bolt": [("zap", "catalogue_link", 0)],
    }


def test_a_loop_stays_and_its_link_back_comes_last():
    found = find(
        phone("Fone", 0, successor_of="zap"),
        phone("Zap", 300, successor_of="fone"),
        phone("Zoom", 600, successor_of="zap"),
    )
    assert [newer for newer, _, _ in found["zap"]] == ["zoom", "fone"]
    assert [newer for newer, _, _ in found["fone"]] == ["zap"]


def test_owners_who_buy_on_in_the_category_are_counted_once_each():
    orders = [
        ("o1", "ann", 0, ["fone", "tea"]),
        ("o2", "ann", 10, ["tea"]),  # another category: not her next order there
        ("o3", "ann", 400, ["zap"]),
        ("o4", "bob", 0, ["fone"]),
        ("o5", "bob", 400, ["other"]),
        ("o6", "bob", 500, ["zap"]),  # not his next one
        ("o7", "cat", 0, ["fone", "zap"]),  # both at once
        ("o8", None, 0, ["fone"]),
        ("o9", None, 400, ["zap"]),
        ("p1", "dan", 0, ["fone"]),
        ("p2", "dan", 400, ["zap"]),
        ("p3", "dan", 500, ["fone"]),
        ("p4", "dan", 600, ["zap"]),
    ]
    found = find(
        phone("Fone"),
        phone("Zap", successor_of="fone"),
        phone("Other", successor_of="fone"),
        orders=orders,
    )
    assert found["fone"] == [("zap", "catalogue_link", 2), ("other", "catalogue_link", 1)]


def test_what_was_sold_from_the_beginning_may_be_of_any_age():
    def sold(day_of_first, day_of_second):
        orders = [
            ("o0", "ann", 0, ["tea"]),
            ("o1", "ann", day_of_first, ["fone-a1"]),
            ("o2", "bob", day_of_second, ["fone-a2"]),
        ]
        return find(phone("Fone A1"), phone("Fone A2"), orders=orders)

    assert sold(5, 200) == sold(60, 200) == {"fone-a1": [("fone-a2", "version", 0)]}
    assert sold(5, 20) == sold(200, 60) == {}


def test_a_product_whose_title_is_its_id_has_no_version():
    ids = [{"product_id": f"A{number}", "title": f"A{number}", "price": 100} for number in (1, 2)]
    dated = [row | {"published_at": at(300 * place)} for place, row in enumerate(ids)]
    assert find(*dated) == {}


def test_an_empty_shop_has_no_successors():
    assert find() == {}


def test_a_link_of_the_shop_outlives_what_first_sales_suggest():
    old, new = phone("Old"), phone("New", successor_of="old")
    orders = [
        ("o0", "ann", 0, ["old"]),
        ("o1", "bob", 70, ["new"]),
        ("o2", "cat", 90, ["old"]),
    ]
    late = find(old, new, orders=orders[:1]), find(old, new, orders=orders)
    assert all([name for name, *_ in found["old"]] == ["new"] for found in late)


def test_a_family_of_catalogue_numbers_costs_no_walk_through_its_generations():
    posters = [phone(f"Poster P{number}") for number in range(10_000, 16_000)]
    assert find(*posters) == {}


def test_all_that_the_shop_names_as_successors_are_kept():
    colours = [phone(f"New {name}", 300, successor_of="old") for name in "abcdefgh"]
    assert len(find(phone("Old", 0), *colours)["old"]) == 8
