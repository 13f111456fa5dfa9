"""What may be asked: path and query parameters, each written once."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self, get_args

from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from nba.checking import trimmed
from nba.recommend.eligibility import Filters
from nba.vocabulary import Availability

MAX_ID: Final = 256
"""The longest id an import takes, in characters."""
MAX_BASKET: Final = 200
"""The most products of a basket."""
MAX_BATCH: Final = 500
"""The most customers named in one request; of a segment there may be any number."""
MAX_MINOR_UNITS: Final = 2**53
"""The greatest whole number that every JSON reader keeps exact."""

ProductPath = Annotated[str, Path(min_length=1, max_length=MAX_ID)]

# As posts and imports do, so that nobody is asked about, or erased, who is somebody else's blank.
_Trimmed = AfterValidator(lambda told: trimmed(told) or told)
CustomerPath = Annotated[str, Path(min_length=1, max_length=MAX_ID), _Trimmed]
CustomerId = Annotated[str, Field(min_length=1, max_length=MAX_ID), _Trimmed]
ProductId = Annotated[str, Field(min_length=1, max_length=MAX_ID)]
ProductIds = Annotated[str, Field(max_length=MAX_BASKET * (MAX_ID + 1))]
Said = Annotated[str | None, Field(min_length=1, max_length=100)]
Price = Annotated[int | None, Field(ge=0, le=MAX_MINOR_UNITS)]
Fallback = Annotated[
    Literal["popular"] | None,
    Field(description="fills up a short list with popular products, labelled"),
]
Explain = Annotated[bool, Field(description="the figures behind each reason")]
Strict = Annotated[bool, Field(description="404 for an unknown product")]
Placement = Annotated[
    str | None,
    Field(max_length=100, description="where the widget stands; changes no answer"),
]

INSTANT_FORM: Final[dict[str, Any]] = {
    "format": "date-time",
    "pattern": r"^(199\d|20\d\d)-((0[13578]|1[02])-(0[1-9]|[12]\d|3[01])"
    r"|(0[469]|11)-(0[1-9]|[12]\d|30)|02-(0[1-9]|1\d|2[0-8]))"
    r"T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?(Z|[+-](0\d|1[0-2]):[0-5]\d)$",
}
"""How an instant is written, for the document; what reads it takes a leap day, too."""


class ListQuery(BaseModel):
    """What every list takes."""

    limit: int = Field(10, ge=1, le=50, description="how many products at most")
    in_basket: list[ProductIds] = Field(
        [], description="products in the basket, never shown; repeated or comma-separated"
    )
    exclude: list[ProductIds] = Field(
        [], description="products never to show; repeated or comma-separated"
    )
    category: str | None = Field(
        None, max_length=500, description="a category path; products in it or below it stay"
    )
    min_price: Price = Field(None, description="minor units, inclusive")
    max_price: Price = Field(None, description="minor units, inclusive")
    availability: Availability | None = Field(
        None, description="by default every product that can be ordered stays"
    )
    collapse: bool = Field(True, description="show one product of each group, the best")

    def filters(self) -> Filters:
        """Give the library's form."""
        return Filters(
            exclude=ids_in(self.exclude),
            in_basket=ids_in(self.in_basket),
            category=self.category,
            min_price=self.min_price,
            max_price=self.max_price,
            availability=self.availability,
            collapse=self.collapse,
        )


class ProfileQuery(BaseModel):
    """What a profile takes besides the customer."""

    as_of: str | None = Field(
        None,
        max_length=64,
        description="an instant with a zone; by default now",
        json_schema_extra=INSTANT_FORM,
    )
    horizon_days: int = Field(
        365, ge=1, le=3650, description="of the expected purchases and the lifetime value"
    )


class Moment(BaseModel):
    """What is known of the moment, in the words of the playbook."""

    place: Said = Field(None, description="where the customer is, in the words of the playbook")
    device: Said = Field(None, description="what they hold, in the words of the playbook")
    hour: int | None = Field(None, ge=0, le=23, description="the hour of their clock")

    def context(self) -> dict[str, str]:
        """Give what is known of the moment, as playbooks have it."""
        told = {"place": self.place, "device": self.device, "hour": self.hour}
        return {name: str(value) for name, value in told.items() if value is not None}


class MomentQuery(Moment):
    """What a decision takes besides the customer: when, and what is known of the moment."""

    as_of: str | None = Field(
        None,
        max_length=64,
        description="what was known at this instant, such as 2026-10-01T08:00Z; now by default",
        json_schema_extra=INSTANT_FORM,
    )


class PlanQuery(MomentQuery):
    """What a plan takes besides the customer."""

    days: int = Field(90, ge=1, le=365, description="how far to look")


class CustomerQuery(ListQuery):
    """What a personal list takes besides the customer."""

    as_of: str | None = Field(
        None,
        max_length=64,
        description="an instant with a zone; the list itself rests on the served snapshot, "
        "which knows the orders up to `model.data_until`",
        json_schema_extra=INSTANT_FORM,
    )


class PicksQuery(CustomerQuery):
    """What picks take besides the customer."""

    session: list[ProductIds] = Field(
        [],
        max_length=MAX_BASKET,
        description="products that the visitor looks at now: they say what is liked, and are not "
        "shown; repeated or comma-separated",
    )

    def looked_at(self) -> list[str]:
        """Give the products of the session."""
        return ids_in(self.session)


class ProductQuery(ListQuery):
    """What a product route takes besides the product."""

    fallback: Fallback = None
    explain: Explain = False
    strict: Strict = False
    placement: Placement = None
    key: str | None = Field(None, max_length=200, description="the publishable key")


_NO_VALUE: Final = object()


class Body(BaseModel, extra="forbid"):
    """A JSON body, whose values have JSON's own types: `"1"` is no number and 1 no truth."""

    @model_validator(mode="before")
    @classmethod
    def _keeps_its_types(cls, told: Any) -> Any:  # noqa: ANN401 - whatever JSON says
        if not isinstance(told, dict):
            return told
        # What is no value of any field is refused by the field itself, which says what it takes.
        return {name: _NO_VALUE if cls._is_other(name, one) else one for name, one in told.items()}

    @classmethod
    def _is_other(cls, name: str, value: object) -> bool:
        """Whether a value would have to be turned into a number or a truth."""
        field = cls.model_fields.get(name)
        kinds = () if field is None else get_args(field.annotation) or (field.annotation,)
        if bool in kinds:
            return not isinstance(value, bool)
        return int in kinds and isinstance(value, str | bool)


class BasketRequest(ListQuery, Body):
    """A basket to complete, as a JSON body."""

    product_ids: list[ProductId] = Field(
        min_length=1,
        max_length=MAX_BASKET,
        description="the basket; a product that stands several times is paid several times",
    )
    target_total: Price = Field(
        None, description="minor units to reach, such as the sum from which delivery is free"
    )
    fallback: Fallback = None
    explain: Explain = False
    strict: Strict = False
    placement: Placement = None


_ONE_QUESTION: Final[dict[str, Any]] = {
    "oneOf": [
        {"required": [asked], "properties": {asked: {"type": form}, left_out: {"type": "null"}}}
        for asked, form, left_out in (
            ("customer_ids", "array", "segment"),
            ("segment", "string", "customer_ids"),
        )
    ],
    "anyOf": [
        {"properties": {"claim": {"const": False}}},
        {"properties": {"as_of": {"type": "null"}}},
    ],
}
"""What `BatchRequest` checks by itself, for the document."""


class ClaimRequest(Moment, Body):
    """What a claim takes besides the customer, as a JSON body; it is always of now."""


class BatchRequest(MomentQuery):
    """Whose next messages to give, as a JSON body: of some customers, or of a segment."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_ONE_QUESTION)

    customer_ids: list[CustomerId] | None = Field(
        None,
        min_length=1,
        description=f"at most {MAX_BATCH}; one that stands several times is answered once",
    )
    segment: str | None = Field(
        None, max_length=100, description="the id of a segment of kind `rfm`; its customers by id"
    )
    claim: bool = Field(False, description="claim what is due, and write the decisions down")
    format: Literal["jsonl", "csv"] = Field("jsonl", description="one whole answer a line, or rows")

    @model_validator(mode="after")
    def _is_one_question(self) -> Self:
        if (self.customer_ids is None) == (self.segment is None):
            raise ValueError("give either customer_ids or segment")
        if self.claim and self.as_of is not None:
            raise ValueError("a claim is of now; leave out as_of, or claim")
        return self


def ids_in(values: list[str]) -> list[str]:
    """Give each value whole, as an id may hold a comma, and the parts between its commas."""
    parts = [part for value in values if "," in value for part in value.split(",") if part]
    return [*(value for value in values if value), *parts]
