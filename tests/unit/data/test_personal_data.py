"""A secret stands in every cell that no rule reads: of no platform does any reach the shop."""

from __future__ import annotations

import json

import pytest

from nba.data.imports import import_files
from nba.data.mapping import SourceMapping
from nba.errors import ConfigError
from tests.unit.data import woocommerce
from tests.unit.data.conftest import names, table

SECRET = "s3cret"
BAD = "many"
"""A quantity that is none, so that its row is quarantined."""


def plugged(record: object) -> object:
    """The record with fields that a plugin might add, at every level of it."""
    if isinstance(record, list):
        return [plugged(one) for one in record]
    if not isinstance(record, dict):
        return record
    plugin = {
        "plugin_note": SECRET,
        "Customer_Note": SECRET,
        "plugin": {"phone": SECRET, "items": [SECRET]},
        "plugin_rows": [{"name": SECRET}],
        "meta_data": [{"id": 1, "key": "vat", "value": SECRET}],
    }
    return {key: plugged(value) for key, value in record.items()} | plugin


def csv(cells: dict[str, str], broken: dict[str, str], secrets: str) -> str:
    """A file of a good row and one with broken cells; `secrets` names further columns."""
    hidden = dict.fromkeys([*secrets.split("|"), "plugin_note"], SECRET)
    rows = [cells | hidden, cells | broken | hidden]
    return "\n".join([",".join(rows[0]), *(",".join(one.values()) for one in rows)]) + "\n"


def shopify() -> str:
    given = {
        "Name": "#1",
        "Email": SECRET,
        "Financial Status": "paid",
        "Fulfillment Status": "fulfilled",
        "Created at": "2026-02-20 10:00:00 +0100",
        "Lineitem quantity": "7",
        "Lineitem name": "Kettle",
        "Lineitem price": "49.90",
        "Lineitem sku": "KET",
        "Tags": SECRET,
    }
    return csv(
        given,
        {"Lineitem quantity": BAD},
        "Notes|Note Attributes|Phone|Billing Name|Billing Street|Billing Zip|Billing Company|"
        "Shipping Name|Shipping City|Shipping Phone|Discount Code|Payment Reference|Device ID|"
        "Payment Terms Name|Receipt Number|Employee|Shipping Address1|Customer Note|"
        "Lineitem properties",
    )


def magento() -> str:
    """As REST gives it; the lines stand in `items`, which no entry reads."""
    address = dict.fromkeys(
        ["city", "email", "firstname", "lastname", "postcode", "telephone", "company"], SECRET
    ) | {"street": [SECRET, SECRET], "entity_id": 3}
    record = {
        "entity_id": 7,
        "increment_id": "000000007",
        "state": "processing",
        "status": "processing",
        "customer_id": f"{SECRET}@shop.example",
        "created_at": "2026-03-01 09:15:00",
        "grand_total": 54.8,
        **{f"customer_{name}": SECRET for name in ("email", "firstname", "lastname", "note")},
        **dict.fromkeys(["remote_ip", "coupon_code", "protect_code", "x_forwarded_for"], SECRET),
        "items": [{"item_id": 1, "name": SECRET, "product_option": {"text": SECRET}}],
        "billing_address": address,
        "payment": {
            "cc_owner": SECRET,
            "account_status": SECRET,
            "additional_information": [SECRET],
        },
        "status_histories": [{"comment": SECRET, "status": "processing"}],
        "extension_attributes": {
            "shipping_assignments": [{"shipping": {"address": address}}],
            "payment_additional_info": [{"key": "mail", "value": SECRET}],
            "gift_message": SECRET,
        },
    }
    bad = record | {"entity_id": 8, "created_at": "soon"}
    return json.dumps({"items": plugged([record, bad]), "search_criteria": {}, "total_count": 2})


def woo() -> str:
    kept = woocommerce.order(1, customer=f"{SECRET}@shop.example")
    guest = woocommerce.order(2, customer=0, email=f"{SECRET}@shop.example")
    bad = woocommerce.order(3, lines=[woocommerce.line(quantity=BAD)])
    empty = woocommerce.order(4, created="soon", lines=[])
    spare = {
        "customer_note": SECRET,
        "order_key": SECRET,
        "transaction_id": SECRET,
        "customer_ip_address": SECRET,
        "payment_method_title": SECRET,
        "billing": {"first_name": SECRET, "phone": SECRET, "email": f"{SECRET}@shop.example"},
        "shipping": {"address_1": SECRET},
        "coupon_lines": [{"code": SECRET}],
        "fee_lines": [{"name": SECRET}],
        "tax_lines": [{"label": SECRET}],
        "shipping_lines": [{"method_title": SECRET}],
        "refunds": [{"id": 1, "reason": SECRET}],
    }
    return json.dumps([plugged(one | spare) for one in (kept, guest, bad, empty)])


def opencart() -> str:
    given = {
        "order_id": "7",
        "customer_id": f"{SECRET}@shop.example",
        "email": SECRET,
        "order_status_id": "2",
        "currency_code": "EUR",
        "currency_value": "1.0",
        "date_added": "2026-03-01 11:15:00",
    }
    columns = (
        "firstname|lastname|telephone|payment_firstname|payment_address_1|payment_city|"
        "payment_country|payment_method|shipping_lastname|shipping_method|comment|tracking|ip|"
        "user_agent|accept_language|custom_field"
    )
    return csv(given, {"order_id": "9", "date_added": "soon"}, columns)


def ga4() -> str:
    record = {
        "event_date": "20260301",
        "event_timestamp": "1772359200000000",
        "event_name": "purchase",
        "event_params": [{"key": "page_location", "value": {"string_value": SECRET}}],
        "user_id": f"{SECRET}@shop.example",
        "user_pseudo_id": "81",
        "user_properties": [{"key": "mail", "value": {"string_value": SECRET}}],
        "geo": {"city": SECRET},
        "device": {"advertising_id": SECRET, "web_info": {"hostname": SECRET}},
        "traffic_source": {"name": SECRET},
        "collected_traffic_source": {"gclid": SECRET},
        "ecommerce": {"transaction_id": "T1", "coupon": SECRET},
        "items": [{"item_id": "KET", "item_name": "Kettle", "price": 49.9, "coupon": SECRET}],
    }
    plain = record | {"event_name": "sign_up", "items": []}
    bad = record | {"event_name": "view_item", "event_timestamp": "soon"}
    return "\n".join(json.dumps(plugged(one)) for one in (record, plain, bad))


def segment() -> str:
    record = {
        "anonymousId": "g1",
        "userId": f"{SECRET}@shop.example",
        "messageId": "m1",
        "type": "track",
        "event": "Order Completed",
        "timestamp": "2026-03-01T10:00:00.000Z",
        "context": {"ip": SECRET, "traits": {"email": SECRET}},
        "traits": {"name": SECRET},
        "integrations": {"Mail": {"id": SECRET}},
        "properties": {
            "order_id": "T1",
            "coupon": SECRET,
            "email": SECRET,
            "url": SECRET,
            "shipping_address": {"street": SECRET},
            "products": [{"product_id": "KET", "price": 49.9, "coupon": SECRET, "url": SECRET}],
        },
    }
    seen = {"product_id": "KET", "review_body": SECRET, "share_message": SECRET}
    one = record | {"messageId": "m2", "event": "Product Viewed", "properties": seen}
    bad = one | {"messageId": "m3", "timestamp": "soon"}
    return "\n".join(json.dumps(plugged(call)) for call in (record, one, bad))


FILES = {
    "shopify": ("orders_export.csv", shopify),
    "magento": ("orders.json", magento),
    "woocommerce": ("orders.json", woo),
    "opencart": ("oc_order.csv", opencart),
    "ga4": ("events.jsonl", ga4),
    "segment": ("calls.jsonl", segment),
}


@pytest.mark.parametrize("platform", FILES)
def test_no_secret_of_any_field_reaches_the_shop(write, shop, platform):
    name, content = FILES[platform]
    report = import_files([write(name, content())], shop, zone="UTC", max_bad=1)
    assert {one.mapping for one in report.recognised} == {platform}
    assert report.rows_quarantined > 0
    assert sum(one.rows_loaded for one in report.files) > 0
    stored = [
        one for one in shop.iterdir() if SECRET in one.read_bytes().decode("utf-8", "replace")
    ]
    assert stored == []
    for file in shop.glob("*.parquet"):
        told = [
            row for row in [names(shop, file.stem), *table(shop, file.stem)] if SECRET in str(row)
        ]
        assert told == [], file.name


def test_a_column_is_kept_where_keep_names_it_and_counts_as_personal_where_nothing_does(
    write, shop
):
    mapping = write(
        "m.toml",
        """
        personal = ["shelf code"]
        keep = ["Shelf*"]
        [[file]]
        table = "products"
        [file.columns]
        product_id = "id"
        title = "name"
        """,
    )
    path = write("p.csv", "id,name,shelf,SHELF CODE,owner\np1,Kettle,A 4,77,Ada\n")
    report = import_files([path], shop, mapping=SourceMapping.from_toml(mapping))
    assert report.unmapped_columns == {"p.csv": ["shelf"]}
    assert report.personal_columns == {"p.csv": ["SHELF CODE", "owner"]}
    assert "owner" not in names(shop, "products")


def test_a_mapping_that_extends_another_keeps_what_either_names(write, shop):
    mapping = write("m.toml", 'extends = "shopify"\nkeep = ["plugin_note"]\n')
    report = import_files(
        [write("orders_export.csv", shopify())],
        shop,
        mapping=SourceMapping.from_toml(mapping),
        max_bad=1,
    )
    assert report.unmapped_columns == {"orders_export.csv": ["plugin_note"]}
    assert table(shop, "order_lines", "plugin_note") == [(SECRET,)]


def test_keep_that_is_no_list_is_refused(write):
    with pytest.raises(ConfigError, match="keep is 'shelf'; expected a list of texts"):
        SourceMapping.from_toml(write("m.toml", 'extends = "shopify"\nkeep = "shelf"\n'))
