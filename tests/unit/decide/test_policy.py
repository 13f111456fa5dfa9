"""The next message: catalogue rows 9 to 12, the day before, the day, the day after."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import nba
from nba.config import shipped
from nba.decide.decision import Decision
from nba.decide.playbook import Playbook
from nba.decide.policy import Policy
from nba.domain import DAY
from nba.errors import DataError, StateError, UnknownCustomerError
from nba.facts.fold import Facts, fold
from nba.facts.rows import Rows
from nba.vocabulary import Rule
from tests.facts_of import consent
from tests.shops import Order, catalog, day, history, rows
from tests.signals import signals

OTHERS: Sequence[Order] = [
    *((f"x{n}", f"x{n}", n, ["laptop", "mouse", "bag"]) for n in range(6)),
    *((f"y{n}", f"y{n}", n, ["laptop", "mouse", "bag", "tea"]) for n in range(3)),
]
QUICK = nba.TrainConfig.model_validate({"collaborative": {"factors": 2, "iterations": 1}})
POST_PURCHASE = ("service-rating", "accessories", "product-review", "replacement")
PRODUCTS = (
    *({"product_id": one, "price": 50_000} for one in ("laptop", "mouse", "bag", "tea")),
    {"product_id": "laptop-2", "price": 60_000, "successor_of": "laptop"},
)


@pytest.fixture(scope="module")
def policy() -> Policy:
    snapshot = nba.train(
        history([*OTHERS, ("o1", "ann", 10, ["laptop"])]), catalog(*PRODUCTS), QUICK, threads=1
    )
    return Policy(snapshot, Playbook.from_toml(shipped("playbooks", "owox_2011")))


def ann(*, status: str = "delivered", delivered: float | None = 10, **more: object) -> Rows:
    return Rows.of(
        [
            {
                "order_id": "o1",
                "customer_id": "ann",
                "ordered_at": day(10),
                "status": status,
                "delivered_at": None if delivered is None else day(delivered),
                **more,
            }
        ],
        [
            {
                "order_id": "o1",
                "line_no": 1,
                "product_id": "laptop",
                "quantity": 1,
                "unit_price": 50_000,
            }
        ],
    )


def known(given: Rows, at: np.datetime64, *customers: str, **tables: Any) -> Facts:
    """Facts of customers who agreed to e-mail; of all who ordered, unless some are named."""
    agreed = [consent("email", customer=one) for one in customers or given.customer_ids]
    return fold(
        given,
        as_of=at,
        customers=list(customers) or None,
        signals=signals(consents=agreed, **tables),
    )


def ask(policy: Policy, given: Rows, at: np.datetime64, customer: str = "ann") -> Decision:
    return policy.decide(customer, known(given, at, customer), at)


def chosen(decision: Decision) -> str | None:
    return None if decision.message is None else decision.message.id


def held(decision: Decision) -> dict[str, tuple[Rule, np.datetime64 | None]]:
    return {one.id: (one.rule, one.until) for one in decision.suppressed if one.id in POST_PURCHASE}


def every_held(decision: Decision) -> dict[str, tuple[Rule, np.datetime64 | None]]:
    return {one.id: (one.rule, one.until) for one in decision.suppressed}


@pytest.mark.parametrize(
    ("message", "opens", "closes"),
    [
        ("service-rating", 3, 5),
        ("accessories", 5, 14),
        ("product-review", 14, 90),
        ("replacement", 90, 150),
    ],
)
def test_each_message_opens_and_closes_on_its_day(
    policy: Policy, message: str, opens: int, closes: int
) -> None:
    instant = np.timedelta64(1, "us")
    given = ann()
    assert chosen(ask(policy, given, day(10 + opens) - instant)) != message
    assert chosen(ask(policy, given, day(10 + opens))) == message
    assert chosen(ask(policy, given, day(10 + closes) - instant)) == message
    assert chosen(ask(policy, given, day(10 + closes))) != message


def test_before_anything_is_due_every_message_says_until_when_it_waits(policy: Policy) -> None:
    decision = ask(policy, ann(), day(11))
    assert decision.message is None
    assert decision.next_due_at == day(12) - np.timedelta64(2, "h")  # the digest, on Tuesday
    assert held(decision) == {
        "service-rating": (Rule.NOT_DUE, day(13)),
        "accessories": (Rule.NOT_DUE, day(15)),
        "product-review": (Rule.NOT_DUE, day(24)),
        "replacement": (Rule.NOT_DUE, day(100)),
    }
    assert "nothing is due before 2026-01-13T10" in decision.reason


def test_every_until_is_right_a_microsecond_before_it_and_at_it(policy: Policy) -> None:
    given = ann()
    told = known(given, day(10.5), "ann")
    for at in (day(10.5), day(14), day(20), day(60)):
        for name, (rule, until) in every_held(policy.decide("ann", told, at)).items():
            if until is None:
                continue
            before = every_held(policy.decide("ann", told, until - np.timedelta64(1, "us")))
            assert before[name] == (rule, until)
            assert every_held(policy.decide("ann", told, until)).get(name) != (rule, until)


def test_accessories_go_with_the_order_and_are_not_owned(policy: Policy) -> None:
    message = ask(policy, ann(), day(16)).message
    assert message is not None
    items = [item.product_id for item in message.slots["main"]]
    assert items == ["bag", "mouse", "tea"]
    assert message.why == "order o1 delivered 6 days ago; 3 products to go with it"
    with_mouse = Rows.of(
        [
            {"order_id": o, "customer_id": "ann", "ordered_at": day(d), "status": "delivered"}
            | {"delivered_at": day(d)}
            for o, d in (("o0", 1), ("o1", 10))
        ],
        [
            {"order_id": o, "line_no": 1, "product_id": p, "quantity": 1, "unit_price": 100}
            for o, p in (("o0", "mouse"), ("o1", "laptop"))
        ],
    )
    message = ask(policy, with_mouse, day(16)).message
    assert message is not None
    assert [item.product_id for item in message.slots["main"]] == ["bag", "tea"]


def test_a_successor_is_the_first_replacement(policy: Policy) -> None:
    message = ask(policy, ann(), day(101)).message
    assert message is not None
    assert [item.product_id for item in message.slots["main"]] == ["laptop-2"]


def test_what_was_bought_again_since_needs_no_replacement() -> None:
    orders: list[Order] = [*OTHERS, ("o1", "ann", 10, ["tea"]), ("o2", "ann", 60, ["tea"])]
    plain = nba.train(history(orders), catalog("tea"), QUICK, threads=1)
    policy = Policy(plain, Playbook.from_toml(shipped("playbooks", "owox_2011")))
    decision = ask(policy, rows(orders, delivered_at=None), day(105))
    assert held(decision)["replacement"] == (Rule.NO_PRODUCTS, None)


@pytest.mark.parametrize(
    ("status", "rule"), [("cancelled", Rule.NOT_STAGE), ("returned", Rule.NOT_KEPT)]
)
def test_no_message_after_a_cancellation_or_a_return(
    policy: Policy, status: str, rule: Rule
) -> None:
    given = ann(status=status, status_at=day(12))
    for later, due in zip((13, 15, 24, 100), POST_PURCHASE, strict=True):
        decision = ask(policy, given, day(later))
        assert chosen(decision) not in POST_PURCHASE
        assert held(decision)[due][0] == rule
        assert {found for found, _ in held(decision).values()} <= {
            rule,
            Rule.NOT_DUE,
            Rule.EXPIRED,
        }
        assert not [one for one, _ in decision.sendable if one in POST_PURCHASE]


def test_an_order_under_way_gets_no_message_of_a_client(policy: Policy) -> None:
    decision = ask(policy, ann(status="shipped", delivered=None, status_at=day(11)), day(14))
    assert decision.state == "ordered/shipped"
    assert {rule for rule, _ in held(decision).values()} == {Rule.NOT_STAGE}


def test_without_a_delivery_date_it_is_assumed_and_said(policy: Policy) -> None:
    decision = ask(policy, ann(delivered=None), day(16))
    assert chosen(decision) == "service-rating"
    assert decision.message is not None
    assert decision.message.merge["delivery_assumed"] is True
    assert decision.message.merge["delivered_at"] == "2026-01-14T12:00:00Z"


def test_a_customer_nobody_knows_is_an_acquaintance_who_agreed_to_nothing(policy: Policy) -> None:
    at = day(16)
    decision = policy.decide("nobody", fold(ann(), as_of=at, customers=["nobody"]), at)
    assert (decision.state, decision.message) == ("acquaintance/new", None)
    assert every_held(decision)["digest"][0] == Rule.NOT_DUE
    tuesday = policy.decide("nobody", fold(ann(), as_of=at, customers=["nobody"]), day(20))
    assert every_held(tuesday)["digest"] == (Rule.NO_CONSENT, None)


def test_the_expected_value_recomputes_from_its_parts(policy: Policy) -> None:
    message = ask(policy, ann(), day(14)).message
    assert message is not None
    s = message.score
    gain = s.response * (s.value - s.cost) * s.context * s.lever
    assert s.expected == pytest.approx(gain - s.unsubscribe_risk * s.remaining_lifetime_value)
    share = next(one for one in policy.playbook.message if one.id == message.id).value_share
    assert s.value == pytest.approx(share * 0.3 * 50_000)
    code = np.array([policy.snapshot.customers.ids.find("ann")])
    foreseen = policy.snapshot.rhythm.profit_of_year(code, day(14))[0]
    assert s.remaining_lifetime_value == pytest.approx(foreseen * 0.02)


def test_of_whom_no_rhythm_is_known_the_coming_year_is_as_the_last(policy: Policy) -> None:
    since = Rows.of(
        [{"order_id": "o2", "customer_id": "zoe", "ordered_at": day(11), "status": "delivered"}],
        [
            {
                "order_id": "o2",
                "line_no": 1,
                "product_id": "laptop",
                "quantity": 1,
                "unit_price": 50_000,
            }
        ],
    )
    message = ask(policy, since, day(20), "zoe").message
    assert message is not None
    assert message.score.remaining_lifetime_value == pytest.approx(0.3 * 50_000 * 0.02)


def test_one_customer_or_many_the_answer_is_the_same(policy: Policy) -> None:
    given = rows([*OTHERS, ("o1", "ann", 10, ["laptop"])], delivered_at=day(10))
    at = day(16)
    every = known(given, at)
    many = policy.decide(list(every.customer_ids), every, at)
    assert len(many) == 10
    for one in many:
        assert ask(policy, given, at, one.customer_id).to_dict() == one.to_dict()


@pytest.mark.parametrize("at", [10.2, 13, 16, 24, 40, 100])
def test_columns_and_decisions_choose_the_same(policy: Policy, at: float) -> None:
    given = rows([*OTHERS, ("o1", "ann", 10, ["laptop"])], delivered_at=day(10))
    facts = known(given, day(at))
    told = policy.decide(list(facts.customer_ids), facts, day(at))
    choices = policy.choose(facts, day(at))
    for one, row in zip(told, choices.row.tolist(), strict=True):
        place = None if row < 0 else policy.playbook.message[choices.offers.rows.message[row]].id
        assert chosen(one) == place
        if one.message is not None:
            assert choices.offers.prices.score(row) == one.message.score
            assert choices.send_after[row] == one.message.send_after
            assert choices.propensity[row] == one.experiment.propensity


@pytest.mark.parametrize("together", [1, 3, 10])
def test_customers_some_at_a_time_get_what_all_at_once_get(policy: Policy, together: int) -> None:
    given = rows([*OTHERS, ("o1", "ann", 10, ["laptop"])], delivered_at=day(10))
    facts = known(given, day(16))
    whole = policy.choose(facts, day(16))
    assert (whole.row >= 0).any()
    expected = [None if row < 0 else whole.offers.prices.score(row) for row in whole.row.tolist()]
    told = []
    for some in policy.choices(facts, day(16), together=together):
        assert len(some.row) <= together
        told += [None if row < 0 else some.offers.prices.score(row) for row in some.row.tolist()]
    assert told == expected


def test_a_replay_gives_the_same_answer_and_id(policy: Policy) -> None:
    first, second = (ask(policy, ann(), day(16)) for _ in range(2))
    assert first.to_dict() == second.to_dict()
    assert first.decision_id != ask(policy, ann(), day(17)).decision_id


def test_facts_that_know_the_future_are_refused(policy: Policy) -> None:
    with pytest.raises(StateError, match="later than"):
        policy.decide("ann", fold(ann(), as_of=day(20)), day(19))
    with pytest.raises(DataError, match="no zone"):
        policy.decide("ann", fold(ann(), as_of=day(20)), "2026-05-01T00:00")


def test_a_customer_without_facts_is_refused(policy: Policy) -> None:
    with pytest.raises(UnknownCustomerError, match="bob"):
        policy.decide("bob", fold(ann(), as_of=day(20)), day(20))


def test_the_plan_is_what_later_questions_answer(policy: Policy) -> None:
    facts = known(ann(), day(11), "ann")
    plan = policy.plan("ann", facts, day(11), horizon_days=100)
    first: dict[str | None, np.datetime64] = {}
    for one in plan:
        first.setdefault(chosen(one), one.as_of)
    assert [first[name] for name in POST_PURCHASE] == [day(13), day(15), day(24), day(100)]
    for before, after in itertools.pairwise(plan):
        assert after.as_of == before.next_due_at
        assert after == policy.decide("ann", facts, after.as_of)
    assert policy.plan("ann", facts, day(11), horizon_days=0) == plan[:1]


def test_a_shop_without_prices_still_sends_its_messages(policy: Policy) -> None:
    given = rows([("o1", "ann", 10, ["laptop"])], price=0, delivered_at=day(10))
    message = ask(policy, given, day(16)).message
    assert message is not None
    assert message.score.expected > 0


def test_a_daily_buyer_is_still_worth_a_message(policy: Policy) -> None:
    orders: list[Order] = [(f"d{n:03}", "ann", n / 2, ["laptop"]) for n in range(600)]
    decision = ask(policy, rows(orders), day(305))
    assert decision.message is not None
    assert decision.message.score.expected > 0


def test_the_explanation_names_the_message_its_products_and_what_waits(policy: Policy) -> None:
    text = ask(policy, ann(), day(16)).explain()
    assert "send accessories" in text
    assert "waits: product-review (not_due until 2026-01-25T12:00:00Z)" in text
    assert text.count("\n") >= 5


def test_send_after_is_never_before_the_question(policy: Policy) -> None:
    message = ask(policy, ann(), day(16)).message
    assert message is not None
    assert message.send_after == day(16)
    assert message.expires_at == day(10) + 14 * DAY


def test_an_owned_successor_is_not_offered_again() -> None:
    orders: list[Order] = [*OTHERS, ("o1", "ann", 10, ["laptop"]), ("o2", "ann", 60, ["laptop-2"])]
    durable = [{"product_id": p, "is_consumable": False} for p in ("laptop", "bag", "mouse")]
    newer = {"product_id": "laptop-2", "successor_of": "laptop", "is_consumable": False}
    snapshot = nba.train(history(orders), catalog(*durable, newer), QUICK, threads=1)
    policy = Policy(snapshot, Playbook.from_toml(shipped("playbooks", "owox_2011")))
    decision = ask(policy, rows(orders), day(105))
    assert held(decision)["replacement"] == (Rule.NO_PRODUCTS, None)


def test_while_an_order_is_under_way_nothing_falls_due(policy: Policy) -> None:
    orders = [
        {"order_id": "o1", "customer_id": "ann", "ordered_at": day(1), "status": "delivered"},
        {"order_id": "o2", "customer_id": "ann", "ordered_at": day(2), "status": "paid"},
    ]
    facts = fold(Rows.of(orders, []), as_of=day(3), customers=["ann"])
    decision = policy.decide("ann", facts, day(3))
    assert (decision.next_due_at, decision.reason) == (None, "nothing is due")
    assert len(policy.plan("ann", facts, day(3))) == 1


def test_the_discount_of_an_order_lowers_its_worth(policy: Policy) -> None:
    plain, cheaper = ann(), ann(discount=45_000)
    full, reduced = (ask(policy, given, day(14)).message for given in (plain, cheaper))
    assert full is not None
    assert reduced is not None
    assert reduced.score.value == pytest.approx(full.score.value / 10)


def test_what_is_worth_no_more_than_the_least_is_not_sent(policy: Policy) -> None:
    message = ask(policy, ann(), day(14)).message
    assert message is not None
    worth = message.score.expected
    for least, sent in ((worth * 0.999, message.id), (worth, None)):
        book = policy.playbook.model_copy(update={"least_value": least})
        decision = ask(Policy(policy.snapshot, book), ann(), day(14))
        assert chosen(decision) == sent
        facts = known(ann(), day(14))
        plan = Policy(policy.snapshot, book).plan_capacity(facts, day(14), capacity={"email": 9})
        assert plan.wanted.get("email", 0) == (0 if sent is None else 1)
    assert held(decision)[message.id] == (Rule.LOWER_VALUE, None)


def test_another_playbook_makes_another_decision(policy: Policy) -> None:
    messages = [m.model_copy(update={"response": 0.2}) for m in policy.playbook.message]
    other = policy.playbook.model_copy(update={"message": tuple(messages)})
    changed = Policy(policy.snapshot, other)
    first, second = (ask(one, ann(), day(16)) for one in (policy, changed))
    assert first.decision_id != second.decision_id
