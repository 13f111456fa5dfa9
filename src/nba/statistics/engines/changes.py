"""Counting a level on disk: all of it, or what changed since it was counted last.

What a customer adds to pair counts depends on that customer's baskets alone (the cap, the spells
and `proven` are theirs), so that the sums of today are those of before, less what the customers
whose baskets changed added then, plus what they add now. Of such a customer only products that
stand in a changed order or spell are counted, before and now: all other pairs count the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.data.history import Baskets
from nba.domain import Ids
from nba.ranges import offsets
from nba.statistics.engines import local
from nba.statistics.evidence import Evidence
from nba.statistics.kept.coded_baskets import Changes, CodedBaskets, places
from nba.statistics.kept.levels import Level, Sums, write_level
from nba.statistics.kept.runs import KINDS, Run, Stream, difference
from nba.statistics.pairs import PairSettings, ProductCounts
from nba.statistics.records import CountedRows, Partners

# The kernels are imported where they are called: numba takes half a second to load.

_MOST_RUNS: Final = 8
"""Runs of a level from which on they are added up into one."""
_MOST_LATER: Final = 0.25
"""Pairs of the later runs, as a share of the first one's, beyond which likewise,"""
_FEW: Final = 1 << 16
"""unless they are no more than that."""


def count_level(
    folder: Path, baskets: Baskets, settings: PairSettings, *, threads: int = 1
) -> Level:
    """Count everything, and write it block by block.

    Args:
        folder: made for it.
        baskets: the kept purchases.
        settings: what counts as evidence.
        threads: processors to use; what is written is the same for any number.

    Raises:
        DataError: there are more order lines than 32 bits can number.
    """
    ids = baskets.product_ids
    count = len(ids)
    counts = local.product_counts(baskets)
    evidence = Evidence.of(baskets, settings)
    blocks = local.count_rows(evidence, count, settings.customer_cap, threads=threads)
    code = np.arange(count, dtype=np.int32)
    coded = CodedBaskets.of(baskets, code)
    nothing = np.zeros(count, np.int64)
    sums = Sums(nothing, nothing, nothing, nothing, 0, 0, 0)
    sums = _plus(sums, counts, code, 1)
    return write_level(folder, settings, ids, code, sums, coded, blocks)


class Update:
    """What a level has to be told, so that it counts other baskets.

    Attributes:
        level: as it was.
        ids: of all products that there ever were.
        code: int32 per id: the code that never changes; those of new products come last.
        baskets: what is to be counted.
        changes: whose baskets differ.
    """

    def __init__(
        self, level: Level, ids: Ids, code: NDArray[np.int32], baskets: CodedBaskets
    ) -> None:
        """Compare the baskets."""
        self.level = level
        self.ids = ids
        self.code = code
        self.baskets = baskets
        self.changes: Changes = level.baskets.changes(baskets)

    @classmethod
    def to(cls, level: Level, baskets: Baskets) -> Update:
        """Compare a level with the kept purchases of now, in whose ids products may be new."""
        ids = baskets.product_ids
        if (places(ids, level.ids) < 0).any():
            ids = ids.union(level.ids)
        place = places(level.ids, ids)
        new = place < 0
        code = np.empty(len(ids), np.int32)
        code[~new] = level.code[place[~new]]
        code[new] = len(level.ids) + np.arange(np.count_nonzero(new))
        return cls(
            level, ids, code, CodedBaskets.of(baskets, code[places(ids, baskets.product_ids)])
        )

    @classmethod
    def without(cls, level: Level, customers: Collection[str]) -> Update | None:
        """Compare a level with itself without some customers; None where none of them is in it.

        Who left is in it as long as a run counts them: it is then to be written whole.
        """
        ids = level.baskets.customer_ids
        theirs = np.zeros(len(level.baskets), np.bool_)
        theirs[[code for one in customers if (code := ids.find(one)) is not None]] = True
        if not theirs.any() and all(level.left_ids.find(one) is None for one in customers):
            return None
        return cls(level, level.ids, level.code, level.baskets.without(theirs))

    @property
    def share(self) -> float:
        """The cells of customers whose baskets differ, before and now, over all that there are."""
        before, now = self.level.baskets, self.baskets
        cells = before.cells()[self.changes.gone].sum() + now.cells()[self.changes.came].sum()
        return float(cells / max(len(before.product) + len(now.product), 1))

    def write(self, folder: Path, *, whole: bool = False, threads: int = 1) -> Level:
        """Count the changes and write the level as it is now.

        Args:
            folder: made for it.
            whole: whether the runs are added up into one in any case, in which a pair that only
                had been counted is not to be found any more.
            threads: processors to use; what is written is the same for any number.

        Raises:
            DataError: the level is damaged.
        """
        level = self.level
        counted, sums = self.counted(threads)
        later = sum(map(len, level.runs[1:])) + len(counted.pairs.row)
        if not whole and (
            len(level.runs) < _MOST_RUNS and later <= max(_MOST_LATER * len(level.runs[0]), _FEW)
        ):
            return write_level(
                folder,
                level.settings,
                self.ids,
                self.code,
                sums,
                self.baskets,
                [counted],
                runs=level.runs,
                left_ids=self._left(),
            )
        for run in level.runs:
            run.verify()
        stream = Stream.of([*level.runs, Run.of(counted)], len(self.ids))
        blocks = (stream.sums(*block) for block in stream.blocks())
        sums = replace(sums, degree=np.zeros_like(sums.degree))
        return write_level(folder, level.settings, self.ids, self.code, sums, self.baskets, blocks)

    def _left(self) -> Ids:
        """Give who has no basket any more, and is in the runs of before."""
        was, now = self.level.baskets.customer_ids, self.baskets.customer_ids
        gone = self.changes.gone[self.changes.pairs :]
        left = was.take(gone[gone < len(was)]).union(self.level.left_ids)
        return left.take(np.flatnonzero(places(now, left) < 0))

    def counted(self, threads: int = 1) -> tuple[CountedRows, Sums]:
        """Count by how much each pair, and what products did alone, differ."""
        gone, came, pairs = self.changes
        ids, code = self.ids, self.code
        product = np.empty(len(ids), np.int32)
        product[code] = np.arange(len(ids), dtype=np.int32)
        number = np.arange(len(gone) + len(came) - pairs, dtype=np.int32)
        was = self.level.baskets.of_customers(gone, number[: len(gone)], ids, product)
        number = np.delete(number, slice(pairs, len(gone)))
        now = self.baskets.of_customers(came, number, ids, product)
        extended = _extended(self.level.sums, len(ids))
        sums = _plus(extended, local.product_counts(was), product, -1)
        sums = _plus(sums, local.product_counts(now), product, 1)
        settings = self.level.settings
        before, after = (Evidence.of(one, settings) for one in (was, now))
        before, after = _changed(
            replace(before, product=code[before.product]),
            replace(after, product=code[after.product]),
            len(ids),
        )
        return _difference(before, after, len(ids), settings.customer_cap, threads), sums


def _difference(
    before: Evidence, after: Evidence, row_count: int, cap: int, threads: int
) -> CountedRows:
    """Count two evidences and take the first away from the second."""
    # Counted over the products that there are: there may be a million others.
    there = np.zeros(row_count, np.bool_)
    there[before.product] = there[after.product] = True
    some = np.flatnonzero(there)
    place = np.cumsum(there, dtype=np.int32) - 1
    was, now = (
        _together(
            local.count_rows(
                replace(one, product=place[one.product]), len(some), cap, threads=threads
            )
        )
        for one in (before, after)
    )
    _, length, pairs = difference(now, was)
    whole = np.zeros(row_count, np.int64)
    whole[some] = length
    return CountedRows(0, whole, pairs._replace(row=some[pairs.row].astype(np.uint32)))


def _together(blocks: Iterable[CountedRows]) -> CountedRows:
    counted = list(blocks)
    pairs = Partners._make(
        np.concatenate([getattr(one.pairs, name) for one in counted]) for name in KINDS
    )
    return CountedRows(0, np.concatenate([one.length for one in counted]), pairs)


def _changed(before: Evidence, after: Evidence, count: int) -> tuple[Evidence, Evidence]:
    """Leave out, customer by customer, products that stand in no order or spell that changed."""
    from nba.statistics.kept import change_kernels

    kept, kept_after = (
        np.empty(len(before.product), np.bool_),
        np.empty(len(after.product), np.bool_),
    )
    change_kernels.keep_changed(
        before.customer,
        before.start,
        before.product,
        2 * before.weight + before.is_order,
        after.customer,
        after.start,
        after.product,
        2 * after.weight + after.is_order,
        np.full(count, -1, np.int32),
        kept,
        kept_after,
    )
    return _only(before, kept), _only(after, kept_after)


def _only(evidence: Evidence, kept: NDArray[np.bool_]) -> Evidence:
    """Keep some products of each basket, and the baskets that still have two: others pair none."""
    before = offsets(kept.view(np.int8))
    size = before[evidence.start[1:]] - before[evidence.start[:-1]]
    stays = size >= 2
    return Evidence(
        evidence.customer[stays],
        offsets(size[stays]),
        evidence.product[kept & np.repeat(stays, np.diff(evidence.start))],
        evidence.is_order[stays],
        evidence.weight[stays],
    )


def _extended(sums: Sums, count: int) -> Sums:
    """Give products that are new the sums of those that nobody bought."""
    more = np.zeros(count - len(sums.degree), np.int64)
    return replace(
        sums,
        product_orders=np.append(sums.product_orders, more),
        product_weight=np.append(sums.product_weight, more),
        product_customers=np.append(sums.product_customers, more),
        degree=np.append(sums.degree, more),
    )


def _plus(sums: Sums, counts: ProductCounts, product: NDArray[np.int32] | slice, sign: int) -> Sums:
    """Add, or take away, what products did alone; `product` names those of each code."""
    return replace(
        sums,
        product_orders=sums.product_orders + sign * counts.product_orders[product],
        product_weight=sums.product_weight + sign * counts.product_weight[product],
        product_customers=sums.product_customers + sign * counts.product_customers[product],
        order_count=sums.order_count + sign * counts.order_count,
        total_weight=sums.total_weight + sign * counts.total_weight,
        customer_count=sums.customer_count + sign * counts.customer_count,
    )
