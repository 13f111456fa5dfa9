"""What is sent to a remote home, and what is removed there, whatever happens in between."""

from __future__ import annotations

from functools import partial

import pytest

from nba.artifacts import leases, mirror
from nba.artifacts.registry import publish, verify
from tests.unit.artifacts.machines import Machines, version


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
