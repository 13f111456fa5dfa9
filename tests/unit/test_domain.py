"""Packed texts among more, or in the gaps of others."""

from __future__ import annotations

import numpy as np

from nba.domain import Texts


def test_texts_spread_among_more_leave_the_others_empty() -> None:
    texts = Texts.of(["чай", "", "cup"])
    assert list(texts.spread(np.array([1, 2, 4]), 6)) == ["", "чай", "", "", "cup", ""]
    assert list(Texts.of([]).spread(np.empty(0, np.int32), 2)) == ["", ""]


def test_empty_texts_are_filled_from_others() -> None:
    texts, others = Texts.of(["", "cup", "", ""]), Texts.of(["чай", "p2", "", "lamp"])
    assert texts.filled(others) == Texts.of(["чай", "cup", "", "lamp"])
    assert Texts.of([]).filled(Texts.of([])) == Texts.of([])
