"""From columns to decisions: the chosen message, what else stood to choose, and what waits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.rhythm import STATES as RHYTHMS
from nba.decide.candidates import Candidates, all_candidates
from nba.decide.choice import Chosen, arm_of, held_out
from nba.decide.contact import FREE, RULES
from nba.decide.deciding import Rulebook, chosen_of
from nba.decide.decision import ChosenMessage, Decision, Experiment, Suppressed
from nba.decide.eligibility import Verdicts, judge
from nba.decide.offers import Offers
from nba.decide.playbooks.messages import Message
from nba.decide.playbooks.triggers import WITH_ORDER, Anchor
from nba.decide.situation import TOLD, Situation
from nba.decide.triggering.occasions import named_occasion
from nba.decide.triggering.openings import intents_of
from nba.domain import DAY, Instants, iso
from nba.facts.fold import Facts
from nba.facts.lookups import ABSENT
from nba.facts.versions import versions
from nba.ranges import starts
from nba.recommend.wording import counted
from nba.statuses import STATUSES
from nba.vocabulary import CHANNELS, Rule, Stage

Places = NDArray[np.int64]

_BETWEEN: Final = "\x1f"
_CODE: Final = {rule: code for code, rule in enumerate(RULES)}
_LAST: Final = (Rule.ONCE_PER, Rule.TOUCHES, Rule.NEVER_AFTER, Rule.NOT_KEPT, Rule.EXPIRED)
_RANK: Final = np.full(len(RULES), 1)
"""Of several things a message could be about, the one that may soonest be sent is named."""
_RANK[_CODE[Rule.NOT_DUE]] = 2
for _place, _rule in enumerate(_LAST):
    _RANK[_CODE[_rule]] = 3 + _place


def explain_all(
    book: Rulebook,
    facts: Facts,
    at: np.datetime64,
    context: Mapping[str, str],
    claimed: Mapping[str, tuple[str, str]],
) -> Iterator[Decision]:
    """Decide for all customers of the facts, and say of every message why it waits.

    Who has claimed a message, here with what it is about, keeps it for as long as it may be sent.
    """
    now = book.situation(facts, at)
    rows = all_candidates(now)
    contact, repeats = book.reach(now, rows), book.repeated(now)
    offering = book.offering(now, context)
    verdicts = judge(now, rows, book.messages, contact, repeats, context, is_open=False)
    marketing = book.messages.is_marketing[rows.message]
    is_held_out = held_out(book.playbook, facts.customer_ids)
    verdicts.hold(Rule.HOLDOUT, marketing & is_held_out[rows.customer])
    free = np.flatnonzero(verdicts.rule == FREE)
    found = offering.offer(rows.take(free), verdicts.allowed[free])
    verdicts.rule[free] = found.rule
    chosen = _chosen(book, now, found)
    ids = decision_ids(book, now, context)
    offered: dict[int, list[int]] = {}
    for row in np.flatnonzero(found.rule == FREE).tolist():
        offered.setdefault(int(found.rows.customer[row]), []).append(row)
    told = _Told(
        book,
        now,
        rows,
        verdicts,
        free,
        found,
        offered,
        chosen | _kept(now, found, offered, claimed),
        is_held_out,
        ids,
        _named(rows, verdicts, len(facts.customer_ids), len(book.playbook.message)).tolist(),
        _next_due(book, now, rows),
        verdicts.rule.tolist(),
    )
    for customer in range(len(facts.customer_ids)):
        yield told.decision(customer)


def _chosen(book: Rulebook, now: Situation, found: Offers) -> dict[int, tuple[int, Chosen, int]]:
    """Choose for every customer in the lowest tier with a message that may be sent."""
    tier = book.messages.tier[found.rows.message]
    chosen: dict[int, tuple[int, Chosen, int]] = {}
    is_open = np.ones(len(now.facts.customer_ids), np.bool_)
    for number in book.tiers if len(tier) else ():
        mine = np.flatnonzero(
            (found.rule == FREE) & (tier == number) & is_open[found.rows.customer]
        )
        if not len(mine):
            continue
        told = chosen_of(book, now, found, mine)
        is_open[told.customer] = False
        for place, customer in enumerate(told.customer.tolist()):
            chosen[customer] = int(told.row[place]), told, place
    return chosen


def _kept(
    now: Situation,
    found: Offers,
    offered: Mapping[int, Sequence[int]],
    claimed: Mapping[str, tuple[str, str]],
) -> dict[int, tuple[int, Chosen, int]]:
    """Find what was claimed before among what may be sent."""
    kept: dict[int, tuple[int, Chosen, int]] = {}
    for customer, row in ((one, row) for one, rows in offered.items() for row in rows):
        message = now.playbook.message[int(found.rows.message[row])]
        wanted = claimed.get(now.facts.customer_ids[customer], ("", ""))
        if message.id == wanted[0] and anchor_of(now, found.rows, row, message) == wanted[1]:
            alone = Chosen(np.array([customer]), np.array([row]), np.ones(1), ((),))
            kept[customer] = row, alone, 0
    return kept


def _named(rows: Candidates, verdicts: Verdicts, customers: int, messages: int) -> Places:
    """Find the candidate that says why each message waits, of several it could be about.

    Returns:
        int64 (customers, messages); `ABSENT` where there is no candidate.
    """
    rank, due = _RANK[verdicts.rule], rows.due.view(np.int64)
    # Of what is not due the first to be, of all else what is about the latest.
    is_early = verdicts.rule == _CODE[Rule.NOT_DUE]
    then = np.where(is_early, verdicts.until.view(np.int64), -due)
    cell = rows.customer * np.int64(messages) + rows.message
    order = np.lexsort((then, rank, cell))
    first = order[starts(cell[order])]
    named = np.full(customers * messages, ABSENT, np.int64)
    named[cell[first]] = first
    return named.reshape(customers, messages)


def _next_due(book: Rulebook, now: Situation, rows: Candidates) -> Instants:
    """Give when something falls due of what is meant for the stage that customers are in.

    Returns:
        datetime64[us] per customer; NaT where nothing does.
    """
    later = np.flatnonzero((rows.due > now.at) & rows.kept)
    customer = rows.customer[later]
    meant = book.messages.stage[rows.message[later], now.stage[customer]]
    later, customer = later[meant], customer[meant]
    following = np.full(len(now.stage), np.datetime64("NaT", "us"))
    np.fmin.at(following, customer, rows.due[later])
    return following


@dataclass(frozen=True, slots=True, eq=False)
class _Told:
    """All that decisions are told from.

    Attributes:
        book, now: whose messages, and where customers are.
        rows, verdicts: the candidates, and what holds them.
        free: int64: the rows that no rule of contact holds.
        found: of these, with products and prices.
        offered: customer → rows of `found` that may be sent.
        chosen: customer → the row of `found`, and what it was chosen among.
        is_held_out: bool per customer.
        ids: of the decisions.
        named: see `_named`.
        next_due: see `_next_due`.
        rule: of `verdicts`.
    """

    book: Rulebook
    now: Situation
    rows: Candidates
    verdicts: Verdicts
    free: NDArray[np.int64]
    found: Offers
    offered: Mapping[int, Sequence[int]]
    chosen: Mapping[int, tuple[int, Chosen, int]]
    is_held_out: NDArray[np.bool_]
    ids: Sequence[str]
    named: Sequence[Sequence[int]]
    next_due: Instants
    rule: Sequence[int]

    def decision(self, customer: int) -> Decision:
        """Tell the decision of one customer."""
        now, book = self.now, self.book
        where = now.stages.of(customer)
        message, experiment = None, self._experiment(customer, None)
        sendable: dict[int, float] = {}
        anchors: list[tuple[str, str]] = []
        ways: list[tuple[str, ...]] = []
        for row in self.offered.get(customer, ()):
            place = int(self.found.rows.message[row])
            value = float(self.found.net[row])
            sendable[place] = max(sendable.get(place, value), value)
            one = book.playbook.message[place]
            anchors.append((one.id, anchor_of(now, self.found.rows, row, one)))
            allowed = self.verdicts.allowed[self.free[row]]
            ways.append(tuple(compress(CHANNELS, allowed.tolist())))
        if customer in self.chosen:
            row, told, entry = self.chosen[customer]
            place = int(self.found.rows.message[row])
            sendable.pop(place)
            message = self._message(row)
            experiment = self._experiment(customer, place, told, entry)
        waiting = [
            self._suppressed(one, place, customer)
            for place, one in enumerate(book.playbook.message)
            if place not in sendable and (message is None or one.id != message.id)
        ]
        tier = book.messages.tier
        others = sorted(sendable.items(), key=lambda one: (tier[one[0]], -one[1], one[0]))
        next_due = _known(self.next_due[customer])
        state = int(now.outlook.state[customer])
        return Decision(
            self.ids[customer],
            now.facts.customer_ids[customer],
            now.at,
            where.stage,
            where.state,
            where.days_since,
            RHYTHMS[state] if state and where.stage == Stage.CLIENT else None,
            message,
            [(book.playbook.message[place].id, value) for place, value in others],
            waiting,
            next_due,
            _reason(message, next_due, waiting),
            experiment,
            anchors,
            ways,
        )

    def _experiment(
        self, customer: int, place: int | None, told: Chosen | None = None, entry: int = 0
    ) -> Experiment:
        messages = self.book.playbook.message
        arm = None
        if place is not None:
            one = messages[place]
            arm = arm_of(one.variants, one.id, self.now.facts.customer_ids[customer])
        eligible = () if told is None else told.eligible[entry]
        return Experiment(
            holdout=bool(self.is_held_out[customer]),
            arm=arm,
            propensity=1.0 if told is None else float(told.propensity[entry]),
            eligible=tuple((messages[one].id, chance) for one, chance in eligible),
            prices=None if self.book.prices is None else self.book.prices.id,
        )

    def _suppressed(self, message: Message, place: int, customer: int) -> Suppressed:
        row = self.named[customer][place]
        if row != ABSENT:
            return Suppressed(message.id, RULES[self.rule[row]], _known(self.verdicts.until[row]))
        stages, is_for = self.now.stages, self.book.messages.stage[place]
        if is_for[self.now.stage[customer]]:
            return Suppressed(message.id, Rule.NOT_DUE, None)
        later = is_for[stages.then[customer]]
        until = _known(stages.chosen_until[customer]) if later else None
        return Suppressed(message.id, Rule.NOT_STAGE, until)

    def _message(self, row: int) -> ChosenMessage:
        found, now = self.found, self.now
        rows = found.rows
        message = self.book.playbook.message[int(rows.message[row])]
        slots = found.slots(row)
        merge = merged(now, rows, row, message)
        count = sum(len(items) for items in slots.values())
        return ChosenMessage(
            message.id,
            str(message.kind),
            str(CHANNELS[found.prices.channel[row]]),
            self._send_after(row),
            rows.expires[row],
            slots,
            merge,
            found.prices.score(row),
            why(now, rows, row, message, merge, count),
            text=message.text or message.id,
            anchor=anchor_of(now, rows, row, message),
        )

    def _send_after(self, row: int) -> np.datetime64:
        mine = np.array([row])
        leaves = self.verdicts.send_after[self.free[mine]]
        timed: np.datetime64 = self.book.timed(self.now, self.found.rows.take(mine), leaves)[0]
        return timed


def _known(at: np.datetime64) -> np.datetime64 | None:
    return None if np.isnat(at) else at


def anchor_of(now: Situation, rows: Candidates, row: int, message: Message) -> str:
    """Write the anchor of a candidate: what the message is about."""
    facts, kind = now.facts, message.trigger.meaning.anchor
    order = int(rows.order[row])
    customer = int(rows.customer[row])
    if kind in WITH_ORDER:
        order_id = facts.order_ids[int(facts.order_id[order])]
        if kind is Anchor.STATUS:
            return f"{order_id}/{STATUSES[facts.status[order]]}"
        if kind is Anchor.ORDER_PRODUCT:
            return f"{order_id}/{facts.product_ids[int(rows.product[row])]}"
        return order_id
    if rows.intent[row] >= 0:
        return facts.intents.event_ids[int(rows.intent[row])]
    if kind is Anchor.CUSTOMER:
        return facts.customer_ids[customer]
    return named_occasion(now, message, customer, rows.at[row])


def merged(now: Situation, rows: Candidates, row: int, message: Message) -> dict[str, Any]:
    """Give what a template may name, such as the order's id."""
    facts = now.facts
    order, intent = int(rows.order[row]), int(rows.intent[row])
    if order >= 0:
        merge: dict[str, Any] = {
            "order_id": facts.order_ids[int(facts.order_id[order])],
            "product_ids": facts.products_of(order),
            "status": STATUSES[facts.status[order]],
            "delivered_at": iso(now.clock.at[order]),
            "delivery_assumed": bool(now.clock.source[order] != TOLD),
        }
        if rows.product[row] >= 0:
            merge["product_id"] = facts.product_ids[int(rows.product[row])]
        return merge
    if intent >= 0:
        products = facts.intents.product[intents_of(now, intent)].tolist()
        return {
            "event_id": facts.intents.event_ids[intent],
            "product_ids": list(dict.fromkeys(facts.product_ids[one] for one in products)),
        }
    return {"anchor": anchor_of(now, rows, row, message)}


def why(
    now: Situation,
    rows: Candidates,
    row: int,
    message: Message,
    merge: Mapping[str, Any],
    products: int,
) -> str:
    """Fill a message's sentence."""
    days = max(int((now.at - rows.at[row]) // DAY), 0)
    told = message.why.format(
        order=merge.get("order_id", ""),
        status=str(merge.get("status", "")).replace("_", " "),
        days=counted(days, "day"),
        products=counted(products, "product"),
        anchor=merge.get("anchor", ""),
    )
    counts_delivery = message.trigger.on in ("delivered", "worn")
    assumed = counts_delivery and merge.get("delivery_assumed", False)
    return f"{told} (delivery assumed)" if assumed else told


def decision_ids(book: Rulebook, now: Situation, context: Mapping[str, str]) -> list[str]:
    """Name the decision of each customer after all that it rests on, the same in a replay."""
    prices = "" if book.prices is None else book.prices.id
    common = _BETWEEN.join(
        (
            book.snapshot.id,
            book.version,
            prices,
            str(now.at),
            now.facts.shelf.version,
            *(f"{key}={value}" for key, value in sorted(context.items())),
        )
    )
    return [
        f"d_{_hashed(f'{common}{_BETWEEN}{customer}{_BETWEEN}{version}')[:24]}"
        for customer, version in zip(now.facts.customer_ids, versions(now.facts), strict=True)
    ]


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _reason(
    chosen: ChosenMessage | None, next_due: np.datetime64 | None, waiting: Sequence[Suppressed]
) -> str:
    if chosen is not None:
        return chosen.why
    unwanted = sum(one.rule is Rule.NO_CONSENT for one in waiting)
    if unwanted:
        return f"no consent: {counted(unwanted, 'message')} would be due"
    return "nothing is due" if next_due is None else f"nothing is due before {iso(next_due)}"
