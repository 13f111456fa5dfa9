"""What a check says of a shop's data."""

from __future__ import annotations

import pytest

from nba.data.census import take_census
from nba.data.imports import import_files
from nba.data.report import SMALL_SHOP, data_report
from nba.data.shop import read_shop

HEADER = "order_id,customer_id,ordered_at,product_id,quantity,unit_price,currency\n"


def orders(count, *, customer="c{}", products=("kettle", "filter")):
    """Orders of two products each by customers who come back every tenth order."""
    return "".join(
        f"o{n},{customer.format(n % 10)},2026-03-{n % 28 + 1:02}T10:00:00Z,{product},1,9.90,EUR\n"
        for n in range(count)
        for product in products
    )


@pytest.fixture
def report(write, shop):
    def report(content, *others):
        paths = [write("orders.csv", content), *(write(*other) for other in others)]
        import_files(paths, shop)
        return data_report(read_shop(shop))

    return report


def test_a_small_shop_is_told_what_it_gets_and_what_grows(report):
    found = report(HEADER + orders(50))
    assert found.works == [
        "popular products, from 50 orders",
        "bought together, from 50 orders with several products",
        "personal picks and buy again, from 10 customers with two orders or more",
        "the messages after a purchase, for 10 customers",
    ]
    assert any("every order adds pairs" in line for line in found.grows)
    assert len(found.would_unlock) <= 3
    assert found.remarks == []


def test_a_large_shop_is_told_each_missing_thing_with_what_it_would_unlock(report):
    found = report(HEADER + orders(SMALL_SHOP))
    assert found.grows == []
    missing = [line.split(":")[0] for line in found.would_unlock]
    assert missing[0] == "delivered_at, or a file of order_statuses"
    assert {"category", "cost", "consents", "successor_of", "compatible_with"} <= set(missing)


def test_what_is_there_is_not_called_missing(report):
    catalogue = "product_id,title,category,availability,cost,successor_of,compatible_with\n"
    found = report(
        HEADER + orders(SMALL_SHOP),
        (
            "p.csv",
            catalogue + "kettle,Kettle,Home,in_stock,4.00,old,\nfilter,F,Home,in_stock,1.00,,K9\n",
        ),
        ("c.csv", "customer_id,channel,granted,at\nc1,email,yes,2026-01-01T00:00:00Z\n"),
        ("e.csv", "event_id,type,at\ne1,add_to_cart,2026-01-01T00:00:00Z\n"),
        (
            "s.csv",
            "order_id,status,at\n"
            + "".join(f"o{n},delivered,2026-04-01T00:00:00Z\n" for n in range(SMALL_SHOP)),
        ),
    )
    assert found.would_unlock == []
    assert "replacements, for 1 product with a successor" in found.works
    assert "messages on carts, wish lists and waiting lists, from 1 event" in found.works


def test_of_what_is_there_in_part_the_share_that_is_missing_is_named(report):
    listed = "".join(f"x{n},X{n},Home,in_stock,4.00\n" for n in range(23))
    listed += "kettle,Kettle,Home,in_stock,\nfilter,Filter,,in_stock,\n"
    found = report(
        HEADER + orders(SMALL_SHOP),
        ("p.csv", "product_id,title,category,availability,cost\n" + listed),
    )
    told = [line for line in found.would_unlock if line.startswith(("cost", "category", "avail"))]
    assert told == [
        "category of the other 4 % of products: widgets can be limited to a category",
        "cost of the other 8 % of products: profit is counted instead of an assumed margin",
    ]


def test_counts_are_those_of_the_files(report):
    rows = orders(30) + orders(10, customer="", products=("lamp",)).replace("o", "g")
    found = report(HEADER + rows)
    assert found.counts["orders"] == 40
    assert found.counts["guest_orders"] == 10
    assert found.counts["multi_product_share"] == pytest.approx(30 / 40)
    assert found.counts["repeat_buyer_share"] == 1
    assert found.counts["days"] == 28
    assert found.figures["prices"] == "on 100 % of lines, 9.90 EUR in the middle"


def test_joins_that_fail_and_orders_by_guests_are_remarked(report):
    lines = "order_id,ordered_at,sku,title,quantity\n"
    rows = "".join(f"o{n},2026-03-01T10:00:00Z,S{n % 3},Vase,1\n" for n in range(60))
    found = report(lines + rows, ("p.csv", "product_id,title,sku\n1,One,S0\n"))
    assert found.counts["unresolved_line_share"] == pytest.approx(40 / 60)
    assert any(line.startswith("66.7 % of lines match no product") for line in found.remarks)
    assert any(line.startswith("100 % of orders are by guests") for line in found.remarks)


def test_steps_that_no_flow_allows_are_named(report):
    statuses = (
        "order_id,status,at\no1,delivered,2026-03-20T10:00:00Z\no1,picking,2026-03-21T10:00:00Z\n"
    )
    header = HEADER.replace("\n", ",status,status_at\n")
    rows = orders(30).replace("EUR\n", "EUR,processing,2026-03-02T00:00:00Z\n")
    found = report(header + rows, ("s.csv", statuses))
    (line,) = [line for line in found.remarks if "no flow allows" in line]
    assert line.endswith("delivered → picking (1)")


def test_a_shop_without_orders_that_count_gets_figures_and_no_promises(report):
    rows = orders(3).replace("\n", ",cancelled\n")
    found = report(HEADER.replace("\n", ",status\n") + rows)
    assert found.works == []
    assert found.figures["kept"].startswith("0 ")


def test_a_folder_with_only_orders_can_be_counted(report, shop):
    report(HEADER + orders(3))
    for name in ("products", "quarantine"):
        (shop / f"{name}.parquet").unlink()
    counts = take_census(read_shop(shop)).counts
    assert (counts["orders"], counts["products"], counts["quarantined"]) == (3, 0, 0)


def test_a_status_with_its_instant_says_when_an_order_was_delivered(report):
    rows = orders(10).replace("EUR\n", "EUR,delivered,2026-04-02T00:00:00Z\n")
    unsaid = orders(30, customer="d{}").replace("o", "u").replace("EUR\n", "EUR,delivered,\n")
    found = report(HEADER.replace("\n", ",status,status_at\n") + rows + unsaid)
    assert found.counts["delivery_known_share"] == pytest.approx(10 / 40)


@pytest.mark.parametrize(
    ("price", "currency", "shown"),
    [("5.000", "KWD", "5.00 KWD"), ("980.00", "jpy", "980.00 JPY"), ("9.90", "", "9.90")],
)
def test_the_median_price_is_in_units_of_its_currency(report, price, currency, shown):
    rows = orders(4).replace("9.90,EUR", f"{price},{currency}")
    assert report(HEADER + rows).figures["prices"] == f"on 100 % of lines, {shown} in the middle"


def test_a_currency_that_lines_keep_for_themselves_is_no_hindrance(report):
    found = report(
        "order_id,ordered_at,status,currency\no1,2026-03-01T10:00:00Z,paid,UAH\n",
        ("l.csv", "order_id,line_no,product_id,quantity,unit_price,currency\no1,1,p,1,7.50,USD\n"),
    )
    assert found.figures["prices"].endswith("7.50 UAH in the middle")


def test_rows_in_quarantine_are_told_by_reason_the_most_frequent_first(report):
    bad = "o{},c1,2026-03-01T10:00:00Z,tea,-1,9.90,EUR\n"
    late = "o90,c1,some day,tea,1,9.90,EUR\n"
    content = HEADER + orders(50) + bad.format(91) + bad.format(92) + late
    found = report(content)
    assert [(one.source, one.column, one.rule, one.rows) for one in found.refused] == [
        ("orders.csv", "quantity", "negative", 2),
        ("orders.csv", "ordered_at", "not_an_instant", 1),
    ]
    assert found.to_dict()["refused"][0]["rows"] == 2
