"""Errors as `application/problem+json` (RFC 9457), each with the id of its request."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from nba.errors import (
    ConfigError,
    DataError,
    ErasedCustomerError,
    NbaError,
    PrunedSnapshotError,
    SnapshotError,
    StateError,
    UnknownCustomerError,
    UnknownMessageError,
    UnknownProductError,
)
from nba_api.cors import SAFE

MEDIA_TYPE: Final = "application/problem+json"
REQUEST_ID: Final = "x-request-id"
RETRY_SECONDS: Final = 5
_STATUS: Final[tuple[tuple[type[NbaError], int], ...]] = (
    (UnknownProductError, 404),
    (UnknownCustomerError, 404),
    (ErasedCustomerError, 410),
    (PrunedSnapshotError, 410),
    (UnknownMessageError, 404),
    (ConfigError, 422),
    (DataError, 422),
    (SnapshotError, 503),
    (StateError, 503),
    (NbaError, 500),
)

SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what was found and what was expected"},
        "request_id": {"type": "string", "description": "also in the header X-Request-ID"},
        "errors": {
            "type": "array",
            "description": "one entry a parameter that is wrong",
            "items": {
                "type": "object",
                "required": ["where", "problem"],
                "properties": {"where": {"type": "string"}, "problem": {"type": "string"}},
            },
        },
    },
}


def declared(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Give the problem answers of a route for the OpenAPI document.

    Args:
        statuses: those the route itself gives; any other error is declared as the default.
    """
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    problems: dict[int | str, dict[str, Any]] = {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in statuses
    }
    return problems | {"default": {"description": "Any other error", "content": content}}


def told(request: Request, status: int, detail: str) -> dict[str, Any]:
    """Give the document of a problem, as an answer, or one of several in an answer, has it."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "detail": detail,
        "request_id": request.state.request_id,
    }


def problem(request: Request, status: int, detail: str, **more: Any) -> Response:  # noqa: ANN401 - JSON values
    """Build a problem answer."""
    document = told(request, status, detail) | more
    # Its own, as some problems are made outside the gate.
    headers = {
        REQUEST_ID: request.state.request_id,
        "cache-control": "private, no-store",
        **SAFE,
    }
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["retry-after"] = str(RETRY_SECONDS)
    return Response(orjson.dumps(document), status, headers, MEDIA_TYPE)


def problem_of(request: Request, error: Exception) -> Response:
    """Build the answer to an error; of one that nobody foresaw it tells the kind alone."""
    if isinstance(error, NbaError):
        status = next(code for kind, code in _STATUS if isinstance(error, kind))
        return problem(request, status, str(error))
    if isinstance(error, HTTPException):
        answer = problem(request, error.status_code, str(error.detail))
        answer.headers.update(error.headers or {})
        return answer
    return problem(request, 500, f"an unforeseen {type(error).__name__}; see the server's log")


def install(app: FastAPI) -> None:
    """Answer every error of an app as a problem, and say so in its OpenAPI document."""

    @app.exception_handler(NbaError)
    @app.exception_handler(HTTPException)
    async def _foreseen(request: Request, error: Exception) -> Response:
        return problem_of(request, error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        found = [
            {"where": ".".join(str(part) for part in one["loc"]), "problem": one["msg"]}
            for one in error.errors()
        ]
        detail = "; ".join(f"{one['where']}: {one['problem']}" for one in found)
        is_json = all(one["type"] != "json_invalid" for one in error.errors())
        return problem(request, 422 if is_json else 400, detail, errors=found)

    make = app.openapi

    def openapi() -> dict[str, Any]:
        document = make()
        document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = SCHEMA
        return document

    app.openapi = openapi  # type: ignore[method-assign]
