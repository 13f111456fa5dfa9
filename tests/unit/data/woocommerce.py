"""Exports of WooCommerce, written as its API, its webhooks and its admin write them."""

from __future__ import annotations

import json
from datetime import datetime

CATALOGUE = (
    "ID,Type,SKU,Name,Published,Is featured?,Visibility in catalog,In stock?,Stock,Sale price,"
    "Regular price,Categories,Tags,Images,Parent,Upsells,Cross-sells\n"
)
ANALYTICS = (
    "Date,Order #,N. Revenue,Status,Customer,Customer type,Product(s),Items sold,Coupon(s)\n"
    "2026-03-01 10:00:00,727,20,completed,Ada Doe,new,2x Kettle,2,\n"
)
LINES = "line_no, product_id, quantity, unit_price, discount"


def line(
    number=11,
    product=93,
    variation=0,
    quantity=2,
    subtotal="10.00",
    total="10.00",
    sku="KET",
    name="Kettle",
):
    """An order line as the API gives it: `total` is of all pieces, and amounts are strings."""
    return {
        "id": number,
        "name": name,
        "product_id": product,
        "variation_id": variation,
        "quantity": quantity,
        "tax_class": "",
        "subtotal": subtotal,
        "total": total,
        "total_tax": "0.00",
        "taxes": [],
        "meta_data": [{"id": 1, "key": "engraving", "value": "Ada"}],
        "sku": sku,
        "price": 5.0,
    }


def order(
    number=727,
    status="processing",
    customer=25,
    email="ada@shop.example",
    created="2026-03-01T10:00:00",
    modified="2026-03-01T10:05:00",
    paid="2026-03-01T10:04:00",
    completed=None,
    currency="EUR",
    lines=None,
    refunds=(),
    channel="checkout",
):
    return {
        "id": number,
        "parent_id": 0,
        "number": str(number),
        "order_key": "wc_order_k3y",
        "created_via": channel,
        "version": "9.0.0",
        "status": status,
        "currency": currency,
        "date_created": "2026-03-01T12:00:00",
        "date_created_gmt": created,
        "date_modified": "2026-03-01T12:05:00",
        "date_modified_gmt": modified,
        "discount_total": "0.00",
        "shipping_total": "10.00",
        "total": "20.00",
        "prices_include_tax": False,
        "customer_id": customer,
        "customer_ip_address": "192.0.2.7",
        "customer_user_agent": "",
        "customer_note": "ring twice",
        "billing": {
            "first_name": "Ada",
            "address_1": "Main Street 1",
            "email": email,
            "phone": "+15550100",
            "country": "FI",
        },
        "shipping": {"first_name": "Ada", "address_1": "Main Street 1"},
        "payment_method": "stripe",
        "transaction_id": "",
        "date_paid": paid,
        "date_paid_gmt": paid,
        "date_completed": completed,
        "date_completed_gmt": completed,
        "meta_data": [{"id": 5, "key": "_phone", "value": "+15550100"}],
        "line_items": [line()] if lines is None else lines,
        "shipping_lines": [{"id": 1, "method_title": "Post", "total": "10.00"}],
        "fee_lines": [],
        "coupon_lines": [{"id": 2, "code": "ten", "discount": "1.00"}],
        "refunds": list(refunds),
        "_links": {"self": [{"href": "https://shop.example/wp-json/wc/v3/orders/727"}]},
    }


def product(number=93, **cells):
    return {
        "id": number,
        "name": "Kettle",
        "slug": "kettle",
        "permalink": "https://shop.example/kettle",
        "date_created_gmt": "2026-01-01T00:00:00",
        "type": "simple",
        "status": "publish",
        "sku": "KET",
        "price": "40.00",
        "regular_price": "49.90",
        "sale_price": "40.00",
        "date_on_sale_to_gmt": None,
        "on_sale": True,
        "stock_quantity": 4,
        "stock_status": "instock",
        "upsell_ids": [],
        "cross_sell_ids": [],
        "parent_id": 0,
        "related_ids": [62, 63],
        "categories": [
            {"id": 9, "name": "Home &amp; Garden", "slug": "home"},
            {"id": 10, "name": "Tea"},
        ],
        "images": [{"id": 1, "src": "https://shop.example/kettle.jpg"}],
        "attributes": [],
    } | cells


def export(*records):
    return json.dumps(records)


def stream(*records):
    return "".join(json.dumps(record) + "\n" for record in records)


def contents(shop):
    return {one.name: one.read_bytes() for one in shop.iterdir()}


def instant(text):
    return datetime.fromisoformat(text)
