"""Order statuses: the thirteen canonical codes, their spellings, their flows, and what they mean.

A status that is neither a code nor a known spelling is reported, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Final

STATUSES: Final[tuple[str, ...]] = (
    "pending_confirmation",
    "awaiting_payment",
    "paid",
    "awaiting_processing",
    "processing",
    "delayed",
    "picking",
    "packed",
    "shipped",
    "in_transit",
    "delivered",
    "cancelled",
    "returned",
)
"""Canonical codes in flow order; at equal instants the later one holds."""

STATUS_CODE: Final[Mapping[str, int]] = {name: code for code, name in enumerate(STATUSES)}

PLACED: Final = STATUS_CODE["pending_confirmation"]
DELIVERED: Final = STATUS_CODE["delivered"]
CANCELLED: Final = STATUS_CODE["cancelled"]
RETURNED: Final = STATUS_CODE["returned"]

SPELLINGS: Final[Mapping[str, str]] = {
    "pending_confirmation": """
        new, created, placed, received, open, pending confirmation, awaiting confirmation,
        confirmation pending, unconfirmed, to be confirmed, pending approval, order placed,
        order received, holded, held,
        новий, нове, нове замовлення, прийнято, прийняте, створено, очікує підтвердження,
        очікування підтвердження, не підтверджено,
        новый, новое, новый заказ, принят, принято, создан, ожидает подтверждения,
        ожидание подтверждения, не подтвержден, ждет подтверждения
        """,
    "awaiting_payment": """
        pending, on hold, pending payment, payment pending, waiting for payment,
        awaiting for payment, unpaid, not paid, payment due, OrderPaymentDue, checkout draft,
        invoice sent, payment review, authorized, partially paid,
        очікує оплати, очікує оплату, очікування оплати, не оплачено, неоплачено,
        чекаємо оплату, виставлено рахунок,
        ожидает оплаты, ожидает оплату, ожидание оплаты, не оплачен, не оплачено, неоплачен,
        ждем оплату, выставлен счет
        """,
    "paid": """
        payment received, payment accepted, payment complete, paid in full, payment confirmed,
        оплачено, оплачений, оплачене, оплата отримана, сплачено,
        оплачен, оплаченный, оплата получена, оплата прошла
        """,
    "awaiting_processing": """
        confirmed, accepted, approved, awaiting fulfillment, awaiting fulfilment, unfulfilled,
        pending fulfillment, queued, scheduled, ready to process, awaiting processing,
        підтверджено, підтверджений, очікує обробки, очікування обробки, в черзі,
        подтвержден, подтверждено, ожидает обработки, ожидание обработки, в очереди
        """,
    "processing": """
        in progress, in process, processed, being processed, in work, preparing, partial,
        partially fulfilled, partially shipped, OrderProcessing,
        в обробці, обробляється, опрацьовується, в роботі, виконується,
        в обработке, обрабатывается, в работе, выполняется
        """,
    "delayed": """
        delay, OrderProblem, backordered, back ordered, waiting for stock, out of stock, postponed,
        затримка, затримується, затримано, відкладено, очікує товар,
        задержка, задерживается, задержан, отложен, отложено, ожидает товар
        """,
    "picking": """
        picking list, being picked, assembling, in assembly,
        комплектується, комплектація, збирається, на комплектації, комплектування,
        комплектуется, комплектация, собирается, на сборке, сборка
        """,
    "packed": """
        packing, ready to ship, ready for shipment, ready for dispatch, awaiting shipment,
        awaiting pickup, ready for pickup, OrderPickupAvailable,
        запаковано, упаковано, спаковано, зібрано, готово до відправки, готовий до відправки,
        упакован, собран, собрано, готов к отправке, готово к отправке
        """,
    "shipped": """
        sent, dispatched, fulfilled, handed to courier, despatched,
        відправлено, відправлений, надіслано, відвантажено, передано в доставку,
        отправлен, отправлено, отгружен, отгружено, передан в доставку
        """,
    "in_transit": """
        on the way, on its way, in delivery, out for delivery, delivering, OrderInTransit,
        в дорозі, у дорозі, в доставці, доставляється, прямує до клієнта,
        в пути, в доставке, доставляется, едет к клиенту
        """,
    "delivered": """
        complete, completed, done, finished, closed successfully, picked up, received by customer,
        OrderDelivered,
        доставлено, доставлений, виконано, виконаний, завершено, завершений, отримано, вручено,
        доставлен, выполнен, выполнено, завершен, завершено, получен, получено, вручен
        """,
    "cancelled": """
        canceled, cancel, voided, void, failed, failure, declined, denied, rejected, expired,
        abandoned, chargeback, chargedback, fraud, trash, deleted, canceled reversal,
        OrderCancelled,
        скасовано, скасований, скасоване, відмінено, відмова, анульовано,
        отменен, отменено, отмена, отказ, аннулирован, аннулировано
        """,
    "returned": """
        refunded, refund, return, restocked, returned to sender, closed, reversed, sent back,
        OrderReturned,
        повернено, повернення, повернено кошти, повернуто,
        возвращен, возвращено, возврат, возврат средств
        """,
}
"""How shops and platforms write each code: English, Ukrainian, Russian, schema.org."""


def spell(text: str) -> str:
    """Write a status so that case, blanks, hyphens and the letter ё make no difference."""
    return "_".join(text.strip().lower().replace("-", " ").replace("ё", "е").split())


ALIASES: Final[Mapping[str, str]] = {
    spell(word): code for code, words in SPELLINGS.items() for word in words.split(",")
} | {code: code for code in STATUSES}
"""Spelling as `spell` writes it → canonical code."""


def canonical(text: str) -> str | None:
    """Give the canonical code of a status as someone wrote it; None for an unknown one."""
    return ALIASES.get(spell(text))


_ENDS: Final = ("cancelled", "returned")

_WORK: Final = STATUSES[STATUS_CODE["paid"] : CANCELLED]
"""What a shop does with an order that needs no more from the customer, in order."""

NEXT: Final[Mapping[str, frozenset[str]]] = {
    "pending_confirmation": frozenset(
        ("awaiting_payment", "paid", "awaiting_processing", "processing")
    ),
    "awaiting_payment": frozenset(("paid",)),
    **{before: frozenset(_WORK[step:]) for step, before in enumerate(_WORK, 1)},
    "delayed": frozenset(("processing", *_WORK[_WORK.index("picking") :])),
    "picking": frozenset(("delayed", *_WORK[_WORK.index("packed") :])),
    "cancelled": frozenset(),
    "returned": frozenset(),
}
"""What may follow a status: cash on delivery (confirmation, processing, picking, shipping,
delivery), prepayment (payment before processing) and delay (between processing and picking).
Steps of its own work that a shop does not record may be skipped, a confirmation or a payment may
not. Besides, an order may be cancelled until it is delivered, and returned once shipped."""


def may_follow(status: str, before: str) -> bool:
    """Tell whether `status` may come right after `before` in one of the three flows."""
    if status == before or status in NEXT[before]:
        return True
    has_left = STATUS_CODE[before] >= STATUS_CODE["shipped"]
    if status == "cancelled":
        return before not in (*_ENDS, "delivered")
    return status == "returned" and has_left and before not in _ENDS


def illegal_jumps(statuses: Iterable[str]) -> list[tuple[str, str]]:
    """List the steps of an order's history, in order of time, that no flow allows."""
    return [
        (before, status) for before, status in pairwise(statuses) if not may_follow(status, before)
    ]
