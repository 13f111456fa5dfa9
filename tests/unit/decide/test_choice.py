"""Choosing: the best of a tier, or one by exact chances; holdouts, arms, prices of places."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest

from nba.decide.choice import (
    CapacityPrices,
    Chosen,
    arm_of,
    best_rows,
    choose,
    held_out,
)
from nba.decide.playbook import Playbook
from nba.decide.policy import Policy
from nba.domain import uniform
from nba.vocabulary import CHANNELS, Rule
from tests.facts_of import consent, event, facts, instant, order
from tests.unit.decide.catalogue.shop import LISTS, held, policy, shop

MANY = 20_000
IDS = [f"c{number}" for number in range(MANY)]
NET = (30.0, 20.0, 12.0)


def playbook(**sections: dict[str, Any]) -> Playbook:
    """The playbook that ships, with some keys of some sections changed."""
    book = policy(LISTS).playbook
    changed = {name: getattr(book, name).model_copy(update=to) for name, to in sections.items()}
    return book.model_copy(update=changed)


def chosen(
    explore: dict[str, float], ids: list[str] = IDS, *, seed: int = 7, day: str = "2026-07-20"
) -> Chosen:
    """Choose for customers who can all get the same three messages."""
    count = len(ids)
    return choose(
        np.repeat(np.arange(count), len(NET)),
        np.tile(np.arange(len(NET)), count),
        np.tile(np.array(NET), count),
        playbook=playbook(explore=explore),
        customer_ids=ids,
        day=day,
        seed=seed,
    )


def chances(rate: float, temperature: float) -> list[float]:
    """The definition, without numpy."""
    if temperature:
        weight = [math.exp((one - max(NET)) / temperature) for one in NET]
    else:
        weight = [float(one == max(NET)) for one in NET]
    return [(1 - rate) * one / sum(weight) + rate / len(NET) for one in weight]


def test_the_best_row_is_of_the_earlier_message_then_of_the_later_order() -> None:
    customer = np.array([0, 0, 0, 0, 2, 2, 2])
    message = np.array([3, 1, 1, 0, 2, 2, 4])
    net = np.array([5.0, 9.0, 9.0, 9.0, 1.0, 1.0, 0.5])
    assert best_rows(customer, message, net).tolist() == [3, 5]
    assert best_rows(customer[:0], message[:0], net[:0]).tolist() == []


def test_the_best_row_does_not_depend_on_the_order_of_customers() -> None:
    customer = np.array([4, 1, 4, 1])
    rows = best_rows(customer, np.array([0, 1, 1, 0]), np.array([1.0, 2.0, 3.0, 2.0]))
    assert customer[rows].tolist() == [1, 4]
    assert rows.tolist() == [3, 2]


def test_without_exploration_the_best_is_chosen_for_certain() -> None:
    told = chosen({})
    assert (told.row % len(NET) == 0).all()
    assert (told.propensity == 1.0).all()
    assert set(told.eligible) == {()}


@pytest.mark.parametrize(
    ("rate", "temperature"), [(0.3, 0.0), (0.0, 10.0), (0.2, 25.0), (0.99, 1.0)]
)
def test_the_chances_told_are_the_chances_of_the_definition(
    rate: float, temperature: float
) -> None:
    told = chosen({"rate": rate, "temperature": temperature}, IDS[:50])
    expected = chances(rate, temperature)
    for row, propensity, eligible in zip(told.row, told.propensity, told.eligible, strict=True):
        assert [message for message, _ in eligible] == [0, 1, 2]
        assert [chance for _, chance in eligible] == pytest.approx(expected, rel=1e-8)
        assert sum(chance for _, chance in eligible) == pytest.approx(1.0, rel=1e-8)
        assert propensity == eligible[row % len(NET)][1]


@pytest.mark.parametrize(("rate", "temperature"), [(0.3, 0.0), (0.0, 10.0), (0.2, 25.0)])
def test_as_many_customers_get_a_message_as_its_chance_says(
    rate: float, temperature: float
) -> None:
    told = chosen({"rate": rate, "temperature": temperature})
    counts = Counter((told.row % len(NET)).tolist())
    for message, chance in enumerate(chances(rate, temperature)):
        # Four standard deviations of a share.
        allowed = 4 * math.sqrt(chance * (1 - chance) / MANY)
        assert counts[message] / MANY == pytest.approx(chance, abs=allowed)


def test_the_draw_is_of_the_customer_the_day_and_the_seed_alone() -> None:
    explore = {"rate": 0.5}
    every = chosen(explore)
    again = chosen(explore)
    assert (every.row == again.row).all()
    alone = [int(chosen(explore, [one]).row[0]) for one in IDS[:200]]
    assert (every.row[:200] % len(NET)).tolist() == alone
    for other in (chosen(explore, seed=8), chosen(explore, day="2026-07-21")):
        assert (every.row != other.row).any()


def test_an_arm_is_a_message_with_its_best_row() -> None:
    told = choose(
        np.array([0, 0, 0, 1]),
        np.array([5, 5, 2, 5]),
        np.array([3.0, 4.0, 4.0, 1.0]),
        playbook=playbook(explore={"rate": 0.5}),
        customer_ids=["ann", "bob"],
        day="2026-07-20",
        seed=7,
    )
    # Of equal values the earlier message is the best.
    assert told.eligible == [((2, 0.75), (5, 0.25)), ((5, 1.0),)]
    assert told.row[0] in (1, 2)
    assert (told.row[1], told.propensity[1]) == (3, 1.0)


def test_a_draw_is_uniform_and_never_one() -> None:
    drawn = np.array([uniform(7, one, "explore", "2026-07-20") for one in IDS])
    assert 0 <= drawn.min() < drawn.max() < 1
    counts = np.histogram(drawn, 20, (0, 1))[0]
    # The 99.9 % quantile of chi-squared with 19 degrees of freedom.
    assert ((counts - MANY / 20) ** 2 / (MANY / 20)).sum() < 43.8


def test_names_that_run_together_draw_apart() -> None:
    assert uniform(0, "ab", "c", "d") != uniform(0, "a", "bc", "d")
    assert uniform(0, "a", "b", "cd") != uniform(0, "a", "bc", "d")


def test_the_holdout_is_the_share_it_is_said_to_be_and_stays_so_as_it_grows() -> None:
    tenth, fifth = (
        held_out(playbook(holdout={"share": share, "salt": "autumn"}), IDS) for share in (0.1, 0.2)
    )
    assert tenth.mean() == pytest.approx(0.1, abs=4 * math.sqrt(0.09 / MANY))
    assert not (tenth & ~fifth).any()
    assert (
        tenth[:10] == held_out(playbook(holdout={"share": 0.1, "salt": "autumn"}), IDS[:10])
    ).all()
    assert not held_out(playbook(), IDS).any()


def test_another_salt_holds_out_others_as_many_of_them_by_chance_the_same() -> None:
    autumn, spring = (
        held_out(playbook(holdout={"share": 0.2, "salt": salt}), IDS) for salt in ("a", "b")
    )
    assert (autumn & spring).mean() == pytest.approx(0.04, abs=4 * math.sqrt(0.04 * 0.96 / MANY))


def test_who_is_held_out_gets_news_of_orders_and_no_marketing() -> None:
    book = playbook(holdout={"share": 0.999, "salt": "x"})
    assert held_out(book, ["ann"])[0]
    strict = Policy(shop(), book)
    cart = facts(as_of=201, events=[event("add_to_cart", 200, "laptop")])
    decision = strict.decide("ann", cart, instant(201))
    assert (decision.message, held(decision, "cart-reminder")) == (None, Rule.HOLDOUT)
    assert decision.experiment.holdout
    assert strict.choose(cart, instant(201)).row[0] < 0
    shipped = facts(as_of=201, orders=[order(200, "laptop", status="shipped", status_at=200.9)])
    told = strict.decide("ann", shipped, instant(201))
    assert told.message is not None
    assert told.message.id == "order-status"


def test_arms_are_as_many_stable_and_as_likely() -> None:
    variants = ("plain", "warm", "short")
    arms = [arm_of(variants, "cart-reminder", one) for one in IDS]
    for name, count in Counter(arms).items():
        assert name in variants
        assert count / MANY == pytest.approx(1 / 3, abs=4 * math.sqrt(2 / 9 / MANY))
    assert arms == [arm_of(variants, "cart-reminder", one) for one in IDS]
    # Another message divides its customers anew.
    other = [arm_of(variants, "digest", one) for one in IDS]
    same = sum(one == two for one, two in zip(arms, other, strict=True)) / MANY
    assert same == pytest.approx(1 / 3, abs=4 * math.sqrt(2 / 9 / MANY))
    assert arm_of((), "digest", "ann") is None


def test_prices_are_named_after_what_they_are() -> None:
    one = CapacityPrices.of({"sms": 12.5, "email": 0.25})
    assert one.id == CapacityPrices.of({"email": 0.25, "sms": 12.5}).id
    assert one.id != CapacityPrices.of({"email": 0.25, "sms": 12.75}).id
    priced = dict(zip((str(name) for name in CHANNELS), one.column().tolist(), strict=True))
    assert priced == {"email": 0.25, "sms": 12.5, "push": 0.0, "call": 0.0}


def test_what_is_not_worth_its_place_is_not_sent_and_news_of_orders_pay_nothing() -> None:
    dear = Policy(shop(), playbook(), prices=CapacityPrices.of({"email": 10**6}))
    cart = facts(as_of=201, events=[event("add_to_cart", 200, "laptop")])
    decision = dear.decide("ann", cart, instant(201))
    assert (decision.message, held(decision, "cart-reminder")) == (None, Rule.CAPACITY)
    assert decision.experiment.prices == CapacityPrices.of({"email": 10**6}).id
    shipped = facts(
        as_of=201,
        orders=[order(200, "laptop", status="shipped", status_at=200.9)],
        consents=[consent("email")],
    )
    assert dear.decide("ann", shipped, instant(201)).message is not None
