"""Whose baskets changed, and how little of them is counted again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nba.domain import Ids
from nba.statistics.engines import changes, local
from nba.statistics.engines.changes import Update, count_level
from nba.statistics.kept.coded_baskets import CodedBaskets, places
from nba.statistics.pairs import PairSettings
from tests.shops import history, random_orders

ANN = ("o1", "ann", 0, ["cup", "kettle", "tea"])
BOB = ("o2", "bob", 1, ["cup", "tea"])
GUEST = ("g1", None, 2, ["cup", "pot"])
SETTINGS = PairSettings(5, 0.25, 90)
IDS = Ids.of(["cup", "kettle", "pot", "tea"])


def coded(*orders) -> CodedBaskets:
    baskets = history(orders).baskets().over(IDS)
    return CodedBaskets.of(baskets, np.arange(len(IDS), dtype=np.int32))


def test_ids_are_found_among_others_wherever_they_stand():
    known = ["", "a", "ab", "b", "ä", "\U0001f600"]
    asked = ["", "A", "a", "aa", "ab", "abc", "b", "z", "ä", "ö", "\U0001f600", "\U0001f601"]
    expected = [known.index(one) if one in known else -1 for one in sorted(asked)]
    assert places(Ids.of(known), Ids.of(asked)).tolist() == expected
    assert places(Ids.of([]), Ids.of(asked)).tolist() == [-1] * len(asked)
    assert places(Ids.of(known), Ids.of([])).tolist() == []


@pytest.mark.parametrize(
    "other",
    [
        ("o1", "ann", 0.5, ["cup", "kettle", "tea"]),
        ("o1", "ann", 0, ["cup", "kettle", "pot"]),
        ("o1", "ann", 0, ["cup", "kettle"]),
        ("o1", "ann", 0, ["cup", "kettle", "pot", "tea"]),
    ],
)
def test_whose_basket_is_another_is_taken_away_and_added(other):
    was, now = coded(ANN, BOB), coded(other, BOB)
    gone, came, pairs = was.changes(now)
    assert (gone.tolist(), came.tolist(), pairs) == ([0], [0], 1)
    assert len(was.changes(was)) == 0


def test_who_becomes_proven_counts_anew_though_no_basket_changed():
    baskets = history([ANN, BOB]).baskets().over(IDS)
    code = np.arange(len(IDS), dtype=np.int32)
    was = CodedBaskets.of(replace(baskets, proven=np.array([True, False])), code)
    now = CodedBaskets.of(replace(baskets, proven=np.array([True, True])), code)
    assert [one.tolist() for one in was.changes(now)[:2]] == [[1], [1]]


def test_baskets_cut_elsewhere_are_others():
    was = coded(("o1", "ann", 0, ["cup", "kettle"]), ("o2", "ann", 0, ["pot", "tea"]))
    now = coded(("o1", "ann", 0, ["cup"]), ("o2", "ann", 0, ["kettle", "pot", "tea"]))
    assert len(was.changes(now)) == 2


def test_guests_are_told_apart_by_their_baskets_as_often_as_there_are_such():
    same = [(f"g{number}", None, 2, ["cup", "pot"]) for number in range(5)]
    was, now = coded(ANN, *same), coded(ANN, *same[:3], ("g9", None, 2, ["cup", "tea"]))
    gone, came, pairs = was.changes(now)
    assert (len(gone), len(came), pairs) == (2, 1, 0)
    back = now.changes(was)
    assert (len(back.gone), len(back.came)) == (1, 2)


def test_who_comes_and_who_leaves_is_nobody_else():
    gone, came, pairs = coded(ANN, GUEST).changes(coded(BOB))
    assert (gone.tolist(), came.tolist(), pairs) == ([0, 1], [0], 0)


def test_of_a_customer_who_orders_once_more_little_is_counted(tmp_path, monkeypatch):
    # Ninety days apart, so that no spell changes.
    orders = [
        (f"o{number:02}", "ann", 100 * number, [f"p{number:02}{one}" for one in range(8)])
        for number in range(20)
    ]
    more = ("o99", "ann", 5000, ["p000", "p001", "new"])
    level = count_level(tmp_path / "was", history(orders).baskets(), SETTINGS)
    now = history([*orders, more]).baskets()
    seen = []
    count_rows = local.count_rows

    def watched(evidence, *args, **options):
        seen.append(len(evidence.product))
        return count_rows(evidence, *args, **options)

    monkeypatch.setattr(changes.local, "count_rows", watched)
    written = Update.to(level, now).write(tmp_path / "now")
    monkeypatch.undo()
    # Before, the two products that share the new order; now those, and the three of the new one.
    assert seen == [2, 5]
    assert written.pair_counts(now.product_ids) == local.pair_counts(now, SETTINGS)
    assert len(written.runs[1]) == 3


def test_who_left_is_known_as_long_as_a_run_counts_them(tmp_path):
    cat = ("o3", "cat", 2, ["cup", "pot"])
    days = [
        ([ANN, BOB, cat, GUEST], []),
        ([ANN, cat], ["bob"]),
        ([ANN], ["bob", "cat"]),
        ([ANN, ("o4", "bob", 9, ["pot", "tea"])], ["cat"]),
        ([ANN], ["bob", "cat"]),
    ]
    level = count_level(tmp_path / "0", history(days[0][0]).baskets(), SETTINGS)
    for number, (orders, left) in enumerate(days[1:], start=1):
        update = Update.to(level, history(orders).baskets())
        level = update.write(tmp_path / str(number))
        assert [*level.left_ids] == left
    whole = Update.to(level, history([ANN]).baskets()).write(tmp_path / "whole", whole=True)
    assert [*whole.left_ids] == []
    assert Update.without(whole, ["bob", "cat"]) is None


def test_a_level_counted_on_any_number_of_threads_is_the_same(tmp_path):
    baskets = history(random_orders(5)).baskets()
    for threads in (1, 3):
        count_level(tmp_path / str(threads), baskets, SETTINGS, threads=threads)
    one, other = (
        {
            path.relative_to(folder): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
        for folder in (tmp_path / "1", tmp_path / "3")
    )
    assert one == other


def test_a_level_of_nothing_can_be_added_to(tmp_path):
    nothing, some = history([]).baskets(), history([ANN, BOB, GUEST]).baskets()
    level = count_level(tmp_path / "nothing", nothing, SETTINGS)
    first = Update.to(level, some).write(tmp_path / "some")
    assert first.pair_counts(some.product_ids) == local.pair_counts(some, SETTINGS)
    # All that was sold is gone again: the products are known, and nobody bought them.
    last = Update.to(first, nothing).write(tmp_path / "none")
    empty = local.pair_counts(nothing.over(some.product_ids), SETTINGS)
    assert last.pair_counts(some.product_ids) == empty
    assert last.pairs(nothing.product_ids, 1).products == local.product_counts(nothing)
