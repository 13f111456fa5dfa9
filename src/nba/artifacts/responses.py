"""How customers answer messages: what the shop's own log says, to be held against the playbook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.rhythm import STATES
from nba.vocabulary import CHANNELS, MESSAGE_WORDS

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

ANSWER_DAYS: Final = 7
"""Days within which a useful action counts as an answer."""
DAY_EDGES: Final = np.array([0.0, 2.0, 4.0, 8.0, 15.0, 31.0, 91.0])
"""Days since the delivery a message speaks of: the band is how many of these have been reached, 0
where there was no delivery."""
HALF_LIFE_DAYS: Final = 7.0
"""Age at which an earlier marketing message weighs half."""
LOAD_EDGES: Final = np.array([0.02, 0.25, 0.75, 1.5, 3.0])
"""Bands of the load, the sum of 2^(-age / `HALF_LIFE_DAYS`) over earlier marketing messages."""
HOURS: Final = 24

ASKING: Final = frozenset(("service-rating", "product-review", "survey"))
"""Messages that ask for an opinion: who answers buys nothing of what they show."""
_ASKS: Final = np.array([word in ASKING for word in MESSAGE_WORDS])

LEAST_ADDED: Final = 0.001
MOST_ADDED: Final = 3.0
"""Bounds of the share of what is answered that is added: it may be more than all, as some buy
later what they saw, but not by any factor."""

DAY_BANDS: Final = len(DAY_EDGES) + 1
LOAD_BANDS: Final = len(LOAD_EDGES) + 1
_POOLED: Final = 10.0
"""Expected events that hold a factor of all messages at 1."""
_RARE: Final = 5.0
"""Expected unsubscribes that hold the risk of a message to its prior."""
_SALES: Final = 25.0
"""Useful actions that hold the worth of one to its prior."""
_HOUR_STRENGTH: Final = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class Responses:
    """Sums over a message log; the first axis of most is a code of `vocabulary.MESSAGE_WORDS`.

    Rates are held by what the playbook expects, factors by 1, so that an empty log changes
    nothing. A factor is the mean of a gamma prior with mean 1 after Poisson counts,
    (k + observed) / (k + expected). What is expected is what messages alone explain.

    Attributes:
        sent: int64[messages, states, day bands]: messages that left and had `ANSWER_DAYS` to be
            answered, by the code in `rhythm.STATES` of the customer's rhythm when they were
            decided, and by the days since the delivery they spoke of.
        reached: float64, likewise: how many of their customers had not left for good, as expected
            by the probability P(alive) of each.
        useful: int64, likewise: of those sent, how many led to a useful action in time.
        cell_strength: float64[1]: expected useful actions that hold a state and band to its
            message.
        channel_expected, channel_useful: float64, int64 per code of `vocabulary.CHANNELS`.
        load_expected, load_useful: float64, int64 per load band.
        left: int64 per message: unsubscribes and complaints it led to.
        risk_expected, risk_left: float64, int64[states + load bands]: expected and observed
            unsubscribes, first by state, then by load band.
        addressed, answered: int64 per channel: messages that left, and those clicked or acted on,
            as `People.sent_count` and `People.answered_count` count them.
        customer_strength: float64[1]: expected answers that hold a customer to the others.
        channel_strength: float64[1]: expected answers that hold a customer's answers on one
            channel to those on all of theirs.
        actions: int64[messages, 2]: useful actions, first those after messages that showed no
            product whose price is known, then those after messages that did.
        gain: float64[messages, 2]: their profit beyond that of messages without one, first in mean
            orders, then of products shown and in what one of them brings.
        controls: int64 per message: decisions for nothing where it could have been sent.
        uplift: float64 per message: profit that sending it adds, in mean orders; 0 without
            controls.
        uplift_variance: float64 per message: of that estimate; 0 without controls.
        assumed: float64 per message: the same profit if all that was answered was added; 0
            without controls.
        added: float64[2]: mean and variance, over messages, of the share of what is assumed that
            is added.
        hour_sent, hour_answered: int64[24]: messages that left in an hour of the customer's day,
            and those of them that were clicked or acted on.
    """

    sent: Counts
    reached: Floats
    useful: Counts
    cell_strength: Floats
    channel_expected: Floats
    channel_useful: Counts
    load_expected: Floats
    load_useful: Counts
    left: Counts
    risk_expected: Floats
    risk_left: Counts
    addressed: Counts
    answered: Counts
    customer_strength: Floats
    channel_strength: Floats
    actions: Counts
    gain: Floats
    controls: Counts
    uplift: Floats
    uplift_variance: Floats
    assumed: Floats
    added: Floats
    hour_sent: Counts
    hour_answered: Counts

    @classmethod
    def none(cls) -> Self:
        """Give what a shop that never wrote to anybody knows: every prior stands."""
        messages, cells = len(MESSAGE_WORDS), (len(MESSAGE_WORDS), len(STATES), DAY_BANDS)
        channels, risks = len(CHANNELS), len(STATES) + LOAD_BANDS
        return cls(
            sent=np.zeros(cells, np.int64),
            reached=np.zeros(cells),
            useful=np.zeros(cells, np.int64),
            cell_strength=np.array([10.0]),
            channel_expected=np.zeros(channels),
            channel_useful=np.zeros(channels, np.int64),
            load_expected=np.zeros(LOAD_BANDS),
            load_useful=np.zeros(LOAD_BANDS, np.int64),
            left=np.zeros(messages, np.int64),
            risk_expected=np.zeros(risks),
            risk_left=np.zeros(risks, np.int64),
            addressed=np.zeros(channels, np.int64),
            answered=np.zeros(channels, np.int64),
            customer_strength=np.array([2.0]),
            channel_strength=np.array([4.0]),
            actions=np.zeros((messages, 2), np.int64),
            gain=np.zeros((messages, 2)),
            controls=np.zeros(messages, np.int64),
            uplift=np.zeros(messages),
            uplift_variance=np.zeros(messages),
            assumed=np.zeros(messages),
            added=np.array([1.0, 0.25]),
            hour_sent=np.zeros(HOURS, np.int64),
            hour_answered=np.zeros(HOURS, np.int64),
        )

    def __len__(self) -> int:
        """Count the messages that rates were learned from."""
        return int(self.sent.sum())

    def response(self, message: NDArray[np.integer], prior: Floats, strength: Floats) -> Floats:
        """Give the probability of a useful action of who has not left, by state and day band.

        Args:
            message: codes of `MESSAGE_WORDS`.
            prior: the probability that the playbook expects, one a message.
            strength: how many messages that is worth.

        Returns:
            float64[messages, states, day bands]: the mean of the posterior
            p = (strength prior + useful) / (strength + reached) of the message, times the factor of
            the cell.
        """
        reached, useful = self.reached[message], self.useful[message]
        rate = strength * prior + useful.sum(axis=(1, 2))
        rate /= strength + reached.sum(axis=(1, 2))
        k = self.cell_strength[0]
        cells = rate[:, None, None] * (k + useful) / (k + rate[:, None, None] * reached)
        return np.asarray(np.minimum(cells, 1.0))

    def doubt(self, message: NDArray[np.integer], strength: Floats) -> Floats:
        """Give the weight of a prior worth `strength` messages beside those sent, 0..1."""
        return np.asarray(strength / (strength + self.sent[message].sum(axis=(1, 2))))

    def unsubscribe_risk(self, message: NDArray[np.integer], prior: Floats) -> Floats:
        """Give the probability of an unsubscribe, one a message.

        The priors are first multiplied by what all messages together say of them: unsubscribes are
        too rare for each message to say much of itself.
        """
        sent, left = self.sent[message].sum(axis=(1, 2)), self.left[message]
        expected = prior * sent
        shop = (_RARE + left.sum()) / (_RARE + expected.sum())
        return np.asarray(prior * shop * (_RARE + left) / (_RARE + shop * expected))

    def value_share(self, message: NDArray[np.integer], prior: Floats) -> Floats:
        """Give the profit of a useful action; 0 or more.

        Returns:
            float64[messages, 2]: in mean orders where no product is shown, then in what one of the
            products shown brings: (k prior + gain) / (k + actions).
        """
        share = _SALES * prior[:, None] + self.gain[message]
        share /= _SALES + self.actions[message]
        # What an opinion is worth no purchase tells.
        share = np.where(_ASKS[message][:, None], prior[:, None], share)
        return np.asarray(np.maximum(share, 0.0))

    def incremental(self, message: NDArray[np.integer]) -> Floats:
        """Give the share of the answers that would not have come anyway, one a message.

        Shares of all messages are normal around a mean of their own, `added`; that of one message,
        uplift / assumed, has the variance v = uplift_variance / assumed^2. The empirical Bayes mean
        (mean v + share variance) / (v + variance) lies between them, and is the mean where there
        are no controls. It stays within `LEAST_ADDED` and `MOST_ADDED`. Of opinions, which profit
        does not measure, it is 1.
        """
        mean, spread = self.added.tolist()
        tried = (self.controls[message] > 0) & (self.assumed[message] > 0)
        assumed = np.where(tried, self.assumed[message], 1.0)
        share = self.uplift[message] / assumed
        error = self.uplift_variance[message] / assumed**2
        found = (mean * error + share * spread) / (error + spread)
        added = np.clip(np.where(tried, found, mean), LEAST_ADDED, MOST_ADDED)
        return np.where(_ASKS[message], 1.0, added)

    def channel_factor(self) -> Floats:
        """Give the factor of the response on each channel."""
        return np.asarray((_POOLED + self.channel_useful) / (_POOLED + self.channel_expected))

    def load_factor(self) -> Floats:
        """Give the factor of the response in each load band."""
        return np.asarray((_POOLED + self.load_useful) / (_POOLED + self.load_expected))

    def risk_factors(self) -> tuple[Floats, Floats]:
        """Give the factors of the unsubscribe risk in each state, and in each load band."""
        factor = (_POOLED + self.risk_left) / (_POOLED + self.risk_expected)
        return factor[: len(STATES)], factor[len(STATES) :]

    def customer_factor(self, sent: NDArray[np.integer], answered: NDArray[np.integer]) -> Floats:
        """Give the factor of each customer's response on each channel.

        What is expected of E messages is E times the channel's own rate. The customer's factor
        f = (k + answers) / (k + expected) over all channels holds the one of each channel,
        (j f + answers there) / (j + expected there).

        Args:
            sent: int (customers, channels): messages that left.
            answered: int, likewise: those clicked or acted on.
        """
        rate = np.minimum((self.answered + 1.0) / (self.addressed + 20.0), 1.0)
        k, j = self.customer_strength[0], self.channel_strength[0]
        expected = sent * rate
        # Column by column: a sum over so short an axis takes ten times as long.
        total, answers = np.full(len(sent), k), np.full(len(sent), k)
        for channel in range(len(CHANNELS)):
            total += expected[:, channel]
            answers += answered[:, channel]
        factor = answers / total
        return np.asarray((j * factor[:, None] + answered) / (j + expected))

    def hour_rates(self) -> Floats:
        """Give the chance of an answer by the hour of the customer's day at which a message leaves.

        (answered + k rho) / (sent + k) by exposure, rho the rate of all hours; float64[24].
        """
        rho = self.hour_answered.sum() / max(int(self.hour_sent.sum()), 1)
        k = _HOUR_STRENGTH
        return np.asarray((self.hour_answered + k * rho) / (self.hour_sent + k))


def day_band(days: Floats) -> NDArray[np.int8]:
    """Give the band of days since a delivery; NaN where there was none."""
    band = np.zeros(len(days), np.int8)
    for edge in DAY_EDGES.tolist():
        band += days >= edge
    return band


def load_band(load: Floats) -> NDArray[np.int8]:
    """Give the band of a load."""
    band = np.zeros(len(load), np.int8)
    for edge in LOAD_EDGES.tolist():
        band += load >= edge
    return band
