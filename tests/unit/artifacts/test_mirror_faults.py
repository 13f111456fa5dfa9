"""A mirror that was damaged, cleaned or left behind, and a home that went away."""

from __future__ import annotations

from nba.artifacts.blanking import blank
from nba.artifacts.registry import open_snapshot, publish, verify
from tests.unit.artifacts.machines import Machines, version


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
