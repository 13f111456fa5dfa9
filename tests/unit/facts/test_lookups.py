"""Where texts stand among identifiers."""

from __future__ import annotations

import pytest

from nba.domain import Ids, Texts
from nba.facts.lookups import ABSENT, Lookup, codes_in


@pytest.mark.parametrize("count", [3, 5_000, 70_000])
@pytest.mark.parametrize("asked", [2, 3_000])
def test_a_handful_and_thousands_are_found_among_few_and_many(count: int, asked: int) -> None:
    ids = Ids.of(f"c{number:07d}" for number in range(0, 2 * count, 2))
    wanted = Texts.of(f"c{number * 7 % (2 * count):07d}" for number in range(asked))
    expected = [
        ABSENT if number * 7 % (2 * count) % 2 else number * 7 % (2 * count) // 2
        for number in range(asked)
    ]
    lookup = Lookup(ids)
    for _ in range(2):
        assert lookup.codes(wanted).tolist() == expected
    assert codes_in(ids, wanted).tolist() == expected


def test_nothing_is_found_where_there_is_nothing() -> None:
    wanted = Texts.of(str(number) for number in range(3_000))
    assert Lookup(Ids.of([])).codes(wanted).tolist() == [ABSENT] * 3_000
    assert Lookup(Ids.of(["a"])).codes(Texts.of([])).tolist() == []
