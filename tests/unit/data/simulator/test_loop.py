"""The closed loop on a shop written by hand: chance, consent, fatigue, and what policies earn."""

from __future__ import annotations

import runpy
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from nba.data.simulator.journal import Seen
from nba.data.simulator.loop import Decide, compare, decide_nothing, play, play_world
from nba.data.simulator.offers import Offer
from nba.data.simulator.outcome import Comparison, CustomerTally, Outcome
from nba.data.simulator.world import World, read_world
from nba.domain import DAY, uniform
from nba.errors import ConfigError
from tests.unit.data.simulator.foreign import ENDS_AT, PRODUCTS, instant, write_shop

DAYS = 28
PAGE = Path(__file__).parents[4] / "docs" / "simulator.md"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shop(tmp_path_factory.mktemp("foreign") / "shop", orders_per_week=0.2)


@pytest.fixture(scope="module")
def world(shop: Path) -> World:
    return read_world(shop)


def always(offer: Offer) -> Decide:
    """Offer one and the same to everybody, every day."""
    return lambda _, customers, at: [offer for _ in customers]


def daily(message: str, *products: str, kind: str = "broadcast", channel: str = "email") -> Decide:
    """Send a message every day: the day is its anchor."""
    return lambda _, customers, at: [
        Offer(message, kind, channel, products, str(at)) for _ in customers
    ]


def oracle(world: World) -> Decide:
    """Send exactly the planted needs, each once, on the day it has opened."""

    def decide(seen: Seen, customers: Sequence[str], at: np.datetime64) -> Sequence[Offer | None]:
        return [_needed(world, one, at) for one in customers]

    return decide


def _needed(world: World, customer: str, at: np.datetime64) -> Offer | None:
    for need in world.needs[customer]:
        if max(need.opens_at, ENDS_AT) <= at < max(need.opens_at, ENDS_AT) + DAY:
            product = world.shelf.draw(need.product_type, need.main_product_id, set(), 0.5)
            assert product is not None
            message = {"accessory": "accessories"}.get(need.kind, need.kind)
            return Offer(message, "personal", "email", (product.product_id,), need.name)
    return None


def at_random(seen: Seen, customers: Sequence[str], at: np.datetime64) -> list[Offer | None]:
    """Send about as many messages as the oracle, about anything."""
    offers: list[Offer | None] = []
    for one in customers:
        chance = uniform(0, one, "random", str(at), "policy")
        product = sorted(PRODUCTS)[int(chance * 1e6) % len(PRODUCTS)]
        message = ("accessories", "refill")[int(chance * 1e3) % 2]
        offers.append(
            Offer(message, "personal", "email", (product,), str(at)) if chance < 0.08 else None
        )
    return offers


@pytest.fixture(scope="module")
def compared(world: World) -> Comparison:
    arms = {
        "oracle": oracle(world),
        "random": at_random,
        "spam": daily("digest", "lamp"),
    }
    return compare(world, arms, days=DAYS)


def test_the_same_shop_policy_and_seed_give_an_identical_outcome(shop: Path) -> None:
    first = play(shop, at_random, days=14, seed=3)
    assert play(shop, at_random, days=14, seed=3) == first
    assert play(shop, at_random, days=14, seed=4) != first


def test_nothing_sends_nothing_and_customers_still_buy(compared: Comparison) -> None:
    silent = compared.arms["nothing"]
    assert silent.summary()["messages"] == silent.summary()["unsubscribes"] == 0
    assert silent.messages == []
    assert silent.facts["messages"] == silent.facts["consents"] == []
    assert silent.total("orders") > 10
    assert silent.summary()["contactable_share"] == 1.0
    assert (compared.gain("nothing").low, compared.gain("nothing").high) == (0.0, 0.0)


def test_whoever_writes_every_day_loses_subscribers(compared: Comparison) -> None:
    spam, silent = compared.arms["spam"], compared.arms["nothing"]
    assert spam.total("unsubscribes") > compared.arms["oracle"].total("unsubscribes")
    assert spam.summary()["contactable_share"] < silent.summary()["contactable_share"]
    assert spam.refused > 0


def test_sending_the_planted_needs_earns_more_than_sending_anything(compared: Comparison) -> None:
    knowing, guessing = compared.gain("oracle"), compared.gain("random")
    assert knowing.low > guessing.high
    assert knowing.low > 0
    by_message = {one.message: one for one in compared.arms["oracle"].messages}
    # Thirty want a case that fits; ten own the only one that does.
    assert by_message["accessories"].sent == 40
    assert by_message["accessories"].relevance == pytest.approx(30 + 10 * 0.35)
    assert by_message["refill"].useful > 0


def bought_by_digest(world: World, *shown: str) -> set[tuple[str, str]]:
    """Show products every day and list who bought what on it."""
    outcome = play_world(world, daily("digest", *shown), days=DAYS)
    assert outcome.messages[0].useful > 0
    return {
        (row["order_id"].partition(".")[0], row["product_id"])
        for row in outcome.facts["order_lines"]
        if row["order_id"].endswith(".digest")
    }


def test_without_a_need_nobody_buys_a_durable_and_all_buy_what_costs_least(world: World) -> None:
    assert {product for _, product in bought_by_digest(world, "lamp", "mug", "lap-ax")} == {"mug"}
    assert bought_by_digest(world, "lamp", "lap-ax") == set()


def test_whoever_is_shown_what_does_not_fit_finds_what_does(world: World) -> None:
    laptops = {f"c{number:03}": "ab"[number % 2] for number in range(40)}
    bought = bought_by_digest(world, "case-bx")
    assert {product for _, product in bought} == {"case-ax", "case-bx"}
    assert all(product == f"case-{laptops[customer]}x" for customer, product in bought)


@pytest.mark.parametrize(
    ("product", "main", "fits"),
    [
        ("case-ax", "lap-ax", True),
        ("case-ax", "lap-bx", False),
        ("case-ax", None, True),
        ("case-ax", "unheard of", True),
        ("mug", "lap-ax", True),
        ("case-ax", "case-ax", True),
        ("case-ax", "case-bx", False),
        ("lap-ax", "lap-bx", True),
    ],
)
def test_a_product_fits_what_it_names_and_one_of_its_type_what_that_one_fits(
    world: World, product: str, main: str | None, fits: bool
) -> None:
    assert world.shelf.fits(world.shelf[product], main) is fits


def test_what_is_bought_on_a_message_books_its_margin(compared: Comparison) -> None:
    accessories = next(
        one for one in compared.arms["oracle"].messages if one.message == "accessories"
    )
    # Who owns the only case that fits may look, and buys nothing.
    assert 0 < accessories.orders < accessories.useful
    assert accessories.revenue == 3000 * accessories.orders
    assert accessories.margin == 2000 * accessories.orders


def test_customers_meet_the_same_chance_under_any_policy(compared: Comparison) -> None:
    own = {
        name: {
            (row["order_id"], row["ordered_at"])
            for row in outcome.facts["orders"]
            if ".own" in row["order_id"]
        }
        for name, outcome in compared.arms.items()
    }
    assert own["nothing"]
    assert own["oracle"] == own["random"] == own["spam"] == own["nothing"]


def test_a_smaller_sample_is_part_of_a_greater_one_and_acts_the_same(shop: Path) -> None:
    few, many = (
        {one.customer_id: one for one in play(shop, at_random, days=14, customers=n).customers}
        for n in (7, 30)
    )
    assert len(few) == 7
    assert {name: many[name] for name in few} == few


def test_a_lost_customer_buys_nothing_and_never_acts(world: World) -> None:
    lost = [one for one in world.customers.values() if one.is_lost(ENDS_AT)]
    assert len(lost) == 4
    outcome = play_world(world, oracle(world), days=DAYS)
    tallies = {one.customer_id: one for one in outcome.customers}
    for one in lost:
        tally = tallies[one.customer_id]
        assert tally.messages > 0
        assert (tally.useful, tally.orders) == (0, 0)


def test_a_message_is_sent_once_per_anchor(world: World) -> None:
    outcome = play_world(world, always(Offer("refill", "personal", "email")), days=3)
    assert outcome.total("messages") == len(world.customers)
    assert max(one.messages for one in outcome.customers) == 1
    assert outcome.repeated > 0


def test_consent_is_asked_of_the_channel_and_not_of_transactional_messages(world: World) -> None:
    marketing = play_world(world, daily("digest", channel="push"), days=1)
    refused = [one.customer_id for one in marketing.customers if one.messages == 0]
    assert refused == [f"c{number:03}" for number in range(0, 40, 4)]
    assert marketing.refused == len(refused)
    status = daily("order-status", kind="transactional", channel="push")
    assert play_world(world, status, days=1).total("messages") == len(world.customers)


def test_after_an_unsubscribe_nothing_more_comes_by_that_channel(world: World) -> None:
    outcome = play_world(world, daily("digest"), days=DAYS)
    left = {row["customer_id"]: row["at"] for row in outcome.facts["consents"]}
    assert left
    for row in outcome.facts["messages"]:
        assert row["decided_at"] < left.get(row["customer_id"], instant(DAYS + 1))
    assert {row["type"] for row in outcome.facts["message_events"]} >= {"sent", "unsubscribed"}


def test_the_policy_sees_today_what_happened_before_and_nothing_later(world: World) -> None:
    shown: list[Seen] = []

    def watch(seen: Seen, customers: Sequence[str], at: np.datetime64) -> Sequence[Offer | None]:
        rows = seen.rows(customers)
        assert (rows.ordered_at < at).all()
        assert (rows.status_at < at).all()
        assert not (rows.delivered_at >= at).any()
        for table in ("messages", "message_events", "consents", "events"):
            instants = [row.get("at", row.get("decided_at")) for row in seen.table(table)]
            assert all(one < at for one in instants)
        shown.append(seen)
        return daily("digest", "lamp")(seen, customers, at)

    outcome = play_world(world, watch, days=10)
    assert [one.as_of for one in shown] == [ENDS_AT + day * DAY for day in range(10)]
    sent = [len(one.table("messages")) for one in shown]
    assert sent[:2] == [0, len(world.customers)]
    assert sent == sorted(sent)
    late = shown[-1].rows(world.customers)
    told = [one for one in outcome.facts["orders"] if one["ordered_at"] < shown[-1].as_of]
    assert 0 < len(told) < len(outcome.facts["orders"])
    assert len(late.order_ids) == 40 + 10 + len(told)


def test_an_order_goes_through_its_flow_and_is_delivered_days_later(world: World) -> None:
    outcome = play_world(world, decide_nothing, days=DAYS)
    order = outcome.facts["orders"][0]
    flow = [row for row in outcome.facts["order_statuses"] if row["order_id"] == order["order_id"]]
    assert [row["status"] for row in flow] == ["processing", "shipped", "delivered"]
    # Every order of the history took three days.
    assert flow[-1]["at"] - order["ordered_at"] == 3 * DAY


def test_needs_are_met_unasked_as_often_as_in_the_past(tmp_path: Path) -> None:
    world = read_world(write_shop(tmp_path / "shop", customers=400))
    assert world.natural_share["accessory"] == 0.25
    outcome = play_world(world, decide_nothing, days=DAYS)
    alive = [one for one in world.customers.values() if not one.is_lost(ENDS_AT)]
    # Every need falls due within the play; four standard deviations of a share of 0.25.
    assert outcome.total("orders") / len(alive) == pytest.approx(0.25, abs=0.09)


def test_own_orders_come_at_the_planted_rate_whatever_their_regularity(tmp_path: Path) -> None:
    world = read_world(write_shop(tmp_path / "shop", customers=200, orders_per_week=2.0))
    outcome = play_world(world, decide_nothing, days=63)
    own = [row for row in outcome.facts["orders"] if ".own" in row["order_id"]]
    alive = [one for one in world.customers.values() if not one.is_lost(ENDS_AT)]
    # Seventy days with the week that follows the play; gamma gaps of shape 2 have a variance of
    # half the mean, so that four standard errors of the mean count are 0.9.
    assert len(own) / len(alive) == pytest.approx(20, abs=0.9)


def test_the_interval_of_a_gain_holds_its_mean() -> None:
    def outcome(margins: Sequence[int]) -> Outcome:
        people = [CustomerTally(f"c{n}", margin=one) for n, one in enumerate(margins)]
        return Outcome(1, "EUR", people, [], 0, 0, 0, {})

    margins = [0, 10, 20, 30] * 25
    arms = {"nothing": outcome([5] * 100), "policy": outcome(margins)}
    gain = Comparison(arms, seed=1).gain("policy")
    assert gain.mean == 10_000
    # The standard error of the mean of such margins is 1,118 per 1,000 customers.
    assert 7_300 < gain.low < 8_300
    assert 11_700 < gain.high < 12_700


@pytest.mark.parametrize(
    ("decide", "complaint"),
    [
        (daily("welcome"), "'welcome' has no planted response in state 'client/delivered'"),
        (lambda *_: [None], "1 answers for 40 customers"),
    ],
)
def test_a_policy_that_cannot_be_played_is_told_why(
    world: World, decide: Decide, complaint: str
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        play_world(world, decide, days=1)


def test_the_example_of_the_page_plays(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    section = PAGE.read_text("utf-8").partition("## Playing a policy")[2]
    code = section.partition("```python\n")[2].partition("```")[0]
    (tmp_path / "example.py").write_text(code)
    (tmp_path / "shop").symlink_to(shop)
    monkeypatch.chdir(tmp_path)
    played = runpy.run_path("example.py")["comparison"]
    # The weeks of numpy begin on Thursdays: four do in these days, beside the one under way.
    assert played.arms["weekly digest"].total("messages") > 4 * len(
        played.arms["nothing"].customers
    )


@pytest.mark.parametrize(("days", "customers"), [(0, 5), (5, 0)])
def test_empty_plays_are_refused(shop: Path, days: int, customers: int) -> None:
    with pytest.raises(ConfigError, match="give 1 or more"):
        play(shop, decide_nothing, days=days, customers=customers)
