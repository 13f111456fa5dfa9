"""The compiled loops over sparse rows. Importing this module compiles them once a machine.

A matrix comes as `start`, int64[rows + 1], and `column`, uint32: row r holds the columns
column[start[r]:start[r + 1]], ascending.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from nba.statistics.basket_kernels import LONG, LONGS, PLACES, REAL, REALS, compiled, inner

FLOATS = types.Array(types.float32, 1, "C")


@compiled(LONG(LONGS, PLACES, FLOATS, LONGS, LONGS, LONGS, FLOATS))
def multiply(
    start: NDArray[np.int64],
    column: NDArray[np.uint32],
    value: NDArray[np.float32],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    length: NDArray[np.int64],
    product: NDArray[np.float32],
) -> int:
    """Multiply what pairs of rows have in the columns that both have.

    Filled from the front: `length` with the columns each pair shares, and `product`.

    Returns:
        The number of products.
    """
    used = 0
    for pair in range(len(first)):
        begin = used
        one, end = start[first[pair]], start[first[pair] + 1]
        other, stop = start[second[pair]], start[second[pair] + 1]
        while one < end and other < stop:
            mine, its = column[one], column[other]
            if mine == its:
                product[used] = value[one] * value[other]
                used += 1
            one += mine <= its
            other += its <= mine
        length[pair] = used - begin
    return used


@inner(types.void(REALS, PLACES, LONG, LONG, LONG, REAL, types.uint32))
def _sink(
    score: NDArray[np.float64],
    partner: NDArray[np.uint32],
    base: int,
    end: int,
    place: int,
    worth: float,
    other: int,
) -> None:
    """Let a partner sink from a free place of the heap base:end; the worst stands on top."""
    below = 2 * place - base + 1
    while below < end:
        if below + 1 < end and (
            score[below + 1] < score[below]
            or (score[below + 1] == score[below] and partner[below + 1] > partner[below])
        ):
            below += 1
        if score[below] > worth or (score[below] == worth and partner[below] < other):
            break
        score[place], partner[place] = score[below], partner[below]
        place = below
        below = 2 * place - base + 1
    score[place], partner[place] = worth, other


@compiled(
    LONG(
        LONGS, LONGS, PLACES, LONGS, PLACES, LONGS, REALS, LONG, LONGS, PLACES, LONGS, PLACES, REALS
    )
)
def rank_nearest(
    asking: NDArray[np.int64],
    start: NDArray[np.int64],
    column: NDArray[np.uint32],
    held_start: NDArray[np.int64],
    held: NDArray[np.uint32],
    weight: NDArray[np.int64],
    gain: NDArray[np.float64],
    top_k: int,
    sums: NDArray[np.int64],
    touched: NDArray[np.uint32],
    length: NDArray[np.int64],
    partner: NDArray[np.uint32],
    score: NDArray[np.float64],
) -> int:
    """Find the rows that share most with each row asking: gain[j] * weight of shared columns.

    Args:
        asking: the rows.
        start: of the matrix.
        column: of the matrix.
        held_start: int64[columns + 1]: column c is had by held[held_start[c]:held_start[c + 1]].
        held: rows.
        weight: at least 1 per column.
        gain: per row, of the partner j; not negative.
        top_k: partners kept a row.
        sums: room, zero per row, and left so.
        touched: room, one per row.
        length: filled with the partners kept of each row asking.
        partner: filled from the front with these, in no order; ties are won by lower rows.
        score: filled likewise.

    Returns:
        The number of partners.
    """
    used = 0
    for place in range(len(asking)):
        row = asking[place]
        found = 0
        for cell in range(start[row], start[row + 1]):
            here = column[cell]
            more = weight[here]
            for holder in range(held_start[here], held_start[here + 1]):
                other = held[holder]
                known = sums[other]
                if known == 0:
                    touched[found] = other
                    found += 1
                sums[other] = known + more
        end = used
        is_heap = False
        for number in range(found):
            other = touched[number]
            worth = gain[other] * sums[other]
            sums[other] = 0
            if other == row:
                continue
            if end < used + top_k:
                partner[end], score[end] = other, worth
                end += 1
                continue
            if not is_heap:
                is_heap = True
                for top in range(used + top_k // 2 - 1, used - 1, -1):
                    _sink(score, partner, used, end, top, score[top], partner[top])
            if worth > score[used] or (worth == score[used] and other < partner[used]):
                _sink(score, partner, used, end, used, worth, other)
        length[place] = end - used
        used = end
    return used
