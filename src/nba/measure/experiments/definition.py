"""What an experiment tries, on whom, for how long, and what it must bring, as TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeVar

import numpy as np
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

from nba.config import described
from nba.domain import uniform
from nba.errors import ConfigError
from nba.vocabulary import MESSAGE_IDS

HELD_OUT: Final = "holdout"
"""The group of who gets nothing at all."""
LEAST_DAYS: Final = 14
"""Days an experiment runs before it is judged: two of every day of the week."""

Metric = Literal["conversion", "revenue", "lifetime_value"]
"""What is measured a customer: 0 or 1 for a useful action, else minor units."""

_Moment = Annotated[
    AwareDatetime, Field(ge=datetime(1990, 1, 1, tzinfo=UTC), lt=datetime(2100, 1, 1, tzinfo=UTC))
]
_AnyTable = TypeVar("_AnyTable", bound="Table")


class Table(BaseModel):
    """A table of such a file: fixed once read, and of known keys alone."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Arm(Table):
    """One of the things compared."""

    id: str = Field(min_length=1)
    weight: int = Field(1, ge=1, le=1000)
    """Of so many parts of the customers, as many as the weights of all arms add up to."""


class HeldOut(Table):
    """Customers who get nothing; those of a playbook where share and salt are the same."""

    share: float = Field(gt=0, lt=1)
    salt: str = ""


class Experiment(Table):
    """An experiment, fixed before it starts.

    Raises:
        ConfigError: from `from_toml`, when a key is unknown or a value makes no sense.
    """

    id: str = Field(min_length=1)
    """By default the name of the file; draws the arms, unless `salt` does."""
    salt: str = ""
    """What draws the arms; a message's id gives the arms of its variants."""
    hypothesis: str = Field(min_length=1)
    """What is believed, in words."""
    messages: tuple[str, ...] = ()
    """Words of `vocabulary.MESSAGE_IDS`: whoever one of them is due to is tried on."""
    segments: tuple[str, ...] = ()
    """Segments whose customers are tried on; none means everybody."""
    metric: Metric
    """What decides."""
    beside: Mapping[Metric, Annotated[float, Field(gt=0)]] = {}
    """What is read out too, without a say, with its baseline."""
    baseline: float = Field(gt=0)
    """Mean of the metric a customer without what is tried: a share, or minor units."""
    deviation: float | None = Field(None, gt=0)
    """Its standard deviation over customers, minor units; of a conversion it follows."""
    minimum_effect: float = Field(gt=0)
    """The least change worth having, as a share of the baseline: 0.1 = 10 % more."""
    alpha: float = Field(0.05, gt=0, le=0.5)
    """Chance of calling an effect where there is none, over all looks and arms together."""
    power: float = Field(0.8, ge=0.5, lt=1)
    """Chance of finding the minimum effect with the required number of customers."""
    window_days: int = Field(7, ge=1, le=365)
    """Days after a customer enters in which the metric counts; counted when they are over."""
    starts_at: _Moment
    ends_at: _Moment
    """Customers enter from the one to before the other; two to four weeks are usual."""
    arm: tuple[Arm, ...] = Field(min_length=2)
    """The first is the control, with which each other is compared."""
    holdout: HeldOut | None = None

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Read the file of an experiment."""
        return read_table(cls, "experiment", path)

    @property
    def control(self) -> str:
        """The arm with which the others are compared."""
        return self.arm[0].id

    @property
    def shares(self) -> dict[str, float]:
        """Group → share of the customers that is drawn into it; they add up to 1."""
        held = self.holdout.share if self.holdout else 0.0
        parts = sum(one.weight for one in self.arm)
        shares = {one.id: (1 - held) * one.weight / parts for one in self.arm}
        return {**shares, HELD_OUT: held} if held else shares

    @property
    def baselines(self) -> dict[Metric, float]:
        """Metric → its baseline, of the one that decides first, then of those beside it."""
        return {self.metric: self.baseline, **self.beside}

    @property
    def effect(self) -> float:
        """The least change worth having, in the unit of the metric."""
        return self.minimum_effect * self.baseline

    @property
    def alpha_each(self) -> float:
        """Alpha of one comparison: shared among the arms (Bonferroni)."""
        return self.alpha / (len(self.arm) - 1)

    @property
    def last_window(self) -> np.datetime64:
        """The instant at which everybody's window is over: datetime64[us], UTC."""
        return instant(self.ends_at) + np.timedelta64(self.window_days, "D")

    def group_of(self, customer_id: str) -> str:
        """Draw the arm of a customer, or the holdout, always the same.

        The numbers are those by which a policy holds customers out and draws variants: functions
        of (salt, customer). Who is held out never changes by a change of the arms.
        """
        if self.holdout and uniform(0, customer_id, HELD_OUT, self.holdout.salt) < (
            self.holdout.share
        ):
            return HELD_OUT
        ends = list(accumulate(one.weight for one in self.arm))
        # Whole parts, as equal ones are drawn elsewhere, so that no bound is off by a rounding.
        part = int(uniform(0, customer_id, "arm", self.salt or self.id) * ends[-1])
        return next(one.id for one, end in zip(self.arm, ends, strict=True) if part < end)

    @field_validator("messages")
    @classmethod
    def _are_messages(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [one for one in value if one not in MESSAGE_IDS]:
            raise ValueError(f"there is no message {unknown[0]!r}; write one of a playbook's words")
        return value

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        names = [one.id for one in self.arm]
        if len({*names, HELD_OUT}) <= len(names):
            raise ValueError(
                f"arms are called {', '.join(names)}; give each its own name, other than {HELD_OUT}"
            )
        if self.ends_at - self.starts_at < timedelta(days=LEAST_DAYS):
            raise ValueError(
                f"it runs from {self.starts_at} to {self.ends_at}; let it run {LEAST_DAYS} days or "
                "more, so that each day of the week is there twice"
            )
        if self.metric in self.beside:
            raise ValueError(f"{self.metric} decides already; name further metrics in beside")
        if self.metric != "conversion":
            if self.deviation is None:
                raise ValueError(
                    f"deviation is missing; {self.metric} needs its standard deviation over "
                    "customers for the number of customers it takes"
                )
        elif self.deviation is not None:
            raise ValueError("deviation is of no use to a conversion: it follows from the baseline")
        elif self.baseline * (1 + self.minimum_effect) >= 1:
            raise ValueError(
                f"a conversion of {self.baseline:g} and {self.minimum_effect:.0%} more is not "
                "below 1; lower the baseline or the minimum effect"
            )
        return self


def instant(moment: datetime) -> np.datetime64:
    """Give a moment with a zone as datetime64[us], UTC."""
    return np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "us")


def read_table(kind: type[_AnyTable], name: str, path: str | Path) -> _AnyTable:
    """Read a file with the fields of a table; its id is by default the name of the file.

    Raises:
        ConfigError: the file cannot be read, or says what it may not.
    """
    try:
        document = tomllib.loads(Path(path).read_text("utf-8"))
        return kind.model_validate({"id": Path(path).stem, **document})
    except OSError as error:
        raise ConfigError(f"the {name} {path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # no UTF-8, no TOML, or no such fields
        raise ConfigError(f"the {name} {path} is not valid: {described(error)}") from None
