"""The same shop as a folder and as a store: equal facts, equal decisions, byte for byte."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
import orjson
import pytest

import nba
from nba.cli.load import load
from nba.config import shipped
from nba.data.imports import import_files
from nba.data.shop import Shop
from nba.domain import Texts, to_instant
from nba.errors import DataError, StateError
from nba.facts.fold import fold
from nba.state.store import Store
from tests.api.shop import ODD_CUSTOMER, ORDERS, PRODUCTS, orders_csv

INSTANTS = (
    "2026-01-05T10:00Z",
    "2026-01-07T08:00Z",
    "2026-01-12T00:00Z",
    "2026-02-22T09:00Z",
    "2026-03-01T12:00Z",
)
CUSTOMERS = ("ann", "bob", "dan", "eve", ODD_CUSTOMER, "nobody")

# Later versions of two orders: one comes back in part, one turns out to be another customer's.
EDITS = """\
order_id,customer_id,ordered_at,product_id,quantity,unit_price,status,status_at,returned_quantity
o02,bob,2026-01-06T10:00:00Z,kettle,1,3000,returned,2026-01-20T10:00:00Z,1
o02,bob,2026-01-06T10:00:00Z,cup,2,800,returned,2026-01-20T10:00:00Z,
o05,eve,2026-01-09T10:00:00Z,kettle,1,3000,delivered,2026-02-01T10:00:00Z,
"""
STATUSES = """\
order_id,status,at
o02,paid,2026-01-06T11:00:00Z
o02,shipped,2026-01-07T09:00:00Z
o11,paid,2026-02-28T10:30:00Z
o11,cancelled,2026-03-01T11:00:00Z
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = tmp_path_factory.mktemp("both")
    (folder / "orders.csv").write_text(orders_csv(), "utf-8")
    (folder / "products.csv").write_text(PRODUCTS, "utf-8")
    (folder / "edits.csv").write_text(EDITS, "utf-8")
    (folder / "statuses.csv").write_text(STATUSES, "utf-8")
    import_files([folder / "orders.csv", folder / "products.csv"], folder / "shop")
    import_files([folder / "edits.csv", folder / "statuses.csv"], folder / "shop")
    return nba.read_shop(folder / "shop")


@pytest.fixture(scope="module")
def loaded(shop: Shop) -> Store:
    url = f"sqlite:///{shop.path.parent / 'store.db'}"
    assert load(shop.path, url) == len(ORDERS)
    return Store(url)


def equal(one: object, other: object, name: str = "") -> bool:
    """Whether two dataclasses hold the same, arrays byte for byte, those inside them too."""
    assert type(one) is type(other), name
    if isinstance(one, np.ndarray):
        assert isinstance(other, np.ndarray)
        assert one.dtype == other.dtype, name
        assert one.tobytes() == other.tobytes(), name
    elif isinstance(one, Texts):
        assert isinstance(other, Texts)
        assert list(one) == list(other), name
    elif is_dataclass(one):
        for field in fields(one):
            equal(getattr(one, field.name), getattr(other, field.name), f"{name}.{field.name}")
    else:
        assert one == other or (one != one and other != other), name
    return True


def test_both_hold_the_same_rows(shop: Shop, loaded: Store) -> None:
    assert len(shop.history.rows.versions) == 2
    assert len(shop.history.rows.statuses) == 4
    assert equal(shop.history.rows, loaded.all_rows())


@pytest.mark.parametrize("as_of", INSTANTS)
def test_both_fold_to_the_same_facts(shop: Shop, loaded: Store, as_of: str) -> None:
    at = to_instant(as_of)
    rows, signals = loaded.read_all()
    assert equal(shop.facts(as_of=as_of), fold(rows, as_of=at, signals=signals))
    whole = shop.facts(as_of=as_of, customers=CUSTOMERS)
    for row, customer in enumerate(CUSTOMERS):
        assert loaded.facts([customer], at).version(0) == whole.version(row)


@pytest.mark.parametrize("as_of", INSTANTS)
def test_both_lead_to_the_same_decisions(
    shop: Shop,
    loaded: Store,
    as_of: str,
) -> None:
    policy = nba.Policy(
        nba.train(shop.history, shop.catalog),
        nba.Playbook.from_toml(shipped("playbooks", "owox_2011")),
    )
    at = to_instant(as_of)
    whole = policy.decide(list(CUSTOMERS), shop.facts(as_of=as_of, customers=CUSTOMERS), as_of)
    for customer, expected in zip(CUSTOMERS, whole, strict=True):
        found = policy.decide(customer, loaded.facts([customer], at), at)
        assert found.decision_id == expected.decision_id
        assert orjson.dumps(found.to_dict()) == orjson.dumps(expected.to_dict())


def test_a_folder_that_is_no_shop_leaves_an_empty_store(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with pytest.raises(DataError, match=r"orders\.parquet"):
        load(tmp_path, url)
    store = Store(url)
    assert store.is_empty()
    store.close()


def test_a_shop_is_loaded_once(shop: Shop, loaded: Store) -> None:
    with pytest.raises(StateError, match="holds orders already"):
        load(shop.path, f"sqlite:///{shop.path.parent / 'store.db'}")
    assert loaded.order_count() == len(ORDERS)
