"""Erasing customers from snapshots: who is gone, and that nobody else is answered otherwise."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path

import numpy as np
import orjson
import pytest

import nba
from nba.artifacts.blanking import BUYERS, MEMBERS, PURCHASES, Blanked, blank, blanked
from nba.artifacts.customers import Customers
from nba.artifacts.registry import current_id, list_snapshots, open_snapshot, publish
from nba.artifacts.reports import write_reports
from nba.artifacts.repurchase import Repurchase
from nba.artifacts.rhythm import Rhythm
from nba.artifacts.segments import Segments
from nba.artifacts.snapshot import MANIFEST, Snapshot
from nba.recommend.recommender import Recommender
from tests.faults.conftest import times
from tests.shops import catalog, day, history, random_orders

ALL = tuple(f"xc{number:04}" for number in range(40))


@cache
def trained(seed: int = 1) -> Snapshot:
    orders = [
        (order, None if customer is None else f"x{customer}", number, products)
        for order, customer, number, products in random_orders(3)
    ]
    return nba.train(history(orders), catalog(), nba.TrainConfig(seed=seed))


def answers(snapshot: Snapshot, customer: str) -> bytes:
    """Give all that a snapshot says of a customer."""
    recommender = Recommender(snapshot)
    return orjson.dumps(
        [
            recommender.picks(customer, at=day(120)).to_dict(),
            recommender.buy_again(customer, at=day(120)).to_dict(),
            recommender.profile(customer, at=day(120)).to_dict(),
        ]
    )


def names_in(folder: Path, *names: str) -> list[str]:
    """List the files under a folder in which one of some names stands."""
    return [
        f"{path.name}: {name}"
        for path in folder.rglob("*")
        if path.is_file()
        for name in names
        if name.encode() in path.read_bytes()
    ]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    for seed in (1, 2):
        publish(trained(seed), folder)
    return folder


@pytest.fixture
def models(published: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(published, tmp_path, dirs_exist_ok=True))


def test_an_erased_customer_is_in_no_file_of_any_snapshot(models):
    assert names_in(models, "xc0007")
    assert set(blank(models, ["xc0007"]).snapshots) == {trained(1).id, trained(2).id}
    assert names_in(models, "xc0007") == []


def test_a_snapshot_blanked_before_it_is_published_is_the_one_blanked_afterwards(models, tmp_path):
    blank(models, ALL[::3])
    other = publish(blanked(trained(1), ALL[::3]), tmp_path / "other")
    before, after = models / "snapshots" / trained(1).id, other
    files = sorted(path.relative_to(after) for path in after.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(before) for path in before.rglob("*") if path.is_file())
    for file in files:
        if file.name != MANIFEST:
            assert (before / file).read_bytes() == (after / file).read_bytes()
    assert open_snapshot(tmp_path / "other").manifest.replaced == (trained(1).manifest.digest,)
    assert blanked(trained(1), ["nobody"]) is trained(1)


def test_of_an_erased_customer_a_snapshot_says_what_it_says_of_one_nobody_knows(models):
    blank(models, ["xc0007"])
    snapshot = open_snapshot(models)
    echoed = {"recommendation_id", "request", "missing_ids", "customer_id"}
    erased, unknown = (
        [
            {name: cell for name, cell in one.items() if name not in echoed}
            for one in orjson.loads(answers(snapshot, customer))
        ]
        for customer in ("xc0007", "nobody")
    )
    assert erased == unknown


@pytest.mark.parametrize(
    "gone",
    [
        ["xc0007"],
        ["xc0000", "xc0001", "xc0002"],
        ["xc0038", "xc0039"],
        ALL[::2],
    ],
    ids=["one", "the first three", "the last two", "every second"],
)
def test_everybody_else_is_answered_byte_for_byte_as_before(models, gone):
    before = trained(1)
    blank(models, gone)
    snapshot = open_snapshot(models, before.id)
    for customer in sorted(set(ALL) - set(gone)):
        assert answers(snapshot, customer) == answers(before, customer)


def test_ids_stay_sorted_and_distinct_and_those_of_others_keep_their_codes(models):
    before, gone = trained(1), ["xc0000", "xc0001", "xc0017", "xc0018", "xc0039"]
    for one in gone:
        blank(models, [one])
    ids = list(open_snapshot(models, before.id).customers.ids)
    assert ids == sorted(set(ids))
    for code, one in enumerate(before.customers.ids):
        assert (one in gone) or ids[code] == one
    assert names_in(models, *gone) == []


def test_no_id_is_left_of_the_neighbour_that_an_erased_one_was_named_by(models):
    blank(models, ["xc0007"])
    blank(models, ["xc0006"])
    assert names_in(models, "xc0006", "xc0007") == []


def test_a_blanked_snapshot_keeps_its_id_and_notes_the_digests_it_had(models):
    before = trained(1).manifest
    blank(models, ["xc0007"])
    once = open_snapshot(models, before.snapshot_id).manifest
    blank(models, ["xc0008"])
    twice = open_snapshot(models, before.snapshot_id).manifest
    assert once.snapshot_id == twice.snapshot_id == before.snapshot_id
    assert len({before.digest, once.digest, twice.digest}) == 3
    assert once.replaced == (before.digest,)
    assert twice.replaced == (before.digest, once.digest)
    assert "xc000" not in json.dumps(twice.model_dump(mode="json"))


def test_erasing_again_changes_nothing(models):
    blank(models, ["xc0007"])
    written = {path: path.stat().st_mtime_ns for path in models.rglob("*.npy")}
    assert blank(models, ["xc0007"]) == blank(models, ["nobody"]) == Blanked()
    assert {path: path.stat().st_mtime_ns for path in models.rglob("*.npy")} == written


def test_whoever_serves_the_current_snapshot_is_told_to_open_it_anew(models):
    before, current = (models / "current").stat().st_mtime_ns, current_id(models)
    blank(models, ["xc0007"])
    assert (models / "current").stat().st_mtime_ns > before
    assert current_id(models) == current


def test_a_snapshot_published_again_does_not_bring_an_erased_customer_back(models):
    blank(models, ["xc0007"])
    publish(trained(1), models)
    assert current_id(models) == trained(1).id
    assert names_in(models, "xc0007") == []
    assert open_snapshot(models).manifest.replaced == (trained(1).manifest.digest,)


def test_a_blanked_snapshot_can_be_published_into_another_folder(models, tmp_path):
    blank(models, ["xc0007"])
    snapshot = open_snapshot(models)
    publish(snapshot, tmp_path / "others")
    assert open_snapshot(tmp_path / "others").manifest.digest == snapshot.manifest.digest
    assert names_in(tmp_path / "others", "xc0007") == []


def test_a_snapshot_opened_before_goes_on_answering(models):
    opened = open_snapshot(models)
    before = answers(opened, "xc0007")
    blank(models, ["xc0007"])
    assert answers(opened, "xc0007") == before


def test_what_cannot_be_read_is_removed_since_nobody_can_be_erased_from_it(models):
    file = models / "snapshots" / trained(1).id / "customers" / "product.npy"
    file.write_bytes(file.read_bytes()[:-1] + b"\x7f")
    assert blank(models, ["xc0007"]).removed == (trained(1).id,)
    assert [one.snapshot_id for one in list_snapshots(models)] == [trained(2).id]


def test_reports_are_removed_whoever_is_erased_and_whether_or_not_they_name_anybody(models):
    for folder in (models, models / "unpublished"):
        write_reports(folder, {"kpis": {"orders": 3}, "cohorts": {"best": 'xc"0007'}})
        gone = blank(folder, ['xc"0007']).removed
        assert gone == ("reports/cohorts.json", "reports/kpis.json")
        assert list((folder / "reports").iterdir()) == []
        assert blank(folder, ['xc"0007']) == Blanked()


def test_reports_are_removed_also_where_no_snapshot_ever_was(tmp_path):
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "kpis.json").write_text('{"orders": 3}')
    assert blank(tmp_path, ["xc0007"]) == Blanked(removed=("reports/kpis.json",))
    assert list((tmp_path / "reports").iterdir()) == []


def test_a_folder_that_is_not_there_holds_nobody(tmp_path):
    assert blank(tmp_path / "nowhere", ["xc0007"]) == Blanked()
    assert not (tmp_path / "nowhere").exists()


def test_it_is_known_of_every_array_of_customers_how_it_is_blanked():
    shared = {
        Customers: {"ids", "as_of", "start"},
        Repurchase: {"grid", "hazard", "passed"},
        Rhythm: {"model", "buying", "spending", "limits", "discount"},
        Segments: {
            *("ids", "kind_start", "look_id", "look_label", "look_colour", "look_icon"),
            *("band_floor", "tier_floor", "rule_where", "period_days"),
        },
    }
    for kind, known in shared.items():
        folder = kind.__name__.lower()
        rows = {name for way in (PURCHASES, BUYERS, MEMBERS) for name in way.get(folder, ())}
        assert rows | known == {field.name for field in fields(kind)}
        assert not rows & known


PUBLISHER = """
import sys
from nba.artifacts.blanking import blank
print("ready", flush=True)
for number in range(40):
    blank(sys.argv[1], [f"xc{number:04}"])
"""


def killed_while_blanking(models: Path, seconds: float) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PUBLISHER, str(models)], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(seconds)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


def delays() -> Iterator[float]:
    return iter(np.linspace(0.005, 0.5, times(20)))


def test_a_process_killed_at_any_point_leaves_whole_snapshots_and_the_rest_is_done_later(tmp_path):
    for number, seconds in enumerate(delays()):
        models = tmp_path / str(number)
        for seed in (1, 2):
            publish(trained(seed), models)
        killed_while_blanking(models, seconds)
        for seed in (1, 2):
            assert len(open_snapshot(models, trained(seed).id).customers) == 39
        assert blank(models, ALL).removed == ()
        assert names_in(models, *ALL) == []
        for folder in (models / "snapshots").glob("[!.]*"):
            named = {*Snapshot.read(folder).manifest.files, MANIFEST}
            found = {str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()}
            assert found == named
