"""The physical limit of counting and ranking pairs on this machine, from four measured speeds.

Each speed is the best of several short runs, so that neighbours on the machine disturb it least.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from lines import Lines
from numba import njit
from numpy.typing import NDArray

LINE_NUMBERS: Final = 16
REPEATS: Final = 7


@njit("int64(int32[::1], int32[::1])", nogil=True)
def _read(store: NDArray[np.int32], place: NDArray[np.int32]) -> int:
    total = 0
    for one in place:
        total += store[one]
    return total


@njit("void(int32[::1], int32[::1])", nogil=True)
def _increment(sums: NDArray[np.int32], place: NDArray[np.int32]) -> None:
    for one in place:
        sums[one] += 1


@njit("void(int32[::1], int64[::1], int32[::1])", nogil=True)
def _scatter(out: NDArray[np.int32], at: NDArray[np.int64], stream: NDArray[np.int32]) -> None:
    for number in range(len(stream)):
        one = stream[number]
        out[at[one]] = number
        at[one] += 1


def _best(work: Callable[[], Any]) -> float:
    taken = []
    for _ in range(REPEATS):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)


def speeds(lines: Lines) -> dict[str, float]:
    """Measure this machine: ns a step, and ns a byte copied.

    Reads go to random cache lines of an array as large as the stream of baskets; increments to
    sums of the products as popular as they are; scattered writes are those of a counting sort.
    """
    random = np.random.default_rng(1)
    count = 2_000_000
    length = len(lines.product) + 2 * len(lines.customer)
    store = np.ones(length, np.int32)
    place = random.integers(0, max(length // LINE_NUMBERS, 1), count).astype(np.int32)
    place *= LINE_NUMBERS
    popular = np.argsort(-np.bincount(lines.product, minlength=lines.product_count))
    rank = np.empty(lines.product_count, np.int32)
    rank[popular] = np.arange(lines.product_count)
    product = rank[random.choice(lines.product, count)]
    sums = np.zeros(lines.product_count, np.int32)
    starts = np.cumsum(np.bincount(product, minlength=lines.product_count))
    out = np.empty(count, np.int32)
    source, target = np.ones(length, np.int32), np.ones(length, np.int32)

    def scatter() -> None:
        _scatter(out, np.append(0, starts[:-1]), product)

    return {
        "read of a random line": _best(lambda: _read(store, place)) / count * 1e9,
        "increment of a hot sum": _best(lambda: _increment(sums, product)) / count * 1e9,
        "scattered write": _best(scatter) / count * 1e9,
        "byte copied": _best(lambda: np.copyto(target, source)) / (4 * length) * 1e9,
    }


def arithmetic(lines: Lines, kept: int) -> tuple[list[str], float]:
    """Build the floor from the speeds, for `kept` partners in the result.

    Returns:
        The sums as lines of text, and their total in CPU seconds.
    """
    speed = speeds(lines)
    size = np.diff(lines.start)
    visits = int(size.sum() - (size > 0).sum())
    # The products are read, their stream is written, and read again to find the visits.
    in_order = 4 * (3 * len(lines.product) + 4 * len(size))
    parts = [
        ("bytes read or written in order", in_order, "byte copied"),
        ("visits written, sorted by product", visits, "scattered write"),
        ("baskets visited", visits, "read of a random line"),
        ("sums increased", int((size**2).sum() - size.sum()) // 2, "increment of a hot sum"),
        ("partners kept", kept, "read of a random line"),
    ]
    rows = []
    total = 0.0
    for what, times, name in parts:
        seconds = speed[name] * times / 1e9
        total += seconds
        rows.append(f"{times / 1e6:.1f} M {what} x {speed[name]:.2f} ns ({name}) = {seconds:.3f} s")
    return [*rows, f"floor {total:.2f} CPU s"], total
