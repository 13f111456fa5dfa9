"""Signals of a shop folder: equal to those of its rows, for everybody and for one customer."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import duckdb
import numpy as np
import pytest

from nba.data.imports import import_files
from nba.data.shop import Shop, batches, read_shop, shop_tables
from nba.domain import Ids, to_instant
from nba.facts.fold import Facts, fold
from nba.facts.histories import Columns
from nba.facts.people import GRANTED, REFUSED
from nba.facts.signals import Signals
from nba.schema import TABLES
from nba.vocabulary import CHANNELS, MESSAGE_WORDS

FILES = {
    "orders": """\
order_id,customer_id,ordered_at,product_id,quantity,unit_price,status
o1,ann,2026-03-01T10:00:00Z,kettle,1,3000,delivered
o2,guest-7,2026-03-02T10:00:00Z,cup,2,800,delivered
o3,bob,2026-03-05T10:00:00Z,kettle,1,3000,shipped
""",
    "events": """\
event_id,type,at,customer_id,session_id,product_id,order_id,value
e1,view_item,2026-01-01T10:00:00Z,ann,,kettle,,
e2,view_item,2026-03-03T10:00:00Z,,s1,cup,,
e3,add_to_cart,2026-03-03T11:00:00Z,,s1,tea,,
e4,merge,2026-03-04T10:00:00Z,ann,s1,,,
e5,merge,2026-03-04T10:00:00Z,ann,guest-7,,,
e6,rating,2026-03-06T10:00:00Z,bob,,,o3,2
e7,complaint,2026-03-06T10:00:00Z,bob,,,,
e8,view_item,2026-03-06T10:00:00Z,,s2,cup,,
e9,add_to_wishlist,2026-03-07T10:00:00Z,bob,,cup,,
""",
    "consents": """\
customer_id,channel,granted,at
ann,sms,true,2026-02-01T10:00:00Z
guest-7,email,true,2026-02-01T10:00:00Z
""",
    "customers": """\
customer_id,created_at,birthday,timezone,account_type,tier,points,consent_email,consent_at,attributes
ann,2026-01-01T10:00:00Z,2000-02-29,europe/kyiv,,gold,1,,,"{""points_expire_at"": ""2026-05-01""}"
bob,,,Mars/Olympus,b2b,,,false,,
zoe,2026-03-09T10:00:00Z,1999-01-01,UTC,,silver,,true,2026-03-09T10:00:00Z,
""",
    "messages": """\
message_id,decision_id,customer_id,message,anchor,channel,decided_at,claimed_at,acked_at,holdout
m1,d1,guest-7,accessories,o2,email,2026-03-02T11:00:00Z,2026-03-02T11:00:00Z,,
m2,d2,bob,order-status,o3/shipped,sms,2026-03-06T11:00:00Z,,2026-03-06T12:00:00Z,
m3,d3,bob,none,,,2026-03-06T11:00:00Z,2026-03-06T11:00:00Z,,
m4,d4,bob,digest,2026-W10,email,2026-03-06T11:00:00Z,2026-03-06T11:00:00Z,,true
m5,d5,bob,digest,2026-W10,email,2026-03-06T11:00:00Z,2026-03-09T11:00:00Z,,
""",
    "message_events": """\
event_id,message_id,type,at,is_machine
x1,m1,sent,2026-03-02T12:00:00Z,
x2,m1,clicked,2026-03-02T12:01:00Z,true
x3,m1,unsubscribed,2026-03-04T12:01:00Z,
x4,m2,bounced,2026-03-06T13:00:00Z,
""",
    "product_states": """\
product_id,at,availability,price,sale_price,sale_until
cup,2026-03-01T00:00:00Z,out_of_stock,800,,
cup,2026-03-03T00:00:00Z,in_stock,800,600,2026-04-01T00:00:00Z
tea,2026-03-09T00:00:00Z,in_stock,500,,
""",
}
AS_OF = to_instant("2026-03-08T00:00Z")
INSTANTS = ("2026-02-15T00:00Z", "2026-03-04T10:00Z", "2026-03-08T00:00Z", "2026-04-02T00:00Z")
EVERYBODY = ["ann", "bob", "guest-7", "s1", "s2", "zoe", "nobody"]
EMAIL, SMS = CHANNELS.index("email"), CHANNELS.index("sms")


def imported(folder: Path, *names: str) -> Shop:
    for name in names:
        (folder / f"{name}.csv").write_text(FILES[name], "utf-8")
    import_files([folder / f"{name}.csv" for name in names], folder / "shop")
    return read_shop(folder / "shop")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return imported(tmp_path_factory.mktemp("signals"), *FILES)


def by_rows(shop: Shop) -> Signals:
    """Give the signals of all rows of a folder, as somebody who holds them elsewhere would."""
    told = {}
    for name in set(FILES) - {"orders"}:
        names = [one for one in TABLES[name].names if not one.startswith("consent_")]
        rows = [row for batch in batches(shop.path, name, names) for row in batch]
        told[name] = dict(zip(names, zip(*rows, strict=True), strict=True))
    return Signals.of_columns(told)


def assert_equal(one: Facts, other: Facts) -> None:
    for field in fields(one):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if isinstance(mine, np.ndarray):
            assert mine.dtype == theirs.dtype, field.name
            assert mine.tobytes() == theirs.tobytes(), field.name
        elif isinstance(mine, Columns):
            kinds = [getattr(mine, each.name) for each in fields(mine)]  # type: ignore[arg-type]
            others = [getattr(theirs, each.name) for each in fields(mine)]  # type: ignore[arg-type]
            assert mine == theirs, field.name
            assert [getattr(each, "dtype", None) for each in kinds] == [
                getattr(each, "dtype", None) for each in others
            ], field.name
        else:
            assert mine == theirs, field.name


@pytest.mark.parametrize("as_of", INSTANTS)
def test_a_folder_has_the_facts_of_its_rows(shop: Shop, as_of: str) -> None:
    at = to_instant(as_of)
    expected = fold(shop.history.rows, as_of=at, signals=by_rows(shop))
    assert_equal(shop.facts(as_of=at), expected)


@pytest.mark.parametrize("as_of", INSTANTS)
def test_one_customer_read_alone_has_the_facts_of_all(shop: Shop, as_of: str) -> None:
    whole = fold(
        shop.history.rows, as_of=to_instant(as_of), customers=EVERYBODY, signals=by_rows(shop)
    )
    for row, customer in enumerate(EVERYBODY):
        alone = shop.facts(as_of=as_of, customers=[customer])
        assert alone.version(0) == whole.version(row), customer
        assert alone.week_counts.tolist() == whole.week_counts.tolist()
        assert alone.shelf == whole.shelf


def test_what_is_read_of_one_customer_is_no_more_than_theirs(shop: Shop) -> None:
    read = shop.signals(as_of=AS_OF, customers=["guest-7"])
    assert list(read.customer_ids) == ["ann", "guest-7", "s1"]
    assert list(read.message_ids) == ["m1"]
    assert len(shop.signals(as_of=AS_OF, customers=["nobody"]).events) == 0


def test_what_a_folder_says_is_what_its_files_said(shop: Shop) -> None:
    facts = shop.facts(as_of=AS_OF)
    assert facts.customer_ids == ("ann", "bob")
    people = facts.people
    assert people.zones == ("", "Europe/Kyiv")
    assert (people.zone.tolist(), people.is_company.tolist()) == ([1, 0], [False, True])
    assert str(people.points_expire_at[0]) == "2026-05-01T00:00:00.000000"
    assert str(people.birthday[0]) == "2000-02-29"
    assert people.consent[0, [EMAIL, SMS]].tolist() == [REFUSED, GRANTED]
    assert people.consent[1, EMAIL] == REFUSED
    assert people.is_bounced.tolist() == [[False] * 4, [False, True, False, False]]
    assert list(facts.intents.event_ids) == ["e2", "e3", "e9"]
    # Who looked two months before is not remembered to have.
    assert people.first_seen_at[0] == to_instant("2026-03-03T10:00Z")
    words = [MESSAGE_WORDS[code] for code in facts.letters.message]
    assert words == ["accessories", "order-status"]
    assert facts.letters.order.tolist() == [1, 2]
    assert facts.week_counts.sum() == 2
    # Of tea the states tell from the beginning on that nothing was known.
    assert list(facts.shelf.product_ids) == ["cup", "tea"]
    assert facts.shelf.has_price.tolist() == [True, False]
    assert facts.shelf.sale_price.tolist() == [600, 0]


def test_a_shop_of_orders_alone_has_no_signals(tmp_path: Path) -> None:
    shop = imported(tmp_path, "orders")
    assert not set(shop_tables(shop.path)) & {"events", "consents", "messages", "customers"}
    assert shop.signals(as_of=AS_OF).customer_ids == Ids.of([])
    assert shop.facts(as_of=AS_OF).customer_ids == ("ann", "bob", "guest-7")


@pytest.mark.parametrize("name", sorted(set(FILES) - {"orders"}))
def test_every_table_can_be_there_alone(tmp_path: Path, name: str) -> None:
    shop = imported(tmp_path, "orders", name)
    for customers in (None, EVERYBODY):
        shop.facts(as_of=AS_OF, customers=customers)


def test_consents_in_customers_rows_count_where_no_table_holds_them(tmp_path: Path) -> None:
    shop = imported(tmp_path, "orders")
    path = shop.path / "customers.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"""
            COPY (SELECT * FROM (VALUES
                ('ann', TRUE, FALSE, TIMESTAMP '2026-03-01'), ('bob', TRUE, FALSE, NULL))
                t(customer_id, consent_email, consent_sms, consent_at))
            TO '{path}' (FORMAT parquet)
        """)
    consent = shop.facts(as_of=AS_OF, customers=["ann", "bob"]).people.consent
    assert consent[:, [EMAIL, SMS]].tolist() == [[GRANTED, REFUSED], [0, REFUSED]]
