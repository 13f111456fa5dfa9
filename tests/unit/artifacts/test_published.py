"""Which snapshot was current when, which are kept for it, and what a lost one answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nba.artifacts.published import LOG, current_at, remember
from nba.artifacts.registry import KEPT, list_snapshots, publish, rollback, snapshot_at
from nba.errors import PrunedSnapshotError
from tests.snapshots import snapshot


def at(day: int) -> np.datetime64:
    return np.datetime64(f"2026-03-{day:02}T12:00", "us")


def filled(models: Path, count: int, keep: set[str] | None = None) -> list[str]:
    """Publish snapshots a day apart, by default keeping the first; give their ids."""
    ids: list[str] = []
    for number in range(1, count + 1):
        one = snapshot([f"p{one}" for one in range(number)]).with_manifest(
            trained_at=f"2026-03-{number:02}T00:00:00Z"
        )
        publish(one, models, keep={ids[0]} if keep is None and ids else keep or set())
        ids.append(one.id)
    return ids


def test_a_question_about_an_instant_meets_the_snapshot_that_was_current(tmp_path: Path) -> None:
    first, second, _ = filled(tmp_path, 3)
    assert snapshot_at(tmp_path, at(1)) == first
    assert snapshot_at(tmp_path, at(2)) == second
    assert snapshot_at(tmp_path, at(3)) is None


def test_before_the_first_snapshot_the_current_one_answers(tmp_path: Path) -> None:
    filled(tmp_path, 2)
    assert snapshot_at(tmp_path, np.datetime64("2025-01-01", "us")) is None


def test_a_rollback_is_remembered_like_a_publication(tmp_path: Path) -> None:
    first, second = filled(tmp_path, 2)
    rollback(tmp_path, at="2026-03-05T00:00:00Z")
    assert current_at(tmp_path, at(6)) == first
    assert snapshot_at(tmp_path, at(4)) == second
    assert snapshot_at(tmp_path, at(6)) is None


def test_what_the_log_of_messages_refers_to_outlives_the_last_five(tmp_path: Path) -> None:
    ids = filled(tmp_path, KEPT + 3)
    kept = {one.snapshot_id for one in list_snapshots(tmp_path)}
    assert kept == {ids[0], *ids[-KEPT:]}
    assert snapshot_at(tmp_path, at(1)) == ids[0]


def test_a_question_whose_snapshot_is_gone_says_so(tmp_path: Path) -> None:
    ids = filled(tmp_path, KEPT + 3, keep=set())
    with pytest.raises(PrunedSnapshotError, match=f"{ids[1]}, which was current"):
        snapshot_at(tmp_path, at(2))


def test_a_line_that_a_crash_cut_short_hides_no_other(tmp_path: Path) -> None:
    remember(tmp_path, "one", "2026-03-01T00:00:00Z")
    with (tmp_path / LOG).open("ab") as file:
        file.write(b"2026-03-02T00:00:00Z")
    remember(tmp_path, "three", "2026-03-03T00:00:00Z")
    assert current_at(tmp_path, at(2)) == "one"
    assert current_at(tmp_path, at(3)) == "three"


def test_without_a_log_nothing_is_known_to_have_been_current(tmp_path: Path) -> None:
    assert current_at(tmp_path, at(1)) is None
