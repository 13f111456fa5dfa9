"""Fans are found among others, and so is the path that made them."""

from __future__ import annotations

import numpy as np
import pytest

from nba.data.contacts import Contacts
from nba.domain import Ids, Texts
from nba.learn.assortment import Assortment
from nba.learn.segmenting.fans import turning_points
from nba.learn.segmenting.paths import fan_paths
from nba.segmentation import FansConfig
from tests.segmented import profiles, replies, segmented
from tests.shops import Order, day, history

CATEGORIES = ("Bread", "Coffee", "Jam", "Milk", "Tea", "Wine")
MESSAGES = ("digest", "service-rating", "survey", "thank-you", "welcome")
PATH = ["answered:service-rating", "bought:Coffee"]
FANS, OTHERS, DAYS = 150, 1350, 300


def planted(seed: int):
    """Give orders, messages and replies of customers of whom the first `FANS` become fans.

    Everybody gets messages and buys by chance. Fans answer a rating of the service, and then buy
    coffee, some days before the third order day; they go on buying, and write reviews. Others
    also answer and also buy coffee, in any order.
    """
    random = np.random.default_rng(seed)
    orders: list[Order] = []
    sent: list[tuple[str, str, float, bool]] = []
    said: list[tuple[str, str, float]] = []

    def buy(customer: str, at: float, product: str) -> None:
        orders.append((f"o{len(orders):06}", customer, at, [product]))

    for number in range(FANS + OTHERS):
        customer = f"c{number:04}"
        begin = float(random.integers(0, 120))
        buy(customer, begin, str(random.choice(CATEGORIES)))
        for at in begin + random.uniform(0, 150, random.integers(2, 9)):
            message = str(random.choice(MESSAGES))
            sent.append((customer, message, float(at), bool(random.random() < 0.2)))
        if number < FANS:
            turn = begin + float(random.uniform(40, 80))
            sent.append((customer, "service-rating", turn - 12, True))
            buy(customer, turn - 5, "Coffee")
            buy(customer, turn, str(random.choice(CATEGORIES)))
            for at in np.linspace(turn + 5, DAYS - random.uniform(0, 20), 4):
                buy(customer, float(at), str(random.choice(CATEGORIES)))
            said += [(customer, "review", turn + 3), (customer, "rating", turn + 4)]
        else:
            for at in begin + random.uniform(1, 150, random.integers(0, 3)):
                buy(customer, float(at), str(random.choice(CATEGORIES)))
            if random.random() < 0.05:
                said.append((customer, "review", begin + 3))
    return orders, sent, said


def contacts(sent) -> Contacts:
    customers, names = Ids.of(one[0] for one in sent), Ids.of(one[1] for one in sent)
    rows = sorted(
        (customers.find(who), day(at), names.find(what), hit) for who, what, at, hit in sent
    )
    at = np.array([one[1] for one in rows], "datetime64[us]")
    answered = np.array([one[3] for one in rows])
    return Contacts(
        customers,
        names,
        np.array([one[0] for one in rows], np.int32),
        np.array([one[2] for one in rows], np.int32),
        at,
        np.where(answered, at + np.timedelta64(1, "h"), np.datetime64("NaT")),
    )


def learned(orders, sent, said, config=None, seed=7):
    config = config or FansConfig()
    found = segmented(orders, {"fans": config.model_dump()}, said=replies(*said))
    baskets = history(orders).baskets()
    names = Texts.of(baskets.product_ids)
    types = Assortment.of(names, Texts.of([""] * len(names)))
    return found, fan_paths(found, baskets, types, contacts(sent), config, seed=seed)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_planted_fans_are_found_and_the_path_that_made_them_is_first(seed):
    found, paths = learned(*planted(seed))
    fans = {customer for customer, fan in zip(found.ids, found.is_fan, strict=True) if fan}
    truth = {f"c{number:04}" for number in range(FANS)}
    assert len(fans & truth) / len(fans) >= 0.9
    assert len(fans & truth) / len(truth) >= 0.9
    rows = paths.to_rows()
    assert rows[0]["steps"] == PATH
    assert rows[0]["lift_low"] > 2
    assert rows[0]["fans"] >= 0.8 * len(fans)
    assert [row["lift_low"] for row in rows] == sorted(
        (row["lift_low"] for row in rows), reverse=True
    )


def test_messages_dealt_out_by_chance_are_no_path():
    orders, sent, said = planted(4)
    # The same lives, but messages and products dealt out anew.
    random = np.random.default_rng(0)
    orders = [(o, c, d, [str(random.choice(CATEGORIES))]) for o, c, d, _ in orders]
    sent = [
        (c, str(random.choice(MESSAGES)), d, bool(random.random() < 0.2)) for c, _, d, _ in sent
    ]
    _, paths = learned(orders, sent, said, FansConfig(top_k=1000))
    told = [row for row in paths.to_rows() if not any("bought" in one for one in row["steps"])]
    assert told
    assert all(row["lift_low"] < 1.2 for row in told)


def test_a_share_counts_who_has_less_and_weights_are_of_one():
    orders = [("o1", "a", 0, ["p"]), ("o2", "b", 1, ["p"]), ("o3", "b", 2, ["p"])]
    found = segmented(orders, said=replies(("a", "review", 1)))
    # Of two customers b has more order days and the later order, a the review.
    assert found.fan_score.tolist() == pytest.approx([0.2 * 0.5, 0.4 * 0.5 + 0.2 * 0.5])
    assert not found.is_fan.any()


def test_whoever_reaches_the_threshold_exactly_is_a_fan():
    orders = [("o1", "a", 0, ["p"]), ("o2", "b", 1, ["p"]), ("o3", "b", 2, ["p"])]
    at = segmented(orders, {"fans": {"threshold": 0.3, "order_days": 2}})
    above = segmented(orders, {"fans": {"threshold": 0.3001, "order_days": 2}})
    too_few = segmented(orders, {"fans": {"threshold": 0.3, "order_days": 3}})
    assert at.is_fan.tolist() == [False, True]
    assert not above.is_fan.any()
    assert not too_few.is_fan.any()


def test_who_brought_others_is_read_from_their_attributes():
    told = profiles(
        {"customer_id": "a"},
        {"customer_id": "b", "attributes": '{"referred_by": "a"}'},
        {"customer_id": "c", "attributes": '{"referred_by": "c"}'},
        {"customer_id": "d", "attributes": '{"referred_by": "nobody"}'},
        {"customer_id": "e", "attributes": "not JSON referred_by"},
        {"customer_id": "f", "attributes": '{"referred_by": ["a"]}'},
    )
    found = segmented([("o1", "a", 0, ["p"])], told=told)
    assert dict(zip(found.ids, found.referrals.tolist(), strict=True)) == {
        "a": 1,
        "b": 0,
        "c": 0,
        "d": 0,
        "e": 0,
        "f": 0,
    }


def test_a_turning_point_is_the_first_order_of_that_day():
    orders = [
        ("o1", "a", 0, ["p"]),
        ("o2", "a", 0.1, ["p"]),
        ("o3", "a", 3.2, ["p"]),
        ("o4", "a", 3.3, ["p"]),
        ("o5", "b", 1, ["p"]),
        ("o6", None, 1, ["p"]),
        ("o7", None, 2, ["p"]),
    ]
    baskets = history(orders).baskets()
    who, at = turning_points(baskets, 2)
    assert (who.tolist(), at.tolist()) == ([0], [day(3.2).item()])
    assert turning_points(baskets, 1)[0].tolist() == [0, 1]
    assert len(turning_points(baskets, 3)[0]) == 0


def test_a_shop_without_fans_or_without_others_has_no_paths():
    orders = [("o1", "a", 0, ["p"]), ("o2", "a", 1, ["p"]), ("o3", "b", 2, ["p"])]
    for config in (FansConfig(), FansConfig(threshold=0.001, order_days=1, min_fans=1)):
        _, paths = learned(orders, [("a", "digest", 0.5, False)], [("a", "review", 1)], config)
        assert len(paths) == 0
        assert paths.to_rows() == []


@pytest.mark.parametrize("orders", [[], [("o1", None, 0, ["Tea"])]])
def test_messages_to_people_who_are_no_customers_are_no_steps(orders):
    _, paths = learned(orders, [("visitor", "welcome", 0, True)], [])
    assert len(paths) == 0


def test_only_the_window_before_counts():
    # Two fans turn on day 50; the welcome is 41 days old by then, the digest 5.
    orders = [(f"o{who}{at}", who, at, ["p"]) for who in ("a", "b") for at in (0, 50, 60, 70)] + [
        ("o9", "c", 0, ["q"]),
        ("o10", "d", 1, ["q"]),
    ]
    sent = [(who, "welcome", 9, False) for who in ("a", "b")]
    sent += [(who, "digest", 45, False) for who in ("a", "b")]
    config = FansConfig(order_days=2, min_fans=2, window_days=40, threshold=0.2)
    _, paths = learned(orders, sent, [], config)
    assert [row["steps"] for row in paths.to_rows()] == [["message:digest"]]
    wider = FansConfig(order_days=2, min_fans=2, window_days=41, threshold=0.2)
    _, paths = learned(orders, sent, [], wider)
    # Both together say no more than each alone.
    assert [row["steps"] for row in paths.to_rows()] == [["message:digest"], ["message:welcome"]]


def test_equal_input_gives_equal_paths_whatever_the_order_of_the_rows():
    orders, sent, said = planted(5)
    random = np.random.default_rng(0)
    _, one = learned(orders, sent, said)
    mixed = [orders[place] for place in random.permutation(len(orders))]
    _, other = learned(mixed, sent[::-1], said[::-1])
    assert one.to_rows() == other.to_rows()
