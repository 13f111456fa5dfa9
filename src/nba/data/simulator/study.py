"""Arms played on several simulated shops: what each earns, with intervals over the shops."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from nba.data.simulator.outcome import NOTHING, PER_CUSTOMERS, MessageTally, Outcome
from nba.domain import significant

Floats = NDArray[np.float64]

CONFIDENCE: Final = 0.95
FEWEST_SHOPS: Final = 2
"""Of fewer no interval can be given."""
ORACLE: Final = "oracle"
_NORMAL: Final = 1.959964
SUMMED: Final = ("messages", "useful", "unsubscribes", "refused", "repeated", "postponed")


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """What is kept of one arm on one shop; money in minor units.

    Attributes:
        profit: float64 per customer, by id: margin less the cost of sending.
        expected: float64 per customer: what the messages sent were truly expected to add to it.
        counts: name of `SUMMED` → how many.
        cost: of sending.
        contactable: share of the customers with a channel still granted.
        lifetime: expected profit of the coming year, a customer.
        messages: message by message.
    """

    profit: Floats
    expected: Floats
    counts: Mapping[str, int]
    cost: float
    contactable: float
    lifetime: float
    messages: Sequence[MessageTally]

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """Keep what a study needs."""
        summary = outcome.summary()
        return cls(
            outcome.column("profit"),
            outcome.column("expected"),
            {name: int(summary[name]) for name in SUMMED},
            float(outcome.column("cost").sum()),
            float(outcome.column("contactable").mean()),
            float(outcome.column("lifetime").mean()),
            outcome.messages,
        )


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval, which is None where there are too few shops for one."""

    mean: float
    low: float | None
    high: float | None

    @classmethod
    def over(cls, values: Floats) -> Self:
        """Average over shops: mean, and Student's t interval of it."""
        return cls._around(float(values.mean()), values)

    @classmethod
    def jackknife(cls, count: int, figure: Callable[[NDArray[np.int64]], float | None]) -> Self:
        """Estimate a figure of several shops together, such as a ratio of sums.

        The interval is Student's t over the pseudo-values of leaving each shop out (Tukey 1958).

        Args:
            count: of shops.
            figure: gives it for some of them; None where they do not say.
        """
        shops = np.arange(count)
        whole = figure(shops)
        parts = [figure(np.delete(shops, one)) for one in range(count)] if count > 1 else []
        known = [one for one in parts if one is not None]
        if whole is None:
            return cls(np.nan, None, None)
        if len(known) < count:
            return cls(significant(whole), None, None)
        return cls._around(whole, count * whole - (count - 1) * np.array(known))

    @classmethod
    def _around(cls, mean: float, values: Floats) -> Self:
        """Give a figure the interval of the mean of some values, laid around it."""
        if len(values) < FEWEST_SHOPS:
            return cls(significant(mean), None, None)
        reach = float(stdtrit(len(values) - 1, (1 + CONFIDENCE) / 2)) * float(
            values.std(ddof=1) / np.sqrt(len(values))
        )
        return cls(significant(mean), significant(mean - reach), significant(mean + reach))

    def to_dict(self) -> dict[str, float | None]:
        """Give the JSON form: None where nothing is known."""
        return {name: None if one is None or np.isnan(one) else one for name, one in self._parts()}

    def _parts(self) -> list[tuple[str, float | None]]:
        return [("mean", self.mean), ("low", self.low), ("high", self.high)]


@dataclass(frozen=True, slots=True)
class Study:
    """Several arms on the same shops, one shop a seed; `nothing` is among the arms.

    Attributes:
        days: played.
        currency: of all money.
        seeds: of the shops and the plays.
        arms: name → the arm on each shop, in the order of the seeds.
    """

    days: int
    currency: str
    seeds: Sequence[int]
    arms: Mapping[str, Sequence[Played]]

    def in_expectation(self) -> Self:
        """Give the study of what messages were expected to add, in the place of profits.

        What customers happen to buy, which tells more of chance than of an arm, is left out: an arm
        that sends nothing has 0.
        """
        arms = {
            name: [replace(one, profit=one.expected) for one in plays]
            for name, plays in self.arms.items()
        }
        return replace(self, arms=arms)

    def added(self, arm: str, base: str = NOTHING) -> Floats:
        """Give the profit an arm adds to another, per 1,000 customers, shop by shop."""
        pairs = zip(self.arms[arm], self.arms[base], strict=True)
        return np.array([(one.profit - two.profit).mean() * PER_CUSTOMERS for one, two in pairs])

    def gain(self, arm: str, base: str = NOTHING) -> Estimate:
        """Estimate that: paired, as both arms meet the same shop, customers and chance."""
        return Estimate.over(self.added(arm, base))

    def gain_by_customers(self, arm: str, base: str = NOTHING) -> Estimate:
        """Estimate the same with the interval of customers within their shops."""
        pairs = list(zip(self.arms[arm], self.arms[base], strict=True))
        means = [(one.profit - two.profit).mean() for one, two in pairs]
        errors = [(one.profit - two.profit).var(ddof=1) / len(one.profit) for one, two in pairs]
        mean = float(np.mean(means)) * PER_CUSTOMERS
        reach = _NORMAL * float(np.sqrt(np.sum(errors))) / len(pairs) * PER_CUSTOMERS
        return Estimate(significant(mean), significant(mean - reach), significant(mean + reach))

    def share_more(self, arm: str, base: str) -> Estimate:
        """Estimate how much more an arm adds to nothing than another does: 0.25 is a quarter."""
        mine, theirs = self.added(arm), self.added(base)

        def ratio(shops: NDArray[np.int64]) -> float | None:
            below = float(theirs[shops].sum())
            return float(mine[shops].sum()) / below - 1 if below > 0 else None

        return Estimate.jackknife(len(self.seeds), ratio)

    def per_message(self, arm: str, count: str) -> Estimate:
        """Estimate how many of `SUMMED` there are a message, over all shops together."""
        told = np.array([one.counts[count] for one in self.arms[arm]], np.float64)
        sent = np.array([one.counts["messages"] for one in self.arms[arm]], np.float64)

        def share(shops: NDArray[np.int64]) -> float | None:
            messages = float(sent[shops].sum())
            return float(told[shops].sum()) / messages if messages else None

        return Estimate.jackknife(len(self.seeds), share)

    def per_customers(self, arm: str, count: str) -> Floats:
        """Give a count of `SUMMED` per 1,000 customers, shop by shop."""
        return np.array(
            [one.counts[count] / len(one.profit) * PER_CUSTOMERS for one in self.arms[arm]]
        )

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form; profits are minor units per 1,000 customers.

        What is called in expectation is of what messages truly add, all else of what was earned.
        """
        names = list(self.arms)
        return {
            "days": self.days,
            "currency": self.currency,
            "seeds": list(self.seeds),
            "arms": {name: self._arm(name) for name in names},
            "differences": self._differences(),
            "differences_in_expectation": self.in_expectation()._differences(),
        }

    def pairs(self) -> list[tuple[str, str]]:
        """List each arm that sends with each such arm before it."""
        names = [one for one in self.arms if one != NOTHING]
        return [(arm, base) for place, arm in enumerate(names) for base in names[:place]]

    def _differences(self) -> dict[str, Any]:
        return {
            f"{arm} - {base}": {
                "profit_per_1000": self.gain(arm, base).to_dict(),
                "profit_per_1000_by_customers": self.gain_by_customers(arm, base).to_dict(),
                "share_more": self.share_more(arm, base).to_dict(),
            }
            for arm, base in self.pairs()
        }

    def _arm(self, name: str) -> dict[str, Any]:
        plays = self.arms[name]

        def over(values: Sequence[float]) -> dict[str, float | None]:
            return Estimate.over(np.array(values, np.float64)).to_dict()

        return {
            "customers": sum(len(one.profit) for one in plays),
            **{count: sum(one.counts[count] for one in plays) for count in SUMMED},
            "profit_per_1000": over([one.profit.mean() * PER_CUSTOMERS for one in plays]),
            "cost_per_1000": over([one.cost / len(one.profit) * PER_CUSTOMERS for one in plays]),
            "incremental_profit_per_1000": self.gain(name).to_dict(),
            "incremental_profit_per_1000_by_customers": self.gain_by_customers(name).to_dict(),
            "in_expectation": self.in_expectation().gain(name).to_dict(),
            "useful_per_message": self.per_message(name, "useful").to_dict(),
            "unsubscribes_per_message": self.per_message(name, "unsubscribes").to_dict(),
            "unsubscribes_per_1000": over(self.per_customers(name, "unsubscribes").tolist()),
            "contactable_share": over([one.contactable for one in plays]),
            "lifetime": over([one.lifetime for one in plays]),
            "share_of_oracle": self.share_more(name, ORACLE).to_dict()
            if ORACLE in self.arms
            else None,
            "per_message": [asdict(one) for one in self.messages(name)],
        }

    def messages(self, arm: str) -> list[MessageTally]:
        """Add up the messages of an arm over all shops."""
        summed: dict[str, dict[str, Any]] = {}
        for play in self.arms[arm]:
            for one in play.messages:
                cells = asdict(one)
                told = summed.setdefault(one.message, dict.fromkeys(cells, 0))
                for name, cell in cells.items():
                    told[name] = cell if name == "message" else told[name] + cell
        return [MessageTally(**summed[name]) for name in sorted(summed)]
