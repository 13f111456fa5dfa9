"""The shapes of what is posted and of its answers, as the OpenAPI document shows them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from pydantic import BaseModel, Field

from nba import schema
from nba.checking import ID_LENGTH, MOST_MONEY, MOST_PIECES
from nba.schema import CHOICES, Column, Kind, Table

MAX_ROWS: Final = 500
"""The most rows of one post."""
_TEXT: Final = "^[^\\u0000]*$"
_ID: Final = "^[^\\u0000-\\u001f]+$"
_DAYS: Final = (
    "((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    "|02-(0[1-9]|1[0-9]|2[0-9]))"
)
_CLOCK: Final = "T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?"
_ZONE: Final = "(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])"
_INSTANT: Final = f"^(199[0-9]|20[0-9]{{2}})-{_DAYS}{_CLOCK}{_ZONE}$"


class BadRowAnswer(BaseModel):
    """A row that was not taken, and the first rule that it breaks."""

    index: int = Field(ge=0, description="its place in the list")
    column: str | None = Field(description="which cell, such as `lines.0.quantity`")
    rule: str
    problem: str = Field(description="what was found and what was expected")


class PostedAnswer(BaseModel):
    """What became of the rows; each counts once."""

    accepted: int = Field(description="rows that said something new")
    duplicates: int = Field(description="rows that said nothing new")
    errors: list[BadRowAnswer]


class TrackedAnswer(PostedAnswer):
    """What became of calls; one about several products is several events."""

    ignored: int = Field(description="calls that say nothing of use here")


_TYPED: Final[dict[Kind, dict[str, Any]]] = {
    Kind.ID: {"type": "string", "minLength": 1, "maxLength": ID_LENGTH, "pattern": _ID},
    Kind.TEXT: {"type": "string", "pattern": _TEXT},
    Kind.INSTANT: {"type": "string", "pattern": _INSTANT, "examples": ["2026-03-01T12:00:00Z"]},
    Kind.DAY: {"type": "string", "pattern": f"^[0-9]{{4}}-{_DAYS}$", "examples": ["1990-05-17"]},
    Kind.COUNT: {"type": "integer", "minimum": 0, "maximum": MOST_PIECES},
    Kind.MONEY: {
        "type": "integer",
        "minimum": 0,
        "maximum": MOST_MONEY,
        "description": "minor units",
    },
    Kind.NUMBER: {"type": "number"},
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.LIST: {"type": "string", "pattern": _TEXT, "description": "ids with commas between them"},
}


def body_of(schema_of_row: dict[str, Any], description: str) -> dict[str, Any]:
    """Describe a body of rows for the OpenAPI document."""
    rows = {"anyOf": [{"type": "array", "items": _or_else(schema_of_row)}, {"type": "object"}]}
    content = {"application/json": {"schema": rows}}
    said = f"{description}; at most {MAX_ROWS}"
    return {"requestBody": {"required": True, "description": said, "content": content}}


def _or_else(wanted: dict[str, Any]) -> dict[str, Any]:
    """Describe what is wanted; nothing else is refused as a whole."""
    return {"anyOf": [wanted, {"description": "anything else is named in `errors`"}]}


def row_of(
    table: Table, *, optional: Collection[str] = (), more: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Describe a row of a table.

    Args:
        table: its contract.
        optional: columns that a row need not fill.
        more: further fields.
    """
    described: dict[str, Any] = {
        "type": "object",
        "properties": {one.name: _cell_of(one) for one in table.columns} | (more or {}),
        "required": [one for one in table.required if one not in optional],
        "additionalProperties": False,
    }
    if table.either:
        described["anyOf"] = [{"required": [name]} for name in table.either]
    return described


def _cell_of(column: Column) -> dict[str, Any]:
    if column.kind in CHOICES:
        return {"type": "string", "enum": list(CHOICES[column.kind])}
    return _TYPED[column.kind]


def _inner(table: Table, *optional: str) -> dict[str, Any]:
    """Describe a row that stands inside an order."""
    columns = tuple(one for one in table.columns if one.name != "order_id")
    return row_of(Table(table.name, columns, either=table.either), optional=optional)


EVENTS: Final = body_of(row_of(schema.EVENTS, optional=["at"]), "a list of events, or one")
MESSAGE_EVENTS: Final = body_of(
    row_of(schema.MESSAGE_EVENTS, optional=["at"]), "a list of events of messages, or one"
)
CUSTOMERS: Final = body_of(row_of(schema.CUSTOMERS), "a list of customers, or one")
PRODUCTS: Final = body_of(
    row_of(schema.PRODUCTS, optional=["title"], more={"at": _TYPED[Kind.INSTANT]}),
    "a list of products, or one; `title` is needed where the product is not known",
)
_LINES: Final = {"type": "array", "items": _inner(schema.ORDER_LINES, "line_no"), "minItems": 1}
_STATUSES: Final = {"type": "array", "items": _inner(schema.ORDER_STATUSES)}
_ORDER: Final = row_of(schema.ORDERS, more={"lines": _LINES, "statuses": _STATUSES})
_ORDER["required"].append("lines")
_STATUSES_ALONE: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"order_id": _TYPED[Kind.ID], "statuses": {**_STATUSES, "minItems": 1}},
    "required": ["order_id", "statuses"],
    "additionalProperties": False,
}
ORDERS: Final = body_of(
    {"anyOf": [_ORDER, _STATUSES_ALONE]}, "a list of orders with their lines inside, or one"
)
_CALL: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "type": {"enum": ["track", "identify", "page", "screen", "group", "alias"]},
        "event": {"type": "string", "minLength": 1},
        "messageId": {"type": "string", "minLength": 1, "maxLength": ID_LENGTH, "pattern": _ID},
        "timestamp": _TYPED[Kind.INSTANT],
        "properties": {"type": "object"},
    },
    "required": ["type", "event", "messageId"],
}
TRACK: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "a call as Segment, RudderStack and Jitsu send it",
        "content": {"application/json": {"schema": _or_else(_CALL)}},
    }
}
_BATCH: Final = {
    "type": "object",
    "properties": {"batch": {"type": "array", "items": _or_else(_CALL)}},
    "required": ["batch"],
}
BATCH: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "calls as Segment, RudderStack and Jitsu send them together",
        "content": {"application/json": {"schema": _BATCH}},
    }
}
