"""Errors as `application/problem+json` (RFC 9457), each with the id of its request."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final
from uuid import uuid4

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from nba.errors import (
    ConfigError,
    DataError,
    NbaError,
    SnapshotError,
    StateError,
    UnknownCustomerError,
    UnknownProductError,
)

MEDIA_TYPE: Final = "application/problem+json"
_STATUS: Final[tuple[tuple[type[NbaError], int], ...]] = (
    (UnknownProductError, 404),
    (UnknownCustomerError, 404),
    (ConfigError, 422),
    (DataError, 422),
    (SnapshotError, 503),
    (StateError, 503),
    (NbaError, 500),
)

PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    code: {
        "description": HTTPStatus(code).phrase,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for code in (404, 422, 503)
}
"""Declared on every route, so that the OpenAPI document tells the truth."""

SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type", "title", "status", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}


def problem(request: Request, status: int, detail: str, **more: Any) -> Response:  # noqa: ANN401 - JSON values
    """Build a problem answer."""
    request_id = request.headers.get("x-request-id", "")[:64] or uuid4().hex
    document = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "request_id": request_id,
        **more,
    }
    headers = {"x-request-id": request_id, "cache-control": "no-store"}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["retry-after"] = "5"
    return Response(orjson.dumps(document), status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Answer every error of an app as a problem."""

    @app.exception_handler(NbaError)
    async def _ours(request: Request, error: NbaError) -> Response:
        status = next(code for kind, code in _STATUS if isinstance(error, kind))
        return problem(request, status, str(error))

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        found = [
            {"where": ".".join(str(part) for part in one["loc"]), "problem": one["msg"]}
            for one in error.errors()
        ]
        detail = "; ".join(f"{one['where']}: {one['problem']}" for one in found)
        return problem(request, 422, detail, errors=found)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        answer = problem(request, error.status_code, str(error.detail))
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(Exception)
    async def _unforeseen(request: Request, error: Exception) -> Response:
        return problem(request, 500, f"an unforeseen {type(error).__name__}; see the server's log")
