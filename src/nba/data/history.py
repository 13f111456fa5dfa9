"""The order history: immutable rows, cut at an instant, seen as baskets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from typing import Any, Self

import duckdb
import numpy as np
from numpy.typing import NDArray

from nba.config import CoPurchaseConfig
from nba.data.contacts import Contacts, Replies
from nba.data.curated import ProductRules
from nba.data.events import Events
from nba.data.folding import KeptOrders, Proofs, cells_of, products_of
from nba.data.intake import Intake
from nba.data.profiles import Profiles
from nba.data.purchases import Purchases
from nba.data.quarantine import SHOWN, type_frame
from nba.data.readers import connect, read_frame
from nba.data.resolve import resolve
from nba.data.rows import read_rows, table_names
from nba.data.told import Told
from nba.domain import DAY, MICROSECOND, Ids, Instants, iso, to_instant
from nba.errors import DataError
from nba.facts.cuts import cut, known_parts, standing
from nba.facts.known import Known
from nba.facts.parts import PART_LINES, Portions, parts
from nba.facts.rows import Rows
from nba.ranges import changes
from nba.schema import (
    CUSTOMERS,
    EVENTS,
    FLAT,
    MESSAGE_EVENTS,
    MESSAGES,
    ORDER_LINES,
    ORDER_STATUSES,
    ORDERS,
    RULES,
    Table,
)

EPOCH = np.datetime64(0, "us")


@dataclass(frozen=True, slots=True, eq=False)
class Baskets:
    """Kept purchases as distinct products an order; what statistics are counted from.

    Attributes:
        product_ids: ids of the product codes.
        customer_ids: ids of the customer codes; a guest order's code is beyond them.
        customer_count: customers with a kept purchase or an id, each guest order counted as one.
        customer: int32 per basket, ascending.
        at: datetime64[us] per basket, ascending within a customer.
        delivered_at: datetime64[us] per basket; NaT where it has not arrived or nobody said when.
        proven: bool per basket: an order of its customer has stood long enough for the customer
            to count as evidence; one value a customer.
        start: int64 per basket + 1.
        product: int32, ascending within a basket.
        as_of: the instant up to which the purchases are known.
    """

    product_ids: Ids
    customer_ids: Ids
    customer_count: int
    customer: NDArray[np.int32]
    at: Instants
    delivered_at: Instants
    proven: NDArray[np.bool_]
    start: NDArray[np.int64]
    product: NDArray[np.int32]
    as_of: np.datetime64

    def __len__(self) -> int:
        """Count the baskets."""
        return len(self.customer)

    @property
    def size(self) -> NDArray[np.int64]:
        """Distinct products of each basket, int64."""
        return np.diff(self.start)

    def over(self, ids: Ids) -> Self:
        """Name the products by their codes in other ids, which must hold all of these.

        Raises:
            DataError: a product is not among `ids`.
        """
        if ids == self.product_ids:
            return replace(self, product_ids=ids)
        # Codes of sorted ids ascend with one another, so every basket stays sorted.
        code = ids.codes_of(self.product_ids)
        return replace(self, product_ids=ids, product=code[self.product])

    def where(self, wanted: NDArray[np.bool_]) -> Self:
        """Leave out baskets; the ids of customers and products stay."""
        size = self.size[wanted]
        return replace(
            self,
            customer=self.customer[wanted],
            at=self.at[wanted],
            delivered_at=self.delivered_at[wanted],
            proven=self.proven[wanted],
            start=np.append(0, np.cumsum(size)).astype(np.int64),
            product=self.product[np.repeat(wanted, self.size)],
        )

    def until(self, as_of: np.datetime64) -> Self:
        """Leave out what was bought at or after an instant."""
        return replace(self.where(self.at < as_of), as_of=as_of)

    def coarsened(self, code: NDArray[np.int32], ids: Ids) -> Self:
        """See products as their groups, categories or whatever else has a code.

        Args:
            code: int32 per product, a code of `ids`; -1 leaves the product out.
            ids: the ids of those codes.

        Returns:
            As many baskets, each with its distinct codes; one may be empty.
        """
        width, held = max(len(ids), 1), len(self.product) or 1
        size, product = np.zeros(len(self) + 1, np.int64), list[NDArray[np.int32]]()
        bounds = np.searchsorted(self.start, np.arange(0, held, PART_LINES))
        for first, last in pairwise([*np.unique(bounds).tolist(), len(self)]):
            own = slice(self.start[first], self.start[last])
            cells = np.repeat(
                np.arange(last - first) * width, np.diff(self.start[first : last + 1])
            )
            coarse = code[self.product[own]]
            cells += coarse
            cells = cells[coarse >= 0]
            cells.sort()
            cells = cells[changes(cells)]
            size[first + 1 : last + 1] = np.bincount(cells // width, minlength=last - first)
            product.append((cells % width).astype(np.int32))
        return replace(
            self, product_ids=ids, start=np.cumsum(size), product=np.concatenate(product)
        )


@dataclass(frozen=True, slots=True, eq=False)
class OrderHistory:
    """Orders of a shop as known at `as_of`, itself excluded, and what else is told beside them.

    Attributes:
        rows: orders and lines.
        as_of: decided by the orders alone.
        rules: what the shop decides by hand; they have windows of their own.
        read_events: gives `events`, which are in the memory only while somebody uses them.
        told: gives `profiles`, `contacts` and `replies` in the same way.
        portions: how many of the lines are worked on at a time.
    """

    rows: Rows
    as_of: np.datetime64
    rules: ProductRules = field(default_factory=ProductRules.none)
    read_events: Callable[[], Events] = Events.none
    told: Told = field(default_factory=Told)
    portions: Portions = field(default_factory=Portions)

    @classmethod
    def from_rows(
        cls,
        rows: Rows,
        *,
        as_of: np.datetime64 | None = None,
        portions: Portions | None = None,
    ) -> Self:
        """Wrap rows; `as_of` is by default a microsecond after the last fact of the orders."""
        portions = portions or Portions()
        if as_of is not None:
            return cls(rows, as_of, portions=portions).until(as_of)
        after_all = last_fact(rows) + MICROSECOND
        return cls(standing(rows, after_all, portions), after_all, portions=portions)

    @classmethod
    def from_frame(
        cls,
        orders: Any,  # noqa: ANN401 - any table DuckDB can scan: pandas, Polars, Arrow
        order_lines: Any = None,  # noqa: ANN401 - the same
        *,
        order_statuses: Any = None,  # noqa: ANN401 - the same
        events: Any = None,  # noqa: ANN401 - the same
        customers: Any = None,  # noqa: ANN401 - the same
        messages: Any = None,  # noqa: ANN401 - the same
        message_events: Any = None,  # noqa: ANN401 - the same
        rules: Any = None,  # noqa: ANN401 - the same
        zone: str | None = None,
    ) -> Self:
        """Read data frames.

        Args:
            orders: the flat entry (one row an order line) alone, or the `orders` table.
            order_lines: the `order_lines` table, when `orders` is one.
            order_statuses: the `order_statuses` table, beside the status each order carries.
            events: the `events` table.
            customers: the `customers` table.
            messages: the `messages` table.
            message_events: the `message_events` table, beside `messages`.
            rules: the `rules` table.
            zone: the zone of timestamps that carry none.

        Raises:
            DataError: a required column is missing, a row breaks a rule, or an order id stands
                for two customers or two instants. An integer price is minor units, a decimal
                one major units.
        """
        with connect() as connection:
            intake = Intake(connection)
            frames: list[tuple[Any, Table]] = [(orders, FLAT)]
            if order_lines is not None:
                frames = [(orders, ORDERS), (order_lines, ORDER_LINES)]
            beside = (
                (order_statuses, ORDER_STATUSES),
                (events, EVENTS),
                (customers, CUSTOMERS),
                (messages, MESSAGES),
                (message_events, MESSAGE_EVENTS),
                (rules, RULES),
            )
            frames += [(frame, table) for frame, table in beside if frame is not None]
            # Frames are registered before anything is asked of the connection.
            raws = [
                read_frame(
                    connection,
                    frame,
                    "orders" if table is FLAT else table.name,
                    f"raw_{table.name}",
                )
                for frame, table in frames
            ]
            for raw, (_, table) in zip(raws, frames, strict=True):
                type_frame(connection, raw, table, f"good_{table.name}", zone)
                clashing = intake.add(table, f"good_{table.name}")
                if clashing:
                    raise DataError(
                        f"rows {clashing[:SHOWN]} repeat an order id with another customer or "
                        "instant; give each order its own id"
                    )
            resolved = resolve(intake)
            if resolved.line_conflicts or resolved.orphans:
                raise DataError(resolved.misplaced())
            return cls.from_tables(connection)

    @classmethod
    def from_tables(
        cls, connection: duckdb.DuckDBPyConnection, *, portions: Portions | None = None
    ) -> Self:
        """Read the tables or views of a connection.

        These are `orders`, `order_lines` and, where they are, `order_statuses`, `order_versions`,
        `events`, `customers`, `messages` with `message_events`, and `rules`.

        Args:
            connection: of the tables.
            portions: how many order lines to read, and to hold, at a time.
        """
        portions, names = portions or Portions(), table_names(connection)
        history = cls.from_rows(read_rows(connection, portions), portions=portions)
        if RULES.name in names:
            history = replace(history, rules=ProductRules.from_table(connection))
        if EVENTS.name in names:
            events = Events.from_table(connection)
            history = replace(history, read_events=lambda: events)
        return replace(history, told=Told.from_tables(connection))

    @property
    def events(self) -> Events:
        """What customers did in sessions, up to the latest event or the instant of the cut.

        There are many times as many events as orders and few ask for them: those of a folder are
        read each time.

        Raises:
            DataError: the folder's table of events cannot be read or breaks its contract.
        """
        return self.read_events()

    @property
    def profiles(self) -> Profiles:
        """What the shop says of its customers; the same errors."""
        return self.told.profiles()

    @property
    def contacts(self) -> Contacts:
        """The messages that customers were sent; the same errors."""
        return self.told.contacts()

    @property
    def replies(self) -> Replies:
        """What customers said to the shop; the same errors."""
        return self.told.replies()

    def until(self, as_of: str | datetime | np.datetime64) -> Self:
        """Forget what happened at or after `as_of`.

        Each order is the version that stood then, with the statuses set until then; later orders,
        versions, statuses, deliveries, returns and events leave no trace, not even in the codes.
        An order of which no status was known yet stands as delivered, if it was by then, else as
        placed. Rules stay, as they say themselves from when to when they hold. Customers met later
        are left out; what the shop says of the others has no history and stays.
        """
        instant, read_events = to_instant(as_of), self.read_events
        return replace(
            self,
            rows=cut(self.rows, instant, self.portions),
            as_of=instant,
            read_events=lambda: read_events().until(instant),
            told=self.told.until(instant),
        )

    def known(self) -> Iterator[Known]:
        """Give the state of the orders, some at a time, in order of their ids.

        All have the codes of customers and products of one another; the guests of each are
        numbered anew.
        """
        return known_parts(self.rows, self.as_of, self.portions)

    def kept_line(self) -> NDArray[np.bool_]:
        """Tell, per line of `rows`, whether it is a kept purchase."""
        return np.concatenate([known.kept_line for known in self.known()])

    def baskets(self, *, proving_days: int = CoPurchaseConfig().proving_days) -> Baskets:
        """See the kept purchases as baskets, sorted by customer, instant, order id.

        Args:
            proving_days: how long a kept order of a customer, paid for or with no status told,
                must have stood for the customer to be proven; in a history shorter than four
                times that, a quarter of it. Counted back from the last fact, so that nobody is
                proven by a pause of the shop.
        """
        orders, proofs, last = KeptOrders(in_files=self._in_files), Proofs(), list[np.datetime64]()
        delivered_at, product = orders.column("datetime64[us]"), orders.column("int32")
        for known in self.known():
            rows = known.rows
            cells = cells_of(known, np.flatnonzero(known.kept_line))
            cells.sort()
            cells = cells[changes(cells)]
            delivered_at.add(known.delivered_at[orders.add(known, cells)])
            product.add(products_of(known, cells))
            proofs.add(known)
            last.append(last_fact(rows))
        by = orders.sort()
        until = min(self.as_of, max(last) + MICROSECOND)
        proven = proofs.until(until, proving_days * DAY)
        return Baskets(
            rows.product_ids,
            rows.customer_ids,
            len(proven),
            orders.customer,
            orders.at,
            delivered_at.whole()[by],
            proven[orders.customer],
            orders.start,
            orders.spread(product.whole(), np.dtype(np.int32)),
            self.as_of,
        )

    def purchases(self) -> Purchases:
        """Count the pieces and the money of the kept purchases, cell by cell of `baskets`."""
        return Purchases.of(self.known(), in_files=self._in_files)

    @property
    def _in_files(self) -> bool:
        return len(self.rows.line_order) > self.portions.held_lines

    def __len__(self) -> int:
        """Count the orders, kept or not."""
        return len(self.rows.order_ids)

    def __repr__(self) -> str:
        """Say in a line how much there is, and from when to when."""
        rows = self.rows
        first = f"from {iso(rows.ordered_at.min())} " if len(self) else ""
        return (
            f"OrderHistory({len(self):,} orders, {len(rows.line_order):,} lines, "
            f"{len(rows.customer_ids):,} customers, {len(rows.product_ids):,} products, "
            f"{first}until {iso(self.as_of)})"
        )


def last_fact(rows: Rows) -> np.datetime64:
    """Give the latest instant any row speaks of; the epoch where there is none."""
    last = np.datetime64("NaT", "us")
    for part in parts(rows, Portions()):
        for told in (part, part.versions):
            for at in (told.ordered_at, told.status_at, told.delivered_at):
                last = np.fmax.reduce(at, initial=last)
        last = np.fmax.reduce(part.statuses.at, initial=last)
    return EPOCH if np.isnat(last) else last
