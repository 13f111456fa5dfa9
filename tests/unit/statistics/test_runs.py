"""Runs of pairs: what is added up, what is taken away, and what a damaged file says."""

from __future__ import annotations

import numpy as np
import pytest

from nba.errors import DataError
from nba.statistics.engines import local
from nba.statistics.evidence import Evidence
from nba.statistics.kept.columns import Column, check_of, read_column, verify, write_column
from nba.statistics.kept.runs import Run, Stream, difference, write_run
from nba.statistics.pairs import PairSettings
from nba.statistics.records import CountedRows, Partners
from tests.shops import history, random_orders

SETTINGS = PairSettings(3, 0.5, 30)


def counted(orders, at_once=1 << 22, threads=1):
    baskets = history(orders).baskets()
    evidence = Evidence.of(baskets, SETTINGS)
    count = len(baskets.product_ids)
    rows = local.count_rows(
        evidence, count, SETTINGS.customer_cap, threads=threads, at_once=at_once
    )
    return [*rows], count


def rows_of(*rows):
    """Give rows by hand: per row, (partner, orders, weight, customers) of each pair."""
    cells = [cell for row in rows for cell in row]
    columns = zip(*cells, strict=True) if cells else [[]] * 4
    kinds = np.uint32, np.int32, np.int64, np.int32
    pairs = Partners(*(np.array(one, kind) for one, kind in zip(columns, kinds, strict=True)))
    return CountedRows(0, np.array([len(row) for row in rows], np.int64), pairs)


def cells_of(rows):
    length, pairs = rows.length, rows.pairs
    row = np.repeat(np.arange(len(length)), length)
    columns = (row, pairs.row, pairs.orders, pairs.weight, pairs.customers)
    return sorted(zip(*(one.tolist() for one in columns), strict=True))


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("at_once", [1, 40, 1 << 22])
def test_rows_counted_in_blocks_of_any_size_are_those_counted_at_once(at_once, threads, tmp_path):
    orders = random_orders(3)
    (whole,), count = counted(orders)
    blocks, _ = counted(orders, at_once, threads)
    assert len(blocks) > 1 or at_once > 40
    written, degree = write_run(tmp_path / "run", count, blocks)
    run = Run.read(tmp_path / "run", written)
    run.verify()
    for name in Partners._fields:
        np.testing.assert_array_equal(getattr(run.pairs, name), getattr(whole.pairs, name))
    np.testing.assert_array_equal(np.diff(run.start), whole.length)
    row = np.repeat(np.arange(count), whole.length)
    both = np.bincount(np.concatenate([row, whole.pairs.row]), minlength=count)
    np.testing.assert_array_equal(degree, both)


@pytest.mark.parametrize("at_once", [1, 7, 1 << 20])
def test_runs_are_added_up_in_blocks_of_any_size(at_once, tmp_path):
    base = rows_of([], [(0, 2, 30, 1)], [(1, 1, 10, 1), (0, 5, 50, 2)])
    # A day later there is one product more, and of a pair nothing is left.
    more = rows_of([], [(0, -2, -30, -1)], [(1, 1, 5, 0)], [(2, 1, 9, 1)])
    written, _ = write_run(tmp_path / "base", 3, [base])
    stream = Stream.of([Run.read(tmp_path / "base", written), Run.of(more)], 4)
    blocks = stream.blocks(at_once)
    assert [begin for begin, _ in blocks[1:]] == [end for _, end in blocks[:-1]]
    found = [
        (row + block.begin, *others)
        for block in (stream.sums(*one) for one in blocks)
        for row, *others in cells_of(block)
    ]
    assert found == [(2, 0, 5, 50, 2), (2, 1, 2, 15, 1), (3, 2, 1, 9, 1)]
    often = stream.sums(0, 4, least=3, least_weight=1)
    assert cells_of(often) == [(2, 0, 5, 50, 2)]


def test_more_taken_away_than_was_added_is_refused():
    runs = [Run.of(rows_of([], [(0, 1, 10, 1)])), Run.of(rows_of([], [(0, -2, -10, -1)]))]
    with pytest.raises(DataError, match="more was taken away"):
        Stream.of(runs, 2).sums(0, 2)


def test_a_difference_has_only_what_differs_and_may_lie_below_zero():
    new = rows_of([], [(0, 1, 10, 1)], [(0, 1, 7, 1), (1, 4, 40, 2)])
    old = rows_of([], [(0, 3, 30, 1)], [(1, 4, 40, 2)])
    assert cells_of(difference(new, old)) == [(1, 0, -2, -20, 0), (2, 0, 1, 7, 1)]
    assert cells_of(difference(old, old)) == []


def test_a_column_is_read_as_it_was_written_block_by_block(tmp_path):
    path = tmp_path / "column.npy"
    with Column(path, np.dtype(np.int64)) as column:
        for part in ([1, -2], [], [3]):
            column.add(np.array(part, np.int64))
        written = column.close()
    read = read_column(path, written)
    verify(path, read, written)
    assert read.tolist() == [1, -2, 3]
    assert written == write_column(tmp_path / "other.npy", np.array([1, -2, 3]))
    assert read_column(path, write_column(path, np.empty(0, np.int32))).tolist() == []


@pytest.mark.parametrize("kind", ["u1", "bool", "i4", "i8", "u8"])
def test_no_flipped_bit_leaves_the_check_of_a_column_as_it_was(kind):
    cells = np.arange(3).astype(kind)
    check = check_of(cells)
    bits = cells.view(np.uint8)
    for place in range(8 * len(bits)):
        bits[place // 8] ^= 1 << place % 8
        assert check_of(cells) != check
        bits[place // 8] ^= 1 << place % 8
    assert check_of(cells) == check


def test_a_column_of_another_kind_or_length_is_refused(tmp_path):
    path = tmp_path / "column.npy"
    written = write_column(path, np.arange(5))
    for other in (written._replace(kind="<i4"), written._replace(length=4)):
        with pytest.raises(DataError, match="train without --since"):
            read_column(path, other)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataError, match="damaged"):
        read_column(path, written)
