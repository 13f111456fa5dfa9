"""How simulated customers answer messages: planted hazards, fatigue, and chance by name.

The functions are hazards that multiply, on purpose of another form than the products of rates by
which a policy values a message: a policy cannot be right here by sharing the simulator's formula.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import uniform
from nba.errors import ConfigError, DataError

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

ANY: Final = "*"
"""In a row of responses: every message, or every state."""
RESPONSE_DAYS: Final = 7
"""Days within which a useful action counts as an answer."""
NEAR_RELEVANCE: Final = 0.35
"""Relevance of the right type that does not fit, or of a need that opens soon."""
NEAR_DAYS: Final = 14
"""How soon is soon."""
KERNEL_FLOOR: Final = 0.15
LOST_UNSUBSCRIBE: Final = 2.0
"""Factor on the unsubscribe hazard of a customer who has left the shop."""
TRANSACTIONAL: Final = frozenset(("awaiting-payment", "order-status", "delay"))
"""Messages that tire nobody and need no consent, in a history that does not say their kind."""
NEED_KINDS: Final = frozenset(
    ("accessory", "spare_part", "refill", "replacement", "wish", "cart", "waitlist")
)


@dataclass(frozen=True, slots=True)
class Response:
    """How customers in a state answer one message.

    Attributes:
        message: a message id, or `*` for those without a row of their own.
        state: a state such as `client/idle`, or `*`.
        useful_rate: base hazard of a useful action within 7 days, at full relevance.
        broadcast_relevance: relevance when no shown product meets a need, 0..1.
        needs: kinds of needs that make a shown product relevant; with none, products do not
            matter and the relevance is always `broadcast_relevance`.
        unsubscribe_rate: base hazard of an unsubscribe.
        peak_days, spread_days: days since delivery where the useful hazard peaks, and the width
            of the peak; None where timing does not matter.
    """

    message: str
    state: str
    useful_rate: float
    broadcast_relevance: float
    needs: frozenset[str]
    unsubscribe_rate: float
    peak_days: float | None = None
    spread_days: float | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read a row of the truth table `responses`.

        Raises:
            DataError: a kind of need is unknown, a rate negative, or a peak without a spread.
        """
        named = frozenset(part.strip() for part in (row["needs"] or "").split(",") if part.strip())
        where = f"responses of {row['message']!r} in {row['state']!r}"
        if named - NEED_KINDS:
            raise DataError(
                f"{where}: needs {sorted(named - NEED_KINDS)} are unknown; "
                f"expected some of {sorted(NEED_KINDS)}"
            )
        if not (row["useful_rate"] >= 0 and row["unsubscribe_rate"] >= 0):
            raise DataError(f"{where}: a rate is negative; hazards are 0 or more")
        if not 0 <= row["broadcast_relevance"] <= 1:
            raise DataError(
                f"{where}: broadcast_relevance is {row['broadcast_relevance']}; expected 0 to 1"
            )
        if row["peak_days"] is not None and not (row["spread_days"] or 0) > 0:
            raise DataError(f"{where}: peak_days needs a spread_days greater than 0")
        return cls(
            row["message"],
            row["state"],
            row["useful_rate"],
            row["broadcast_relevance"],
            named,
            row["unsubscribe_rate"],
            row["peak_days"],
            row["spread_days"],
        )

    def to_row(self) -> dict[str, Any]:
        """Give the row of the truth table."""
        return {
            "message": self.message,
            "state": self.state,
            "useful_rate": self.useful_rate,
            "broadcast_relevance": self.broadcast_relevance,
            "needs": ",".join(sorted(self.needs)),
            "unsubscribe_rate": self.unsubscribe_rate,
            "peak_days": self.peak_days,
            "spread_days": self.spread_days,
        }


@dataclass(frozen=True, slots=True)
class Fatigue:
    """How earlier messages weigh on the next one.

    Attributes:
        half_life_days: age at which an earlier marketing message weighs half.
        useful_slope: decline of the log useful hazard a unit of load.
        unsubscribe_slope: growth of the unsubscribe hazard a unit of squared load.
        channel_mismatch: factor on the useful hazard away from the customer's best channel.
    """

    half_life_days: float
    useful_slope: float
    unsubscribe_slope: float
    channel_mismatch: float

    def load(self, ages_days: Floats) -> Floats:
        """Weigh earlier marketing messages: 2^(-age / half-life) each; the load is their sum.

        Args:
            ages_days: days since each was sent, 0 or more.
        """
        return np.exp2(-np.asarray(ages_days, np.float64) / self.half_life_days)


@dataclass(frozen=True, slots=True, eq=False)
class Contacts:
    """Messages about to be sent, one a row.

    Attributes:
        row: int, a position in `Responses.rows`.
        relevance: 0..1, of the products shown.
        days: days since the delivery the message speaks of; NaN where it speaks of none.
        load: sum of the weights of the customer's earlier marketing messages.
        responsiveness, annoyance: the customer's own factors, about 1.
        on_best_channel: bool: it travels on the channel the customer answers on best.
        lost: bool: the customer has left the shop.
    """

    row: NDArray[np.int64]
    relevance: Floats
    days: Floats
    load: Floats
    responsiveness: Floats
    annoyance: Floats
    on_best_channel: Flags
    lost: Flags


class Responses:
    """The planted answers of a shop: one row a message and state, and the fatigue."""

    def __init__(self, rows: Iterable[Response], fatigue: Fatigue) -> None:
        """Index the rows by message and state.

        Raises:
            DataError: two rows are of the same message and state.
        """
        self.rows: Sequence[Response] = tuple(rows)
        self.fatigue = fatigue
        self._place = {(one.message, one.state): k for k, one in enumerate(self.rows)}
        if len(self._place) < len(self.rows):
            raise DataError("two rows of responses are of the same message and state; keep one")
        self._useful = np.array([one.useful_rate for one in self.rows], np.float64)
        self._unsubscribe = np.array([one.unsubscribe_rate for one in self.rows], np.float64)
        self._peak = np.array([_number(one.peak_days) for one in self.rows], np.float64)
        self._spread = np.array([_number(one.spread_days) for one in self.rows], np.float64)

    @classmethod
    def shipped(cls) -> Self:
        """The answers planted by this version, for every message a playbook may hold."""
        return cls(_SHIPPED, SHIPPED_FATIGUE)

    def find(self, message: str, state: str) -> int:
        """Give the row of a message in a state: its own, else of any state, else of any message.

        Raises:
            ConfigError: no row stands for the message.
        """
        for key in ((message, state), (message, ANY), (ANY, state), (ANY, ANY)):
            if key in self._place:
                return self._place[key]
        raise ConfigError(
            f"message {message!r} has no planted response in state {state!r}: nobody knows how "
            f"customers would answer it; add a row for it, or for message '{ANY}', to responses"
        )

    def kernel(self, row: NDArray[np.int64], days: Floats) -> Floats:
        """Weigh the timing: exp(-((days - peak) / spread)^2 / 2), at least 0.15.

        Returns:
            0.15..1 per row; 1 where the message has no peak. Without a delivery, the floor.
        """
        peak = self._peak[row]
        away = (np.where(np.isnan(days), np.inf, days) - peak) / self._spread[row]
        shaped = np.maximum(np.exp(-0.5 * np.square(away)), KERNEL_FLOOR)
        return np.where(np.isnan(peak), 1.0, shaped)

    def useful(self, contacts: Contacts) -> Floats:
        """Give the probability of a useful action within 7 days.

        1 - exp(-h) with h = useful_rate x responsiveness x relevance x kernel(days)
        x channel_mismatch (away from the best channel) x exp(-useful_slope x load); 0 for a lost
        customer.
        """
        hazard = (
            self._useful[contacts.row]
            * contacts.responsiveness
            * contacts.relevance
            * self.kernel(contacts.row, contacts.days)
            * np.where(contacts.on_best_channel, 1.0, self.fatigue.channel_mismatch)
            * np.exp(-self.fatigue.useful_slope * contacts.load)
        )
        return -np.expm1(-np.where(contacts.lost, 0.0, hazard))

    def unsubscribe(self, contacts: Contacts) -> Floats:
        """Give the probability that the message makes its customer unsubscribe.

        1 - exp(-u) with u = unsubscribe_rate x annoyance x (1 + unsubscribe_slope x load^2)
        x (2 - relevance), twice that for a lost customer.
        """
        hazard = (
            self._unsubscribe[contacts.row]
            * contacts.annoyance
            * (1.0 + self.fatigue.unsubscribe_slope * np.square(contacts.load))
            * (2.0 - contacts.relevance)
            * np.where(contacts.lost, LOST_UNSUBSCRIBE, 1.0)
        )
        return -np.expm1(-hazard)


def uniforms(
    seed: int, customers: Sequence[str], messages: Sequence[str], day: str, purpose: str
) -> Floats:
    """Draw `uniform` for several customers, each with its message."""
    pairs = zip(customers, messages, strict=True)
    draws = (uniform(seed, customer, message, day, purpose) for customer, message in pairs)
    return np.fromiter(draws, np.float64, len(customers))


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _parsed(table: str) -> tuple[Response, ...]:
    """Read rows written as words; `-` is nothing."""
    names = (
        "message state useful_rate broadcast_relevance unsubscribe_rate peak_days spread_days needs"
    ).split()
    rows = []
    for line in table.strip().splitlines():
        cells = dict(zip(names, line.split(), strict=True))
        numbers = {name: None if cells[name] == "-" else float(cells[name]) for name in names[2:7]}
        needs = {"needs": cells["needs"].replace("-", "")}
        rows.append(Response.of({**cells, **numbers, **needs}))
    return tuple(rows)


SHIPPED_FATIGUE: Final = Fatigue(
    half_life_days=7.0, useful_slope=0.12, unsubscribe_slope=0.15, channel_mismatch=0.6
)

# message, state, useful_rate, broadcast_relevance, unsubscribe_rate, peak and spread in days, needs
_SHIPPED: Final = _parsed("""
welcome                *              0.060 1.00 0.0010    -    -  -
browse                 *              0.120 0.10 0.0015    -    -  wish,cart
waitlist-similar       *              0.180 0.06 0.0010    -    -  waitlist
waitlist-sale          *              0.220 0.06 0.0010    -    -  waitlist
back-in-stock          *              0.450 0.03 0.0006    -    -  waitlist
wishlist-sale          *              0.260 0.06 0.0010    -    -  wish
wishlist-reminder      *              0.140 0.05 0.0014    -    -  wish
wishlist-similar       *              0.110 0.08 0.0014    -    -  wish
wishlist-category-sale *              0.130 0.08 0.0014    -    -  wish
cart-reminder          *              0.350 0.04 0.0012    -    -  cart
cart-sale              *              0.420 0.05 0.0012    -    -  cart
awaiting-payment       *              0.400 1.00 0.0002    -    -  -
order-status           *              0.080 1.00 0.0001    -    -  -
delay                  *              0.050 1.00 0.0002    -    -  -
thank-you              *              0.050 1.00 0.0003    -    -  -
service-call           *              0.200 1.00 0.0015  1.5  1.0  -
service-rating         *              0.140 1.00 0.0007  4.0  3.0  -
accessories            *              0.300 0.04 0.0012  7.0  8.0  accessory
accessories            client/returned 0.080 0.03 0.0030 7.0  8.0  accessory
product-review         *              0.080 1.00 0.0009 16.0 10.0  -
follow-up-3            *              0.110 0.50 0.0009  3.0  2.5  accessory
follow-up-7            *              0.200 0.10 0.0011  8.0  5.0  accessory
follow-up-30           *              0.150 0.10 0.0013 30.0 14.0  accessory,refill
replacement            *              0.240 0.03 0.0012    -    -  replacement,refill
spare-part             *              0.280 0.02 0.0012    -    -  spare_part
refill                 *              0.340 0.03 0.0010    -    -  refill
birthday               *              0.090 0.30 0.0006    -    -  wish,accessory
win-back               *              0.040 0.30 0.0035    -    -  replacement,wish
win-back               client/idle    0.070 0.30 0.0025    -    -  replacement,wish
digest                 *              0.040 0.15 0.0014    -    -  accessory,refill,wish
digest                 client/idle    0.020 0.15 0.0028    -    -  accessory,refill,wish
new-arrivals           *              0.050 0.12 0.0015    -    -  replacement,wish
regulars-offer         *              0.100 0.20 0.0010    -    -  accessory,refill,wish
tier-progress          *              0.060 1.00 0.0008    -    -  -
points-expiring        *              0.110 0.40 0.0008    -    -  refill,wish
next-threshold         *              0.050 0.40 0.0009    -    -  accessory,refill
survey                 *              0.070 1.00 0.0014    -    -  -
content                *              0.030 1.00 0.0010    -    -  -
content                acquaintance/new 0.050 1.00 0.0008  -    -  -
referral               *              0.025 1.00 0.0016    -    -  -
""")
