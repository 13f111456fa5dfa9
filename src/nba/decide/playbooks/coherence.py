"""What fields cannot see alone: contradictions inside a message, and between messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from nba.decide.playbooks.faults import Fault
from nba.decide.playbooks.lines import Place
from nba.decide.playbooks.messages import Message
from nba.decide.playbooks.sections import IntentSpans, QuietHours
from nba.decide.playbooks.triggers import (
    BROADCAST_SOURCES,
    ON_SALE,
    WITH_ORDER,
    WITH_PRODUCT,
    WITH_YEAR,
    SlotSource,
    TriggerWord,
)
from nba.facts.stages import STATES
from nba.vocabulary import MessageKind, Stage

DAY: Final = 86_400
"""Seconds of a day."""
_TRANSACTIONAL: Final = frozenset[TriggerWord](("status", "delayed", "awaiting_payment", "paid"))
"""What a customer is told without having agreed to hear from the shop: the fate of their order."""
_LEARNABLE: Final = frozenset[TriggerWord](("delivered",))


def faults_between(
    messages: Mapping[int, Message],
    ids: Sequence[str],
    quiet: QuietHours,
    intents: IntentSpans,
) -> list[Fault]:
    """List every contradiction of a playbook.

    Args:
        messages: place in the playbook → message; those whose fields are in order.
        ids: of all messages, in the order of the playbook.
        quiet: its quiet hours.
        intents: how long its intents stay open.
    """
    found = [*_quiet(quiet), *_repeated(ids), *_circles(messages)]
    for place, message in messages.items():
        checks = (
            _window(message, intents),
            _conditions(message),
            _repeats(message, ids),
            _products(message),
            _claims(message),
            _money(message),
            _kind(message),
            _wording(message),
        )
        found += [
            Fault(("message", place, *one.place), one.text) for check in checks for one in check
        ]
    return found


def _quiet(quiet: QuietHours) -> Iterator[Fault]:
    if (quiet.from_ is None) != (quiet.until is None):
        given, absent = ("from", "until") if quiet.until is None else ("until", "from")
        yield Fault(("quiet_hours", given), f"{given} needs {absent} too, such as '09:00'")
    elif quiet.from_ is not None and quiet.from_ == quiet.until:
        yield Fault(
            ("quiet_hours", "until"),
            "quiet hours that end when they begin never end; remove both, or change one",
        )


def _repeated(ids: Sequence[str]) -> Iterator[Fault]:
    for place, name in enumerate(ids):
        if name and name in ids[:place]:
            yield Fault(("message", place, "id"), f"message {name} appears twice; write it once")


def _circles(messages: Mapping[int, Message]) -> Iterator[Fault]:
    """Name every message that waits for itself by way of others."""
    waits = {one.id: one.prerequisite for one in messages.values()}
    for place, message in messages.items():
        reached: list[str] = []
        ahead = [one for one in message.prerequisite if one != message.id]
        while ahead:
            name = ahead.pop()
            if name not in reached:
                reached.append(name)
                ahead += waits.get(name, ())
        if message.id in reached:
            yield Fault(
                ("message", place, "prerequisite"),
                f"{message.id} waits for {' and '.join(message.prerequisite)}, which in the end "
                f"waits for {message.id}; remove one prerequisite",
            )


def _window(message: Message, intents: IntentSpans) -> Iterator[Fault]:
    trigger = message.trigger
    meaning = trigger.meaning
    if trigger.after < 0 and not meaning.may_lead:
        yield Fault(
            ("trigger", "after"),
            f"nobody knows {trigger.on} before it happens; after may not be negative",
        )
    if meaning.before and trigger.after + trigger.within > 0:
        yield Fault(
            ("trigger", "within"),
            f"the window is still open after {meaning.instant}; after must be negative and "
            "within no longer than that",
        )
    if meaning.days is not None and trigger.after >= meaning.days * DAY:
        yield Fault(
            ("trigger", "after"),
            f"the window never opens: after {meaning.days} days the next {meaning.anchor} is there",
        )
    if meaning.intent is not None and trigger.on == meaning.intent:
        span = getattr(intents, meaning.intent)
        if trigger.after >= span:
            yield Fault(
                ("trigger", "after"),
                f"the window never opens: a {meaning.intent} counts for {_told(span)} only; "
                "write less, or a longer one under [intents]",
            )
    if not meaning.stages.intersection(message.stage):
        yield Fault(
            ("stage",),
            f"the window never opens: customers with {trigger.on} are of the stages "
            f"{_listed(meaning.stages)}",
        )
    if trigger.min is not None and trigger.on != "view":
        yield Fault(("trigger", "min"), f"min counts products looked at; {trigger.on} has none")
    if message.lag is not None and trigger.on not in _LEARNABLE:
        yield Fault(
            ("lag",),
            f"no lag is learned for {trigger.on}; it may stand with {_listed(_LEARNABLE)}",
        )
    if message.categories and meaning.anchor not in WITH_ORDER:
        yield Fault(
            ("categories",),
            f"{trigger.on} is about no order, whose products would be of a category",
        )


def _conditions(message: Message) -> Iterator[Fault]:
    when = message.when
    if when.max_orders is not None and (when.min_orders or 0) > when.max_orders:
        yield Fault(("when", "max_orders"), "max_orders is below min_orders: nobody is meant")
    for place, state in enumerate(when.states or ()):
        stage, _, inner = state.partition("/")
        if state not in STATES and not (stage in list(Stage) and inner == "*"):
            yield Fault(
                ("when", "states", place),
                f"there is no state {state!r}; expected one of {list(STATES)}, "
                "or a stage with /* behind it",
            )
        elif stage not in message.stage:
            yield Fault(
                ("when", "states", place),
                f"customers in {state} are not of the stages {_listed(message.stage)}",
            )
    for word, key in (("points", "points_short"), ("spend", "band_share")):
        if message.trigger.on == word and getattr(when, key) is None:
            yield Fault(("trigger", "on"), f"{word} needs when.{key}: how near is near")


def _repeats(message: Message, ids: Sequence[str]) -> Iterator[Fault]:
    trigger = message.trigger
    anchor = trigger.meaning.anchor
    for word, anchors in (("order", WITH_ORDER), ("product", WITH_PRODUCT), ("year", WITH_YEAR)):
        if message.once_per == word and anchor not in anchors:
            yield Fault(
                ("once_per",),
                f"a message of {trigger.on} is about a {anchor}, which names no one {word}; "
                "write 'anchor' or 'customer'",
            )
    for key in ("prerequisite", "never_after"):
        for place, other in enumerate(getattr(message, key)):
            if other == message.id:
                yield Fault((key, place), f"{key} names the message itself; once_per limits it")
            elif other not in ids:
                yield Fault((key, place), f"there is no message {other!r} in this playbook")
    for other in sorted(set(message.prerequisite) & set(message.never_after)):
        yield Fault(("never_after",), f"{other} is a prerequisite too: it would never be sent")


def _products(message: Message) -> Iterator[Fault]:
    names: list[str] = []
    for place, slot in enumerate(message.slots):
        if slot.name in names:
            yield Fault(("slots", place, "name"), f"slot {slot.name!r} appears twice")
        names.append(slot.name)
        if slot.require > slot.n:
            yield Fault(
                ("slots", place, "require"),
                f"require is {slot.require}, but the slot holds {slot.n} at most",
            )
        trigger = message.trigger
        for number, source in enumerate(slot.source):
            at: Place = ("slots", place, "source", number)
            if source in slot.source[:number]:
                yield Fault(at, f"{source} is there twice; write it once")
            elif source not in trigger.meaning.fills:
                yield Fault(
                    at,
                    f"a message of {trigger.on} has nothing to fill {source} from; "
                    f"expected some of {_listed(trigger.meaning.fills)}",
                )
            elif message.kind is MessageKind.TRANSACTIONAL and source != "ordered":
                yield Fault(
                    at,
                    "a transactional message pushes no products: ordered is the only source; "
                    "advertise in a message of another kind",
                )
            elif message.kind is MessageKind.BROADCAST and source not in BROADCAST_SOURCES:
                yield Fault(
                    at,
                    f"a broadcast is the same for everybody; expected some of "
                    f"{_listed(BROADCAST_SOURCES)}, or another kind",
                )


def _claims(message: Message) -> Iterator[Fault]:
    """A claim needs a slot that must be filled, and only with what the data can prove it for."""
    for place, claim in enumerate(message.claims):
        carriers = _carriers(message, claim)
        proven = any(
            slot.require >= 1 and carriers.issuperset(slot.source) for slot in message.slots
        )
        if not proven:
            means = "stock" if claim == "low_stock" else "sale_until"
            expected = f"a slot with require = 1 or more and sources among {_listed(carriers)}"
            yield Fault(
                ("claims", place),
                f"no slot can prove {claim}, which needs products with {means}; expected "
                + (expected if carriers else "another trigger: this one shows no such products"),
            )


def _carriers(message: Message, claim: str) -> frozenset[SlotSource]:
    """Give the sources of a message whose products' data can prove a claim."""
    fills = message.trigger.meaning.fills
    if claim == "low_stock":
        # What was bought already is no longer the shop's to run out of.
        return fills - {"ordered"}
    on_sale = message.trigger.on in ("cart_sale", "wish_sale")
    return fills & (ON_SALE | {"anchor"} if on_sale else ON_SALE)


def _money(message: Message) -> Iterator[Fault]:
    for key in ("budget", "margin_floor"):
        if getattr(message, key) is not None and message.discount is None:
            yield Fault((key,), f"{key} limits a discount, and there is none; write discount too")


def _kind(message: Message) -> Iterator[Fault]:
    if message.kind is not MessageKind.TRANSACTIONAL:
        return
    if message.trigger.on not in _TRANSACTIONAL:
        yield Fault(
            ("kind",),
            f"a message of {message.trigger.on} is not transactional: it would go to people who "
            f"did not agree to it; only those of {_listed(_TRANSACTIONAL)} may be",
        )
    if message.tier != 0:
        yield Fault(("tier",), "a transactional message competes with none; its tier is 0")
    for key in ("discount", "claims"):
        if getattr(message, key):
            yield Fault((key,), f"a transactional message sells nothing; remove {key}")


def _wording(message: Message) -> Iterator[Fault]:
    if odd := sorted(message.why_fields - message.trigger.meaning.why_fields):
        yield Fault(
            ("why",),
            f"a message of {message.trigger.on} has no {odd[0]}; it may use "
            f"{_listed(message.trigger.meaning.why_fields)}",
        )


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(str(one) for one in words))


def _told(seconds: int) -> str:
    return f"{seconds // DAY}d" if seconds % DAY == 0 else f"{seconds // 3600}h"
