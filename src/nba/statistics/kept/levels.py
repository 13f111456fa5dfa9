"""Levels: the pair counts of one kind of product, and the baskets they came from, on disk.

A level is a folder that is written once and then only read: the ids of its products, each with a
code that never changes, what products did alone, the coded baskets, and the runs of the pairs.
An update is a new folder, which has the runs of the one before as hard links and one more.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import Ids
from nba.errors import ConfigError
from nba.statistics.kept.coded_baskets import CodedBaskets, places
from nba.statistics.kept.columns import Written, damaged, read_column, verify, write_column
from nba.statistics.kept.ranking import top_of_runs
from nba.statistics.kept.runs import Run, Stream, write_run
from nba.statistics.pairs import PairCounts, PairSettings, ProductCounts
from nba.statistics.records import CountedRows
from nba.statistics.top import TopPairs

FORMAT: Final = 1
DOCUMENT: Final = "level.json"
RUNS: Final = "runs"
_SUMS: Final = ("product_orders", "product_weight", "product_customers")
_TOTALS: Final = ("order_count", "total_weight", "customer_count")


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """What products did alone, under codes that never change.

    Attributes:
        product_orders, product_weight, product_customers: int64 per code, as in `ProductCounts`.
        degree: int64 per code: pairs of other products that it may have counts with, at most.
        order_count, total_weight, customer_count: as in `ProductCounts`.
    """

    product_orders: NDArray[np.int64]
    product_weight: NDArray[np.int64]
    product_customers: NDArray[np.int64]
    degree: NDArray[np.int64]
    order_count: int
    total_weight: int
    customer_count: int


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """A level, mapped.

    Attributes:
        folder: where it is.
        settings: what counted as evidence.
        ids: of all products that there ever were.
        code: int32 per id: the code that never changes, below the number of ids.
        sums: what products did alone.
        baskets: what was counted.
        runs: the pairs; the first run is what was counted once, the later ones are changes.
        left_ids: of customers who have no basket any more, and whom the runs still count, added
            in one and taken away in another.
    """

    folder: Path
    settings: PairSettings
    ids: Ids
    code: NDArray[np.int32]
    sums: Sums
    baskets: CodedBaskets
    runs: tuple[Run, ...]
    left_ids: Ids

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Map a level, and see that all but its runs is as it was written.

        Raises:
            DataError: it is absent or damaged; of runs this is seen when they are read through.
        """
        try:
            told = json.loads((folder / DOCUMENT).read_text("utf-8"))
            is_whole = told.pop("checksum") == _checksum(told)
            settings = PairSettings(**told["settings"])
            written = {name: Written(*one) for name, one in told["columns"].items()}
            runs = {
                name: {column: Written(*one) for column, one in columns.items()}
                for name, columns in told["runs"].items()
            }
            totals: dict[str, Any] = {name: int(told["totals"][name]) for name in _TOTALS}
        except (OSError, ValueError, TypeError, KeyError, AttributeError, ConfigError) as error:
            raise damaged(folder / DOCUMENT, f"{type(error).__name__}: {error}") from None
        columns = {name: _whole(folder / f"{name}.npy", one) for name, one in written.items()}
        try:
            ids = Ids(columns.pop("ids.bytes"), columns.pop("ids.offsets"))
            left_ids = Ids(columns.pop("left_ids.bytes"), columns.pop("left_ids.offsets"))
            code = columns.pop("code")
            alone = {name: columns.pop(name) for name in (*_SUMS, "degree")}
            sums = Sums(**(alone | totals))
            baskets = CodedBaskets.from_arrays(columns)
            found = tuple(Run.read(folder / RUNS / name, one) for name, one in runs.items())
        except (TypeError, KeyError) as error:
            raise damaged(folder / DOCUMENT, f"it names other columns: {error}") from None
        if not (is_whole and told.get("format") == FORMAT and found):
            raise damaged(folder / DOCUMENT, "it was changed, or is of another version")
        return cls(folder, settings, ids, code, sums, baskets, found, left_ids)

    def stream(self) -> Stream:
        """Give the runs, to be added up."""
        return Stream.of(self.runs, len(self.ids))

    def products(self, ids: Ids) -> ProductCounts:
        """Give what products did alone.

        Args:
            ids: among them all that was bought.

        Raises:
            DataError: a product has counts, and is not among `ids`.
        """
        product = self._products_of(ids)
        here = product >= 0
        values: dict[str, Any] = {name: getattr(self.sums, name) for name in _TOTALS}
        for name in _SUMS:
            counted = getattr(self.sums, name)
            if counted[~here].any():
                raise damaged(self.folder, "it counts a product that nobody buys")
            values[name] = np.zeros(len(ids), np.int64)
            values[name][product[here]] = counted[here]
        return ProductCounts(product_ids=ids, **values)

    def pair_counts(self, ids: Ids) -> PairCounts:
        """Give all pairs at once, for those who have the memory.

        Args:
            ids: among them all that was bought.

        Raises:
            DataError: the level is damaged.
        """
        stream, product = self.stream(), self._products_of(ids)
        for run in self.runs:
            run.verify()
        blocks = [stream.sums(*block) for block in stream.blocks()]
        row = np.repeat(np.arange(len(self.ids)), np.concatenate([one.length for one in blocks]))
        one, other, orders, weight, customers = (
            product[row],
            product[np.concatenate([block.pairs.row for block in blocks])],
            *(
                np.concatenate([getattr(block.pairs, name) for block in blocks]).astype(np.int64)
                for name in ("orders", "weight", "customers")
            ),
        )
        first, second = np.minimum(one, other), np.maximum(one, other)
        order = np.lexsort((second, first))
        return PairCounts(
            self.products(ids),
            first[order],
            second[order],
            orders[order],
            weight[order],
            customers[order],
        )

    def pairs(self, ids: Ids, threads: int) -> KeptPairs:
        """Give the pairs, to be ranked.

        Args:
            ids: the products of today; among them all that was bought.
            threads: processors to use; the result is the same for any number.

        Raises:
            DataError: a product has counts, and is not among `ids`.
        """
        return KeptPairs(self, self._products_of(ids), self.products(ids), threads)

    def _products_of(self, ids: Ids) -> NDArray[np.int32]:
        product = np.empty(len(self.ids), np.int32)
        product[self.code] = places(ids, self.ids)
        return product


@dataclass(frozen=True, slots=True, eq=False)
class KeptPairs:
    """The pairs of a level, ranked from its runs.

    Attributes:
        level: where they are.
        product: int32 per code that never changes: the product; -1 where there is none any more.
        products: what the products did alone.
        threads: processors to use; the result is the same for any number.
    """

    level: Level
    product: NDArray[np.int32]
    products: ProductCounts
    threads: int

    def top(
        self,
        gain: NDArray[np.float64],
        floor: NDArray[np.float64],
        *,
        top_k: int,
        min_orders: int,
        wanted: NDArray[np.bool_] | None = None,
    ) -> TopPairs:
        """Add up and rank, as `top_of_runs` does."""
        return top_of_runs(
            self.level.stream(),
            self.product,
            self.level.sums.degree,
            gain,
            floor,
            top_k=top_k,
            min_orders=min_orders,
            wanted=wanted,
            threads=self.threads,
        )


def write_level(
    folder: Path,
    settings: PairSettings,
    ids: Ids,
    code: NDArray[np.int32],
    sums: Sums,
    baskets: CodedBaskets,
    blocks: Iterable[CountedRows],
    *,
    runs: Iterable[Run] = (),
    left_ids: Iterable[str] = (),
) -> Level:
    """Write a level.

    Args:
        folder: made for it.
        settings: what counted as evidence.
        ids: of all products.
        code: int32 per id: the code that never changes.
        sums: what products did alone; `degree` is that of `runs`.
        baskets: what was counted.
        blocks: the pairs of one more run, in the order of the rows.
        runs: those of before, which are taken over.
        left_ids: of customers whom these count, and who have no basket any more.
    """
    folder.mkdir(parents=True)
    written: dict[str, Mapping[str, Written]] = {}
    for number, run in enumerate(runs):
        link(run.folder, folder / RUNS / str(number))
        written[str(number)] = run.written
    last = str(len(written))
    written[last], degree = write_run(folder / RUNS / last, len(ids), blocks)
    sums = replace(sums, degree=sums.degree + degree)
    left = Ids.of(left_ids)
    columns: dict[str, NDArray[Any]] = baskets.arrays()
    columns |= {"left_ids.bytes": left.data, "left_ids.offsets": left.offsets}
    columns |= {"ids.bytes": ids.data, "ids.offsets": ids.offsets, "code": code}
    columns |= {name: getattr(sums, name) for name in (*_SUMS, "degree")}
    document = {
        "format": FORMAT,
        "settings": asdict(settings),
        "totals": {name: getattr(sums, name) for name in _TOTALS},
        "columns": {
            name: write_column(folder / f"{name}.npy", column) for name, column in columns.items()
        },
        "runs": written,
    }
    with (folder / DOCUMENT).open("w", encoding="utf-8") as file:
        json.dump(document | {"checksum": _checksum(document)}, file)
        file.flush()
        os.fsync(file.fileno())
    return Level.read(folder)


def _checksum(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def link(source: Path, target: Path) -> None:
    """Let files that are only read stand in a new folder too; copies where there are no links."""
    target.mkdir(parents=True)
    for path in source.iterdir():
        if path.is_dir():
            link(path, target / path.name)
            continue
        try:
            os.link(path, target / path.name)
        except OSError:
            shutil.copyfile(path, target / path.name)


def _whole(path: Path, written: Written) -> NDArray[Any]:
    column = read_column(path, written)
    verify(path, column, written)
    return column
