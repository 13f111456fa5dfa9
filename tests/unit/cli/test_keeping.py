"""`nba train --keep-statistics` and `--since`: what was counted is kept, and added to."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest

from nba.artifacts.blanking import blank
from nba.statistics.engines.changes import Update
from nba.statistics.kept.levels import Level
from tests.unit.cli.shop import FLAT, Prepared, Run, document

MORE = """order_id,customer_id,ordered_at,product_id,quantity,unit_price,title
o5,cat,2026-02-09T10:00:00Z,cup,1,9.00,Cup
o5,cat,2026-02-09T10:00:00Z,kettle,1,35.00,Steel kettle
o6,bob,2026-02-10T10:00:00Z,tea,1,5.00,Green tea
o6,bob,2026-02-10T10:00:00Z,filter,1,5.00,Water filter
"""
STATISTICS = Path("models/statistics")


@pytest.fixture
def shop(nba: Run, prepared: Prepared) -> str:
    """A shop of four orders, a snapshot of it in `models`, and its statistics."""

    def steps() -> None:
        Path("orders.csv").write_text(FLAT)
        assert nba("import", "orders.csv", "--shop", "shop")[0] == 0
        assert nba("train", "shop", "--keep-statistics")[0] == 0

    prepared("kept", steps)
    return "shop"


def next_day(nba: Run, shop: str) -> None:
    """Let two orders come."""
    Path("more.csv").write_text(MORE)
    assert nba("import", "more.csv", "--shop", shop)[0] == 0


def kept() -> list[str]:
    return sorted(path.name for path in STATISTICS.glob("*"))


def pair_counts(snapshot_id: str, home: Path = STATISTICS):
    level = Level.read(home / snapshot_id / "products")
    return level.pair_counts(level.ids)


def test_what_changed_since_yesterday_gives_the_snapshot_of_a_rebuild(nba: Run, shop: str) -> None:
    next_day(nba, shop)
    yesterday = kept()
    words = "train", shop, "--since", "current", "--keep-statistics", "--force", "--json"
    added = document(nba(*words))
    whole = document(nba("train", shop, "--models", "others", "--keep-statistics", "--json"))
    assert added["digest"] == whole["digest"]
    assert added["statistics"]["since"] == yesterday[0]
    assert added["statistics"]["levels"] == {
        "products": "changes added: 1 customers taken away, 2 added"
    }
    assert kept() == sorted([*yesterday, added["snapshot_id"]])
    manifest = json.loads(Path(added["path"], "manifest.json").read_text())
    assert manifest["engines"]["pair_counts"] == "local"
    assert manifest["engines"]["pairs_since"] == yesterday[0]
    rebuilt = pair_counts(whole["snapshot_id"], Path("others/statistics"))
    assert pair_counts(added["snapshot_id"]) == rebuilt
    # What was counted first stands on the disk once.
    base = [STATISTICS / one / "products/runs/0/row.npy" for one in kept()]
    assert base[0].samefile(base[1])


def test_a_day_is_added_without_being_kept_where_nobody_asks_for_it(nba: Run, shop: str) -> None:
    next_day(nba, shop)
    before = kept()
    code, out, _ = nba("train", shop, "--since", before[0], "--force")
    assert code == 0
    assert "pairs of products: changes added" in out
    assert kept() == before


def test_other_settings_are_counted_anew_and_said(nba: Run, shop: str) -> None:
    Path("recipe.toml").write_text("[copurchase]\ncustomer_cap = 1\n")
    words = "train", shop, "--recipe", "recipe.toml", "--force"
    added = document(nba(*words, "--since", "current", "--json"))
    whole = document(nba(*words, "--models", "others", "--json"))
    assert added["digest"] == whole["digest"]
    told = added["statistics"]["levels"]["products"]
    assert told == "counted anew, as other settings hold"


def test_a_model_that_asks_for_the_pairs_again_is_given_those_that_are_kept(
    nba: Run, shop: str
) -> None:
    next_day(nba, shop)
    Path("recipe.toml").write_text('[picks]\nmodels = ["together"]\n')
    words = "train", shop, "--recipe", "recipe.toml", "--force", "--json"
    added = document(nba(*words, "--since", "current", "--keep-statistics"))
    assert added["statistics"]["levels"]["products"].startswith("changes added: ")
    assert added["digest"] == document(nba(*words, "--models", "others"))["digest"]


def test_a_snapshot_without_kept_statistics_is_none_to_add_to(nba: Run, shop: str) -> None:
    code, _, err = nba("train", shop, "--since", "20260101T000000-abc")
    assert code == 2
    assert f"no statistics of snapshot '20260101T000000-abc'; they are of {kept()[0]}" in err
    assert "--keep-statistics" in err
    assert nba("train", shop, "--since", "current", "--models", "others")[0] == 2
    assert nba("train", shop, "--keep-statistics", "--models", "memory://here")[0] == 2


def test_the_command_of_every_day_counts_all_where_nothing_was_kept(nba: Run, shop: str) -> None:
    words = "train", shop, "--since", "current", "--keep-statistics", "--force"
    code, out, _ = nba(*words, "--models", "others")
    assert code == 0
    assert "pairs of products: counted, as there was no snapshot yet" in out
    yesterday = kept()[0]
    assert nba("erase", "bob", "--shop", shop, "--models", "models")[0] == 0
    rmtree(STATISTICS)
    code, _, err = nba(*words[:4])
    assert code == 2
    assert f"no statistics of snapshot '{yesterday}'" in err
    assert nba("train", shop, "--since", yesterday, "--keep-statistics")[0] == 2
    first = document(nba(*words, "--json"))
    told = first["statistics"]
    assert told["levels"] == {"products": f"counted, as nothing was kept of {yesterday}"}
    assert (told["since"], told["keeps"]) == (None, True)
    assert kept() == [first["snapshot_id"]]
    next_day(nba, shop)
    assert document(nba(*words, "--json"))["statistics"]["since"] == first["snapshot_id"]


def test_a_damaged_name_of_the_current_snapshot_is_not_taken_for_none(nba: Run, shop: str) -> None:
    Path("models/current").write_text("../elsewhere")
    code, _, err = nba("train", shop, "--since", "current", "--keep-statistics")
    assert code == 2
    assert "models/current is damaged" in err


@pytest.mark.parametrize(
    "name", ["level.json", "product.npy", "customer_ids.bytes.npy", "runs/0/orders.npy"]
)
def test_damaged_statistics_are_refused_with_what_to_do(nba: Run, shop: str, name: str) -> None:
    path = STATISTICS / kept()[0] / "products" / name
    content = bytearray(path.read_bytes())
    # Of the document a digit, and of a column the last cell.
    content[content.index(b"order_count") + 14 if name == "level.json" else -1] ^= 1
    path.write_bytes(content)
    code, _, err = nba("train", shop, "--since", "current")
    assert code == 1
    assert "the kept statistics are damaged" in err
    assert "train without --since" in err
    path.unlink()
    assert nba("train", shop, "--since", "current")[0] == 1


def names_in(folder: Path, *words: str) -> list[str]:
    return [
        str(path)
        for path in folder.rglob("*")
        if path.is_file() and any(word.encode() in path.read_bytes() for word in words)
    ]


def test_an_erased_customer_leaves_the_statistics_with_all_they_added(nba: Run, shop: str) -> None:
    next_day(nba, shop)
    yesterday = kept()[0]
    words = "train", shop, "--since", "current", "--keep-statistics", "--force", "--json"
    today = document(nba(*words))["snapshot_id"]
    assert names_in(STATISTICS, "bob")
    erased = document(nba("erase", "bob", "--shop", shop, "--models", "models", "--json"))
    assert erased["statistics"] == [today]
    assert erased["removed"] == [f"statistics/{yesterday}"]
    assert kept() == [today]
    assert names_in(STATISTICS, "bob") == []
    whole = document(nba("train", shop, "--models", "others", "--keep-statistics", "--json"))
    rebuilt = pair_counts(whole["snapshot_id"], Path("others/statistics"))
    level = Level.read(STATISTICS / today / "products")
    assert level.pair_counts(rebuilt.products.product_ids) == rebuilt
    # Not one count is left that only they gave: the pairs are those of the rebuild, in one run.
    assert [len(run) for run in level.runs] == [len(rebuilt)]
    added = document(nba("train", shop, "--since", today, "--force", "--json"))
    assert added["digest"] == whole["digest"]


def test_statistics_are_removed_where_nobody_can_count_them_anew(nba: Run, shop: str) -> None:
    assert blank("models", ["nobody"]).removed == ()
    found = kept()
    assert blank("models", ["bob"]).removed == (f"statistics/{found[0]}",)
    assert kept() == []


@pytest.mark.parametrize("customer", ["bob", "nobody"])
def test_a_training_publishes_and_keeps_nothing_if_somebody_is_erased_meanwhile(
    nba: Run, shop: str, monkeypatch: pytest.MonkeyPatch, customer: str
) -> None:
    next_day(nba, shop)
    write = Update.write

    def meanwhile(update: Update, folder: Path, **options: Any) -> Level:
        blank("models", [customer])
        return write(update, folder, **options)

    monkeypatch.setattr(Update, "write", meanwhile)
    words = "train", shop, "--since", "current", "--keep-statistics", "--force", "--json"
    told = document(nba(*words))
    assert told["statistics"]["keeps"]
    assert told["statistics"]["kept"] is None
    assert Path(told["path"]).is_dir()
    assert told["snapshot_id"] not in kept()
