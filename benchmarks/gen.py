"""Bulk order lines for timing, to 100 million: no planted truth, only the shape of a shop.

    python benchmarks/gen.py --lines 10_000_000 --out DIR [--seed 1] [--products 50_000]
    python benchmarks/gen.py --lines 1_000_000 --out DIR --flat [--csv]

Writes a shop folder (products, orders, order_lines), or with --flat one file, `flat.parquet` or
`flat.csv`, that `nba import` reads. Orders ascend in time over two years, have 5 lines on average
(geometric, hardly over 40), and one in ten is a guest's. Products follow a Zipf-Mandelbrot law: the
first has 1 % of the lines. One customer in 8 orders, or --customers N; the busiest order much more
often.

Memory is bounded by a chunk of orders; every chunk is drawn from (seed, its number), so the same
arguments give the same bytes on any number of threads.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from nba.data.checks import SQL_TYPES
from nba.schema import FLAT, ORDER_LINES, ORDERS, PRODUCTS, Kind, Table

CHUNK_ORDERS = 400_000
LINES_PER_ORDER = 5
MOST_LINES = 40
ORDERS_PER_CUSTOMER = 8
GUEST_SHARE = 0.1
ZIPF_SHIFT = 10
START = np.datetime64("2024-07-01T00:00:00", "us").astype(np.int64)
SPAN = 730 * 86_400_000_000

Columns = dict[str, NDArray[np.generic]]

ORDER_ID = "format('o{:010d}', number)"
CUSTOMER_ID = "CASE WHEN customer >= 0 THEN format('c{:09d}', customer) END"
PRODUCT_ID = "format('p{:07d}', product)"
ORDER_CELLS = {
    "order_id": ORDER_ID,
    "customer_id": CUSTOMER_ID,
    "ordered_at": "make_timestamp(placed)",
    "status": "'delivered'",
    "status_at": "make_timestamp(placed + transit)",
    "delivered_at": "make_timestamp(placed + transit)",
    "currency": "'EUR'",
    "discount": "0",
    "is_test": "FALSE",
}
LINE_CELLS = {
    "order_id": ORDER_ID,
    "line_no": "line_no",
    "product_id": PRODUCT_ID,
    "quantity": "quantity",
    "unit_price": "price",
    "discount": "0",
    "returned_quantity": "0",
}
PRODUCT_CELLS = {
    "product_id": PRODUCT_ID,
    "title": "format('Product {}', product)",
    "category": "format('Department {} > Shelf {}', product % 12, product % 240)",
    "price": "price",
    "currency": "'EUR'",
    "availability": "'in_stock'",
}


def orders_of(chunk: int, first: int, count: int, total: int, customers: int, seed: int) -> Columns:
    """Draw consecutive orders of one slice of time."""
    random = np.random.default_rng([seed, chunk])
    number = np.arange(first, first + count)
    # The slices of the orders are slices of the time, so that instants ascend with numbers.
    at = START + np.sort((number[0] + random.random(count) * count) / total * SPAN).astype(np.int64)
    customer = (customers * random.random(count) ** 2).astype(np.int64)
    customer[random.random(count) < GUEST_SHARE] = -1
    transit = random.integers(1, 7, count) * 86_400_000_000
    return {"number": number, "placed": at, "customer": customer, "transit": transit}


def lines_of(chunk: int, orders: Columns, line_count: int, products: int, seed: int) -> Columns:
    """Draw the lines of a chunk's orders, `line_count` in all."""
    random = np.random.default_rng([seed, chunk, 1])
    count = len(orders["number"])
    further = np.minimum(random.geometric(1 / LINES_PER_ORDER, count), MOST_LINES) - 1.0
    # One line each; the rest is scaled, so that the chunk has exactly its share.
    scaled = np.cumsum(further) * (line_count - count) / max(further.sum(), 1.0)
    ends = np.arange(1, count + 1) + scaled.round().astype(np.int64)
    size = np.diff(ends, prepend=0)
    owner = np.repeat(np.arange(count), size)
    line_no = np.arange(len(owner)) - np.repeat(ends - size, size) + 1
    ratio = (products + ZIPF_SHIFT) / ZIPF_SHIFT
    rank = (ZIPF_SHIFT * ratio ** random.random(len(owner)) - ZIPF_SHIFT).astype(np.int64)
    product = np.minimum(rank, products - 1)
    return {
        **{name: cells[owner] for name, cells in orders.items()},
        "line_no": line_no,
        "product": product,
        "quantity": 1 + (random.random(len(owner)) < 0.15).astype(np.int64),
        "price": price_of(product),
    }


def price_of(product: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give a price that depends on the product alone, from 0.99 to 199.99."""
    return 99 + product * 7919 % 200 * 100


def copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    connection.execute(f"COPY ({query}) TO '{path}' (FORMAT {path.suffix[1:]})")


def write_part(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    cells: dict[str, str],
    drawn: Columns,
    path: Path,
) -> None:
    """Write drawn numbers as rows of a table, with all columns of its contract."""
    parts = []
    for one in table.columns:
        cell = f"CAST({cells.get(one.name, 'NULL')} AS {SQL_TYPES[one.kind]})"
        if one.kind is Kind.INSTANT and path.suffix == ".csv":
            cell = f"strftime({cell}, '%Y-%m-%dT%H:%M:%S.%fZ')"
        parts.append(f"{cell} AS {one.name}")
    connection.register("drawn", drawn)
    copy(connection, f"SELECT {', '.join(parts)} FROM drawn", path)
    connection.unregister("drawn")


def join(connection: duckdb.DuckDBPyConnection, parts: list[Path], path: Path) -> None:
    """Make one file of the parts, in their order, and remove them."""
    if path.suffix == ".csv":
        with path.open("wb") as whole:
            for number, part in enumerate(parts):
                with part.open("rb") as file:
                    if number:
                        file.readline()
                    shutil.copyfileobj(file, whole, 1 << 20)
    else:
        listed = ", ".join(f"'{part}'" for part in parts)
        copy(connection, f"FROM read_parquet([{listed}])", path)
    for part in parts:
        part.unlink()


def write(
    out: Path, *, lines: int, products: int, customers: int | None, seed: int, flat: str | None
) -> None:
    """Write the shop; or its flat entry, in the form that `flat` names."""
    out.mkdir(parents=True, exist_ok=True)
    total = max(lines // LINES_PER_ORDER, 1)
    people = customers or max(total // ORDERS_PER_CUSTOMER, 1)
    parts: dict[str, list[Path]] = {}
    with (
        duckdb.connect(config={"memory_limit": "1GB"}) as connection,
        tempfile.TemporaryDirectory(dir=out) as folder,
    ):

        def add(table: Table, cells: dict[str, str], drawn: Columns, form: str = "parquet") -> None:
            written = parts.setdefault(table.name, [])
            written.append(Path(folder) / f"{table.name}-{len(written):05}.{form}")
            write_part(connection, table, cells, drawn, written[-1])

        for chunk, first in enumerate(range(0, total, CHUNK_ORDERS)):
            count = min(CHUNK_ORDERS, total - first)
            # Rounded at both ends, so that the chunks add up to what was asked for.
            share = lines * (first + count) // total - lines * first // total
            orders = orders_of(chunk, first, count, total, people, seed)
            drawn = lines_of(chunk, orders, share, products, seed)
            if flat:
                add(FLAT, LINE_CELLS | ORDER_CELLS | {"line_discount": "0"}, drawn, flat)
            else:
                add(ORDERS, ORDER_CELLS, orders)
                add(ORDER_LINES, LINE_CELLS, drawn)
        if not flat:
            catalogue = np.arange(products)
            add(PRODUCTS, PRODUCT_CELLS, {"product": catalogue, "price": price_of(catalogue)})
        for name, written in parts.items():
            join(connection, written, out / f"{name}{written[0].suffix}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--products", type=int, default=50_000)
    parser.add_argument("--customers", type=int, help="by default one for 8 orders")
    parser.add_argument("--flat", action="store_true", help="one file with a row an order line")
    parser.add_argument("--csv", action="store_true", help="with --flat: CSV instead of Parquet")
    given = parser.parse_args()
    if given.csv and not given.flat:
        parser.error("--csv goes with --flat")
    if min(given.lines, given.products, given.customers or 1) < 1:
        parser.error("--lines, --products and --customers are 1 or more")
    began = time.monotonic()
    write(
        given.out,
        lines=given.lines,
        products=given.products,
        customers=given.customers,
        seed=given.seed,
        flat=("csv" if given.csv else "parquet") if given.flat else None,
    )
    seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = sum(path.stat().st_size for path in given.out.iterdir()) / 2**20
    print(f"{given.lines:,} lines, {seconds:.1f} s, peak memory {peak:,.0f} MB, {size:,.0f} MB")


if __name__ == "__main__":
    main()
