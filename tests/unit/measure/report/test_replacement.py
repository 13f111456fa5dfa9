from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nba.artifacts.repurchase import EVIDENCE, Repurchase
from nba.domain import Texts
from nba.learn.personal.habits import customers_at
from nba.measure.report import theme
from nba.measure.report.pictures import replacement
from nba.measure.report.pictures.replacement import Waits, waits
from tests.shops import day, history
from tests.unit.measure.report.sources import SCRIPT, source_of

# Ten wait 1 day and ten 2 days for the next one; ten are cut off after 2 days, ten after 3.
DAYS = np.repeat([1, 2, 2, 3], 10)
ENDED = np.repeat([True, True, False, False], 10)


def waits_of(days, ended) -> Waits:
    return Waits("tea", np.asarray(days, np.int64), np.asarray(ended, np.bool_))


def drinkers(count: int = 30, every: int = 14, times: int = 3) -> list:
    """Each customer buys tea every so many days, a kettle once; guests buy tea too."""
    orders = [
        (f"o{one:03}-{turn}", f"c{one:03}", one % 7 + every * turn, ["tea"])
        for one in range(count)
        for turn in range(times)
    ]
    kettles = [(f"k{one:03}", f"c{one:03}", 5, ["kettle"]) for one in range(count)]
    guests = [(f"g{one}", None, one, ["tea"]) for one in range(5)]
    return [*orders, *kettles, *guests]


def learned(orders):
    """Everybody's next tea is foretold 9 days after the last, and no kettle ever."""
    source = source_of(orders)
    made = source.snapshot
    customers = customers_at(source.history.baskets().over(made.products.ids))
    is_tea = customers.product == 1
    # A step of the hazard past ln 2 at the residual 0: the median gap is exp(location).
    clocks = replace(
        Repurchase.empty(len(is_tea)),
        grid=np.array([-1e-3, 1e-3], np.float32),
        hazard=np.tile(np.array([0, 2 * np.log(2)], np.float32), (len(EVIDENCE), 1)),
        known=np.ones(len(is_tea), np.bool_),
        last_day=np.full(len(is_tea), day(40).astype("datetime64[D]").astype(int), np.uint16),
        location=np.full(len(is_tea), np.log(9), np.float32),
        share=np.where(is_tea, 0.6, 0.1).astype(np.float32),
    )
    return replace(source, snapshot=replace(made, customers=customers, repurchase=clocks))


def test_the_curve_is_that_of_a_hand_count():
    rows = waits_of(DAYS, ENDED).curve()
    assert [one["day"] for one in rows] == [0, 1, 2]
    # Of 40 waiting 10 ended, then of 30 another 10.
    assert [one["share"] for one in rows] == pytest.approx([1, 3 / 4, 3 / 4 * 2 / 3])
    error = 0.75 * np.sqrt(10 / (40 * 30))
    assert rows[1]["low"] == pytest.approx(0.75 - 1.96 * error, abs=1e-4)
    error = 0.5 * np.sqrt(10 / (40 * 30) + 10 / (30 * 20))
    assert rows[2]["high"] == pytest.approx(0.5 + 1.96 * error, abs=1e-4)
    assert waits_of(DAYS, ENDED).median() == 2


def test_the_curve_ends_where_few_are_still_waiting():
    few = waits_of([1] * 15 + [5] * 9, [True] * 24)
    assert [one["day"] for one in few.curve()] == [0, 1]
    assert few.last_day == 1
    assert waits_of([3] * 4, [True] * 4).last_day == 0


def test_half_may_never_buy_again():
    assert waits_of(DAYS, np.repeat([True, False], [10, 30])).median() is None


def test_the_fit_finds_a_weibull_distribution_through_cut_waits():
    chance = np.random.default_rng(3)
    true = 60 * chance.weibull(1.8, 20_000)
    cut = chance.uniform(20, 120, 20_000)
    fit = waits_of(np.ceil(np.minimum(true, cut)), true <= cut).weibull()
    assert fit is not None
    assert fit == pytest.approx((1.8, 60.5), rel=0.03)


@pytest.mark.parametrize(("days", "ended"), [([], []), ([4, 4], [True, True]), ([4], [False])])
def test_waits_that_do_not_vary_have_no_shape(days, ended):
    assert waits_of(days, ended).weibull() is None


def test_waits_are_of_one_customer_and_product_and_a_day_counts_once():
    orders = [*drinkers(), ("x", "c000", 0.2, ["tea"])]
    (tea,) = waits(source_of(orders))
    assert tea.name == "Tea"
    assert (len(tea.days), int(tea.ended.sum())) == (90, 60)
    assert set(tea.days[tea.ended].tolist()) == {14}
    # The last of all ends the history; whoever bought a week before was waiting for six days.
    assert tea.days[~tea.ended].min() == 1
    assert tea.due_days is None


def test_the_message_is_due_when_the_snapshot_foretells_the_next_purchase():
    (tea,) = waits(learned(drinkers()))
    assert tea.due_days == pytest.approx(9, abs=0.05)


def test_products_of_a_category_are_one_thing():
    source = source_of(drinkers())
    kinds = Texts.of(["Home > Drinks", "Home > Drinks"])
    products = replace(source.snapshot.products, category=kinds)
    snapshot = replace(source.snapshot, products=products)
    (drinks,) = waits(replace(source, snapshot=snapshot))
    assert drinks.name == "Drinks"
    # A kettle after a tea is no tea bought again.
    assert (len(drinks.days), int(drinks.ended.sum())) == (120, 60)


@pytest.mark.parametrize(
    ("paths", "shown"),
    [
        (("Home > Drinks", "Garden > Drinks"), ["Drinks (Home)", "Drinks (Garden)"]),
        # Without spaces it is no level, here as on the map of categories.
        (("Tea>Cups", "Tea<Cups"), ["Tea>Cups", "Tea<Cups"]),
    ],
)
def test_categories_are_named_as_on_their_map(paths, shown):
    orders = [(f"{one}k", who, at, ["kettle"]) for one, who, at, _ in drinkers() if one[0] == "o"]
    source = source_of([*drinkers(), *orders])
    products = replace(source.snapshot.products, category=Texts.of(paths))
    found = waits(replace(source, snapshot=replace(source.snapshot, products=products)))
    assert sorted(one.name for one in found) == sorted(shown)


def test_the_picture_tells_the_day_of_the_message():
    picture = replacement.draw(learned(drinkers()))
    assert "of 90 purchases 60 were followed by another" in picture.reading
    assert "about day 9" in picture.reading
    drawn = theme.svg(picture)
    assert "message due: day 9" in drawn
    said = dict(theme.said(drawn))
    assert all(name.endswith((", message due", ", half again")) for name in said)
    assert "day 9" in said.values()


def test_the_word_at_the_fit_stays_between_the_edges_and_off_the_lines():
    height = replacement._SIZE[1]
    shares = np.linspace(0, 1, 41).tolist()
    # No fit is as bad as 80 points.
    for fit, counted in [
        (one, other) for one in shares for other in shares if abs(one - other) < 0.8
    ]:
        share, above = replacement._beside(fit, counted)
        # A line of text is 11 pixels high, and its middle 9 from the line beside which it stands.
        assert 5.5 <= share * height + (9 if above else -9) <= height - 5.5
        assert share == (max(fit, counted) if above else min(fit, counted))


def test_a_title_stays_text():
    orders = [(one, who, at, ["kettle"]) for one, who, at, _ in drinkers() if one[0] == "o"]
    picture = replacement.draw(source_of(orders))
    assert SCRIPT in picture.reading
    assert "<script" not in theme.svg(picture)


@pytest.mark.parametrize("orders", [[], [("o1", "ann", 0, ["tea"])], [("o1", None, 0, ["tea"])]])
def test_a_shop_in_which_nothing_is_bought_again_is_told_so(orders):
    picture = replacement.draw(source_of(history(orders)))
    assert picture.chart is None
    assert "customer id" in picture.reading


def test_the_curve_is_drawn_where_it_says_most():
    slow = waits_of([10] * 60 + [300] * 40, [True] * 60 + [False] * 40)
    assert (slow.median(), slow.last_day, slow.drawn_days) == (10, 300, 80)
    assert waits_of(DAYS, ENDED).drawn_days == 3
    never = waits_of([300] * 40, [False] * 40)
    assert never.drawn_days == 300
    assert replace(never, due_days=5.0).drawn_days == 60
