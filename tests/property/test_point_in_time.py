"""A fact at or after an instant changes nothing of what that instant sees."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import nba
from tests.effort import times
from tests.property.pasts import (
    AS_OF,
    BEFORE,
    EARLY,
    RECIPE,
    Row,
    Written,
    futures,
    pasts,
    versions_of,
    write,
)
from tests.property.test_import_determinism import same_arrays


@settings(max_examples=times(3, 50), deadline=None)
@given(pasts(least=3, most=8), futures(most=8), st.sampled_from((EARLY[1], EARLY[2], BEFORE[-1])))
def test_what_happens_at_or_after_an_instant_changes_nothing_of_what_it_sees(
    told: Row, later: Row, earlier: str
) -> None:
    written = Written(told)
    with TemporaryDirectory() as folder:
        then = write(Path(folder) / "then", written.tables())
        written.add(later)
        today = write(Path(folder) / "today", written.tables())
        for as_of in (earlier, AS_OF):
            assert versions_of(then, as_of) == versions_of(today, as_of)
        one, other = (shop.history.until(np.datetime64(AS_OF)) for shop in (then, today))
        assert same_arrays(one.rows, other.rows)
        assert one.events == other.events
        assert one.contacts == other.contacts
        assert one.replies == other.replies
        assert one.profiles == other.profiles
        digests = [
            nba.train(
                shop.history, shop.catalog, RECIPE, as_of=np.datetime64(AS_OF)
            ).manifest.digest
            for shop in (then, today)
        ]
    assert digests[0] == digests[1]
