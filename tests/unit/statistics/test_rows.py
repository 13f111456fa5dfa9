import numpy as np
import pytest
from scipy.sparse import csr_array

from nba.statistics.rows import Rows, nearest


def random_rows(seed=0, shape=(40, 25), share=0.2):
    cells = np.random.default_rng(seed).random(shape)
    return np.where(cells < share, cells, 0).astype(np.float32)


def every_pair(width):
    return np.divmod(np.arange(width * width), width)


def test_products_of_pairs_of_rows_are_those_of_the_whole_matrix():
    dense = random_rows()
    dense[3] = 0
    first, second = every_pair(len(dense))
    found = Rows.of(csr_array(dense)).products(first, second)
    assert found == pytest.approx((dense @ dense.T).ravel(), rel=1e-6)


def test_rows_whose_columns_stand_in_no_order_multiply_all_the_same():
    shuffled = csr_array(
        (np.array([2, 3, 5], np.float32), np.array([4, 1, 4]), np.array([0, 2, 3])), shape=(2, 5)
    )
    pairs = np.array([0, 1, 0]), np.array([1, 1, 0])
    assert Rows.of(shuffled).products(*pairs).tolist() == [10, 25, 13]


def test_empty_rows_and_no_pairs_multiply_to_nothing():
    empty = Rows.of(csr_array((2, 3), dtype=np.float32))
    assert empty.products(np.array([0]), np.array([1])).tolist() == [0]
    none = np.array([], np.int64)
    assert len(Rows.of(csr_array(random_rows())).products(none, none)) == 0


@pytest.mark.parametrize("top_k", [1, 5, 100])
def test_the_nearest_rows_are_those_of_the_highest_score_ties_by_row(top_k):
    dense = (random_rows() > 0).astype(np.float32)
    draw = np.random.default_rng(1)
    weight, gain = draw.integers(1, 4, dense.shape[1]), draw.integers(1, 3, len(dense)) / 2
    asking = np.array([0, 7, 8, 39])
    first, second, score = nearest(
        Rows.of(csr_array(dense)), Rows.of(csr_array(dense.T)), weight, gain, asking, top_k=top_k
    )
    found = sorted(zip(first.tolist(), (-score).tolist(), second.tolist(), strict=True))
    shared = (dense * weight) @ dense.T * gain
    expected = []
    for one in asking.tolist():
        others = [(-shared[one, j], j) for j in range(len(dense)) if j != one and shared[one, j]]
        expected += [(one, worth, j) for worth, j in sorted(others)[:top_k]]
    assert found == expected


def test_rows_that_nobody_asks_for_get_no_partners():
    dense = random_rows()
    rows, holders = Rows.of(csr_array(dense)), Rows.of(csr_array(dense.T))
    none = np.array([], np.int64)
    found = nearest(rows, holders, np.ones(25, np.int64), np.ones(40), none, top_k=3)
    assert [len(column) for column in found] == [0, 0, 0]


def test_columns_are_seen_as_rows():
    random = np.random.default_rng(4)
    dense = random.random((17, 9)) < 0.3
    cells = Rows.of(csr_array(dense.astype(np.float32)))
    turned = cells.transposed(9)
    expected = Rows.of(csr_array(dense.T.astype(np.float32)))
    assert turned.start.tolist() == expected.start.tolist()
    assert turned.column.tolist() == expected.column.tolist()
    assert (turned.start.dtype, turned.column.dtype) == (np.int64, np.uint32)
