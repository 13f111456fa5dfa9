"""How often each customer buys, whether they still do, and what they will be worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from nba.artifacts.outlook import Floats, Part, mean_purchases, quantile, split_purchases
from nba.domain import MICROSECOND
from nba.errors import ConfigError

MODELS: Final = ("bg_nbd", "mbg_nbd")
"""Code order of `Rhythm.model`; the code is also what the model adds to b for the first order."""
SPENDING: Final = "gamma_gamma"
STATES: Final = ("none", "active", "at_risk", "lost")
"""Code order of `Rhythm.state`; none is a customer without a kept purchase."""
INTERVAL: Final = 0.8
"""Probability of the interval around a lifetime value."""
LONGEST_DAYS: Final = 4095
"""How far ahead to look for the day on which a silence becomes a sign."""

_USUAL: Final = 0.5
"""A silence that every second such customer keeps is no sign of anything."""
_WEEK: Final = 7
_DAYS_A_YEAR: Final = 365
_QUARTER: Final = 91.25

Codes = NDArray[np.integer]


class Fit(BaseModel):
    """What one fit found; a row of the manifest's `rhythm.fits`.

    Attributes:
        model: a word of `MODELS`, or `SPENDING`.
        params: r, alpha, a, b in weeks, or p, q, v with v in minor units.
        log_likelihood: of the customers it was fitted on, at these parameters.
        penalty: what the prior took off there; a part of no likelihood. With few customers it is
            the prior that decides.
        chosen: the snapshot uses it.
        customers: on how many it was fitted; with 0 the parameters are the prior's.
        left_out: how many more there were: beyond the sample, or without a positive mean profit.
        correlation: of repeat days and mean profit, which the spending model takes for unrelated;
            null for the other models and where either does not vary.
        converged: the optimiser found a maximum.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    params: Mapping[str, float]
    log_likelihood: float
    penalty: float
    chosen: bool
    customers: int
    left_out: int
    correlation: float | None = None
    converged: bool


@dataclass(frozen=True, slots=True, eq=False)
class LifetimeValue:
    """Profit still to come, float64 per customer asked, minor units, discounted.

    Attributes:
        expected: the mean.
        low, high: between them it will be with probability `INTERVAL` or more, if the models hold.
            Where nearly all such customers buy nothing more both are 0, below the mean.
    """

    expected: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Rhythm:
    """Models of purchases and of spending, and what they need to know of each customer.

    Every method takes customer codes and an instant, one for all or one a customer, and gives one
    figure a code; the figure of one customer does not depend on who else is asked for. x, t_x and
    T are the days with a purchase after the first, the weeks from the first to the last of them,
    and those from the first to the last day before the instant, all in days of UTC. An instant
    before the last purchase counts as the day of it. A customer without a kept purchase has no
    rhythm: all figures are 0.

    Attributes:
        model: int8[1], a code of `MODELS`.
        buying: float64[4]: r, alpha (weeks), a, b: purchases come at a rate of gamma(r, alpha),
            and each is the last with a probability of beta(a, b).
        spending: float64[3]: p, q, v (minor units): the profit of a day is gamma(p, nu) with nu
            of gamma(q, v); q > 2.
        limits: float64[4]: `at_risk_below`, `lost_below`, `at_risk_alive`, `lost_alive` of
            `RhythmConfig`.
        discount: float64[1], a year.
        days: int32 per customer: distinct days with a kept purchase; 0 = none.
        first_day, last_day: datetime64[D] per customer: of those days; 1970-01-01 where none.
        repeat_profit: int64 per customer, minor units: the profit of all days after the first.
        at_risk_day: datetime64[D] per customer: the first day on which `state` says at risk, if
            they buy nothing more; at most `LONGEST_DAYS` after the last, 1970-01-01 where none.
        year_profit: float64 per customer, minor units: the profit of a year of theirs, discounted,
            for as long as they are there; of the year that follows the training.
    """

    model: NDArray[np.int8]
    buying: NDArray[np.float64]
    spending: NDArray[np.float64]
    limits: NDArray[np.float64]
    discount: NDArray[np.float64]
    days: NDArray[np.int32]
    first_day: NDArray[np.datetime64]
    last_day: NDArray[np.datetime64]
    repeat_profit: NDArray[np.int64]
    at_risk_day: NDArray[np.datetime64]
    year_profit: NDArray[np.float64]

    def __len__(self) -> int:
        """Count the customers."""
        return len(self.days)

    def weekly_rate(self, customer: Codes, at: np.datetime64) -> Floats:
        """Give the purchases a week of customers while they are there: (r + x) / (alpha + T)."""
        return self._of_buyers(customer, self._shape(customer) / self._exposure(customer, at))

    def p_alive(self, customer: Codes, at: np.datetime64) -> Floats:
        """Give the probability that customers have not left for good.

        P = 1 / (1 + A / (B' - 1) ((alpha + T) / (alpha + t_x))^(r + x)), where B' is b + x for
        BG/NBD (Fader, Hardie and Lee 2005), which knows P = 1 of whoever has x = 0, and b + x + 1
        for MBG/NBD (Batislam, Denizel and Filiztekin 2007).
        """
        return self._of_buyers(customer, self._p_alive(customer, at))

    def silence(self, customer: Codes, at: np.datetime64) -> Floats:
        """Give the chance of so long a silence in customers who are there.

        S = ((alpha + t_x) / (alpha + T))^(r + x): as often as that a customer with this past and
        no thought of leaving has not bought again by now.
        """
        return self._of_buyers(customer, np.exp(self._log_silence(customer, at)))

    def state(self, customer: Codes, at: np.datetime64) -> NDArray[np.int8]:
        """Say which customers are active, at risk or lost, as codes of `STATES`.

        At risk: the silence is rarer than `at_risk_below` or they are there with less than
        `at_risk_alive`; lost: the same with `lost_below` and `lost_alive`. Each is measured by
        its own rhythm, so that no number of days decides. Nobody is either before the silence is
        longer than half of such customers keep: where few ever come back, the models doubt even
        who bought yesterday.
        """
        log_silence = self._log_silence(customer, at)
        return self._state(customer, log_silence, self._alive_after(customer, log_silence))

    def outlook(
        self, customer: Codes, at: np.datetime64
    ) -> tuple[NDArray[np.int8], Floats, Floats]:
        """Give `state`, `p_alive` and `profit_of_year`, in a third of the time of all three."""
        log_silence = self._log_silence(customer, at)
        there = self._alive_after(customer, log_silence)
        state = self._state(customer, log_silence, there)
        alive, profit = (
            self._of_buyers(customer, figure)
            for figure in (there, there * self.year_profit[customer])
        )
        return state, alive, profit

    def _state(self, customer: Codes, log_silence: Floats, there: Floats) -> NDArray[np.int8]:
        rare, rarest, doubtful, unlikely = self.limits.tolist()
        silence = self._of_buyers(customer, np.exp(log_silence))
        alive = self._of_buyers(customer, there)
        at_risk = (silence < rare) | (alive < doubtful)
        lost = (silence < rarest) | (alive < unlikely)
        code = np.where(at_risk | lost, 2, 1) + lost
        code = np.where(silence < _USUAL, code, 1)
        return np.where(self.days[customer] > 0, code, 0).astype(np.int8)

    def expected_purchases(
        self, customer: Codes, at: np.datetime64, horizon_days: float = _DAYS_A_YEAR
    ) -> Floats:
        """Give the mean number of days with a purchase within the horizon.

        P(alive) times `outlook.mean_purchases`.
        """
        mean = self._means(customer, at, np.array([float(horizon_days)]))
        return self._of_buyers(customer, self._p_alive(customer, at) * mean[:, 0])

    def expected_profit(
        self, customer: Codes, at: np.datetime64, horizon_days: float = _DAYS_A_YEAR
    ) -> Floats:
        """Give the mean of `lifetime_value`, which costs a tenth of its interval.

        Raises:
            ConfigError: the horizon is not positive.
        """
        alive = self._p_alive(customer, at)
        return alive * self.profit_while_there(customer, at, horizon_days)

    def profit_while_there(
        self, customer: Codes, at: np.datetime64, horizon_days: float = _DAYS_A_YEAR
    ) -> Floats:
        """Give what `expected_profit` would be of customers of whom it is sure that they stay.

        Raises:
            ConfigError: the horizon is not positive.
        """
        mean, discounted = self._discounted(customer, at, horizon_days)
        p, q, v = self.spending.tolist()
        total = v + np.maximum(self.repeat_profit[customer], 0)
        amount = p * total / (p * self._repeats(customer) + q - 1)
        return self._of_buyers(customer, discounted * mean * amount)

    def profit_of_year(self, customer: Codes, at: np.datetime64) -> Floats:
        """Give the profit of the coming year, which takes a hundredth of `expected_profit`.

        P(alive) at the instant, times `year_profit`.
        """
        return self._of_buyers(customer, self._p_alive(customer, at) * self.year_profit[customer])

    def lifetime_value(
        self, customer: Codes, at: np.datetime64, horizon_days: float = _DAYS_A_YEAR
    ) -> LifetimeValue:
        """Give the profit that customers will bring within the horizon, and how sure that is.

        The mean is E[m] sum_k E[purchases in quarter k] / (1 + discount)^(its middle, in years),
        with E[m] = p (v + x m) / (p x + q - 1) of Fader and Hardie 2013; repeat days that brought
        a loss on the whole count as having brought nothing. The interval comes from the moments
        of the profit, under both models, of customers who stay and of those who leave within the
        horizon (`outlook.quantile`), discounted as much as the mean.

        Raises:
            ConfigError: the horizon is not positive.
        """
        mean, discounted = self._discounted(customer, at, horizon_days)
        alive = self._p_alive(customer, at)

        p, q, v = self.spending.tolist()
        x = self._repeats(customer)
        total = v + np.maximum(self.repeat_profit[customer], 0)
        tail = p * x + q
        amount = p * total / (tail - 1)
        # E[m_i m_j] of one customer's days; E[m_i^2] is (p + 1) / p of it.
        product = amount * p * total / (tail - 2)
        horizon = horizon_days / _WEEK / self._exposure(customer, at)
        parts = [
            Part(
                alive * part.probability,
                alive * part.mean * amount,
                alive * (part.square + part.mean / p) * product,
            )
            for part in split_purchases(*self._posterior(customer), horizon)
        ]
        low, high = (
            self._of_buyers(customer, discounted * quantile(level, parts))
            for level in ((1 - INTERVAL) / 2, (1 + INTERVAL) / 2)
        )
        expected = discounted * alive * mean * amount
        return LifetimeValue(self._of_buyers(customer, expected), low, high)

    def _discounted(
        self, customer: Codes, at: np.datetime64, horizon_days: float
    ) -> tuple[Floats, Floats]:
        """Give the mean purchases of customers who are there, and how much discounting leaves."""
        if horizon_days <= 0:
            raise ConfigError(f"the horizon is {horizon_days} days; ask for more than 0")
        quarters = max(round(horizon_days / _QUARTER), 1)
        ends = horizon_days * np.arange(1, quarters + 1) / quarters
        middle = (ends - ends[0] / 2) / _DAYS_A_YEAR
        mean = self._means(customer, at, ends)
        factor = (1 + self.discount[0]) ** -middle
        discounted = (np.diff(mean, axis=1, prepend=0) * factor).sum(axis=1) / mean[:, -1]
        return mean[:, -1], discounted

    def _means(self, customer: Codes, at: np.datetime64, horizons: Floats) -> Floats:
        """Give the mean purchases of customers who are there within horizons in days."""
        scaled = horizons / _WEEK / self._exposure(customer, at)[:, None]
        return mean_purchases(*self._posterior(customer), scaled)

    def _posterior(self, customer: Codes) -> tuple[Floats, float, Floats]:
        """Give r + x, A and B' of customers who are there."""
        return self._shape(customer), float(self.buying[2]), self._stays(customer)

    def _p_alive(self, customer: Codes, at: np.datetime64) -> Floats:
        return self._alive_after(customer, self._log_silence(customer, at))

    def _alive_after(self, customer: Codes, log_silence: Floats) -> Floats:
        left_once = (self._repeats(customer) > 0) | (self.model[0] > 0)
        # B' - 1 of a customer who cannot have left yet may be negative.
        stays = np.where(left_once, self._stays(customer) - 1, 1)
        odds = np.log(self.buying[2] / stays) - log_silence
        return np.where(left_once, np.exp(-np.logaddexp(0, odds)), 1)

    def _log_silence(self, customer: Codes, at: np.datetime64) -> Floats:
        active = self.last_day[customer] - self.first_day[customer]
        until_last = self.buying[1] + active.astype(np.float64) / _WEEK
        since = np.log(until_last / self._exposure(customer, at))
        return np.asarray(self._shape(customer) * since)

    def _exposure(self, customer: Codes, at: np.datetime64) -> Floats:
        """Give alpha + T."""
        last = np.asarray(at - MICROSECOND).astype("datetime64[D]")
        known = np.maximum(last, self.last_day[customer]) - self.first_day[customer]
        return np.asarray(self.buying[1] + known.astype(np.float64) / _WEEK)

    def _repeats(self, customer: Codes) -> NDArray[np.int32]:
        return np.maximum(self.days[customer] - 1, 0)

    def _shape(self, customer: Codes) -> Floats:
        """Give r + x."""
        return np.asarray(self.buying[0] + self._repeats(customer))

    def _stays(self, customer: Codes) -> Floats:
        """Give B', the second parameter of the beta distribution of customers who are there."""
        return np.asarray(self.buying[3] + self._repeats(customer) + self.model[0])

    def _of_buyers(self, customer: Codes, figure: Floats) -> Floats:
        return np.where(self.days[customer] > 0, figure, 0.0)
