"""Decisions as rows of CSV: the columns that `nba decide --out` writes, and those of a claim."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO
from typing import Any, Final

from nba.decide.telling import COLUMNS
from nba.recommend.flat import PRODUCT_COLUMNS, cells_of, product_cells
from nba.vocabulary import NOTHING_SENT

CLAIM_COLUMNS: Final = ("message_id", "claimed_at", "withdrawn")
_RUN: Final = ("=", "+", "-", "@", "\t", "\r")
"""What begins a cell that a spreadsheet would run."""
_TRUTH: Final = {True: "true", False: "false"}


def csv_lines(documents: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Write a header, and one row a decision in its JSON form; a null is an empty cell.

    Of a problem in the place of a decision the row holds the customer, and `why` there is none.
    """
    names = (*COLUMNS, *CLAIM_COLUMNS, *PRODUCT_COLUMNS)
    yield _line(names)
    for document in documents:
        cells = _cells(document)
        yield _line([_inert(cells.get(name)) for name in names])


def _cells(document: Mapping[str, Any]) -> dict[str, Any]:
    if "experiment" not in document:
        return {"customer_id": document["customer_id"], "why": document["detail"]}
    experiment = document["experiment"]
    told = {name: document.get(name) for name in (*COLUMNS, *CLAIM_COLUMNS)} | {
        "message": NOTHING_SENT,
        "holdout": experiment["holdout"],
        "propensity": experiment["propensity"],
    }
    message = document["message"]
    if message is None:
        return told
    merge = message["merge"]
    shown = [item for items in message["slots"].values() for item in items]
    return (
        told
        | {name: message[name] for name in ("kind", "channel", "send_after", "expires_at")}
        | {name: message[name] for name in ("anchor", "text", "why")}
        | {name: merge.get(name) for name in ("order_id", "delivery_assumed")}
        | {
            "message": message["id"],
            "product_ids": " ".join(item["product_id"] for item in shown),
            "expected": message["score"]["expected"],
            "arm": experiment["arm"],
        }
        | product_cells([cells_of(item["product_id"], item["product"]) for item in shown])
    )


def _inert(cell: Any) -> Any:  # noqa: ANN401 - a JSON value
    """Write truths as JSON does, and keep a spreadsheet from running what looks like a formula."""
    if isinstance(cell, bool):
        return _TRUTH[cell]
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_RUN) else cell


def _line(cells: Iterable[Any]) -> str:
    text = StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()
