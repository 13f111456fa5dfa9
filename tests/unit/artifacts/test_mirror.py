"""A remote home: what is published there, by whomever, is what everybody reads."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from nba.artifacts import leases
from nba.artifacts.blanking import blank
from nba.artifacts.homes import home_of
from nba.artifacts.mirror import CACHE, Mirror
from nba.artifacts.registry import (
    KEPT,
    current_id,
    damaged_snapshots,
    list_snapshots,
    open_snapshot,
    publish,
    rollback,
    snapshot_at,
    verify,
)
from nba.artifacts.remote import Remote
from nba.artifacts.reports import how_to_report, read_report, write_reports
from nba.artifacts.snapshot import Snapshot
from nba.domain import to_instant
from nba.errors import ConfigError, HomeAwayError, SnapshotError
from tests.unit.artifacts.machines import BOTH, Machines, trained, version


@BOTH
def test_what_one_machine_publishes_another_opens_byte_for_byte(machine: Machines) -> None:
    here, there = machine("here"), machine("there")
    with pytest.raises(SnapshotError, match="nba train SHOP"):
        current_id(there)
    publish(version(1), here)
    assert list_snapshots(there) == []
    there.pull()
    found = open_snapshot(there)
    assert found.manifest == open_snapshot(here).manifest
    assert {name: one.tobytes() for name, one in found.arrays().items()} == {
        name: one.tobytes() for name, one in version(1).arrays().items()
    }


def test_a_look_where_nothing_changed_is_one_small_question(machine: Machines) -> None:
    here, there = machine("here"), machine("there")
    publish(version(1), here)
    there.pull(whole=True)
    there.system.asked.clear()
    there.pull(whole=True)
    assert there.system.asked == ["cat_file"]


def test_nothing_is_fetched_twice(machine: Machines) -> None:
    here, there = machine("here"), machine("there")
    publish(version(1), here)
    open_snapshot(there)
    there.system.asked.clear()
    open_snapshot(there)
    assert there.system.count("get") == 0
    # Most arrays of the next one are those of this one.
    publish(version(2), here)
    fetched: list[object] = []
    there.system.fails = lambda name, path: bool(name == "get" and fetched.append(path))
    there.pull(whole=True)
    (paths,) = fetched
    assert isinstance(paths, list)
    assert 0 < len(paths) < len(version(2).manifest.files) / 2
    assert current_id(there) == version(2).id


def test_the_current_snapshot_is_whole_before_it_is_current_here(machine: Machines) -> None:
    here, there = machine("here"), machine("there")
    publish(version(1), here)
    there.pull(whole=True)
    publish(version(2), here)
    there.system.fails = lambda name, path: name == "get"
    with pytest.raises(HomeAwayError, match="network is gone"):
        there.pull(whole=True)
    assert open_snapshot(there).id == version(1).id
    there.system.fails = lambda name, path: False
    there.pull(whole=True)
    assert open_snapshot(there).id == version(2).id


def test_a_rollback_and_its_instant_reach_all(machine: Machines) -> None:
    here, there = machine("here"), machine("there")
    for number in (1, 2):
        publish(version(number).with_manifest(trained_at=f"2026-01-0{number}T00:00:00Z"), here)
    assert rollback(there, at="2026-01-03T00:00:00Z") == version(1).id
    here.pull()
    assert current_id(here) == version(1).id
    assert snapshot_at(here, to_instant("2026-01-02T12:00:00Z")) == version(2).id


def test_the_last_five_stay_there_and_here(machine: Machines) -> None:
    here, there = machine("here"), machine("there")
    for number in range(KEPT + 2):
        publish(version(number), here)
        if number < 2:
            there.pull(whole=True)
    there.pull()
    ids = {one.snapshot_id for one in list_snapshots(there)}
    assert ids == {version(number).id for number in range(2, KEPT + 2)}
    assert {path.split("/")[1] for path in here.files() if "/" in path} == ids
    assert {one.name for one in (there.folder / "snapshots").glob("[!.]*")} == ids


@BOTH
def test_who_is_erased_by_one_machine_is_gone_from_the_store_and_every_mirror(
    machine: Machines,
) -> None:
    here, there, fresh = machine("here"), machine("there"), machine("fresh")
    publish(trained(), here)
    publish(version(1), here)
    open_snapshot(there, trained().id)
    ann = trained().customers.ids[0]
    write_reports(here, {"kpis": {"best": ann}})
    there.pull()
    assert blank(fresh, [ann]).snapshots == (trained().id,)
    assert not any(ann.encode() in content for content in fresh.files().values())
    here.pull()
    there.pull()
    for one in (here, there, fresh):
        assert read_report(one, "kpis") is None
        assert ann not in open_snapshot(one, trained().id).customers.ids
        held = [path for path in one.folder.rglob("*") if path.is_file()]
        assert not [path for path in held if ann.encode() in path.read_bytes()]
    assert verify(there, trained().id).replaced == (trained().manifest.digest,)


def test_reports_are_read_where_they_were_not_written(machine: Machines) -> None:
    here, there = machine("here"), machine("there")
    write_reports(here, {"kpis": {"orders": 1}})
    assert read_report(there, "kpis") == read_report(here, "kpis") == b'{\n "orders": 1\n}\n'


@pytest.mark.parametrize(
    ("url", "name"),
    [("memory", "put"), ("memory", "pipe_file"), ("memory", "rm"), ("file", "mv")],
    indirect=["url"],
)
def test_a_publication_that_fails_leaves_the_old_one_current_everywhere(
    machine: Machines, name: str
) -> None:
    here, there = machine("here"), machine("there")
    publish(version(1), here)

    def fails(asked: str, path: object) -> bool:
        return asked == name and "lease" not in str(path)

    # What a publisher leaves who is killed before anything names it.
    here.remote.replace("snapshots/orphan/products/price.npy", b"x")
    here.system.fails = fails
    with pytest.raises(HomeAwayError, match="network is gone"):
        publish(version(2), here)
    here.system.fails = lambda asked, path: False
    if name == "rm":
        # Only what was to be removed is left: the pointer had been replaced.
        for one in (here, there):
            one.pull()
        assert current_id(there) == current_id(here) == version(2).id
        return
    for one in (here, there):
        one.pull()
        assert open_snapshot(one).id == version(1).id
    publish(version(2), here)
    there.pull()
    assert open_snapshot(there).id == version(2).id
    assert set(here.files()) == {
        *("current",),
        *(
            f"snapshots/{one.snapshot_id}/{path}"
            for one in list_snapshots(here)
            for path in (*one.files, "manifest.json")
        ),
    }


def test_a_damaged_file_is_refused_there_and_mended_here(machine: Machines) -> None:
    here, there = machine("here"), machine("there")
    place = publish(version(1), here)
    open_snapshot(there)
    mirrored = there.folder / "snapshots" / place.name / "products" / "price.npy"
    mirrored.write_bytes(b"flipped")
    assert open_snapshot(there).id == version(1).id
    path = f"snapshots/{place.name}/products/price.npy"
    here.remote.replace(path, b"flipped")
    with pytest.raises(SnapshotError, match=r"price\.npy is damaged"):
        verify(there)
    with pytest.raises(SnapshotError, match=r"price\.npy is damaged"):
        open_snapshot(machine("fresh"))
    # Published again it is whole again.
    publish(version(1), here)
    assert verify(there).snapshot_id == version(1).id


def test_a_manifest_that_leads_out_of_the_mirror_is_refused(machine: Machines) -> None:
    here, there = machine("here"), machine("there")
    manifest = publish(version(1), here) / "manifest.json"
    crooked = open_snapshot(here).manifest
    crooked = crooked.model_copy(update={"files": {"../../out": "0" * 64}})
    here.remote.replace(
        f"snapshots/{manifest.parent.name}/manifest.json", crooked.to_json().encode()
    )
    with pytest.raises(SnapshotError, match="no arrays"):
        open_snapshot(there)
    here.remote.replace(f"snapshots/{manifest.parent.name}/manifest.json", b"{}")
    fresh = machine("fresh")
    assert [*damaged_snapshots(fresh)] == [manifest.parent.name]


def test_a_home_that_is_away_is_served_from_its_mirror_until_it_is_back(machine: Machines) -> None:
    here, there = machine("here"), machine("there")
    publish(version(1), here)
    there.pull(whole=True)
    heard: list[str] = []
    again = threading.Event()
    there.system.fails = lambda name, path: len(heard) < 2
    publish(version(2), here)

    def hear(problem: str) -> None:
        heard.append(problem)
        if not problem:
            again.set()

    with there.followed(0.01, hear):
        assert again.wait(10)
    assert "network is gone" in heard[0]
    assert "network is gone" in heard[1]
    assert current_id(there) == version(2).id


def test_an_erasure_that_cannot_reach_the_home_removes_nothing(machine: Machines) -> None:
    here, there = machine("here"), machine("there")
    publish(version(1), here)
    there.pull()
    there.system.fails = lambda name, path: name == "get"
    with pytest.raises(HomeAwayError):
        blank(there, ["ann"])
    here.pull()
    assert verify(here).snapshot_id == version(1).id


def test_a_publisher_whom_others_took_for_dead_makes_nothing_current(
    machine: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = machine("here"), machine("there")
    publish(version(1), here)

    def passed(snapshot: Snapshot) -> Snapshot:
        with leases.leased(there.remote, patience=0):
            return snapshot

    monkeypatch.setattr(leases, "BEAT_SECONDS", 60)
    with pytest.raises(HomeAwayError, match="taken over"):
        publish(version(2), here, review=passed)
    for one in (here, there):
        one.pull()
        assert current_id(one) == version(1).id


def test_a_folder_that_was_copied_into_a_store_is_a_home(machine: Machines, tmp_path: Path) -> None:
    place = publish(version(1), tmp_path / "models")
    there = machine("there")
    copied = {path: path.relative_to(tmp_path / "models").as_posix() for path in place.rglob("*.*")}
    there.remote.send({path: one for path, one in copied.items() if path.is_file()})
    there.remote.replace("current", (tmp_path / "models" / "current").read_bytes())
    assert open_snapshot(there).id == version(1).id


def test_a_url_is_mirrored_in_the_folder_that_is_told(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    publish(version(1), url)
    assert open_snapshot(url).id == version(1).id
    (mirror,) = (tmp_path / "cache").iterdir()
    assert mirror.stat().st_mode & 0o777 == 0o700
    assert str(home_of(url)) == url


def test_a_url_of_an_unknown_kind_is_refused() -> None:
    expected = "Protocol not known: nowhere.*expected a folder, or a URL"
    with pytest.raises(ConfigError, match=expected):
        home_of("nowhere://bucket")


def test_a_password_in_a_url_is_not_repeated(tmp_path: Path) -> None:
    home = Mirror(Remote("ftp://host/models", None, "", _is_disk=False), tmp_path)
    assert str(home) == "ftp://host/models"
    with pytest.raises(ConfigError, match=r"^secret://host/models is no place") as refused:
        home_of("secret://me:hunter2@host/models")
    assert "hunter2" not in str(refused.value)


def test_no_message_repeats_a_password(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    models = url.replace("://", "://me:hunter2@")
    said = [how_to_report(models)]
    for name in (None, "none"):
        with pytest.raises(SnapshotError, match="holds no") as refused:
            open_snapshot(models, name)
        said.append(str(refused.value))
    publish(version(1), models)
    with pytest.raises(SnapshotError, match="nothing older") as refused:
        rollback(models)
    said.append(str(refused.value))
    assert all(url in one and "hunter2" not in one for one in said)
