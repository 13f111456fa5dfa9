"""The answers' shapes, as the OpenAPI document shows them; a test holds every answer to them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from nba.decide.value import Score

Figure = str | int | float | None


class Reason(BaseModel):
    """Why a product stands in a list."""

    code: str
    text: str
    percent: int = Field(
        0, ge=0, le=100, description="whole percent; without `explain`, where there is a share"
    )
    evidence: dict[str, Figure] = Field(
        {}, description="figures that recompute from raw rows; with `explain`"
    )


class Card(BaseModel):
    """What a shop shows of a product; null where it does not say. Prices are minor units."""

    title: str
    category: str | None
    price: int | None
    sale_price: int | None
    currency: str | None
    link: str | None
    image_link: str | None
    availability: str


class Item(BaseModel):
    """One product of a list."""

    product_id: str
    rank: int = Field(ge=1)
    score: float = Field(description="comparable within one list only")
    source: str
    product: Card
    reason: Reason


class Model(BaseModel):
    """The snapshot that answered, and up to when it knows the orders."""

    snapshot_id: str
    trained_at: str | None
    data_until: str


class SlateAnswer(BaseModel):
    """An ordered list of recommendations."""

    recommendation_id: str
    type: str
    request: dict[str, Any]
    items: list[Item]
    fallback: str | None = Field(description="the step that filled up the list, if one did")
    missing_ids: list[str] = Field(description="products, or the customer, that nobody knows")
    excluded: dict[str, int] = Field(description="rule → candidates it took out")
    model: Model


class ChosenMessage(BaseModel):
    """The message to send."""

    id: str
    kind: str
    channel: str
    send_after: str
    expires_at: str
    slots: dict[str, list[Item]]
    merge: dict[str, Any] = Field(description="what a template may name, such as the order's id")
    text: str = Field(description="key of the text in the shop's templates")
    anchor: str = Field(description="what it is about; it is sent once about the same thing")
    score: Score
    why: str


class Alternative(BaseModel):
    """Another message that could have been sent."""

    id: str
    expected: float


class Held(BaseModel):
    """A message that waits, the rule that holds it back, and until when; null = for good."""

    id: str
    rule: str
    until: str | None


class Chance(BaseModel):
    """A message that could be chosen, and with which probability."""

    id: str
    propensity: float = Field(ge=0, le=1)


class Experiment(BaseModel):
    """What a measurement of messages must know."""

    holdout: bool = Field(description="the customer gets no marketing, for comparison")
    arm: str | None = Field(description="the variant of the text; null where it has none")
    propensity: float = Field(ge=0, le=1, description="with which the message was chosen")
    eligible: list[Chance] = Field(description="empty where nothing is tried")
    prices: str | None = Field(description="names the prices of capacity; null without any")


class ProfileAnswer(BaseModel):
    """What is known of a customer, each figure with what it rests on."""

    customer_id: str
    as_of: str
    known: bool
    stage: str
    state: str
    days_since: int | None
    rhythm: dict[str, Any]
    p_alive: float
    horizon_days: int
    expected_purchases: float
    lifetime_value: dict[str, float]
    segments: list[dict[str, Any]]
    progress: dict[str, Any] | None
    owned: list[dict[str, Any]]
    due: list[dict[str, Any]]
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
    message: ChosenMessage | None
    reason: str
    alternatives: list[Alternative]
    suppressed: list[Held]
    experiment: Experiment
    next_due_at: str | None
    message_id: str | None = Field(None, description="of the claim that is open; else absent")
    claimed_at: str | None = Field(None, description="when it was claimed; else absent")


class ClaimAnswer(DecisionAnswer):
    """A decision, and under which id its message may be sent; null where none may."""

    message_id: str | None
    claimed_at: str | None
    withdrawn: str | None = Field(
        description="the rule that has since forbidden what was claimed before; else null"
    )
    headers: dict[str, str] | None = Field(
        None, description="that a marketing mail has to carry, by which one leaves; else absent"
    )


class AckAnswer(BaseModel):
    """When a message was first said to be sent."""

    message_id: str
    acked_at: str


class PlanAnswer(BaseModel):
    """What a customer would get, and when, if nothing else happened."""

    customer_id: str
    as_of: str
    decisions: list[DecisionAnswer]


class ModelsAnswer(BaseModel):
    """The stored snapshots, latest published first, each with its manifest."""

    current: str | None
    snapshots: list[dict[str, Any]]


class RollbackRequest(BaseModel, extra="forbid"):
    """Which snapshot to go back to; by default the one before the current."""

    snapshot_id: str | None = Field(None, max_length=100)


class Live(BaseModel):
    """The process answers."""

    status: str


class Ready(BaseModel):
    """A verified snapshot is being served."""

    status: str
    snapshot_id: str
    data_until: str
