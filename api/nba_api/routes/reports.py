"""Figures of the whole shop, as `nba report` wrote them; the server works none out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel, Field

from nba.artifacts.homes import Models
from nba.artifacts.reports import how_to_report, read_report, report_path
from nba_api.answers import PRIVATE, etag_of, is_known
from nba_api.problems import declared

router = APIRouter(prefix="/v1", tags=["reports"])


class Report(BaseModel, extra="allow"):
    """What every report says of itself."""

    snapshot_id: str
    as_of: str = Field(description="the last instant known, itself left out")
    currency: str = Field(description="of all money, which is in minor units; may be empty")
    definitions: Mapping[str, str] = Field(description="what each figure means")


class MessageFigures(BaseModel, extra="allow"):
    """What a message did; a share of nothing is null."""

    message: str
    sent: int
    delivered: int
    opened: int
    clicked: int
    useful: int
    unsubscribed: int
    useful_per_message: float | None
    unsubscribed_per_message: float | None


class KpisAnswer(Report):
    """The figures of the whole history on top, then its parts; a rate of nobody is null."""

    orders: int
    customers: int
    revenue: int
    average_order_value: float | None
    repeat_purchase_rate: float | None
    purchase_frequency: float | None
    customer_retention_rate: float | None
    churn_rate: float | None
    repeat_revenue_share: float | None
    lifetime_value: float | None
    messages: Sequence[MessageFigures]
    months: Sequence[Mapping[str, Any]]


class CohortsAnswer(Report):
    """One row a month of the first order and month since; and an alarm a month."""

    cohorts: Sequence[Mapping[str, Any]]
    alarms: Sequence[Mapping[str, Any]]


class ExperimentsAnswer(Report):
    """Each experiment with its verdict, each hypothesis with what became of it."""

    experiments: Sequence[Mapping[str, Any]]
    hypotheses: Sequence[Mapping[str, Any]]


OTHERS: Final[dict[int | str, dict[str, Any]]] = {
    304: {"description": "Not Modified: If-None-Match names the report's ETag"},
    **declared(404, 503),
}


class Reports:
    """The reports of a models home, each read once and again when its file is another."""

    def __init__(self, models: Models) -> None:
        """Read nothing yet.

        Args:
            models: the home.
        """
        self.models = models
        self._kept: dict[str, tuple[Sequence[int], bytes, str]] = {}

    def get(self, name: str) -> tuple[bytes, str] | None:
        """Give a report and its tag; None while there is none.

        Raises:
            SnapshotError: its file is damaged.
        """
        # Looked at first: a file that changes meanwhile is read again, not kept as the older one.
        seen = self._seen(name)
        kept = self._kept.get(name)
        if seen and kept is not None and kept[0] == seen:
            return kept[1:]
        self._kept.pop(name, None)
        body = read_report(self.models, name)
        if body is None:
            return None
        tag = etag_of(body)
        self._kept[name] = seen, body, tag
        return body, tag

    def _seen(self, name: str) -> Sequence[int]:
        try:
            found = report_path(self.models, name).stat()
        except OSError:
            return ()
        return found.st_mtime_ns, found.st_size, found.st_ino


# Each reads a file, so they are no coroutines: a thread reads while others are answered.
@router.get("/kpis", responses={200: {"model": KpisAnswer}, **OTHERS})
def kpis(request: Request) -> Response:
    """Sales, customers, funnels and messages, of the whole history and its months."""
    return _told(request, "kpis")


@router.get("/cohorts", responses={200: {"model": CohortsAnswer}, **OTHERS})
def cohorts(request: Request) -> Response:
    """Customers by the month of their first order, and whether newer ones leave sooner."""
    return _told(request, "cohorts")


@router.get("/experiments", responses={200: {"model": ExperimentsAnswer}, **OTHERS})
def experiments(request: Request) -> Response:
    """What each experiment and hypothesis has shown so far."""
    return _told(request, "experiments")


def _told(request: Request, name: str) -> Response:
    reports: Reports = request.app.state.reports
    found = reports.get(name)
    if found is None:
        raise HTTPException(
            404, f"{name} were not reported yet; write them with: {how_to_report(reports.models)}"
        )
    body, tag = found
    headers = {"etag": tag, "cache-control": PRIVATE}
    if is_known(tag, request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")
