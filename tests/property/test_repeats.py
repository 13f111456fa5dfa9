"""What earlier messages say against a next one, against a recount letter by letter."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nba.decide.calendar import Calendar
from nba.decide.contact import FREE, RULES
from nba.decide.playbook import Playbook
from nba.decide.repeats import RepeatPolicy, Repeats
from nba.vocabulary import Rule
from tests.correspondence import Letter, addressees

NOW = datetime.combine(date(2026, 1, 10), time(12))
DAY, MICROSECOND = timedelta(days=1), timedelta(microseconds=1)
ANCHORS = ("o1", "o1/p", "o2", "e1", "e2", None)
ORDERS = {"o1": 0, "o1/p": 0, "o2": 1}

RULES_OF: dict[str, dict[str, Any]] = {
    "cart-reminder": {"trigger": "cart", "never_after": ["win-back", "cart-sale"]},
    "cart-sale": {"trigger": "cart_sale", "prerequisite": ["cart-reminder"], "max_touches": 3},
    "win-back": {"trigger": "silence", "cooldown": "3d", "max_touches": 2},
    "spare-part": {"trigger": "worn", "once_per": "order", "prerequisite": ["survey"]},
    "survey": {"trigger": "delivered", "once_per": "customer", "never_after": ["win-back"]},
    "content": {"trigger": "week", "once_per": "year", "cooldown": "1d"},
    "order-status": {"trigger": "status", "kind": "transactional", "tier": 0},
}
FIRST_TO_LAST = (
    Rule.ONCE_PER,
    Rule.COOLDOWN,
    Rule.TOUCHES,
    Rule.PREREQUISITE,
    Rule.NEVER_AFTER,
)
WORDS = (*RULES_OF, "digest")


def playbook() -> Playbook:
    shared = {
        "stage": ["choosing", "client"],
        "channels": ["email"],
        "value_share": 0.1,
        "response": 0.1,
    }
    messages = [
        {"tier": 5, "kind": "personal", "unsubscribe_risk": 0.1, "why": "it is time", **shared}
        | {"id": name}
        | more
        | {"trigger": {"on": more["trigger"], "within": "9d"}}
        for name, more in RULES_OF.items()
    ]
    return Playbook.model_validate({"id": "some", "message": messages})


PLAYBOOK = playbook()
POLICY = RepeatPolicy.of(PLAYBOOK)

letters = st.lists(
    st.builds(
        lambda word, hours, anchor: Letter(
            word,
            np.datetime64(NOW - timedelta(hours=hours), "us"),
            anchor,
            order=ORDERS.get(anchor or "", -1),
        ),
        st.sampled_from(WORDS),
        st.integers(-1, 12 * 24),
        st.sampled_from(ANCHORS),
    ),
    max_size=8,
)


def recount(sent: list[Letter], word: str, anchor: str, at: datetime) -> set[Rule]:
    rules = RULES_OF[word]
    kinds = {one.id: one.trigger.meaning.anchor for one in PLAYBOOK.message}
    marketing = word != "order-status"
    own = [one for one in sent if one.message == word]
    about = [one for one in sent if one.anchor == anchor]

    def was_sent(other: str) -> bool:
        same = kinds[other] is kinds[word]
        return any(one.message == other for one in (about if same else sent))

    once = {
        "anchor": False,
        "order": any(one.order == ORDERS.get(anchor, -2) for one in own),
        "customer": bool(own),
        "year": any(moment(one).year >= at.year for one in own),
    }
    cooldown = timedelta(days=int(rules.get("cooldown", "0d")[:-1]))
    touches = sum(one.message != "order-status" for one in about)
    found = {
        # Whatever it is sent once per, it is never sent twice about the same thing.
        Rule.ONCE_PER: any(one.anchor == anchor for one in own)
        or once[rules.get("once_per", "anchor")],
        Rule.COOLDOWN: bool(cooldown) and any(moment(one) + cooldown > at for one in own),
        Rule.TOUCHES: marketing and touches >= rules.get("max_touches", 7),
        Rule.PREREQUISITE: not all(was_sent(one) for one in rules.get("prerequisite", ())),
        Rule.NEVER_AFTER: any(was_sent(one) for one in rules.get("never_after", ())),
    }
    return {rule for rule, holds in found.items() if holds}


def order_of(customer: int, anchor: str | None) -> int:
    """Give the place of an order; every customer has orders of their own."""
    own = ORDERS.get(anchor or "", -1)
    return own if own < 0 else own + 2 * customer


def moment(letter: Letter) -> datetime:
    return np.datetime64(letter.at, "us").astype(datetime)


@settings(max_examples=200, deadline=None)
@given(st.lists(letters, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_every_candidate_is_held_as_a_recount_says(sent: list[list[Letter]], shuffle: Any) -> None:
    facts = addressees(
        *(
            [replace(one, order=order_of(customer, one.anchor)) for one in own]
            for customer, own in enumerate(sent)
        )
    )
    rows = [
        (customer, place, anchor)
        for customer in range(len(sent))
        for place in range(len(RULES_OF))
        for anchor in ANCHORS
        if anchor is not None
    ]
    shuffle.shuffle(rows)
    codes = [facts.anchors.find(anchor) for _, _, anchor in rows]
    columns = (
        np.array([customer for customer, _, _ in rows]),
        np.array([place for _, place, _ in rows]),
        np.array([-1 if code is None else code for code in codes]),
        np.array([order_of(customer, anchor) for customer, _, anchor in rows]),
    )

    def judged(at: datetime) -> tuple[np.ndarray, np.ndarray]:
        moved = np.datetime64(at, "us")
        return Repeats(facts, POLICY, Calendar(("",)), moved).judge(*columns)

    rule, until = judged(NOW)
    for place, (customer, message, anchor) in enumerate(rows):
        word = tuple(RULES_OF)[message]
        expected = recount(sent[customer], word, anchor, NOW)
        first = next((one for one in FIRST_TO_LAST if one in expected), None)
        assert (None if rule[place] == FREE else RULES[rule[place]]) == first
        if first is None or np.isnat(until[place]):
            continue
        end = until[place].astype(datetime)
        assert first in recount(sent[customer], word, anchor, end - MICROSECOND)
        assert first not in recount(sent[customer], word, anchor, end)
    assert np.isnat(until[rule == FREE]).all()
    assert not np.isnat(until[rule == RULES.index(Rule.COOLDOWN)]).any()
