"""What became of the messages that were sent: the message events of the history."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.data.simulator.calendar import ENDS_AT, NEVER
from nba.data.simulator.chance import stream
from nba.data.simulator.customers import CHANNELS
from nba.data.simulator.messages import Log
from nba.data.simulator.writing import ShopWriter, choices, instants, text_id
from nba.schema import MESSAGE_EVENTS

OPENED: Final = 0.28
"""Share of the e-mails opened by those who then do nothing; who answers has opened."""
MACHINE_OPENED: Final = 0.30
"""Share of the e-mails that a mail program opens on arrival."""
CLICKED: Final = 0.08
"""Share of those opened and clicked in vain."""
COMPLAINED: Final = 0.08
"""Share of the unsubscribes by e-mail that come as a complaint as well."""
TYPES: Final = (
    "sent",
    "bounced",
    "delivered",
    "opened",
    "clicked",
    "useful",
    "unsubscribed",
    "complained",
)
_EMAIL: Final = CHANNELS.index("email")


def write_deliveries(writer: ShopWriter, seed: int, log: Log) -> None:
    """Write the events of sent messages: useful actions and unsubscribes are those planted."""
    rng = stream(seed, "deliveries")
    sent = np.flatnonzero(log.is_sent)
    arrived = sent[~log.is_bounced[sent]]
    delivered_at = log.sent_at + _seconds(rng, 2, 60, len(log))
    emails = arrived[log.channel[arrived] == _EMAIL]
    by_machine = emails[rng.random(len(emails)) < MACHINE_OPENED]
    useful = arrived[log.useful_at[arrived] < NEVER]
    leaving = arrived[log.unsubscribed_at[arrived] < NEVER]
    answers = np.union1d(useful, leaving)
    curious = np.setdiff1d(emails[rng.random(len(emails)) < OPENED], answers)
    vain = curious[rng.random(len(curious)) < CLICKED]
    read_at = delivered_at + _seconds(rng, 120, 60 * 60 * 20, len(log))
    answered_at = np.minimum(log.useful_at, log.unsubscribed_at)
    # Who answers sooner than most people read has read it just before.
    read_at = np.minimum(read_at, np.maximum(answered_at - 60_000_000, delivered_at + 1_000_000))
    clicked_at = np.minimum(read_at + 20_000_000, np.maximum(answered_at - 1_000_000, read_at))
    opened = np.concatenate([answers[log.channel[answers] == _EMAIL], curious])
    angry = leaving[log.channel[leaving] == _EMAIL]
    angry = angry[rng.random(len(angry)) < COMPLAINED]
    bounced = sent[log.is_bounced[sent]]
    parts = [
        ("sent", sent, log.sent_at, False),
        ("bounced", bounced, log.sent_at + 3_000_000, False),
        ("delivered", arrived, delivered_at, False),
        ("opened", by_machine, delivered_at + 2_000_000, True),
        ("opened", opened, read_at, False),
        ("clicked", np.concatenate([useful, vain]), clicked_at, False),
        ("useful", useful, log.useful_at, False),
        ("unsubscribed", leaving, log.unsubscribed_at, False),
        ("complained", angry, log.unsubscribed_at + 1_000_000, False),
    ]
    message = np.concatenate([rows for _, rows, _, _ in parts])
    at = np.concatenate([instant[rows] for _, rows, instant, _ in parts])
    sizes = [len(rows) for _, rows, _, _ in parts]
    kind = np.repeat([TYPES.index(name) for name, *_ in parts], sizes)
    is_machine = np.repeat([machine for *_, machine in parts], sizes)
    order = np.lexsort((message, kind, at))
    order = order[at[order] < ENDS_AT]
    message = message[order]
    writer.table(
        MESSAGE_EVENTS,
        {
            "number": np.arange(len(order)),
            "about": message,
            "who": log.customer[message],
            "event_id": text_id("message_event_id", "number"),
            "message_id": text_id("message_id", "about"),
            "customer_id": text_id("customer_id", "who"),
            "channel": choices(CHANNELS, log.channel[message]),
            "type": choices(TYPES, kind[order]),
            "at": instants(at[order]),
            "is_machine": is_machine[order],
        },
    )


def _seconds(rng: np.random.Generator, least: int, most: int, count: int) -> NDArray[np.int64]:
    return rng.integers(least, most, count) * 1_000_000
