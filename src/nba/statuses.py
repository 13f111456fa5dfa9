"""Order statuses: the thirteen canonical codes, their flow, and what each means for a purchase."""

from __future__ import annotations

from collections.abc import Mapping
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

ALIASES: Final[Mapping[str, str]] = {
    "canceled": "cancelled",
    "complete": "delivered",
    "completed": "delivered",
    "fulfilled": "shipped",
    "new": "pending_confirmation",
    "on-hold": "awaiting_payment",
    "pending": "awaiting_payment",
    "refunded": "returned",
    "unpaid": "awaiting_payment",
}
"""Spellings other than the canonical ones that may arrive in a status column."""
