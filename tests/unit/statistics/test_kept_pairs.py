"""What an engine that keeps its counts gives to several who ask."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from nba.statistics.engines.incremental import Incremental
from nba.statistics.pairs import PairSettings
from tests.shops import SIX_ORDERS, history


def test_a_level_is_counted_once_however_many_threads_ask_for_it(tmp_path):
    baskets = history(SIX_ORDERS).baskets()
    engine = Incremental(tmp_path)
    with ThreadPoolExecutor(4) as threads:
        found = [
            threads.submit(engine.pairs, level, baskets, PairSettings())
            for level in ("products", "designs")
            for _ in range(4)
        ]
    given = [one.result() for one in found]
    assert [id(one) for one in given] == 4 * [id(given[0])] + 4 * [id(given[4])]
    assert engine.told == {"products": "counted", "designs": "counted"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["designs", "products"]
