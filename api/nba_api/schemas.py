"""Query parameters and the answers' shapes, as the OpenAPI document shows them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field

from nba.recommend.eligibility import Filters

Limit = Annotated[int, Query(ge=1, le=50, description="how many products at most")]
AsOf = Annotated[
    str | None,
    Query(max_length=64, description="an instant with a zone, such as 2026-10-01T08:00Z"),
]
Ids = Annotated[list[str], Query(description="ids, repeated or comma-separated")]


class FilterQuery(BaseModel):
    """The filters every product route takes."""

    in_basket: list[str] = Field([], description="products in the basket; never shown")
    exclude: list[str] = Field([], description="products never to show")
    category: str | None = Field(None, max_length=500, description="a category path")
    min_price: int | None = Field(None, ge=0, le=2**53, description="minor units")
    max_price: int | None = Field(None, ge=0, le=2**53, description="minor units")
    availability: str | None = Field(None, max_length=32)
    collapse: bool = Field(True, description="one product of each group")

    def filters(self) -> Filters:
        """Give the library's form.

        Raises:
            ConfigError: no such availability.
        """
        return Filters(
            exclude=_split(self.exclude),
            in_basket=_split(self.in_basket),
            category=self.category,
            min_price=self.min_price,
            max_price=self.max_price,
            availability=self.availability,
            collapse=self.collapse,
        )


class ProductQuery(FilterQuery):
    """What a product route takes besides the product."""

    limit: int = Field(10, ge=1, le=50)
    fallback: str | None = Field(None, max_length=32, description="`popular` fills up the list")
    explain: bool = Field(False, description="figures beside each reason")
    strict: bool = Field(False, description="404 for an unknown product")
    placement: str | None = Field(None, max_length=100, description="where the widget stands")
    key: str | None = Field(None, max_length=200, description="the publishable key")


class SlateAnswer(BaseModel):
    """An ordered list of recommendations."""

    recommendation_id: str
    type: str
    request: dict[str, Any]
    items: list[dict[str, Any]]
    fallback: str | None
    missing_ids: list[str]
    excluded: dict[str, int]
    model: dict[str, str | None]


class DecisionAnswer(BaseModel):
    """The next message of a customer, or why there is none."""

    decision_id: str
    customer_id: str
    as_of: str
    stage: str
    state: str
    days_since: int | None
    rhythm: str | None
    message: dict[str, Any] | None
    reason: str
    alternatives: list[dict[str, Any]]
    suppressed: list[dict[str, Any]]
    experiment: dict[str, Any]
    next_due_at: str | None


class PlanAnswer(BaseModel):
    """What a customer would get, and when, if nothing else happened."""

    customer_id: str
    as_of: str
    decisions: list[DecisionAnswer]


class ModelsAnswer(BaseModel):
    """The stored snapshots, latest published first."""

    current: str
    snapshots: list[dict[str, Any]]


class RollbackRequest(BaseModel):
    """Which snapshot to go back to; by default the one before the current."""

    snapshot_id: str | None = Field(None, max_length=100)


def _split(values: list[str]) -> list[str]:
    return [part for value in values for part in value.split(",") if part]
