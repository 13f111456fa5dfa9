"""The order tables of a database or a lake as all engines read them alike.

What differs between engines and files ends here: names of statuses, types of columns, time zones
and the order of texts. What comes out holds codes, integers, truths, and ids that are only ever
compared for being equal, or sorted by `in_bytes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from nba.errors import DataError
from nba.schema import ORDER_LINES, ORDER_STATUSES, ORDER_VERSIONS, ORDERS, Column, Kind, Table
from nba.statistics.engines.connections.connection import row_of, rows_of
from nba.statistics.engines.connections.holding import Scratch
from nba.statuses import STATUS_CODE, STATUSES, canonical

if TYPE_CHECKING:
    import ibis

MOST_AMOUNT: Final = 2**53
"""No amount, price or quantity may be larger: up to here the floats of the rules are exact."""
_LAST_INSTANT: Final = 2**59
"""Microseconds, some 18,000 years, within which an instant and a status make one number."""
_ADVICE: Final = "correct the rows, or import the files they came from into a shop folder"
_ALSO_REQUIRED: Final = {ORDER_LINES.name: ("product_id",)}
_COLUMNS: Final = {
    ORDERS.name: (
        *("order_id", "customer_id", "ordered_at", "status", "status_at", "delivered_at"),
        *("discount", "is_test"),
    ),
    ORDER_LINES.name: (
        *("order_id", "line_no", "product_id", "quantity", "unit_price", "discount"),
        "returned_quantity",
    ),
    ORDER_STATUSES.name: ("order_id", "status", "at"),
    ORDER_VERSIONS.name: (
        *("order_id", "version", "customer_id", "ordered_at", "status", "status_at"),
        *("delivered_at", "discount", "is_test", "line_no", "product_id", "quantity"),
        *("unit_price", "line_discount", "returned_quantity"),
    ),
}
_TYPES: Final = {
    Kind.ID: "string",
    Kind.TEXT: "string",
    Kind.INSTANT: "int64",
    Kind.COUNT: "int64",
    Kind.MONEY: "int64",
    Kind.BOOLEAN: "boolean",
    Kind.STATUS: "int64",
}


@dataclass(frozen=True, slots=True)
class Told:
    """The order tables, typed alike whatever engine holds them.

    Instants are int64 microseconds since 1970 UTC, statuses int64 codes of `statuses.STATUSES`,
    amounts int64, 0 where none was told; nobody's test is False.

    Attributes:
        orders: order_id, customer_id, ordered_at, status, status_at, delivered_at, discount,
            is_test.
        lines: order_id, line_no, product_id, quantity, unit_price, line_discount,
            returned_quantity.
        statuses: order_id, status, at; no rows where there is no such table.
        versions: order_id, version, the other columns of the two; no rows likewise.
    """

    orders: ibis.Table
    lines: ibis.Table
    statuses: ibis.Table
    versions: ibis.Table

    @classmethod
    def of(cls, tables: Mapping[str, ibis.Table], scratch: Scratch) -> Told:
        """Read the tables named as in `nba.schema`; `orders` and `order_lines` there must be.

        Args:
            tables: expressions of one engine.
            scratch: holds their names.

        Raises:
            DataError: a table or column is missing, has another type than its kind, or holds what
                a rule could not count exactly.
        """
        import ibis

        for name in (ORDERS.name, ORDER_LINES.name):
            if name not in tables:
                raise DataError(
                    f"there is no table {name} among {', '.join(sorted(tables)) or 'none'}; "
                    "name the tables as a shop folder does"
                )
        orders = scratch.name(_typed(tables[ORDERS.name], ORDERS))
        lines = _typed(tables[ORDER_LINES.name], ORDER_LINES).rename(line_discount="discount")
        none = orders.filter(ibis.literal(value=False))
        statuses, versions = tables.get(ORDER_STATUSES.name), tables.get(ORDER_VERSIONS.name)
        return cls(
            orders,
            scratch.name(lines),
            none.select("order_id", "status", at="ordered_at")
            if statuses is None
            else scratch.name(_typed(statuses, ORDER_STATUSES)),
            _no_versions(none)
            if versions is None
            else scratch.name(_typed(versions, ORDER_VERSIONS).semi_join(orders, "order_id")),
        )

    def last_instant(self) -> int:
        """Give the latest instant that any row of an order speaks of; 0 where there is none."""
        statuses = self.statuses.semi_join(self.orders, "order_id")
        found = [
            row_of(
                table.aggregate(
                    **{name: table[name].max() for name in table.columns if name.endswith("at")}
                )
            )
            for table in (self.orders, statuses, self.versions)
        ]
        told = [at for row in found for at in row.values() if at is not None]
        return max(told, default=0)


def in_bytes(text: ibis.Value) -> ibis.Value:
    """Give what sorts texts by their bytes in UTF-8, as `domain.Ids` sorts ids.

    DuckDB and Spark compare texts so; PostgreSQL by the language of the column or the database.
    """
    if text.get_backend().name == "postgres":
        return _functions()["convert_to"](text, "UTF8")
    return text


def _no_versions(orders: ibis.Table) -> ibis.Table:
    import ibis

    columns = {column.name: column for column in ORDER_VERSIONS.columns}
    return orders.select(
        **{
            name: orders[name] if name in orders.columns else ibis.null(_TYPES[columns[name].kind])
            for name in _COLUMNS[ORDER_VERSIONS.name]
        }
    )


def _typed(table: ibis.Table, contract: Table) -> ibis.Table:
    """Give the columns that the rules need, each of the type of its kind."""
    import ibis

    required = (*contract.required, *_ALSO_REQUIRED.get(contract.name, ()))
    absent = [name for name in required if name not in table.columns]
    if absent:
        raise DataError(f"{contract.name} has no column {', '.join(absent)}; {_ADVICE}")
    wanted = [one for one in contract.columns if one.name in _COLUMNS[contract.name]]
    cells = {
        one.name: _cell(table, one, contract)
        if one.name in table.columns
        else ibis.null(_TYPES[one.kind])
        for one in wanted
    }
    typed = table.select(**cells)
    _refuse(typed, wanted, required, contract)
    filled: dict[str, Any] = {
        one.name: typed[one.name].fill_null(0)
        for one in wanted
        if one.kind in (Kind.COUNT, Kind.MONEY) and one.name != "line_no"
    }
    filled |= {
        one.name: typed[one.name].fill_null(False) for one in wanted if one.kind is Kind.BOOLEAN
    }
    return typed.mutate(**filled) if filled else typed


def _cell(table: ibis.Table, column: Column, contract: Table) -> ibis.Value:
    cell = table[column.name]
    kind = cell.type()
    if column.kind is Kind.STATUS:
        return _coded(cell, column, contract)
    if column.kind is Kind.INSTANT and kind.is_timestamp():
        return microseconds(cell)
    # A column without any cell is mostly one of integers, in a file.
    fits = kind.is_integer() or kind.is_null()
    fits |= kind.is_boolean() if column.kind is Kind.BOOLEAN else False
    fits |= kind.is_string() if _TYPES[column.kind] == "string" else False
    if not fits:
        expected = "int64 microseconds or timestamps" if column.kind is Kind.INSTANT else None
        raise DataError(
            f"{contract.name} has a column {column.name} of type {kind}; expected "
            f"{expected or _TYPES[column.kind]}"
        )
    return cell.cast(_TYPES[column.kind])


def _coded(cell: ibis.Value, column: Column, contract: Table) -> ibis.Value:
    """Give the code of a status, however it is spelled."""
    words = rows_of(cell.cast("string").name("word").as_table().distinct())["word"].to_pylist()
    codes = {}
    for word in sorted(one for one in words if one is not None):
        code = canonical(word)
        if code is None:
            raise DataError(
                f"{contract.name} has the {column.name} {word!r}; write one of "
                f"{', '.join(STATUSES)}, or {_ADVICE}"
            )
        codes[word] = STATUS_CODE[code]
    if not codes:
        import ibis

        return ibis.null("int64")
    return cell.cast("string").cases(*codes.items()).cast("int64")


def _refuse(
    table: ibis.Table, columns: Iterable[Column], required: Iterable[str], contract: Table
) -> None:
    """Refuse empty cells that may not be, and numbers with which the rules are not exact."""
    empty = {name: table[name].isnull().sum() for name in required}
    bounds: dict[str, tuple[str, int]] = {}
    asked: dict[str, Any] = {f"empty_{name}": count for name, count in empty.items()}
    for one in columns:
        if _TYPES[one.kind] == "int64" and one.kind is not Kind.STATUS:
            most = _LAST_INSTANT if one.kind is Kind.INSTANT else MOST_AMOUNT
            bounds[one.name] = ("instant" if one.kind is Kind.INSTANT else "amount", most)
            asked |= {f"least_{one.name}": table[one.name].min()}
            asked |= {f"most_{one.name}": table[one.name].max()}
    found = row_of(table.aggregate(**asked))
    for name in empty:
        if found[f"empty_{name}"]:
            raise DataError(
                f"{contract.name} has no {name} in {found[f'empty_{name}']} of its rows; {_ADVICE}"
            )
    for name, (word, most) in bounds.items():
        for value in (found[f"least_{name}"], found[f"most_{name}"]):
            if value is not None and abs(value) > most:
                raise DataError(
                    f"{contract.name} has the {name} {value}; an {word} is counted exactly from "
                    f"-{most} to {most} only: {_ADVICE}"
                )


def microseconds(at: ibis.Value) -> ibis.Value:
    """Give int64 microseconds since 1970 of timestamps; those without a zone are UTC.

    Neither the time zone of the session nor a float has a part in it.
    """
    engine, functions = at.get_backend().name, _functions()
    if engine == "postgres":
        return (functions["extract"]("epoch", at) * 1_000_000).cast("int64")
    if engine == "pyspark":
        # Ibis has one type for those with a zone and those without. What Spark makes of one without
        # a zone depends on the session's, as do the parts of one that has a zone; not the reverse.
        is_zoned = functions["typeof"](at) == "timestamp"
        day = functions["unix_date"](at.cast("date")).cast("int64")
        minute = day * 1440 + at.hour().cast("int64") * 60 + at.minute().cast("int64")
        second = functions["date_part"]("SECOND", at)
        stated = minute * 60_000_000 + (second * 1_000_000).cast("int64")
        return is_zoned.ifelse(functions["unix_micros"](functions["to_timestamp_ltz"](at)), stated)
    return functions["epoch_us"](at).cast("int64")


@cache
def _functions() -> Mapping[str, Callable[..., Any]]:
    """Give functions of engines by the names that they have there."""
    import ibis
    import ibis.expr.datatypes as dt

    def of_one(value: object) -> None: ...
    def of_two(first: object, second: object) -> None: ...

    signatures: dict[str, tuple[tuple[Any, ...], Any]] = {
        "convert_to": ((dt.string, dt.string), dt.binary),
        "extract": ((dt.string, dt.timestamp), dt.Decimal(38, 6)),
        "epoch_us": ((dt.timestamp,), dt.int64),
        "unix_micros": ((dt.timestamp,), dt.int64),
        "to_timestamp_ltz": ((dt.timestamp,), dt.timestamp),
        "typeof": ((dt.timestamp,), dt.string),
        "unix_date": ((dt.date,), dt.int32),
        "date_part": ((dt.string, dt.timestamp), dt.Decimal(8, 6)),
    }
    return {
        name: ibis.udf.scalar.builtin(
            of_two if len(signature[0]) == 2 else of_one, name=name, signature=signature
        )
        for name, signature in signatures.items()
    }
