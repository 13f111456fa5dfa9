"""Where kept statistics stand: placed whole, pruned, and left by who is erased."""

from __future__ import annotations

from pathlib import Path
from shutil import rmtree

import pytest

from nba.artifacts.kept_sums import clear_statistics
from nba.errors import ConfigError
from nba.statistics.engines.changes import Update, count_level
from nba.statistics.kept.folders import Erased, Kept, aside, erase, hold, kept_ids, place
from nba.statistics.kept.levels import Level
from nba.statistics.pairs import PairSettings
from tests.shops import SIX_ORDERS, history


def keep(models: Path, name: str, orders=SIX_ORDERS, stored=()) -> Path | None:
    with aside(models) as folder:
        for level in ("products", "categories"):
            count_level(folder / level, history(orders).baskets(), PairSettings())
        return place(folder, models, name, stored=stored)


def left_aside(models: Path) -> list[str]:
    return [path.name for path in (models / "statistics").glob(".*")]


def test_statistics_stand_where_their_snapshot_does_and_older_ones_are_pruned(tmp_path):
    for number in range(4):
        stored = [f"s{one}" for one in range(max(0, number - 2), number)]
        keep(tmp_path, f"s{number}", stored=stored)
    assert kept_ids(tmp_path) == ["s1", "s2", "s3"]
    assert left_aside(tmp_path) == []
    assert len(Level.read(tmp_path / "statistics/s3/products").ids) == 4


def test_statistics_of_the_same_snapshot_take_the_place_of_those_before(tmp_path):
    keep(tmp_path, "s0")
    first = Kept.of(tmp_path, "s0")
    keep(tmp_path, "s0", SIX_ORDERS[:3])
    assert not first.stands()
    assert Kept.of(tmp_path, "s0").stands()


def test_what_a_crash_left_aside_is_removed_and_what_is_being_written_is_not(tmp_path):
    with aside(tmp_path) as written:
        dead = tmp_path / "statistics/.new-dead"
        (dead / "products").mkdir(parents=True)
        with aside(tmp_path) as other:
            assert not dead.exists()
            assert written.is_dir()
            assert other != written
        assert not other.exists()
    assert left_aside(tmp_path) == []


@pytest.mark.parametrize("levels", [(), ("products",)])
@pytest.mark.parametrize(
    "forget",
    [
        lambda models: erase(models, ["nobody"], latest_first=["s0"]),
        lambda models: clear_statistics(models, ["nobody"]),
    ],
)
def test_who_writes_while_somebody_is_erased_goes_on_and_places_nothing(tmp_path, forget, levels):
    keep(tmp_path, "s0")
    with aside(tmp_path) as written:
        for level in levels:
            count_level(written / level, history(SIX_ORDERS).baskets(), PairSettings())
        forget(tmp_path)
        count_level(written / "categories", history(SIX_ORDERS).baskets(), PairSettings())
        assert place(written, tmp_path, "s1", stored=["s0"]) is None
    assert kept_ids(tmp_path) == ["s0"]
    assert left_aside(tmp_path) == []


def test_whoever_erases_removes_what_a_crash_left_aside(tmp_path):
    dead = tmp_path / "statistics/.new-dead"
    for forget in (
        lambda: erase(tmp_path, ["bob"], latest_first=[]),
        lambda: clear_statistics(tmp_path, ["bob"]),
    ):
        count_level(dead / "products", history(SIX_ORDERS).baskets(), PairSettings())
        forget()
        assert left_aside(tmp_path) == []


def test_what_is_added_to_is_held_though_it_is_erased_meanwhile(tmp_path):
    keep(tmp_path, "s0")
    before = Kept.of(tmp_path, "s0")
    with aside(tmp_path) as written:
        held = hold(before, written)
        assert clear_statistics(tmp_path, ["bob"]) == ["statistics/s0"]
        assert "bob" in [*Level.read(held / "products").baskets.customer_ids]
        assert not before.stands()
    assert left_aside(tmp_path) == []


def test_what_was_added_to_is_not_placed_with_what_came_of_it(tmp_path):
    keep(tmp_path, "s0")
    with aside(tmp_path) as written:
        held = hold(Kept.of(tmp_path, "s0"), written)
        assert (held.name, held.is_dir()) == ("s0", True)
        count_level(written / "products", history(SIX_ORDERS).baskets(), PairSettings())
        placed = place(written, tmp_path, "s1", stored=["s0"])
    assert placed is not None
    assert [path.name for path in placed.iterdir()] == ["products"]


def test_a_snapshot_without_statistics_is_named_beside_those_with(tmp_path):
    with pytest.raises(ConfigError, match=r"no statistics of snapshot 's1'; they are kept by"):
        Kept.of(tmp_path, "s1")
    keep(tmp_path, "s0")
    with pytest.raises(ConfigError, match=r"'s1'; they are of s0; they are kept by"):
        Kept.of(tmp_path, "s1")
    with pytest.raises(ConfigError):
        Kept.of(tmp_path, "../statistics/s0")


def test_who_is_erased_leaves_the_latest_statistics_and_older_ones_are_removed(tmp_path):
    # The first and the last order are others', so that these are as proven without bob.
    everybody = [*SIX_ORDERS, ("o7", "dan", 40, ["cup", "tea"])]
    others = [order for order in everybody if order[1] != "bob"]
    for name, orders in (("s0", everybody), ("s1", others), ("s2", everybody)):
        keep(tmp_path, name, orders, stored=["s0", "s1"])
    before = Kept.of(tmp_path, "s2")
    found = erase(tmp_path, ["bob", "nobody"], latest_first=["s2", "s1", "s0"])
    assert (found.changed, found.removed) == (("s2",), ("statistics/s0",))
    assert kept_ids(tmp_path) == ["s1", "s2"]
    assert not before.stands()
    for level in ("products", "categories"):
        left = Level.read(tmp_path / "statistics/s2" / level)
        rebuilt = Level.read(tmp_path / "statistics/s1" / level)
        assert left.pair_counts(left.ids) == rebuilt.pair_counts(left.ids)
        assert len(left.runs) == 1
        assert [*left.baskets.customer_ids] == ["ann", "cat", "dan"]
    again = erase(tmp_path, ["bob"], latest_first=["s2", "s1", "s0"])
    assert (again.changed, again.removed) == ((), ())


def keep_added(models: Path, before: str, name: str, orders) -> None:
    """Keep what comes of other statistics, as the next day's training does."""
    with aside(models) as folder:
        for level in ("products", "categories"):
            known = Level.read(models / "statistics" / before / level)
            Update.to(known, history(orders).baskets()).write(folder / level)
        assert place(folder, models, name, stored=kept_ids(models)) is not None


@pytest.mark.parametrize("is_pruned", [False, True])
def test_who_left_before_being_erased_leaves_no_count_that_only_they_gave(tmp_path, is_pruned):
    others = [order for order in SIX_ORDERS if order[1] != "bob"]
    bobs = ("o8", "bob", 50, ["pot", "wok"])
    keep(tmp_path, "s0", [*others, bobs])
    keep_added(tmp_path, "s0", "s1", others)
    keep_added(tmp_path, "s1", "s2", [*others, ("o9", "dan", 60, ["cup", "tea"])])
    if is_pruned:
        rmtree(tmp_path / "statistics/s0")
        rmtree(tmp_path / "statistics/s1")
    found = erase(tmp_path, ["bob"], latest_first=["s2", "s1", "s0"])
    older = () if is_pruned else ("statistics/s1", "statistics/s0")
    assert (found.changed, found.removed) == (("s2",), older)
    for name in ("products", "categories"):
        level = Level.read(tmp_path / "statistics/s2" / name)
        assert len(level.runs) == 1
        assert len(level.runs[0]) == len(level.pair_counts(level.ids))
        assert [*level.left_ids] == []
    assert erase(tmp_path, ["bob"], latest_first=["s2"]) == Erased()


@pytest.mark.parametrize("is_pruned", [False, True])
def test_statistics_that_only_count_who_left_are_removed_by_who_cannot_count(tmp_path, is_pruned):
    keep(tmp_path, "s0")
    keep_added(tmp_path, "s0", "s1", [order for order in SIX_ORDERS if order[1] != "bob"])
    keep(tmp_path, "s2", [order for order in SIX_ORDERS if order[1] != "bob"], stored=["s0", "s1"])
    if is_pruned:
        rmtree(tmp_path / "statistics/s0")
    removed = clear_statistics(tmp_path, ["bob"])
    assert removed == [*([] if is_pruned else ["statistics/s0"]), "statistics/s1"]
    assert kept_ids(tmp_path) == ["s2"]


def test_what_nobody_can_read_is_removed_since_nobody_can_be_erased_from_it(tmp_path):
    keep(tmp_path, "s0")
    (tmp_path / "statistics/s0/products/product.npy").write_bytes(b"")
    assert erase(tmp_path, ["bob"], latest_first=["s0"]).removed == ("statistics/s0",)
    assert kept_ids(tmp_path) == []
    assert erase(tmp_path / "elsewhere", ["bob"], latest_first=[]).removed == ()
