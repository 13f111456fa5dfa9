"""Tables as the importers of e-mail tools take them: their columns, their limits, mails alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nba.vocabulary import NOTHING_SENT, Channel

NOTHING: Final = NOTHING_SENT
"""Stands in every cell without a value: not every importer lets an empty one replace another."""
WAIT_HOURS: Final = 12
"""How long after the decision a message of the file may have to wait; later is another file's."""
_TOLD: Final = ("message", "message_id", "text", "send_after", "expires_at", "why")
_TEXTS: Final = ("title", "why")
"""What may be cut and still says what it said."""

Columns = Mapping[str, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Importer:
    """What one tool takes.

    Attributes:
        names: of its columns, in order, each with ours that it holds.
        longest: bytes of a cell; None where nobody is known to have met the limit.
    """

    names: Mapping[str, str]
    longest: int | None = None


def _products(pattern: str, parts: Mapping[str, str]) -> dict[str, str]:
    """Name the columns of products in a tool's way."""
    from nba.recommend.flat import PLACES

    return {
        pattern.format(place=place, part=theirs): f"product_{place}_{ours}"
        for place in range(1, PLACES + 1)
        for theirs, ours in parts.items()
    }


def importers() -> Mapping[str, Importer]:
    """Give the tools by name."""
    from nba.recommend.flat import PARTS

    short = {"NAME": "title", "URL": "link", "IMG": "image_link", "PRICE": "price"}
    return {
        "klaviyo": Importer(
            {"External ID": "customer_id"}
            | {f"nba_{one}": one for one in _TOLD}
            | _products("nba_rec_{place}_{part}", {one: one for one in PARTS})
        ),
        # A tag has ten letters at most, a text field 255 bytes.
        "mailchimp": Importer(
            {
                "NBACUST": "customer_id",
                "NBANEXT": "message",
                "NBAMSG": "message_id",
                "NBATEXT": "text",
                "NBASENDAT": "send_after",
                "NBAUNTIL": "expires_at",
                "NBAWHY": "why",
            }
            | _products("REC{place}{part}", short),
            longest=255,
        ),
    }


def importer_of(name: str, out: Path | None) -> Importer:
    """Give the tool that a file is for.

    Raises:
        ConfigError: there is none of that name, or the file is no CSV.
    """
    from nba.errors import ConfigError

    found = importers()
    if name not in found:
        raise ConfigError(f"no importer is called {name}; expected one of {', '.join(found)}")
    if out is None or out.suffix != ".csv":
        raise ConfigError(f"--as {name} takes --out with a file that ends in .csv")
    return found[name]


def fitted(importer: Importer, piece: Columns) -> dict[str, list[Any]]:
    """Give a tool's columns of a table: a row a customer, also of those who get no mail.

    What goes by another channel than e-mail is nothing to an e-mail tool, nor what waits. A product
    without title, or whose link is missing or too long, is none that a mail can show: the next one
    takes its place.

    Args:
        importer: the tool.
        piece: ours, by name; a column that is not there is empty.
    """
    count = len(piece["customer_id"])
    ours: dict[str, Sequence[Any]] = {**piece, **_moved_up(piece, count, importer.longest)}
    latest = {one: latest_leaving(one) for one in set(piece["as_of"])}
    is_mail = [
        is_carried(channel, send_after, latest[as_of])
        for channel, send_after, as_of in zip(
            piece["channel"], piece["send_after"], piece["as_of"], strict=True
        )
    ]
    columns: dict[str, list[Any]] = {}
    for theirs, name in importer.names.items():
        cells = ours.get(name) or [None] * count
        if name != "customer_id":
            cells = [cell if mail else None for cell, mail in zip(cells, is_mail, strict=True)]
        is_text = name.endswith(_TEXTS)
        columns[theirs] = [_within(importer.longest, cell, is_text=is_text) for cell in cells]
    return columns


def is_carried(channel: str | None, send_after: str | None, latest: str) -> bool:
    """Tell whether a message stands in the files of these tools.

    Args:
        channel: how it goes.
        send_after: when it may leave; of a claim whose message can no longer be told nobody knows.
        latest: of the file, see `latest_leaving`.
    """
    return channel == Channel.EMAIL and send_after is not None and send_after <= latest


def latest_leaving(as_of: str) -> str:
    """Give until when a message of a file may have to wait."""
    import numpy as np

    from nba.domain import iso, to_instant

    return str(iso(to_instant(as_of) + np.timedelta64(WAIT_HOURS, "h")))


def _moved_up(piece: Columns, count: int, longest: int | None) -> dict[str, list[Any]]:
    """Leave out what a mail cannot show."""
    from nba.recommend.flat import PARTS, PLACES, PRODUCT_COLUMNS, product_cells

    columns: dict[str, list[Any]] = {name: [] for name in PRODUCT_COLUMNS}
    title, link = PARTS.index("title"), PARTS.index("link")
    for row in range(count):
        cells = [piece[name][row] for name in PRODUCT_COLUMNS]
        cards = [tuple(cells[place * len(PARTS) :][: len(PARTS)]) for place in range(PLACES)]
        shown = [one for one in cards if one[title] and _fits(one[link], longest)]
        told = product_cells(shown)
        for name, column in columns.items():
            column.append(told[name])
    return columns


def _within(longest: int | None, cell: str | None, *, is_text: bool) -> str:
    """Give a cell no longer than it may be; a cut address would lead elsewhere, so it is none."""
    if cell is None or cell == "":
        return NOTHING
    if longest is None or _fits(cell, longest):
        return cell
    if not is_text:
        return NOTHING
    ending = "…"
    return cell.encode()[: longest - len(ending.encode())].decode(errors="ignore").rstrip() + ending


def _fits(cell: str | None, longest: int | None) -> bool:
    """Tell whether there is something in a cell, and no more than goes in."""
    return bool(cell) and (longest is None or len(str(cell).encode()) <= longest)
