"""A shop small enough to count by hand, with ids that are hard to write in an address."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

AS_OF: Final = "2026-03-01T12:00Z"
ODD_PRODUCT: Final = "tea/50 % größe,x"
ODD_CUSTOMER: Final = "ann/b c+é?#"

PRODUCTS: Final = """\
product_id,title,category,price,currency,availability,successor_of,product_group_id,accessory_for,link
kettle,Kettle,Kitchen > Kettles,3000,EUR,in_stock,old-kettle,,,https://shop.example/kettle
filter,Filter,Kitchen > Filters,500,EUR,in_stock,,,kettle,https://shop.example/filter
cup,Cup,Kitchen > Cups,800,EUR,out_of_stock,,,,
mug-red,Red mug,Kitchen > Cups,900,EUR,preorder,,mug,,
mug-blue,Blue mug,Kitchen > Cups,900,EUR,in_stock,,mug,,
old-kettle,Old kettle,Kitchen > Kettles,2000,EUR,discontinued,,,,
"tea/50 % größe,x",Tea,Food,400,EUR,in_stock,,,,
"""

CONSENTS: Final = f"""\
customer_id,channel,granted,at
ann,email,true,2026-01-05T10:00:00Z
bob,email,true,2026-01-06T10:00:00Z
{ODD_CUSTOMER},email,true,2026-01-08T10:00:00Z
eve,email,true,2026-01-10T10:00:00Z
"""
# ann looked at a cup, and bought it; then at the blue mug, and at a teapot that is sold no more.
EVENTS: Final = """\
event_id,type,at,customer_id,product_id
e1,view_item,2026-01-04T18:00:00Z,ann,cup
e2,view_item,2026-02-27T18:00:00Z,ann,mug-blue
e3,view_item,2026-02-28T18:00:00Z,ann,teapot
"""
# (order, customer or none, day of January or February 2026, products); delivered two days later.
ORDERS: Final = (
    ("o01", "ann", "2026-01-05", ("kettle", "filter", "cup")),
    ("o02", "bob", "2026-01-06", ("kettle", "filter", "mug-red")),
    ("o03", "", "2026-01-07", ("kettle", "filter", ODD_PRODUCT)),
    ("o04", ODD_CUSTOMER, "2026-01-08", ("kettle", ODD_PRODUCT)),
    ("o05", "dan", "2026-01-09", ("kettle", "cup", "mug-blue")),
    ("o06", "eve", "2026-01-10", ("old-kettle", ODD_PRODUCT)),
    ("o07", "dan", "2026-02-10", (ODD_PRODUCT, "mug-blue")),
    ("o08", "ann", "2026-02-20", ("kettle",)),
    ("o09", ODD_CUSTOMER, "2026-02-21", ("filter", ODD_PRODUCT)),
    ("o10", "bob", "2026-02-26", ("mug-red", "kettle")),
    ("o11", "eve", "2026-02-28", ("kettle", "mug-blue")),
)
PRICES: Final = {
    "kettle": 3000, "filter": 500, "cup": 800, "mug-red": 900, "mug-blue": 900,
    "old-kettle": 2000, ODD_PRODUCT: 400,
}  # fmt: skip


def orders_csv() -> str:
    """Write the orders as the flat entry; that of eve's last day is still on its way."""
    lines = ["order_id,customer_id,ordered_at,product_id,quantity,unit_price,status,delivered_at"]
    for order, customer, day, products in ORDERS:
        under_way = order == "o11"
        status = "shipped" if under_way else "delivered"
        arrived = "" if under_way else f"{day[:8]}{int(day[8:]) + 2:02}T09:00:00Z"
        lines += [
            f'{order},"{customer}",{day}T10:00:00Z,"{product}",1,{PRICES[product]},{status},{arrived}'
            for product in products
        ]
    return "\n".join(lines) + "\n"


def path_of(kind: str, identifier: str, route: str) -> str:
    """Give the path of a route about one product or customer, its id percent-encoded."""
    return f"/v1/{kind}/{quote(identifier, safe='')}/{route}"


PRODUCT_ROUTES: Final = ("bought-together", "accessories", "similar", "replacements", "upsell")
CUSTOMER_ROUTES: Final = (
    "recommendations", "buy-again", "viewed", "profile", "next-message", "plan",
)  # fmt: skip
EVERY_GET: Final = (
    *(path_of("products", "kettle", route) for route in PRODUCT_ROUTES),
    *(path_of("products", ODD_PRODUCT, route) for route in PRODUCT_ROUTES),
    *(path_of("customers", "ann", route) for route in CUSTOMER_ROUTES),
    *(path_of("customers", ODD_CUSTOMER, route) for route in CUSTOMER_ROUTES),
    *(path_of("customers", "nobody", route) for route in CUSTOMER_ROUTES),
    "/v1/models",
    "/health/live",
    "/health/ready",
)


def is_problem(answer: Any, status: int) -> bool:
    """Whether an answer is a problem of that status with every field, and nothing of our code."""
    document = answer.json()
    return (
        answer.status_code == status == document["status"]
        and answer.headers["content-type"] == "application/problem+json"
        and document["request_id"] == answer.headers["x-request-id"]
        and {"type", "title", "detail"} <= set(document)
        and "Traceback" not in answer.text
        and ".py" not in answer.text
    )
