"""Rows of any number cut at an instant: at once where they are few, else part by part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nba.domain import Ids
from nba.facts.known import Known, forget, forgetting
from nba.facts.parts import Collected, Portions, parts
from nba.facts.rows import Rows
from nba.facts.standing import stand, standing_versions, united

_Codes = NDArray[np.int32]


def known_parts(rows: Rows, as_of: np.datetime64, portions: Portions) -> Iterator[Known]:
    """Give the state of all orders at an instant, in runs of consecutive ones.

    Codes of customers and products are the same in all; the guests of each are numbered anew.
    """
    if len(rows.line_order) > portions.part_lines:
        # Versions may name more ids; all parts are to have the same.
        rows = standing(rows, as_of, portions)
    for part in parts(rows, portions):
        yield Known.at(part, as_of)


def standing(rows: Rows, as_of: np.datetime64, portions: Portions) -> Rows:
    """Put each order into the version that stood at an instant, as `standing.stand` does."""
    if len(rows.line_order) <= portions.part_lines or not len(standing_versions(rows, as_of)[0]):
        return stand(rows, as_of)[0]
    collected, wide = _widened(rows, as_of, portions)
    for part in wide:
        collected.add(stand(part, as_of)[0])
    return collected.rows()


def cut(rows: Rows, as_of: np.datetime64, portions: Portions) -> Rows:
    """Drop what happened at or after an instant, as `known.forget` does."""
    if len(rows.line_order) <= portions.part_lines:
        return forget(rows, as_of)
    collected, wide = _widened(rows, as_of, portions)
    are_whole = True
    for part in wide:
        forgotten, placed, is_whole = forgetting(part, as_of)
        are_whole &= is_whole
        collected.add(forgotten if is_whole else forgotten.only(placed))
    return collected.rows(narrowed=not are_whole)


def _widened(
    rows: Rows, as_of: np.datetime64, portions: Portions
) -> tuple[Collected, Iterator[Rows]]:
    """Give the parts of rows, coded also by what the versions that stood name, and where to."""
    _, place, source = standing_versions(rows, as_of)
    cells, lines = rows.versions.take(place), rows.versions.take(source[source >= 0])
    customer_ids, customer, _ = united(rows.customer_ids, cells.customer_ids)
    product_ids, product, _ = united(rows.product_ids, lines.product_ids)
    in_files = len(rows.line_order) > portions.held_lines
    collected = Collected(customer_ids, product_ids, in_files=in_files)
    wide = (
        _over(part, customer_ids, customer, product_ids, product) for part in parts(rows, portions)
    )
    return collected, wide


def _over(
    part: Rows, customer_ids: Ids, customer: _Codes, product_ids: Ids, product: _Codes
) -> Rows:
    """Code a part by more ids."""
    if len(customer_ids) > len(customer):
        more = np.int32(len(customer_ids) - len(customer))
        is_guest = part.customer >= len(customer)
        own = np.append(customer, np.int32(0))[np.where(is_guest, len(customer), part.customer)]
        part = replace(
            part,
            customer_ids=customer_ids,
            customer=np.where(is_guest, part.customer + more, own).astype(np.int32),
        )
    if len(product_ids) > len(product):
        part = replace(part, product_ids=product_ids, line_product=product[part.line_product])
    return part
