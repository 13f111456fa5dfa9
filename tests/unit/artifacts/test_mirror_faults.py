"""A mirror that was damaged, cleaned or left behind, and a home that went away."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from nba.artifacts.blanking import blank
from nba.artifacts.files import locked
from nba.artifacts.mirror import CACHE
from nba.artifacts.registry import current_id, list_snapshots, open_snapshot, publish, verify
from nba.artifacts.reports import read_report, write_reports
from nba.errors import ConfigError, HomeAwayError
from tests.unit.artifacts.machines import Machines, trained, version

FILE = pytest.mark.parametrize("url", ["file"], indirect=True)
"""Of a home in a folder of a disk that others may reach otherwise."""


def test_an_erasure_mends_what_is_damaged_here_and_sound_there(machine: Machines) -> None:
    here, there = machine("here"), machine("there")
    place = publish(version(1), here)
    open_snapshot(there)
    mirrored = there.folder / "snapshots" / place.name / "products" / "price.npy"
    mirrored.write_bytes(b"flipped")
    assert blank(there, ["ann"]).removed == ()
    here.pull()
    assert verify(here).snapshot_id == open_snapshot(there).id == version(1).id


def test_what_a_killed_look_left_does_not_stay(machine: Machines) -> None:
    here, there = machine("here"), machine("there")
    # Arrays that were brought before the manifest, of a snapshot that is gone by now.
    left = there.folder / "snapshots" / version(2).id / "customers" / "ids.bytes.npy"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"ann")
    publish(version(1), here)
    there.pull()
    assert [one.name for one in left.parents[2].glob("[!.]*")] == [version(1).id]


@FILE
def test_a_home_that_is_not_where_it_was_leaves_the_mirror_as_it_is(
    machine: Machines, tmp_path: Path
) -> None:
    here, there = machine("here"), machine("there")
    publish(version(1), here)
    there.pull(whole=True)
    # One whose last change failed is of no edition, and keeps what it has nevertheless.
    here.system.fails = lambda name, path: name == "put"
    with pytest.raises(HomeAwayError, match="network is gone"):
        publish(version(2), here)
    here.system.fails = lambda name, path: False
    (tmp_path / "far").rename(tmp_path / "moved")
    for one in (here, there):
        with pytest.raises(HomeAwayError, match="not mounted"):
            one.pull(whole=True)
        assert open_snapshot(one).id == version(1).id
    (tmp_path / "moved").rename(tmp_path / "far")
    publish(version(2), there)
    here.pull()
    assert [one.snapshot_id for one in list_snapshots(here)] == [version(2).id, version(1).id]


@FILE
def test_what_changes_in_the_folder_itself_reaches_who_reads_it_by_its_url(
    machine: Machines, tmp_path: Path
) -> None:
    here, there = machine("here"), machine("there")
    publish(trained(), here)
    there.pull(whole=True)
    ann = trained().customers.ids[0]
    write_reports(tmp_path / "far" / "models", {"kpis": {"best": ann}})
    there.pull(whole=True)
    assert read_report(there, "kpis") is not None
    for customer in trained().customers.ids[:2]:
        # The second time the pointer is the one of the first.
        blank(tmp_path / "far" / "models", [customer])
        there.pull(whole=True)
        assert customer not in open_snapshot(there).customers.ids
    assert read_report(there, "kpis") is None
    publish(version(1), here)
    there.pull(whole=True)
    there.system.asked.clear()
    there.pull(whole=True)
    assert there.system.asked == ["cat_file"]


def test_a_mirror_that_was_cleaned_in_part_is_made_whole(machine: Machines) -> None:
    here, there = machine("here"), machine("there")
    for number in (1, 2):
        publish(version(number), here)
    there.pull(whole=True)
    manifests = [f"snapshots/{version(number).id}/manifest.json" for number in (1, 2)]
    for lost in ("current", *manifests):
        (there.folder / lost).unlink()
        there = machine("there")
        assert open_snapshot(there).id == version(2).id
        assert open_snapshot(there, version(1).id).id == version(1).id


def test_nobody_who_has_a_snapshot_waits_for_whoever_publishes(machine: Machines) -> None:
    here, there = machine("here"), machine("there")
    publish(version(1), here)
    there.pull(whole=True)
    publish(version(2), here)
    starting = machine("there")
    looking = threading.Thread(target=starting.pull, kwargs={"whole": True}, daemon=True)
    with locked(there.folder):
        looking.start()
        looking.join(5)
        assert not looking.is_alive()
    assert current_id(starting) == version(1).id
    starting.pull(whole=True)
    assert current_id(starting) == version(2).id


def test_a_place_for_mirrors_that_cannot_be_written_is_named(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(CACHE, str(tmp_path / "file" / "cache"))
    with pytest.raises(ConfigError, match=r"file/cache.*name a folder.*NBA_CACHE"):
        publish(version(1), url)


def test_a_disk_without_links_holds_copies(
    machine: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = machine("here"), machine("there")
    publish(version(1), here)
    there.pull(whole=True)
    publish(version(2), here)

    def refused(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(os, "link", refused)
    fetched: list[object] = []
    there.system.fails = lambda name, path: bool(name == "get" and fetched.append(path))
    assert open_snapshot(there).id == version(1).id
    there.pull(whole=True)
    assert open_snapshot(there).id == version(2).id
    (paths,) = fetched
    assert isinstance(paths, list)
    assert 0 < len(paths) < len(version(2).manifest.files) / 2
