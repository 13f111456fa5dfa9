"""The files of reports: written whole or not at all, and no part of the snapshots beside them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nba.artifacts import reports
from nba.artifacts.registry import KEPT, list_snapshots, open_snapshot, publish, rollback
from nba.artifacts.reports import (
    REPORTS,
    SHOWN,
    read_report,
    remove_reports,
    to_bytes,
    write_reports,
)
from nba.errors import SnapshotError
from tests.snapshots import snapshot

KPIS = {"orders": 3, "churn_rate": None, "best": "café", "months": [{"orders": 3}]}


def files(models: Path) -> list[str]:
    return sorted(path.name for path in (models / "reports").iterdir())


def damaged(models: Path) -> Iterator[str]:
    for name in REPORTS:
        try:
            read_report(models, name)
        except SnapshotError as error:
            yield str(error)


def test_a_report_is_read_as_it_was_written_its_keys_in_their_order(tmp_path: Path) -> None:
    write_reports(tmp_path / "models", {name: KPIS for name in REPORTS})
    assert files(tmp_path / "models") == ["cohorts.json", "experiments.json", "kpis.json"]
    for name in REPORTS:
        body = read_report(tmp_path / "models", name)
        assert body == to_bytes(KPIS)
        assert list(json.loads(body)) == list(KPIS)
        assert "café".encode() in body


def test_a_report_that_was_never_written_is_none(tmp_path: Path) -> None:
    assert read_report(tmp_path / "nowhere", "kpis") is None
    write_reports(tmp_path, {"cohorts": {}})
    assert read_report(tmp_path, "kpis") is None
    assert read_report(tmp_path, "cohorts") == b"{}\n"


def test_what_a_page_shows_is_kept_beside_them_and_goes_with_them(tmp_path: Path) -> None:
    write_reports(tmp_path, {"kpis": KPIS, "figures": {"tiles": []}, "quality": {"works": []}})
    assert not set(SHOWN) & set(REPORTS), "no route of the interface gives it"
    assert read_report(tmp_path, "figures") == to_bytes({"tiles": []})
    assert files(tmp_path) == ["figures.json", "kpis.json", "quality.json"]
    assert len(remove_reports(tmp_path)) == 3
    assert read_report(tmp_path, "quality") is None


def test_writing_some_reports_replaces_those_alone(tmp_path: Path) -> None:
    write_reports(tmp_path, {"kpis": {"orders": 1}, "cohorts": {"months": 1}})
    write_reports(tmp_path, {"kpis": {"orders": 2}})
    assert read_report(tmp_path, "kpis") == to_bytes({"orders": 2})
    assert read_report(tmp_path, "cohorts") == to_bytes({"months": 1})


@pytest.mark.parametrize("fault", [math.nan, math.inf, -math.inf, "\ud800"])
def test_what_json_cannot_hold_is_refused_and_no_report_changes(tmp_path: Path, fault: Any) -> None:
    write_reports(tmp_path, {"kpis": KPIS})
    with pytest.raises(ValueError, match=r"JSON compliant|surrogates"):
        write_reports(tmp_path, {"kpis": {"orders": 4}, "cohorts": {"rate": [fault]}})
    assert files(tmp_path) == ["kpis.json"]
    assert read_report(tmp_path, "kpis") == to_bytes(KPIS)


@pytest.mark.parametrize("name", ["", "segments", "kpis.json", "../current", "../../etc/passwd"])
def test_no_other_name_is_written_or_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="none of kpis, cohorts, experiments"):
        write_reports(tmp_path, {"kpis": {}, name: {}})
    with pytest.raises(ValueError, match="none of kpis, cohorts, experiments"):
        read_report(tmp_path, name)
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    "content",
    [b"", b'{"orders": 3', b"[1, 2]", b"null", b'{"rate": NaN}', b"\xff\xfe{}", b"[" * 100_000],
    ids=["empty", "cut short", "a list", "null", "NaN", "no UTF-8", "deep"],
)
def test_a_file_that_is_no_json_object_is_refused_and_says_how_to_mend_it(
    tmp_path: Path, content: bytes
) -> None:
    write_reports(tmp_path, {"kpis": KPIS, "cohorts": {}})
    (tmp_path / "reports" / "kpis.json").write_bytes(content)
    (told,) = damaged(tmp_path)
    assert "kpis.json is no JSON object; write it anew with: nba report SHOP --out DIR" in told
    write_reports(tmp_path, {"kpis": KPIS})
    assert read_report(tmp_path, "kpis") == to_bytes(KPIS)


def test_what_is_no_readable_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "reports" / "kpis.json").mkdir(parents=True)
    (tmp_path / "reports" / "cohorts.json").symlink_to("cohorts.json")
    assert ["is no file" in one or "cannot be read" in one for one in damaged(tmp_path)] == [
        True
    ] * 2


def test_a_report_that_is_too_large_is_neither_written_nor_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = to_bytes(KPIS)
    write_reports(tmp_path, {"kpis": KPIS})
    monkeypatch.setattr(reports, "MAX_BYTES", len(body))
    assert read_report(tmp_path, "kpis") == body
    monkeypatch.setattr(reports, "MAX_BYTES", len(body) - 1)
    assert ["has more than" in one for one in damaged(tmp_path)] == [True]
    with pytest.raises(SnapshotError, match="would take"):
        write_reports(tmp_path, {"kpis": KPIS})


def test_where_nothing_can_be_written_the_report_of_before_stays(tmp_path: Path) -> None:
    write_reports(tmp_path, {"kpis": KPIS})
    (tmp_path / "reports" / ".cohorts.json").mkdir()
    with pytest.raises(SnapshotError, match="reports cannot be written"):
        write_reports(tmp_path, {"kpis": {"orders": 4}, "cohorts": {}})
    assert read_report(tmp_path, "kpis") == to_bytes(KPIS)
    with pytest.raises(SnapshotError, match="reports cannot be written"):
        write_reports(tmp_path / "reports" / "kpis.json", {"kpis": KPIS})


def test_reports_are_removed_with_what_a_crash_left_aside(tmp_path: Path) -> None:
    assert remove_reports(tmp_path) == []
    write_reports(tmp_path, {"kpis": KPIS})
    (tmp_path / "reports" / ".cohorts.json").write_text("{")
    assert remove_reports(tmp_path) == ["reports/.cohorts.json", "reports/kpis.json"]
    assert remove_reports(tmp_path) == files(tmp_path) == []


def test_reports_are_no_snapshot_and_no_publication_touches_them(tmp_path: Path) -> None:
    write_reports(tmp_path, {"kpis": KPIS})
    assert list_snapshots(tmp_path) == []
    ids = []
    for number in range(1, KEPT + 3):
        one = snapshot([f"p{one}" for one in range(number)])
        publish(one, tmp_path)
        ids.append(one.id)
    assert [one.snapshot_id for one in list_snapshots(tmp_path)] == ids[: -KEPT - 1 : -1]
    assert rollback(tmp_path) == ids[-2]
    assert open_snapshot(tmp_path).id == ids[-2]
    with pytest.raises(SnapshotError):
        rollback(tmp_path, "reports")
    with pytest.raises(SnapshotError):
        open_snapshot(tmp_path, "reports")
    assert read_report(tmp_path, "kpis") == to_bytes(KPIS)
