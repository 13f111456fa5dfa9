"""The part of a recipe that says how customers are told apart: bands, tiers, fans and rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from nba.palette import (
    BAND_LOOKS,
    FAN_LOOK,
    PLAIN_COLOUR,
    PLAIN_ICON,
    RHYTHM_LOOKS,
    RULE_LOOK,
    SEGMENT_LOOKS,
    TIER_LOOKS,
    Look,
)

NUMBER, TEXT, FLAG, ANY = "number", "text", "flag", "any"
ATTRIBUTE: Final = "attributes."
"""What a rule's field begins with when it names a key of the customer's attributes."""
FIELDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("r", "f", "m", "days_since_first", "days_since_last"), NUMBER),
    **dict.fromkeys(("orders", "order_days", "revenue", "profit", "average_order"), NUMBER),
    **dict.fromkeys(("spend", "points", "fan_score", "reviews", "referrals"), NUMBER),
    **dict.fromkeys(("segment", "band", "tier", "account_type", "locale", "timezone"), TEXT),
    "fan": FLAG,
}
"""The fields that a rule may test, each with the kind of its values; money is in minor units."""
ORDERING: Final = ("at_least", "at_most", "above", "below")
EQUALITY: Final = ("is", "is_not")
OPERATORS: Final = (*ORDERING, *EQUALITY, "has")

Value = bool | int | float | str


class _Section(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


class Condition(_Section):
    """What one field of a customer must hold; with several operators, all of them.

    A field that is missing meets no condition, `is_not` among them, but for `has = false`. Texts
    are compared letter by letter, upper and lower case being different.
    """

    field: str
    """A word of `FIELDS`, or `attributes.<key>`."""
    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None
    is_: tuple[Value, ...] | None = Field(None, alias="is", min_length=1)
    """The field is one of these."""
    is_not: tuple[Value, ...] | None = Field(None, min_length=1)
    """The field is none of these."""
    has: bool | None = None
    """The field is there, or with false is not."""

    @model_validator(mode="before")
    @classmethod
    def _makes_sense(cls, given: Any) -> Any:  # noqa: ANN401 - whatever the recipe holds
        if not isinstance(given, Mapping):
            return given
        name = given.get("field")
        kind = _kind(name)
        used = {key.removesuffix("_"): given[key] for key in given if key != "field"}
        unknown = sorted(set(used) - set(OPERATORS))
        if unknown:
            raise ValueError(f"{name} has no operator {unknown[0]}; write one of {OPERATORS}")
        used = {operator: value for operator, value in used.items() if value is not None}
        if not used:
            raise ValueError(f"{name} has no operator; write one of {OPERATORS}")
        for operator, value in used.items():
            _refuse_other_kind(name, kind, operator, value)
        return given


class SegmentRule(_Section):
    """A segment of the customers who meet all conditions."""

    id: str = Field(min_length=1)
    label: str = ""
    """What people read; without it the id."""
    colour: str = Field(RULE_LOOK.colour, pattern=r"^#[0-9a-f]{6}$")
    icon: str = Field(RULE_LOOK.icon, min_length=1, max_length=8)
    where: tuple[Condition, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _names_itself(cls, given: Any) -> Any:  # noqa: ANN401 - whatever the recipe holds
        if not isinstance(given, Mapping):
            return given
        where = given.get("where")
        for one in where if isinstance(where, list | tuple) else ():
            try:
                Condition.model_validate(one)
            except ValueError as error:
                raise ValueError(f"rule {given.get('id')!r}: {_reason(error)}") from None
        return given

    @property
    def look(self) -> Look:
        """How it looks."""
        return Look(label=self.label or self.id, colour=self.colour, icon=self.icon)


class Band(_Section):
    """Customers by what they paid in a period: from a boundary up to the next band's.

    The boundary itself belongs to the band with `at_least`, and to the band before with `above`.
    """

    id: str = Field(min_length=1)
    at_least: int | None = Field(None, ge=0)
    """Minor units from which on a customer is in the band."""
    above: int | None = Field(None, ge=0)
    """Minor units above which a customer is in the band."""
    look: Look

    @model_validator(mode="after")
    def _has_one_boundary(self) -> Self:
        if (self.at_least is None) == (self.above is None):
            raise ValueError(f"band {self.id!r} needs either at_least or above")
        return self

    @property
    def floor(self) -> int:
        """The least sum in the band, minor units."""
        return self.at_least if self.at_least is not None else (self.above or 0) + 1


class Tier(_Section):
    """A rank of the shop's loyalty programme, and what one has to spend in the period for it."""

    id: str = Field(min_length=1)
    """As the `customers` table writes it, letter by letter."""
    at_least: int = Field(ge=0)
    """Minor units."""
    look: Look | None = None
    """By default that of `palette.TIER_LOOKS`, or a plain one."""


class FansConfig(_Section):
    """Who is a fan: weights of the four shares within the shop, and the path to becoming one."""

    frequency: float = Field(0.4, ge=0)
    """Weight of the share of customers with fewer order days."""
    recency: float = Field(0.2, ge=0)
    """Weight of the share of customers whose last order is older."""
    reviews: float = Field(0.2, ge=0)
    """Weight of the share of customers with fewer reviews and ratings."""
    referrals: float = Field(0.2, ge=0)
    """Weight of the share of customers who brought fewer others."""
    threshold: float = Field(0.55, gt=0, le=1)
    """Score from which on a customer is a fan."""
    order_days: int = Field(3, ge=1)
    """Days with an order that a fan has at least; with the last of these they became one."""
    referred_by: str = Field("referred_by", min_length=1)
    """Key of a customer's attributes that holds the id of who brought them."""
    window_days: int = Field(90, ge=1)
    """Days before becoming a fan whose messages and products are a path to it."""
    smoothing: float = Field(20.0, ge=0)
    """Customers of the usual share added to both sides of a path's lift."""
    min_fans: int = Field(10, ge=1)
    """Fans that must have gone a path, at least."""
    min_share: float = Field(0.01, ge=0, le=1)
    """Share of the fans who must have gone it, at least."""
    controls: int = Field(4, ge=1)
    """Other customers compared with each fan, at most."""
    top_k: int = Field(20, ge=0, le=1000)
    """Paths kept."""


_BANDS: Final = (
    Band(id="small", at_least=0, look=BAND_LOOKS["small"]),
    Band(id="middle", at_least=10_000_000, look=BAND_LOOKS["middle"]),
    Band(id="large", above=20_000_000, look=BAND_LOOKS["large"]),
)


class SegmentsConfig(_Section):
    """How customers are told apart."""

    period_days: int = Field(365, ge=1)
    """Days before the last fact whose purchases make the bands and tiers."""
    monetary: Literal["revenue", "profit"] = "revenue"
    """What the monetary score ranks by."""
    band_account_types: tuple[str, ...] = ("b2b",)
    """Account types that have bands; none = all customers have."""
    band: tuple[Band, ...] = _BANDS
    """From the lowest; whoever is below the first has none."""
    tier: tuple[Tier, ...] = ()
    """From the lowest."""
    fans: FansConfig = FansConfig()
    rule: tuple[SegmentRule, ...] = ()
    segment_looks: Mapping[str, Look] = {}
    """Looks of the ten segments that differ from `palette.SEGMENT_LOOKS`."""
    rhythm_looks: Mapping[str, Look] = {}
    """Looks of active, at_risk and lost that differ from `palette.RHYTHM_LOOKS`."""
    fan_look: Look = FAN_LOOK

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        for name, ids, known in (
            ("segment_looks", self.segment_looks, SEGMENT_LOOKS),
            ("rhythm_looks", self.rhythm_looks, RHYTHM_LOOKS),
        ):
            if unknown := sorted(set(ids) - set(known)):
                raise ValueError(f"{name} has no {unknown[0]!r}; write one of {list(known)}")
        _refuse_repeated("band", (one.id for one in self.band))
        _refuse_repeated("tier", (one.id for one in self.tier))
        _refuse_repeated("rule", (one.id for one in self.rule))
        _refuse_falling("bands", [one.floor for one in self.band])
        _refuse_falling("tiers", [one.at_least for one in self.tier])
        chosen = {"segment": list(SEGMENT_LOOKS), "band": [one.id for one in self.band]}
        for rule in self.rule:
            for one in rule.where:
                for value in (*(one.is_ or ()), *(one.is_not or ())):
                    if value not in chosen.get(one.field, [value]):
                        raise ValueError(
                            f"rule {rule.id!r}: there is no {one.field} {value!r}; "
                            f"write one of {chosen[one.field]}"
                        )
        return self

    def segment_look(self, segment: str) -> Look:
        """Give the look of one of the ten segments."""
        return self.segment_looks.get(segment, SEGMENT_LOOKS[segment])

    def rhythm_look(self, state: str) -> Look:
        """Give the look of active, at_risk or lost."""
        return self.rhythm_looks.get(state, RHYTHM_LOOKS[state])

    def tier_look(self, tier: str) -> Look:
        """Give the look of a tier, whether or not the recipe knows it."""
        said = {one.id: one.look for one in self.tier if one.look is not None}
        plain = Look(label=tier, colour=PLAIN_COLOUR, icon=PLAIN_ICON)
        return said.get(tier, TIER_LOOKS.get(tier, plain))


def _kind(name: object) -> str:
    if isinstance(name, str):
        if name in FIELDS:
            return FIELDS[name]
        if name.startswith(ATTRIBUTE) and len(name) > len(ATTRIBUTE):
            return ANY
    raise ValueError(
        f"there is no field {name!r}; write one of {sorted(FIELDS)} or {ATTRIBUTE}<key>"
    )


def _refuse_other_kind(name: object, kind: str, operator: str, value: object) -> None:
    if operator == "has":
        if not isinstance(value, bool):
            raise ValueError(f"{name} has takes true or false, not {value!r}")
    elif operator in ORDERING:
        if kind not in (NUMBER, ANY):
            raise ValueError(f"{name} is a {kind} and has no {operator}; write is or is_not")
        if _kind_of(value) != NUMBER:
            raise ValueError(f"{name} {operator} takes a number, not {value!r}")
    else:
        if not isinstance(value, list | tuple):
            raise ValueError(f"{name} {operator} takes a list, not {value!r}")
        for one in value:
            found = _kind_of(one)
            if found is None:
                raise ValueError(f"{name} {operator} takes texts, numbers or flags, not {one!r}")
            if kind not in (ANY, found):
                raise ValueError(f"{name} is a {kind}, and {one!r} in {operator} is none")


def _kind_of(value: object) -> str | None:
    if isinstance(value, bool):
        return FLAG
    if isinstance(value, int | float):
        return NUMBER
    return TEXT if isinstance(value, str) else None


def _reason(error: ValueError) -> str:
    """Give the first reason that the checker found, without its own trimmings."""
    found = getattr(error, "errors", None)
    return found()[0]["msg"].removeprefix("Value error, ") if found else str(error)


def _refuse_repeated(kind: str, ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for one in ids:
        if one in seen:
            raise ValueError(f"two of {kind} have the id {one!r}; give each its own")
        seen.add(one)


def _refuse_falling(kind: str, floors: list[int]) -> None:
    if floors != sorted(set(floors)):
        raise ValueError(f"the boundaries of {kind} are {floors}; write them rising")
