"""What is sent to a remote home, and what is removed there, whatever happens in between."""

from __future__ import annotations

from functools import partial

import pytest

from nba.artifacts import leases, mirror
from nba.artifacts.blanking import blank
from nba.artifacts.registry import open_snapshot, publish, verify
from nba.errors import HomeAwayError
from tests.unit.artifacts.machines import Machines, trained, version


def test_who_was_silent_too_long_removes_nothing_that_the_next_publisher_sent(
    machine: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = machine("here"), machine("there")
    publish(version(1), here)
    here.remote.replace("snapshots/orphan/products/price.npy", b"x")
    monkeypatch.setattr(mirror, "leased", partial(leases.leased, beat=60, patience=0))
    is_sent = has_passed = False

    def passes(asked: str, path: object) -> bool:
        nonlocal is_sent, has_passed
        if is_sent and not has_passed:
            has_passed = True
            publish(version(3), there)
        is_sent |= asked == "pipe_file" and str(path).endswith("/current")
        return False

    here.system.fails = passes
    publish(version(2), here)
    assert has_passed
    assert verify(machine("fresh")).snapshot_id == version(3).id


def test_where_only_old_files_cannot_be_removed_what_is_new_is_current(machine: Machines) -> None:
    here, there = machine("here"), machine("there")
    ann = trained().customers.ids[0]
    publish(trained(), here)
    here.system.fails = lambda asked, path: asked == "rm" and "lease" not in str(path)
    with pytest.raises(HomeAwayError, match=r"current in memory://.* stay.*network is gone"):
        blank(here, [ann])
    here.system.asked.clear()
    for one in (here, there):
        one.pull()
        assert ann not in open_snapshot(one).customers.ids
    assert here.system.asked == ["cat_file"]
    assert any(ann.encode() in content for content in here.files().values())
    here.system.fails = lambda asked, path: False
    assert blank(here, [ann]).snapshots == ()
    assert not any(ann.encode() in content for content in here.files().values())
