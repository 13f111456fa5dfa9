"""How customers answer the shop's messages: rates, fatigue, and what is added, from its log."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.outlook import Floats
from nba.artifacts.responses import DAY_BANDS, HOURS, LOAD_BANDS, Responses
from nba.artifacts.rhythm import STATES, Rhythm
from nba.config import ResponsesConfig
from nba.data.contacts import Decisions
from nba.data.profiles import Profiles
from nba.learn.responding.earnings import Earnings
from nba.learn.responding.gains import Gains
from nba.learn.responding.hours import local_hours
from nba.learn.responding.letters import Arrivals, Sent
from nba.learn.responding.shrinkage import strength
from nba.learn.responding.uplift import Uplift, share_added
from nba.vocabulary import CHANNELS, MESSAGE_WORDS

_MESSAGES = len(MESSAGE_WORDS)
_CELLS = len(STATES) * DAY_BANDS
_ALIKE = 20.0
"""Messages of the shop's own rate that stand behind the rate of each message."""
_RARE = 5.0
"""Expected unsubscribes that stand behind those of each message."""


def responses(
    decisions: Decisions,
    earnings: Earnings,
    worth: Floats,
    rhythm: Rhythm,
    arrivals: Arrivals,
    profiles: Profiles,
    config: ResponsesConfig,
    as_of: np.datetime64,
) -> Responses:
    """Sum up a message log.

    Args:
        decisions: the log, as known at `as_of`.
        earnings: the kept orders.
        worth: float64 per product code of these, minor units: profit of one at today's price; NaN
            where it is not known.
        rhythm: models of purchases of the same customers.
        arrivals: when orders arrived.
        profiles: the customers' zones.
        config: the window of what a message adds.
        as_of: what is known; messages that had no time to be answered say nothing yet.
    """
    nothing = Responses.none()
    if not len(decisions):
        return nothing
    sent = Sent.of(decisions, earnings, rhythm, arrivals, as_of)
    cell = (sent.word * len(STATES) + sent.state) * DAY_BANDS + sent.day_band
    counts, useful = _counts(cell, sent.is_useful, _MESSAGES * _CELLS)
    reached = _sums(cell, sent.alive, _MESSAGES * _CELLS)
    by_word = (one.reshape(_MESSAGES, -1).sum(axis=1) for one in (counts, reached, useful))
    word_sent, word_reached, word_useful = by_word
    shop = float(useful.sum()) / max(float(reached.sum()), 1.0)
    rate = (word_useful + _ALIKE * shop) / (word_reached + _ALIKE)
    rates = np.repeat(rate, _CELLS)
    expected = np.asarray(rates * reached, np.float64)
    cells = strength(useful, expected, float(nothing.cell_strength[0]))
    # What message, state and days explain, so that channels and loads are judged by the rest.
    likely = (rates * (cells + useful) / (cells + expected))[cell] * sent.alive
    told = sent.channel >= 0
    by_channel = _sums(sent.channel[told], likely[told], len(CHANNELS))
    by_load = _sums(sent.load_band, likely, LOAD_BANDS)

    left = np.bincount(sent.word[sent.is_left], minlength=_MESSAGES)
    risk_expected, risk_left = _risks(sent, left, word_sent)
    addressed, answered = _counts(sent.channel[told], sent.is_answered[told], len(CHANNELS))
    customers, channels = _habits(sent, addressed, answered, nothing)

    earned = Gains.of(sent, decisions.product_lists, earnings, worth)
    uplift = Uplift.of(decisions, earnings, config.uplift_days, as_of)
    likelihood = (word_useful + _ALIKE * _share(useful, counts)) / (word_sent + _ALIKE)
    assumed = np.where(uplift.controls > 0, likelihood * earned.each, 0.0)
    hour = local_hours(decisions.customer_ids, sent.writer, sent.at, profiles)
    hour_sent, hour_answered = _counts(hour, sent.is_answered, HOURS)
    shape = (_MESSAGES, len(STATES), DAY_BANDS)
    return Responses(
        sent=counts.reshape(shape),
        reached=reached.reshape(shape),
        useful=useful.reshape(shape),
        cell_strength=np.array([cells]),
        channel_expected=by_channel,
        channel_useful=np.bincount(sent.channel[told & sent.is_useful], minlength=len(CHANNELS)),
        load_expected=by_load,
        load_useful=np.bincount(sent.load_band[sent.is_useful], minlength=LOAD_BANDS),
        left=left,
        risk_expected=risk_expected,
        risk_left=risk_left,
        addressed=addressed,
        answered=answered,
        customer_strength=np.array([customers]),
        channel_strength=np.array([channels]),
        actions=earned.actions,
        gain=earned.gain,
        controls=uplift.controls,
        uplift=uplift.added,
        uplift_variance=uplift.variance,
        assumed=assumed,
        added=np.array(share_added(uplift, assumed)),
        hour_sent=hour_sent,
        hour_answered=hour_answered,
    )


def _risks(
    sent: Sent, left: NDArray[np.int64], word_sent: NDArray[np.int64]
) -> tuple[Floats, NDArray[np.int64]]:
    """Give expected and observed unsubscribes by state, then by load band."""
    shop = _share(left, word_sent)
    rate = np.where(shop > 0, shop * (_RARE + left) / (_RARE + shop * word_sent), 0.0)
    likely = rate[sent.word]
    by_state = _sums(sent.state, likely, len(STATES))
    state_left = np.bincount(sent.state[sent.is_left], minlength=len(STATES))
    factor = np.where(by_state > 0, (_RARE + state_left) / (_RARE + by_state), 1.0)
    by_load = _sums(sent.load_band, likely * factor[sent.state], LOAD_BANDS)
    load_left = np.bincount(sent.load_band[sent.is_left], minlength=LOAD_BANDS)
    return np.append(by_state, by_load), np.append(state_left, load_left)


def _habits(
    sent: Sent, addressed: NDArray[np.int64], answered: NDArray[np.int64], prior: Responses
) -> tuple[float, float]:
    """Learn how much customers differ in answering, and each of them over their channels."""
    told = sent.channel >= 0
    rate = answered / np.maximum(addressed, 1)
    width = len(CHANNELS)
    pair = sent.writer[told] * width + sent.channel[told]
    size = int(sent.writer.max(initial=-1) + 1) * width
    counts, answers = (
        one.reshape(-1, width) for one in _counts(pair, sent.is_answered[told], size)
    )
    expected = counts * rate
    total, whole = expected.sum(axis=1), answers.sum(axis=1)
    customers = strength(whole, total, float(prior.customer_strength[0]))
    # Who gets everything on one channel says nothing of channels.
    several = (expected > 0).sum(axis=1) > 1
    factor = (customers + whole) / (customers + total)
    by_pair = (expected * factor[:, None])[several].ravel()
    channels = strength(answers[several].ravel(), by_pair, float(prior.channel_strength[0]))
    return customers, channels


def _counts(
    code: NDArray[np.integer], is_hit: NDArray[np.bool_], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count the rows of each code, and those that are hits."""
    return np.bincount(code, minlength=size), np.bincount(code[is_hit], minlength=size)


def _sums(code: NDArray[np.integer], values: Floats, size: int) -> Floats:
    return np.asarray(np.bincount(code, values, size), np.float64)


def _share(part: NDArray[np.int64], whole: NDArray[np.int64]) -> float:
    return float(part.sum()) / max(int(whole.sum()), 1)
