"""`nba decide --as`: files that the importers of e-mail tools take as they are."""

from __future__ import annotations

import csv
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from nba.cli.importers import fitted, importers
from nba.cli.load import load
from nba.config import shipped
from nba.recommend.flat import PRODUCT_COLUMNS
from tests.unit.cli.shop import CONSENTS, FLAT, Run

AT = "2026-01-14T10:00Z"
NOON = "2026-01-14T12:00:00Z"
PRODUCTS = """product_id,title,price,sale_price,sale_until,currency,link,image_link
kettle,Steel kettle,39.90,,,EUR,,
filter,Water filter,4.50,,,EUR,,
tea,"Tea, ""fine"" ў",5.00,3.90,2027-01-01T00:00:00Z,EUR,https://shop.example/t?a=1&b=2,https://shop.example/t.png
"""


def rows_of(name: str) -> list[dict[str, str]]:
    with Path(name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first such shop is kept for the tests after it."""
    return tmp_path_factory.mktemp("filled") / "folder"


@pytest.fixture
def linked(nba: Run, filled: Path) -> str:
    """A shop whose products have links, with a third customer who gets nothing."""
    if filled.exists():
        shutil.copytree(filled, Path.cwd(), symlinks=True, dirs_exist_ok=True)
        return "shop"
    for name, rows in (("orders", FLAT), ("consents", CONSENTS), ("products", PRODUCTS)):
        Path(f"{name}.csv").write_text(rows)
    extra = "o5,cem,2026-01-02T10:00:00Z,tea,1,5.00,Green tea\n"
    Path("orders.csv").write_text(FLAT + extra)
    assert nba("import", "orders.csv", "consents.csv", "products.csv", "--shop", "shop")[0] == 0
    assert nba("train", "shop")[0] == 0
    shutil.copytree(Path.cwd(), filled, symlinks=True)
    return "shop"


def test_a_tool_gets_its_own_columns_with_every_cell_filled(nba: Run, linked: str) -> None:
    assert nba("decide", linked, "--all", "--at", AT, "--as", "klaviyo", "--out", "k.csv")[0] == 0
    ann, bob, cem = rows_of("k.csv")
    assert list(ann) == [*importers()["klaviyo"].names]
    assert [one["External ID"] for one in (ann, bob, cem)] == ["ann", "bob", "cem"]
    assert ann["nba_message"] == ann["nba_text"] == "accessories"
    assert ann["nba_message_id"] == "none"
    assert ann["nba_expires_at"] > "2026-01-14"
    shown = {
        ann[f"nba_rec_{place}_id"]: [
            ann[f"nba_rec_{place}_{part}"] for part in ("title", "link", "image_link", "price")
        ]
        for place in (1, 2, 3, 4)
    }
    # Of a place without a product every cell says so.
    assert shown == {
        "tea": [
            'Tea, "fine" ў',
            "https://shop.example/t?a=1&b=2",
            "https://shop.example/t.png",
            "3.90 EUR",
        ],
        "none": ["none"] * 4,
    }
    assert set(cem.values()) == {"cem", "none"}


def test_mailchimp_gets_tags_that_it_takes(nba: Run, linked: str) -> None:
    words = ("decide", linked, "--all", "--at", AT, "--as", "mailchimp", "--out", "m.csv")
    assert nba(*words)[0] == 0
    ann = rows_of("m.csv")[0]
    assert all(name == name.upper() and name.isalnum() and len(name) <= 10 for name in ann)
    assert len(ann) + 1 <= 30
    assert (ann["NBACUST"], ann["NBANEXT"]) == ("ann", "accessories")


def test_a_claimed_file_says_who_gets_nothing_too_and_gives_the_same_again(
    nba: Run, linked: str
) -> None:
    load(Path(linked), "sqlite:///store.db")
    claim = ("decide", "sqlite:///store.db", "--all", "--claim", "--as", "mailchimp")
    files = []
    for out, at in (("a.csv", AT), ("b.csv", "2026-01-14T11:00Z")):
        assert nba(*claim, "--at", at, "--out", out)[0] == 0
        files.append(rows_of(out))
    first, again = files
    assert [one["NBACUST"] for one in first] == ["ann", "bob", "cem"]
    assert [one["NBANEXT"] for one in first] == ["accessories", "accessories", "none"]
    assert [one["NBAMSG"][:2] for one in first] == ["m_", "m_", "no"]
    assert [one["NBAMSG"] for one in again] == [one["NBAMSG"] for one in first]
    assert first[0]["NBAWHY"].startswith("order o1 delivered")
    plain = ("decide", "sqlite:///store.db", "--all", "--claim", "--at", AT, "--out", "c.csv")
    assert nba(*plain)[0] == 0
    rows = rows_of("c.csv")
    assert list(rows[0])[-20:] == list(PRODUCT_COLUMNS)
    assert [one["product_1_id"] for one in rows] == [
        one["product_ids"].split(" ")[0] for one in rows
    ]


def claimed() -> list[tuple[object, ...]]:
    """Read what the store's log has of claims."""
    with closing(sqlite3.connect("store.db")) as connection:
        query = "SELECT customer_id, channel FROM messages WHERE claimed_at IS NOT NULL ORDER BY 1"
        return connection.execute(query).fetchall()


def test_a_file_of_mails_leaves_what_goes_by_another_channel_unclaimed(
    nba: Run, linked: str
) -> None:
    told = "bob,email,false,2026-01-06T07:30:00Z\nbob,push,true,2026-01-06T07:30:00Z\n"
    Path("consents.csv").write_text(CONSENTS + told)
    assert nba("import", "consents.csv", "--shop", linked)[0] == 0
    load(Path(linked), "sqlite:///store.db")
    claim = ("decide", "sqlite:///store.db", "--all", "--claim", "--at", AT)
    tool = ("--as", "klaviyo", "--out", "k.csv")
    out = nba(*claim, *tool)[1]
    assert "bob: left unclaimed, accessories goes by push" in out
    assert (
        "1 messages to send by e-mail, 1 of them claimed just now; "
        "1 by other channels and 0 that wait longer than 12 hours left unclaimed\n"
    ) in out
    assert claimed() == [("ann", "email")]
    assert [one["nba_message"] for one in rows_of("k.csv")] == ["accessories", "none", "none"]
    # Whoever sends by push finds it as if nobody had asked.
    assert "2 messages to send, 1 of them claimed just now" in nba(*claim)[1]
    assert claimed() == [("ann", "email"), ("bob", "push")]
    again = nba(*claim, *tool)[1]
    assert "1 messages to send by e-mail, 0 of them claimed just now; 0 by other" in again
    assert again.endswith("1 claimed before are not in the file\n")


def test_a_file_of_mails_leaves_what_has_to_wait_half_a_day_unclaimed(
    nba: Run, linked: str
) -> None:
    load(Path(linked), "sqlite:///store.db")
    playbook = shipped("playbooks", "owox_2011").read_text("utf-8")
    night = playbook.replace('from = "21:00"', 'from = "09:30"')
    assert night != playbook
    Path("night.toml").write_text(night, "utf-8")
    words = ("--as", "klaviyo", "--out", "k.csv", "--playbook", "night.toml")
    out = nba("decide", "sqlite:///store.db", "--all", "--claim", "--at", AT, *words)[1]
    assert "0 messages to send by e-mail, 0 of them" in out
    assert "0 by other channels and 2 that wait longer than 12 hours left unclaimed\n" in out
    assert claimed() == []


@pytest.mark.parametrize(
    "words",
    [
        ["--all", "--as", "outlook", "--out", "o.csv"],
        ["--all", "--as", "klaviyo"],
        ["--all", "--as", "klaviyo", "--out", "o.parquet"],
        ["--plan-capacity", "email=1", "--as", "klaviyo", "--out", "o.csv"],
        ["--audience", "viewed-not-bought", "--as", "klaviyo", "--out", "o.csv"],
    ],
)
def test_a_file_that_no_tool_takes_is_refused(nba: Run, shop: Path, words: list[str]) -> None:
    code, _, err = nba("decide", str(shop), "--at", AT, *words)
    assert code == 2
    assert "--as" in err or "importer" in err


def piece(**cells: Any) -> dict[str, list[Any]]:
    told = {"customer_id": "ann", "channel": "email", "as_of": NOON, "send_after": NOON}
    row = dict.fromkeys(PRODUCT_COLUMNS) | told | cells
    return {name: [cell] for name, cell in row.items()}


def test_a_text_is_cut_between_letters_and_an_address_never() -> None:
    mailchimp = importers()["mailchimp"]
    long = "https://shop.example/" + "x" * 300
    cells = piece(
        product_1_title="ў" * 200,
        product_1_link="https://a",
        product_1_image_link=long,
        product_2_title="Tea",
        product_2_link=long,
    )
    told = fitted(mailchimp, cells)
    assert told["REC1NAME"][0] == "ў" * 126 + "…"
    assert len(told["REC1NAME"][0].encode()) == 255
    assert (told["REC1URL"], told["REC1IMG"]) == (["https://a"], ["none"])
    assert (told["REC2NAME"], told["REC2URL"]) == (["none"], ["none"])
    assert fitted(importers()["klaviyo"], cells)["nba_rec_2_link"] == [long]


def test_a_product_that_a_mail_cannot_show_gives_its_place_to_the_next() -> None:
    told = fitted(
        importers()["klaviyo"],
        piece(product_1_id="a", product_1_title="A", product_2_id="b", product_2_title="B",
              product_2_link="https://b"),
    )  # fmt: skip
    assert (told["nba_rec_1_id"], told["nba_rec_2_id"]) == (["b"], ["none"])


def test_what_goes_by_another_channel_is_nothing_to_an_e_mail_tool() -> None:
    told = fitted(importers()["klaviyo"], piece(channel="sms", message="win-back"))
    assert told["nba_message"] == ["none"]
    assert told["External ID"] == ["ann"]


@pytest.mark.parametrize(
    ("send_after", "shown"),
    [("2026-01-15T00:00:00Z", "digest"), ("2026-01-15T00:00:01Z", "none"), (None, "none")],
)
def test_what_has_to_wait_half_a_day_stands_in_a_later_file(
    send_after: str | None, shown: str
) -> None:
    told = fitted(importers()["klaviyo"], piece(message="digest", send_after=send_after))
    assert told["nba_message"] == [shown]
