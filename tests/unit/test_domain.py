"""Packed texts among more, or in the gaps of others; identifiers and their codes."""

from __future__ import annotations

import numpy as np

from nba.domain import Ids, Texts


def test_texts_spread_among_more_leave_the_others_empty() -> None:
    texts = Texts.of(["чай", "", "cup"])
    assert list(texts.spread(np.array([1, 2, 4]), 6)) == ["", "чай", "", "", "cup", ""]
    assert list(Texts.of([]).spread(np.empty(0, np.int32), 2)) == ["", ""]


def test_empty_texts_are_filled_from_others() -> None:
    texts, others = Texts.of(["", "cup", "", ""]), Texts.of(["чай", "p2", "", "lamp"])
    assert texts.filled(others) == Texts.of(["чай", "cup", "", "lamp"])
    assert Texts.of([]).filled(Texts.of([])) == Texts.of([])


def test_texts_are_taken_in_any_order_and_again() -> None:
    texts = Texts.of(["чай", "", "cup", "\ud800"])
    assert list(texts) == [texts[0], texts[1], texts[2], texts[3]] == ["чай", "", "cup", "\ud800"]
    assert list(texts.take(np.array([3, 0, 0, 1]))) == ["\ud800", "чай", "чай", ""]
    assert list(texts.take(np.empty(0, np.int32))) == []
    assert texts.take(slice(1, 3)) == texts.take(np.array([1, 2]))
    assert texts.take(slice(2, 2)) == Texts.of([])


def test_identifiers_have_the_same_codes_however_they_came_to_be() -> None:
    packed = Ids.of(["tea", "чай", "tea", "\ud800", "cup"])
    opened = Ids(packed.data, packed.offsets)
    assert list(packed) == list(opened) == ["cup", "tea", "чай", "\ud800"]
    assert packed.codes() == opened.codes() == {one: packed.find(one) for one in opened}
    for one in ("", "cu", "чай", "\ud800", "\udfff", "z"):
        assert packed.find(one) == opened.find(one)
    assert packed.find("z") is None
