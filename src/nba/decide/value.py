"""What messages are worth: every part as a column, so that the sum recomputes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.responses import DAY_BANDS, Responses, day_band
from nba.artifacts.rhythm import STATES
from nba.decide.playbook import Objective, Playbook
from nba.decide.playbooks.messages import Message
from nba.decide.worth import Worths
from nba.domain import rounded
from nba.vocabulary import CHANNELS, MESSAGE_WORDS, Channel

Floats = NDArray[np.float64]

NO_CHANNEL: Final = -1
MOST_LIKELY: Final = 0.95
"""No message is answered for certain."""
UNFOUNDED: Final = 0.5
"""Factor of an expected response where nothing speaks for the products shown; 1 where all does.
What the log says of a message it says of such products as were shown, so that the factor goes to 1
as the log outweighs the expectation."""
_CHUNK: Final = 1 << 14
"""Rows at once, so that their columns stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Score:
    """Parts of an expected value, in minor units where they are money.

        expected = response (value - cost) context lever - unsubscribe_risk remaining_lifetime_value

    Attributes:
        response: probability of a useful action that would not happen anyway.
        value: profit of one, or what else the playbook's objective asks for.
        cost: of sending so many messages as lead to one.
        context, lever: weights, 1 by default.
        unsubscribe_risk: probability of an unsubscribe.
        remaining_lifetime_value: profit of the coming year that depends on reaching the customer.
        expected: the sum; 9 significant digits, like all others.
    """

    response: float
    value: float
    cost: float
    context: float
    lever: float
    unsubscribe_risk: float
    remaining_lifetime_value: float
    expected: float

    def to_dict(self) -> dict[str, float]:
        """Give the JSON form."""
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """R candidate rows; the columns of `Score`, float64, 9 significant digits.

    Attributes:
        channel: int8, a code of `vocabulary.CHANNELS`: the allowed channel of the greatest
            expected value, of equal ones the earlier in the playbook; `NO_CHANNEL` where none is
            allowed: the price is that of the message's first one.
    """

    channel: NDArray[np.int8]
    response: Floats
    value: Floats
    cost: Floats
    context: Floats
    lever: Floats
    unsubscribe_risk: Floats
    remaining_lifetime_value: Floats
    expected: Floats

    def take(self, rows: NDArray[np.integer]) -> Self:
        """Keep some rows."""
        return type(self)(*(getattr(self, name)[rows] for name in self.__slots__))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Put several one after the other."""
        return cls(
            *(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(cls))
        )

    def score(self, row: int) -> Score:
        """Give the parts of one row."""
        return Score(
            float(self.response[row]),
            float(self.value[row]),
            float(self.cost[row]),
            float(self.context[row]),
            float(self.lever[row]),
            float(self.unsubscribe_risk[row]),
            float(self.remaining_lifetime_value[row]),
            float(self.expected[row]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Pricing:
    """A playbook's messages as tables, its priors updated by what the shop's log says.

    Attributes:
        objective: what value is.
        message_share: share of a customer's future that depends on messages.
        response: float64, flat (messages, states, day bands).
        doubt: float64 per message: what is taken off the response where nothing speaks for the
            products shown.
        share: float64, flat (messages, 2): worth of a useful action in mean orders, then in what is
            shown.
        given: float64 per message: share of the price that it gives away.
        cost: float64 (messages, channels), minor units a message.
        lever: float64 per message.
        risk: float64 per message: probability of an unsubscribe.
        channels: int8 (messages, channels): codes in the playbook's order, then the first again.
        ranks: int: channels of the message that has most.
        is_marketing: bool per message.
    """

    objective: Objective
    message_share: float
    response: Floats
    doubt: Floats
    share: Floats
    given: Floats
    cost: Floats
    lever: Floats
    risk: Floats
    channels: NDArray[np.int8]
    ranks: int
    is_marketing: NDArray[np.bool_]

    @classmethod
    def of(cls, playbook: Playbook, responses: Responses) -> Self:
        """Update the priors of every message of a playbook."""
        told = playbook.message
        word = np.array([MESSAGE_WORDS.index(one.id) for one in told], np.int64)
        strength = np.array([one.response_strength for one in told], np.float64)
        response = responses.response(word, np.array([one.response for one in told]), strength)
        response *= responses.incremental(word)[:, None, None]
        channels = np.empty((len(told), len(CHANNELS)), np.int8)
        for place, one in enumerate(told):
            codes = [CHANNELS.index(name) for name in one.channels]
            channels[place] = codes + codes[:1] * (len(CHANNELS) - len(codes))
        return cls(
            playbook.objective,
            playbook.message_share,
            response.ravel(),
            (1 - UNFOUNDED) * responses.doubt(word, strength),
            responses.value_share(word, np.array([one.value_share for one in told])).ravel(),
            np.array([one.discount or 0.0 for one in told]),
            np.array([[_cost(playbook, one, name) for name in CHANNELS] for one in told]),
            np.array([one.lever for one in told]),
            responses.unsubscribe_risk(word, np.array([one.unsubscribe_risk for one in told])),
            channels,
            max(len(one.channels) for one in told),
            np.array([one.is_marketing for one in told], np.bool_),
        )

    def price(
        self,
        worths: Worths,
        *,
        customer: NDArray[np.integer],
        message: NDArray[np.integer],
        days: Floats,
        allowed: NDArray[np.bool_],
        strength: Floats | None = None,
        shown: Floats | None = None,
        context: Floats | None = None,
    ) -> Prices:
        """Price candidate rows; a row's price depends on no other row.

        Args:
            worths: of the customers.
            customer: int per row: the customer's row in `worths`.
            message: int per row: the place of the message in the playbook.
            days: float64 per row: days since the delivery that it speaks of; NaN where none.
            allowed: bool (rows, channels): where the customer may be reached.
            strength: float64 per row, 0..1: how much speaks for the products shown; by default 1.
            shown: float64 per row, minor units: the price of the product that a useful action buys;
                NaN, as by default, where none is known: that buys what the customer mostly does.
            context: float64 per row: weight that the request gives; by default 1.
        """
        count, aims = len(message), self._aims(worths)
        given = np.ones(count) if context is None else context
        channel, lever = np.empty(count, np.int8), np.empty(count)
        parts, expected = np.empty((5, count)), np.empty(count)
        for begin in range(0, count, _CHUNK):
            rows = slice(begin, begin + _CHUNK)
            who, what = customer[rows], message[rows]
            cell = what * np.int64(len(STATES) * DAY_BANDS)
            cell += worths.state[who] * np.int64(DAY_BANDS)
            cell += day_band(days[rows])
            response = self.response[cell]
            if strength is not None:
                response *= 1 - self.doubt[what] * (1 - strength[rows])
            each, paid, unit = aims.each[who], aims.paid[who], what * 2
            if shown is not None:
                is_shown = ~np.isnan(shown[rows])
                unit += is_shown
                if aims.of_price:
                    np.copyto(paid, shown[rows], where=is_shown)
                    np.copyto(each, paid * aims.of_price, where=is_shown)
            value = each - self.given[what] * paid
            value *= self.share[unit]
            value += aims.always[who]
            lever[rows] = self.lever[what]
            weight = given[rows] * lever[rows]
            sent = self._sent(worths, aims, who, what, allowed[rows], response, value)
            channel[rows] = sent.channel
            risk = np.minimum(self.risk[what] * worths.risk[who], 1.0)
            found = (sent.response, value, sent.cost / sent.response, risk, aims.lost[who])
            response, value, cost, risk, lost = told = _rounded_rows(np.stack(found))
            parts[:, rows] = told
            expected[rows] = rounded(response * (value - cost) * weight - risk * lost)
        response, value, cost, risk, lost = parts
        return Prices(channel, response, value, cost, given, lever, risk, lost, expected)

    def _aims(self, worths: Worths) -> _Aims:
        nothing, one = np.zeros(len(worths.profit)), np.ones(len(worths.profit))
        lost = self.message_share * worths.yearly
        if self.objective == "response":
            return _Aims(nothing, nothing, 0.0, one, nothing, 0.0)
        if self.objective == "repeat_rate":
            return _Aims(one, nothing, 0.0, nothing, self.message_share * worths.orders, 0.0)
        if self.objective == "revenue":
            ratio = worths.revenue / np.where(worths.profit > 0, worths.profit, 1.0)
            return _Aims(worths.revenue, worths.revenue, 1.0, nothing, lost * ratio, 1.0)
        if self.objective == "lifetime_value":
            return _Aims(worths.profit, worths.revenue, worths.margin, lost, lost, 1.0)
        return _Aims(worths.profit, worths.revenue, worths.margin, nothing, lost, 1.0)

    def _sent(
        self,
        worths: Worths,
        aims: _Aims,
        customer: NDArray[np.integer],
        message: NDArray[np.integer],
        allowed: NDArray[np.bool_],
        response: Floats,
        value: Floats,
    ) -> _Sent:
        """Choose the channel of each row, and give response and cost there."""
        width = len(CHANNELS)
        answers, costs, ways = worths.response.ravel(), self.cost.ravel(), allowed.ravel()
        person, place = customer * np.int64(width), message * np.int64(width)
        way = np.arange(0, width * len(message), width)

        def on(code: NDArray[np.int8]) -> tuple[Floats, Floats]:
            likely = response * answers[person + code]
            return np.minimum(likely, MOST_LIKELY, out=likely), costs[place + code]

        best = self.channels[:, 0][message]
        likely, cost = on(best)
        if self.ranks > 1:
            gain = likely * value - aims.pays * cost
            can = ways[way + best]
            for rank in range(1, self.ranks):
                # A message with fewer channels tries its first again, which is never better.
                code = self.channels[:, rank][message]
                likely, cost = on(code)
                likely *= value
                likely -= aims.pays * cost
                better = ways[way + code]
                better &= (likely > gain) | ~can
                can |= better
                np.copyto(best, code, where=better)
                np.copyto(gain, likely, where=better)
            likely, cost = on(best)
        told = np.where(ways[way + best], best, np.int8(NO_CHANNEL))
        return _Sent(told, likely, aims.pays * cost)


@dataclass(frozen=True, slots=True, eq=False)
class _Aims:
    """What an objective counts, per customer.

    Attributes:
        each: worth of a mean order.
        paid: its price, of which a message may give some away.
        of_price: worth of a minor unit paid for a product shown; 0 where prices do not matter.
        always: worth of any useful action, beside that.
        lost: worth of what depends on messages.
        pays: 1 where sending costs something in these units, else 0.
    """

    each: Floats
    paid: Floats
    of_price: float
    always: Floats
    lost: Floats
    pays: float


@dataclass(frozen=True, slots=True, eq=False)
class _Sent:
    """The channel of each row, and response and cost there."""

    channel: NDArray[np.int8]
    response: Floats
    cost: Floats


def _rounded_rows(values: Floats) -> Floats:
    """Round several columns: few cells at once, as calls cost, many column by column."""
    if values.shape[1] < _FEW:
        return rounded(values)
    for column in values:
        column[:] = rounded(column)
    return values


_FEW: Final = 512


def _cost(playbook: Playbook, message: Message, channel: str) -> float:
    return message.cost + playbook.channels.get(Channel(channel), 0.0)
