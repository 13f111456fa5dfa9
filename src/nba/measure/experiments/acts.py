"""What customers did, under the words in which a hypothesis speaks of it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.data.contacts import REPLIES
from nba.data.history import OrderHistory
from nba.data.message_log import MessageLog
from nba.domain import Ids, Instants
from nba.errors import ConfigError
from nba.measure.experiments.hypotheses import Act, Acts, Hypothesis
from nba.measure.sales import Sales
from nba.vocabulary import EVENT_TYPES, MESSAGE_EVENT_TYPES, MESSAGE_IDS

PURCHASE: Final = "purchase"
"""A kept order; its amount is its revenue."""
ANY_MESSAGE: Final = "message"
"""What an act about any message begins with; one about a message with its id."""

Done = tuple[Ids, NDArray[np.int64], Instants, NDArray[np.int64]]
"""Ids of customers, and per act the code of one, its instant and its amount."""


def acts_of(
    hypothesis: Hypothesis, history: OrderHistory, sales: Sales, log: MessageLog
) -> tuple[Acts, Acts]:
    """Give the acts that say whom a hypothesis is about, and those they are believed to do.

    An act is `purchase`; another word of `vocabulary.EVENT_TYPES`, in a session unless it is said
    to the shop; or, of messages, `message-opened` and the like for any of them and
    `digest-clicked` for one, each message counting once, and people alone opening and clicking.

    Raises:
        ConfigError: nobody tells such an act.
    """
    done = [_done(act, hypothesis, history, sales, log) for act in (hypothesis.of, hypothesis.do)]
    everybody = Ids.of({one for ids, *_ in done for one in ids})
    return _coded(everybody, *done[0]), _coded(everybody, *done[1])


def _coded(
    everybody: Ids,
    ids: Ids,
    customer: NDArray[np.int64],
    at: Instants,
    amount: NDArray[np.int64],
) -> Acts:
    return Acts(everybody.codes_of(ids).astype(np.int64)[customer], at, amount)


def _done(
    act: Act, hypothesis: Hypothesis, history: OrderHistory, sales: Sales, log: MessageLog
) -> Done:
    if act.act == PURCHASE:
        named = sales.named
        return (
            sales.customer_ids,
            sales.customer[named].astype(np.int64),
            sales.at[named],
            sales.revenue[named],
        )
    if act.act in EVENT_TYPES:
        code = EVENT_TYPES.index(act.act)
        told = history.replies if act.act in REPLIES else history.events
        own = (told.type == code) & (told.customer >= 0)
        return _plain(told.customer_ids, told.customer[own], told.at[own])
    message, _, outcome = act.act.rpartition("-")
    if outcome in MESSAGE_EVENT_TYPES and message in {ANY_MESSAGE, *MESSAGE_IDS}:
        at = log.left_at if outcome == "sent" else getattr(log, f"{outcome}_at")
        own = ~np.isnat(at)
        if message != ANY_MESSAGE:
            wanted = log.message_ids.find(message)
            own &= log.message == (-1 if wanted is None else wanted)
        return _plain(log.customer_ids, log.customer[own], at[own])
    raise ConfigError(
        f"nobody tells the act {act.act!r} of the hypothesis {hypothesis.id}; write {PURCHASE}, "
        f"another type of event such as sign_up, or {ANY_MESSAGE}-opened and the like"
    )


def _plain(ids: Ids, customer: NDArray[np.int32], at: Instants) -> Done:
    return ids, customer.astype(np.int64), at, np.zeros(len(at), np.int64)
