"""Two hundred messages to the customers of the shop of sixty orders, with what became of them.

Ten mailings go to all of the twenty customers, each at nine of its day. A mark says what became
of a message, the first five being those to c01 to c05:

mark  events of a person unless said otherwise; all but "?" have a sent event
?     none: it was claimed, and nobody spoke of it again
.     no further
b     bounced
d     delivered
o     delivered, opened
m     delivered, opened by a machine
x     delivered, opened and clicked by a machine
c     delivered, opened, clicked
f     delivered, opened, clicked, useful
u     delivered, opened, unsubscribed
k     delivered, opened, complained

Nobody reports what was delivered by sms: those mailings have no such event. Two decisions for
nothing and two of customers held out are in the log and are no messages. Digests have the variants
A for customers with an odd number and B for the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd

from nba.data.history import OrderHistory
from nba.data.readers import connect
from nba.data.told import Told
from nba.domain import DAY
from tests.golden.log_shop import shop_history

HOUR: Final = np.timedelta64(1, "h")
CUSTOMERS: Final = tuple(f"c{number:02}" for number in range(1, 21))

# Day, message, channel, marks of c01 to c20.
MAILINGS: Final[Sequence[tuple[str, str, str, str]]] = (
    ("2026-01-05", "digest", "email", "cocdo cmd.o bdoxd udod?"),
    ("2026-01-16", "accessories", "email", "odcod doocd cdmdo dkodd"),
    ("2026-01-28", "digest", "sms", "ddcdd dbddd ddudd dd?dc"),
    ("2026-02-04", "accessories", "email", "odfod ooddc mdodd xdddo"),
    ("2026-02-12", "digest", "email", "dofdd dcdod oodcd odd.u"),
    ("2026-02-26", "win-back", "push", "ddcd. ddd.d d.ddd dddd."),
    ("2026-03-05", "accessories", "email", "docdo ddduc cdddd omddd"),
    ("2026-03-18", "digest", "email", "bdodd odxdd dodco dddkd"),
    ("2026-04-02", "win-back", "sms", "dcddd ddddd ddddb dd?du"),
    ("2026-04-06", "digest", "email", "ododc ddodd mdodd dcodu"),
)
MARKS: Final = {
    "?": "",
    ".": "sent",
    "b": "sent bounced",
    "d": "sent delivered",
    "o": "sent delivered opened",
    "m": "sent delivered opened*",
    "x": "sent delivered opened* clicked*",
    "c": "sent delivered opened clicked",
    "f": "sent delivered opened clicked useful",
    "u": "sent delivered opened unsubscribed",
    "k": "sent delivered opened complained",
}
"""What each mark stands for, in the order it happened; a star is a machine."""

# Customer, type, when. A survey is no useful action unless it is called one.
REPLIES: Final = (
    ("c01", "review", "2026-01-06T10:00:00"),
    ("c03", "rating", "2026-01-08T10:00:00"),
    ("c06", "survey", "2026-01-17T10:00:00"),
    ("c07", "review", "2026-02-20T10:00:00"),
    # The instant at which the seventh mailing left, seven days after the sixth.
    ("c09", "review", "2026-03-05T09:00:00"),
    ("c05", "review", "2026-03-06T10:00:00"),
    # Seven days after the last mailing, and a microsecond later.
    ("c12", "rating", "2026-04-13T09:00:00"),
    ("c04", "review", "2026-04-13T09:00:00.000001"),
    # Before the first mailing, and by nobody that any was sent to.
    ("c02", "review", "2026-01-04T10:00:00"),
    ("c99", "review", "2026-01-06T10:00:00"),
)


def message_rows() -> list[dict[str, Any]]:
    """Give the rows of the messages, and of four decisions that sent none."""
    rows = []
    for mailing, (day, message, channel, marks) in enumerate(MAILINGS, 1):
        at = np.datetime64(day, "us") + 9 * HOUR
        for number, mark in enumerate(marks.replace(" ", ""), 1):
            rows.append(
                {
                    "message_id": f"m{mailing:02}-{number:02}",
                    "decision_id": f"d{mailing:02}-{number:02}",
                    "customer_id": f"c{number:02}",
                    "message": message,
                    "channel": channel,
                    "decided_at": at,
                    "claimed_at": at,
                    "acked_at": None if mark == "?" else at + HOUR,
                    "arm": "BA"[number % 2] if message == "digest" else None,
                    "holdout": False,
                }
            )
    for number, (customer, message, is_held) in enumerate(
        (("c01", "none", False), ("c02", "none", False), ("c03", "none", True))
    ):
        rows.append(_nothing(f"n{number}", customer, message, is_held))
    return [*rows, _nothing("n3", "c04", "digest", True)]


def event_rows() -> list[dict[str, Any]]:
    """Give the rows of what became of them, an hour apart."""
    rows = []
    for mailing, (day, _, channel, marks) in enumerate(MAILINGS, 1):
        for number, mark in enumerate(marks.replace(" ", ""), 1):
            for step, told in enumerate(MARKS[mark].split(), 1):
                if channel == "sms" and told == "delivered":
                    continue
                rows.append(
                    {
                        "event_id": f"e{mailing:02}-{number:02}-{step}",
                        "message_id": f"m{mailing:02}-{number:02}",
                        "type": told.rstrip("*"),
                        "at": np.datetime64(day, "us") + (9 + step) * HOUR,
                        "is_machine": told.endswith("*"),
                    }
                )
    return rows


def reply_rows() -> list[dict[str, Any]]:
    """Give the rows of what customers said."""
    return [
        {
            "event_id": f"r{number}",
            "type": kind,
            "at": np.datetime64(at, "us"),
            "customer_id": customer,
        }
        for number, (customer, kind, at) in enumerate(REPLIES)
    ]


def told_of(**tables: Sequence[dict[str, Any]]) -> Told:
    """Read what tables tell, each given as its rows."""
    with connect() as connection:
        for name, rows in tables.items():
            # A column without a value has no type; one that is not there is empty.
            frame = pd.DataFrame(rows).dropna(axis="columns", how="all")
            connection.register(f"{name}_frame", frame)
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM {name}_frame")
        return Told.from_tables(connection)


def log_history(
    messages: Sequence[dict[str, Any]] | None = None,
    events: Sequence[dict[str, Any]] | None = None,
    replies: Sequence[dict[str, Any]] | None = None,
) -> OrderHistory:
    """Give the shop with its messages, as tables that held these rows are read."""
    told = told_of(
        messages=message_rows() if messages is None else messages,
        message_events=event_rows() if events is None else events,
        events=reply_rows() if replies is None else replies,
    )
    return replace(shop_history(), told=told)


def _nothing(message_id: str, customer: str, message: str, is_held: bool) -> dict[str, Any]:
    """Give the row of a decision that sent nothing."""
    at = np.datetime64("2026-01-05T09:00:00", "us") + 30 * DAY
    return {
        "message_id": message_id,
        "decision_id": f"d-{message_id}",
        "customer_id": customer,
        "message": message,
        "channel": "email",
        "decided_at": at,
        "claimed_at": at,
        "acked_at": None,
        "arm": None,
        "holdout": is_held,
    }
