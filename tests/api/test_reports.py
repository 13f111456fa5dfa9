"""The routes of reports: what a file holds, byte for byte, or a problem that says what to do."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient

import nba
from nba.artifacts.reports import REPORTS, report_path, write_reports
from nba_api.app import create_app
from nba_api.routes import reports
from nba_api.settings import Settings
from tests.api.reported import documents
from tests.api.shop import is_problem, orders_csv, path_of
from tests.api.test_fuzzed import hold_to_its_document, without_keys

ASKED = [f"/v1/{name}" for name in REPORTS]


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def app(own: Settings, models: Path) -> FastAPI:
    return create_app(own.model_copy(update={"models": models}))


@pytest.fixture
def asking(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def real(shop_folder: Path, snapshot: nba.Snapshot) -> dict[str, dict[str, Any]]:
    """The reports of the tiny shop."""
    return documents(shop_folder, snapshot)


def test_a_report_is_served_byte_for_byte_as_it_was_written(
    asking: TestClient, models: Path, real: dict[str, dict[str, Any]]
) -> None:
    write_reports(models, real)
    for name, path in zip(REPORTS, ASKED, strict=True):
        answer = asking.get(path)
        assert answer.status_code == 200
        assert answer.content == report_path(models, name).read_bytes()
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.json() == real[name]
        assert list(answer.json()) == list(real[name])


def test_what_callers_rely_on_stands_in_the_reports_and_is_of_the_kinds_declared(
    real: dict[str, dict[str, Any]],
) -> None:
    kpis = real["kpis"]
    assert (kpis["orders"], kpis["customers"], kpis["revenue"]) == (11, 5, 36_100)
    for shape, document in (
        (reports.KpisAnswer, kpis),
        (reports.CohortsAnswer, real["cohorts"]),
        (reports.ExperimentsAnswer, real["experiments"]),
        (reports.MessageFigures, {"message": "digest", **kpis["messages_total"]}),
    ):
        read = shape.model_validate_json(json.dumps(document), strict=True)
        assert read.model_dump(mode="json") == document


def test_a_report_names_no_customer_and_no_order(
    snapshot: nba.Snapshot, real: dict[str, dict[str, Any]]
) -> None:
    orders = {row["order_id"] for row in csv.DictReader(StringIO(orders_csv()))}
    named = orders.union(snapshot.customers.ids)
    assert {"ann", "o01"} <= named
    for document in real.values():
        assert not named & set(strings(document))


def strings(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for name, inner in value.items():
                yield name
                yield from strings(inner)
        case list():
            for inner in value:
                yield from strings(inner)


def test_while_a_report_is_absent_a_problem_says_what_makes_it(
    asking: TestClient, models: Path
) -> None:
    for path in ASKED:
        answer = asking.get(path)
        assert is_problem(answer, 404)
        assert f"nba report SHOP --out DIR --models {models}" in answer.json()["detail"]
    write_reports(models, {"cohorts": {}})
    assert [asking.get(path).status_code for path in ASKED] == [404, 200, 404]


def test_a_new_report_is_served_by_the_very_next_answer_with_another_tag(
    asking: TestClient, models: Path
) -> None:
    tags = set()
    for number in range(20):
        # As many bytes each time, and where the clock is coarse in the same tick.
        write_reports(models, {"kpis": {"orders": 10 + number}})
        answer = asking.get("/v1/kpis")
        assert answer.json() == {"orders": 10 + number}
        tags.add(answer.headers["etag"])
    assert len(tags) == 20


def test_who_has_a_report_already_is_told_so_without_a_body(
    asking: TestClient, models: Path
) -> None:
    write_reports(models, {"kpis": {"orders": 3}})
    tag = asking.get("/v1/kpis").headers["etag"]
    for sent in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = asking.get("/v1/kpis", headers={"if-none-match": sent})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
        assert answer.headers["cache-control"] == "private, no-store"
    write_reports(models, {"kpis": {"orders": 4}})
    assert asking.get("/v1/kpis", headers={"if-none-match": tag}).json() == {"orders": 4}
    # The same figures are the same report, whenever they were written.
    write_reports(models, {"kpis": {"orders": 3}})
    assert asking.get("/v1/kpis").headers["etag"] == tag


def test_a_head_has_the_headers_alone(asking: TestClient, models: Path) -> None:
    write_reports(models, {"kpis": {"orders": 3}})
    whole, head = asking.get("/v1/kpis"), asking.head("/v1/kpis")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == whole.headers["etag"]
    assert head.headers["content-length"] == str(len(whole.content))


@pytest.mark.parametrize("content", ["", '{"orders": 3', "[]", '{"rate": NaN}'])
def test_a_file_that_is_no_json_object_is_a_problem_until_it_is_written_anew(
    asking: TestClient, models: Path, content: str
) -> None:
    write_reports(models, {"kpis": {"orders": 3}, "cohorts": {}})
    assert asking.get("/v1/kpis").status_code == 200
    report_path(models, "kpis").write_text(content)
    for _ in range(2):
        answer = asking.get("/v1/kpis")
        assert is_problem(answer, 503)
        assert answer.headers["retry-after"]
        assert "kpis.json is no JSON object; write it anew" in answer.json()["detail"]
    assert asking.get("/v1/cohorts").status_code == 200
    write_reports(models, {"kpis": {"orders": 3}})
    assert asking.get("/v1/kpis").json() == {"orders": 3}


def test_a_report_is_read_once_as_long_as_its_file_is_the_same(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    reading = reports.read_report

    def counting(folder: Path, name: str) -> bytes | None:
        read.append(name)
        return reading(folder, name)

    monkeypatch.setattr(reports, "read_report", counting)
    kept = reports.Reports(models)
    assert kept.get("kpis") is None
    write_reports(models, {"kpis": {"orders": 3}, "cohorts": {}})
    assert kept.get("kpis") == kept.get("kpis")
    assert kept.get("cohorts") != kept.get("kpis")
    assert read == ["kpis", "kpis", "cohorts"]
    path = report_path(models, "kpis")
    before = path.stat()
    path.write_text('{"orders": 4}')
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    found = kept.get("kpis")
    assert found is not None
    assert json.loads(found[0]) == {"orders": 4}


def test_erasing_a_customer_removes_the_reports_also_from_who_has_read_them(
    asking: TestClient, models: Path, snapshot: nba.Snapshot
) -> None:
    snapshot.publish(models)
    write_reports(models, {"kpis": {"orders": 3}, "cohorts": {"one": "ann"}, "experiments": {}})
    assert [asking.get(path).status_code for path in ASKED] == [200] * 3
    tag = asking.get("/v1/kpis").headers["etag"]
    erased = asking.delete(path_of("customers", "ann", "").removesuffix("/"))
    assert erased.status_code == 200
    assert list((models / "reports").iterdir()) == []
    for path in ASKED:
        assert is_problem(asking.get(path), 404)
        assert is_problem(asking.get(path, headers={"if-none-match": tag}), 404)
    write_reports(models, {"kpis": {"orders": 2}})
    assert asking.get("/v1/kpis").json() == {"orders": 2}


@pytest.mark.parametrize("is_written", [True, False], ids=["written", "absent"])
def test_the_routes_answer_as_their_document_says(
    app: FastAPI,
    models: Path,
    real: dict[str, dict[str, Any]],
    subtests: pytest.Subtests,
    *,
    is_written: bool,
) -> None:
    if is_written:
        write_reports(models, real)
    told = without_keys(app.openapi())
    app.openapi = lambda: told  # type: ignore[method-assign]
    document = schemathesis.openapi.from_asgi("/openapi.json", app)
    asked = document.include(path=ASKED).get_all_operations()
    labels = []
    for operation in (one.ok() for one in asked):
        with subtests.test(operation.label):
            hold_to_its_document(operation)
        labels.append(operation.label)
    assert sorted(labels) == sorted(f"GET {path}" for path in ASKED)
