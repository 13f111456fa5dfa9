"""`nba report` and `nba calculate`: what they write, say and refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nba.artifacts.reports import SHOWN, read_report
from nba.cli.load import load
from nba.cli.reporting import erased_meanwhile, tombstones
from nba.data.shop import read_shop
from nba.domain import to_instant
from nba.state.erasure import bury
from nba.state.store import Store
from tests.unit.cli.shop import CONSENTS, FLAT, Run, document


@pytest.fixture
def shop(nba: Run) -> str:
    Path("orders.csv").write_text(FLAT)
    Path("consents.csv").write_text(CONSENTS)
    assert nba("import", "orders.csv", "consents.csv", "--shop", "shop")[0] == 0
    return "shop"


def test_a_report_without_a_snapshot_trains_in_memory_and_serves_the_same_figures(
    nba: Run, shop: str
) -> None:
    told = document(nba("report", shop, "--out", "out", "--json"))
    assert told["written"] == {"report": "out/report.html"}
    assert Path("out/report.html").is_file()
    kpis = Path("out/kpis.json").read_bytes()
    assert json.loads(kpis)["orders"] == 4
    for name in ("kpis", "cohorts", "experiments"):
        assert read_report("models", name) == Path(f"out/{name}.json").read_bytes()
    assert not list(Path("models").glob("2*")), "nothing is published"
    assert json.loads(kpis)["snapshot_id"] == told["snapshot_id"]

    Store("sqlite:///nba.db").close()
    load(Path(shop), "sqlite:///nba.db")
    assert nba("report", "sqlite:///nba.db", "--out", "store")[0] == 0
    assert Path("store/kpis.json").read_bytes() == kpis, "a store is reported as its folder is"


def test_a_report_leaves_the_server_its_pictures_and_what_a_check_says(nba: Run, shop: str) -> None:
    told = document(nba("report", shop, "--out", "out", "--json"))
    shown = {name: json.loads(read_report("models", name) or b"") for name in SHOWN}
    assert not any(Path(f"out/{name}.json").exists() for name in SHOWN)
    kpis = json.loads(Path("out/kpis.json").read_bytes())
    assert shown["figures"]["snapshot_id"] == told["snapshot_id"]
    for one in shown.values():
        assert one["as_of"] == kpis["as_of"] < one["reported_at"]
    checked = document(nba("check", shop, "--json"))
    assert {name: shown["quality"][name] for name in checked} == checked
    assert checked["counts"]["orders"] == 4


def test_a_report_takes_the_snapshot_of_its_shop_and_no_other(nba: Run, shop: str) -> None:
    trained = document(nba("train", shop, "--as-of", "2026-01-20T00:00Z", "--json"))
    one = ("--picture", "customer-funnel", "--json")
    told = document(nba("report", shop, "--out", "out", *one))
    assert told["snapshot_id"] == trained["snapshot_id"]
    assert told["written"] == {"customer-funnel": "out/customer-funnel.png"}
    assert not Path("out/report.html").exists()
    assert read_report("models", "kpis") is None
    Path("late.csv").write_text("\n".join(FLAT.splitlines()[:1] + FLAT.splitlines()[5:]))
    assert nba("import", "late.csv", "--shop", "other")[0] == 0
    other = document(nba("report", "other", "--out", "out", *one))
    assert other["snapshot_id"] != trained["snapshot_id"]


def test_a_snapshot_of_a_shop_that_began_at_the_same_instant_is_not_taken(
    nba: Run, shop: str
) -> None:
    Path("twin.csv").write_text(FLAT.replace("ann", "eve").replace("bob", "dan"))
    assert nba("import", "twin.csv", "--shop", "twin")[0] == 0
    twin = document(nba("train", "twin", "--json"))
    told = document(nba("report", shop, "--out", "out", "--picture", "customer-funnel", "--json"))
    assert told["snapshot_id"] != twin["snapshot_id"]


def test_orders_that_are_yet_to_come_are_left_out_and_told(nba: Run) -> None:
    late = "o9,bob,2090-01-01T10:00:00Z,kettle,1,35.00,Steel kettle\n"
    Path("orders.csv").write_text(FLAT + late)
    assert nba("import", "orders.csv", "--shop", "shop")[0] == 0
    code, out, err = nba("report", "shop", "--out", "out")
    assert code == 0, err
    assert "warning: 1 orders are dated in the future and were left out" in out
    kpis = json.loads(Path("out/kpis.json").read_bytes())
    assert kpis["orders"] == 4
    assert kpis["as_of"] < "2090"


def test_whoever_was_erased_meanwhile_is_noticed(nba: Run, shop: str) -> None:
    url = "sqlite:///nba.db"
    Store(url).close()
    load(Path(shop), url)
    found, before = read_shop(shop), tombstones(shop)
    assert not erased_meanwhile(shop, found, before)
    assert not erased_meanwhile(url, found, before)
    store = Store(url)
    bury(store, "bob", to_instant("2026-03-01T00:00:00Z"))
    store.close()
    assert erased_meanwhile(url, found, before)
    assert nba("erase", "bob", "--shop", shop)[0] == 0
    assert erased_meanwhile(shop, found, before)


def test_what_is_missing_for_a_picture_is_said(nba: Run, shop: str) -> None:
    code, out, _ = nba("report", shop, "--out", "out", "--picture", "message-frequency")
    assert code == 0
    assert out.startswith("not drawn: message-frequency: ")


@pytest.mark.parametrize(
    ("words", "said", "expected"),
    [
        (["--picture", "sales"], "no picture 'sales'; choose among kpi-series", 2),
        (["--product", "nothing"], "knows no product 'nothing'", 2),
        (["--experiments", "nowhere"], "nowhere", 2),
        (["--out", "orders.csv"], "orders.csv cannot be written", 1),
    ],
)
def test_what_cannot_be_reported_is_refused(
    nba: Run, shop: str, words: list[str], said: str, expected: int
) -> None:
    code, _, err = nba("report", shop, "--out", "out", *words)
    assert code == expected
    assert said in err


def test_the_calculator_shows_its_arithmetic(nba: Run) -> None:
    given = ("calculate", "--visits", "5000", "--conversion", "0.01", "--profit", "20")
    code, out, _ = nba(*given)
    assert code == 0
    assert "1,500 orders x 9 % to 15 % = 135 to 225 more orders" in out
    told = document(nba(*given, "--growth", "0.1", "0.2", "--json"))
    assert told["more_profit"] == [3000, 6000]
    code, _, err = nba(*given[:3], "--conversion", "2", "--profit", "1")
    assert code == 2
    assert "write 1 % as 0.01" in err
