"""What earlier messages say against the next one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from nba.decide.calendar import Calendar
from nba.decide.contact import FREE, RULES
from nba.decide.playbook import Playbook
from nba.decide.repeats import RepeatPolicy, Repeats
from nba.domain import MICROSECOND
from nba.vocabulary import Rule
from tests.correspondence import Letter, addressees, instants

NOW = np.datetime64("2026-11-22T12:00", "us")
MESSAGE = """
[[message]]
id = "{id}"
tier = 2
stage = ["choosing", "ordered", "client"]
kind = "{kind}"
channels = ["email"]
trigger = {{ on = "{on}", within = "9d" }}
value_share = 0.1
response = 0.1
unsubscribe_risk = 0.001
why = "it is time"
"""


def playbook(folder: Path, *messages: tuple[str, str, str]) -> Playbook:
    """Messages by id, trigger word and further lines."""
    transactional = ("order-status", "delay", "awaiting-payment")
    path = folder / "some.toml"
    path.write_text(
        "".join(
            MESSAGE.format(
                id=name, on=on, kind="transactional" if name in transactional else "personal"
            ).replace("tier = 2", "tier = 0" if name in transactional else "tier = 2")
            + more
            for name, on, more in messages
        )
    )
    return Playbook.from_toml(path)


def judged(
    book: Playbook,
    letters: Sequence[Letter],
    anchor: str | None = None,
    *,
    message: int = 0,
    order: int = -1,
    at: np.datetime64 = NOW,
    zone: str = "",
) -> tuple[Rule | None, str | None]:
    facts = addressees(letters, zones=[zone])
    code = None if anchor is None else facts.anchors.find(anchor)
    found = Repeats(facts, RepeatPolicy.of(book), Calendar(facts.people.zones), at).judge(
        np.array([0]),
        np.array([message]),
        np.array([-1 if code is None else code]),
        np.array([order]),
    )
    rule, until = int(found[0][0]), found[1][0]
    return None if rule == FREE else RULES[rule], None if np.isnat(until) else str(until)


def test_without_letters_nothing_stands_against_a_message(tmp_path: Path) -> None:
    book = playbook(tmp_path, ("cart-reminder", "cart", 'once_per = "customer"\ncooldown = "9d"\n'))
    assert judged(book, [], "e1") == (None, None)


def test_by_default_a_message_is_sent_once_about_the_same_thing(tmp_path: Path) -> None:
    book = playbook(tmp_path, ("cart-reminder", "cart", ""), ("cart-sale", "cart_sale", ""))
    sent = [Letter("cart-reminder", "2026-01-01", "e1")]
    assert judged(book, sent, "e1") == (Rule.ONCE_PER, None)
    assert judged(book, sent, "e2") == (None, None)
    assert judged(book, sent, "e1", message=1) == (None, None)


def test_letters_without_anchor_are_about_nothing(tmp_path: Path) -> None:
    book = playbook(tmp_path, ("cart-reminder", "cart", ""))
    assert judged(book, [Letter("cart-reminder", "2026-01-01")]) == (None, None)


def test_once_per_order_counts_every_anchor_that_begins_with_it(tmp_path: Path) -> None:
    book = playbook(tmp_path, ("spare-part", "worn", 'once_per = "order"\n'))
    sent = [Letter("spare-part", "2026-01-01", "o1/p1", order=0)]
    assert judged(book, sent, "o1/p2", order=0) == (Rule.ONCE_PER, None)
    assert judged(book, sent, "o2/p1", order=1) == (None, None)
    assert judged(book, sent, "o2/p1") == (None, None)


def test_once_per_customer_counts_everything(tmp_path: Path) -> None:
    book = playbook(tmp_path, ("survey", "delivered", 'once_per = "customer"\n'))
    sent = [Letter("survey", "2019-01-01", "o1")]
    assert judged(book, sent, "o2") == (Rule.ONCE_PER, None)
    assert judged(book, [Letter("digest", "2026-11-01", "o1")], "o2") == (None, None)


def test_once_per_year_ends_with_the_customers_own_year(tmp_path: Path) -> None:
    book = playbook(tmp_path, ("digest", "week", 'once_per = "year"\n'))
    sent = [Letter("digest", "2025-12-31T22:30", "2026-W01")]
    kyiv = {"message": 0, "zone": "Europe/Kyiv"}
    end = "2026-12-31T22:00:00.000000"
    assert judged(book, sent, "2026-W20", **kyiv) == (Rule.ONCE_PER, end)
    last = np.datetime64(end) - MICROSECOND
    assert judged(book, sent, "2026-W20", at=last, **kyiv) == (Rule.ONCE_PER, end)
    assert judged(book, sent, "2026-W20", at=np.datetime64(end), **kyiv) == (None, None)
    assert judged(book, sent, "2026-W20") == (None, None)


def test_a_birthday_is_that_of_a_year_though_greeted_in_the_year_before(tmp_path: Path) -> None:
    book = playbook(tmp_path, ("birthday", "birthday", 'once_per = "year"\n'))
    sent = [Letter("birthday", "2025-12-30", "2026"), Letter("birthday", "2026-11-20", "2027")]
    assert judged(book, sent[:1], "2027") == (None, None)
    assert judged(book, sent, "2027") == (Rule.ONCE_PER, None)


def test_a_cooldown_counts_from_the_last_such_letter_about_whatever(tmp_path: Path) -> None:
    book = playbook(tmp_path, ("wishlist-reminder", "wish", 'cooldown = "14d"\n'))
    sent = [
        Letter("wishlist-reminder", "2026-09-01T08:00", "e0"),
        Letter("wishlist-reminder", "2026-11-10T08:00:00.000001", "e1"),
        Letter("digest", "2026-11-20", "e2"),
    ]
    end = "2026-11-24T08:00:00.000001"
    assert judged(book, sent, "e3") == (Rule.COOLDOWN, end)
    for moved, rule in ((-MICROSECOND, Rule.COOLDOWN), (MICROSECOND * 0, None)):
        assert judged(book, sent, "e3", at=np.datetime64(end) + moved)[0] == rule
    assert judged(book, sent, "e1") == (Rule.ONCE_PER, None)


def test_touches_are_marketing_about_the_same_thing_of_any_id(tmp_path: Path) -> None:
    book = playbook(tmp_path, ("cart-sale", "cart_sale", "max_touches = 3\n"))
    about = [
        Letter("cart-reminder", "2026-11-01", "e1"),
        Letter("browse", "2026-11-02", "e1"),
        Letter("delay", "2026-11-03", "e1"),
        Letter("digest", "2026-11-04", "e2"),
        Letter("content", "2026-11-05", "e1"),
    ]
    assert judged(book, about[:4], "e1") == (None, None)
    assert judged(book, about, "e1") == (Rule.TOUCHES, None)
    assert judged(book, about, "e2") == (None, None)


def test_the_eighth_touch_is_not_sent_by_default(tmp_path: Path) -> None:
    book = playbook(tmp_path, ("cart-sale", "cart_sale", ""))
    sent = [Letter("browse", f"2026-11-0{day}", "e1") for day in range(1, 8)]
    assert judged(book, sent[:6], "e1") == (None, None)
    assert judged(book, sent, "e1") == (Rule.TOUCHES, None)


def test_transactional_messages_have_no_touches(tmp_path: Path) -> None:
    book = playbook(tmp_path, ("awaiting-payment", "awaiting_payment", "max_touches = 1\n"))
    assert judged(book, [Letter("thank-you", "2026-11-01", "o1", order=0)], "o1") == (None, None)


def test_a_prerequisite_is_about_the_same_thing_where_it_can_be(tmp_path: Path) -> None:
    book = playbook(
        tmp_path,
        ("cart-sale", "cart_sale", 'prerequisite = ["cart-reminder", "welcome"]\n'),
        ("cart-reminder", "cart", ""),
        ("welcome", "sign_up", ""),
    )
    welcome = Letter("welcome", "2020-01-01", "c0")
    here, elsewhere = (Letter("cart-reminder", "2026-11-01", one) for one in ("e1", "e2"))
    assert judged(book, [], "e1") == (Rule.PREREQUISITE, None)
    assert judged(book, [here], "e1") == (Rule.PREREQUISITE, None)
    assert judged(book, [welcome, elsewhere], "e1") == (Rule.PREREQUISITE, None)
    assert judged(book, [welcome, here], "e1") == (None, None)
    assert judged(book, [welcome, here], None) == (Rule.PREREQUISITE, None)


def test_a_message_never_follows_another_about_the_same_thing_where_it_can_be(
    tmp_path: Path,
) -> None:
    book = playbook(
        tmp_path,
        ("cart-reminder", "cart", 'never_after = ["cart-sale", "win-back"]\n'),
        ("cart-sale", "cart_sale", ""),
        ("win-back", "silence", ""),
    )
    assert judged(book, [Letter("cart-sale", "2026-11-01", "e1")], "e1")[0] == Rule.NEVER_AFTER
    assert judged(book, [Letter("cart-sale", "2026-11-01", "e1")], "e2") == (None, None)
    assert judged(book, [Letter("win-back", "2020-11-01", "o1")], "e2")[0] == Rule.NEVER_AFTER


@pytest.mark.parametrize("places", [[0, 1, 2, 3], [3, 1, 0, 2], [2], []])
def test_a_row_is_judged_as_if_it_were_alone(tmp_path: Path, places: list[int]) -> None:
    book = playbook(
        tmp_path,
        ("wishlist-reminder", "wish", 'cooldown = "30d"\n'),
        ("wishlist-similar", "wish", 'prerequisite = ["wishlist-reminder"]\n'),
    )
    sent = [Letter("wishlist-reminder", "2026-11-01", "e1")]
    facts = addressees([], sent, [Letter("digest", "2026-11-01", "e1")])
    repeats = Repeats(facts, RepeatPolicy.of(book), Calendar(("",)), NOW)
    customer, message = np.array([0, 1, 1, 2])[places], np.array([1, 0, 1, 1])[places]
    rule, until = repeats.judge(
        customer, message, np.zeros(len(places), np.int64), np.full(len(places), -1)
    )
    expected = [Rule.PREREQUISITE, Rule.ONCE_PER, None, Rule.PREREQUISITE]
    assert [None if one == FREE else RULES[one] for one in rule] == [expected[n] for n in places]
    assert np.isnat(until).all()


def test_an_end_is_told_only_of_the_rule_that_is_named(tmp_path: Path) -> None:
    book = playbook(tmp_path, ("digest", "week", 'cooldown = "9d"\nmax_touches = 1\n'))
    sent = [Letter("digest", instants(NOW)[0], "2026-W47")]
    assert judged(book, sent, "2026-W48")[0] == Rule.COOLDOWN
    assert judged(book, sent, "2026-W47") == (Rule.ONCE_PER, None)
