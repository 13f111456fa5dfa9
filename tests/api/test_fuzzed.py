"""Every operation of the OpenAPI document, asked what its schema allows and what it forbids."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable

import nba
from nba_api.app import create_app
from nba_api.problems import MEDIA_TYPE
from nba_api.settings import Settings
from tests.api.claims import with_own_store

EXAMPLES: Final = 200 if os.environ.get("NBA_FAULTS") else 4
MODES: Final = (
    schemathesis.GenerationMode.POSITIVE,
    schemathesis.GenerationMode.NEGATIVE,
)


def hold_to_its_document(operation: schemathesis.APIOperation) -> None:
    """Ask an operation what its schema allows and what it forbids; any answer must be declared."""

    def ask(case: schemathesis.Case) -> None:
        answer = case.call_and_validate()
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == [MEDIA_TYPE]
            assert answer.json()["request_id"] == answer.headers["x-request-id"][0]

    for mode in MODES:
        examples = settings(
            max_examples=EXAMPLES // len(MODES) + 1,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        # What takes nothing at all cannot be asked wrongly.
        with suppress(Unsatisfiable):
            examples(given(case=operation.as_strategy(generation_mode=mode))(ask))()


def without_keys(document: dict[str, Any]) -> dict[str, Any]:
    """Give the document as it is true of a server that has none yet, and so is open."""
    for methods in document["paths"].values():
        for operation in methods.values():
            operation.pop("security")
    return document


def test_every_operation_answers_as_its_document_says(
    settings: Settings,
    shop_folder: Path,
    snapshot: nba.Snapshot,
    tmp_path: Path,
    subtests: pytest.Subtests,
) -> None:
    own = with_own_store(settings, shop_folder, tmp_path)
    snapshot.publish(tmp_path / "models")
    app = create_app(own.model_copy(update={"models": tmp_path / "models"}))
    told = without_keys(app.openapi())
    app.openapi = lambda: told
    document = schemathesis.openapi.from_asgi("/openapi.json", app)
    for found in document.get_all_operations():
        operation = found.ok()
        with subtests.test(operation.label):
            hold_to_its_document(operation)
