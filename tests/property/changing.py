"""A shop that changes: orders come, are edited or taken back; products move; time passes."""

from __future__ import annotations

from random import Random
from typing import Any

from nba.data.catalog import Catalog
from nba.data.history import OrderHistory
from nba.facts.rows import Rows
from tests.shops import catalog, day

Row = dict[str, Any]

CUSTOMERS = 30
FIRST_PRODUCTS = 12
GROUPS = 4
CATEGORIES = ("Kitchen > Pots", "Kitchen > Cups", "Garden", "")
STATES = ("pending_confirmation", "shipped", "delivered", "cancelled", "returned")
CHANGES = ("insert",) * 6 + ("edit",) * 3 + ("cancel", "return", "part", "move", "rename", "forget")


class Changing:
    """Orders and products, and the day until which they are known."""

    def __init__(self, seed: int) -> None:
        """Open an empty shop."""
        self.random = Random(seed)
        self.today = 30.0
        self.orders: dict[str, Row] = {}
        self.products: dict[str, Row] = {}
        self.made = 0
        self.changes = 0
        for number in range(FIRST_PRODUCTS):
            self.products[f"p{number:03}"] = self._place()

    def change(self) -> None:
        """Do one thing, whatever comes to mind."""
        self.changes += 1
        kind = self.random.choice(CHANGES) if self.orders else "insert"
        chosen = self.random.choice([*self.orders] or [""])
        if kind == "insert":
            self.made += 1
            self.orders[f"o{self.random.randrange(10**6):06}-{self.made}"] = self._order()
        elif kind == "edit":
            order = self._order()
            kept = self.random.sample(["customer_id", "ordered_at", "lines"], 2)
            self.orders[chosen] |= {name: order[name] for name in order if name not in kept}
        elif kind in ("cancel", "return"):
            self.orders[chosen]["status"] = STATES[3 if kind == "cancel" else 4]
        elif kind == "part":
            line = self.random.choice(self.orders[chosen]["lines"])
            line["returned_quantity"] = self.random.randint(0, 2)
        elif kind == "move":
            self.products[self.random.choice([*self.products])] = self._place()
        elif kind == "rename":
            # Ids that come before, between and after those that there are.
            self.products[f"{self.random.choice('apz')}{len(self.products):03}"] = self._place()
        elif self.random.random() < 0.2:
            # A shop folder may be imported anew, or a customer erased.
            del self.orders[chosen]

    def pass_time(self) -> None:
        """Let the clock go on, or for once be asked about an earlier day."""
        self.today += self.random.choice([0.0, 0.01, 1.0, 1.0, 3.0, 9.0, -2.0])

    def history(self) -> OrderHistory:
        """Give what is known today."""
        orders, lines = [], []
        for order_id, order in sorted(self.orders.items()):
            orders.append(
                {
                    "order_id": order_id,
                    "customer_id": order["customer_id"],
                    "ordered_at": day(order["ordered_at"]),
                    "status": order["status"],
                    "status_at": day(order["ordered_at"] + 0.5),
                }
            )
            lines += [
                {"order_id": order_id, "line_no": number, "unit_price": 100} | line
                for number, line in enumerate(order["lines"], 1)
            ]
        return OrderHistory.from_rows(Rows.of(orders, lines), as_of=day(self.today))

    def catalog(self) -> Catalog:
        """Give the products as they are now."""
        return catalog(*({"product_id": one} | cells for one, cells in self.products.items()))

    def levels(self) -> dict[str, tuple[list[str], list[str]]]:
        """Give, per level above products, the products and what each belongs to."""
        return {
            level: ([*self.products], [cells[column] for cells in self.products.values()])
            for level, column in (("designs", "product_group_id"), ("categories", "category"))
        }

    def _place(self) -> Row:
        group = self.random.choice([*[f"g{number}" for number in range(GROUPS)], "", ""])
        return {"category": self.random.choice(CATEGORIES), "product_group_id": group}

    def _order(self) -> Row:
        # Some customers order often, some once, some as guests; some orders are of one instant.
        customer = int(CUSTOMERS * self.random.random() ** 2)
        count = self.random.choice([1, 1, 2, 3, 5, 8])
        return {
            "customer_id": self.random.choice([f"c{customer:02}"] * 4 + [None]),
            "ordered_at": round(self.today * self.random.choice([1.0, self.random.random()]), 1),
            "status": self.random.choice(STATES[:3]),
            "lines": [
                {"product_id": one, "quantity": self.random.randint(1, 2)}
                for one in self.random.choices([*self.products], k=count)
            ],
        }
