"""What is wrong with a playbook, each fault with its place in the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from nba.decide.playbooks.lines import Place, lines_of


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that a playbook may not say.

    Attributes:
        place: where it says so.
        text: what is wrong and what is expected.
    """

    place: Place
    text: str


class FaultsError(ValueError):
    """Several faults at once.

    Attributes:
        faults: all of them.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Keep the faults; the message joins them."""
        super().__init__("; ".join(f"{_dotted(one.place)}: {one.text}" for one in faults))
        self.faults = tuple(faults)


def faults_in(error: ValidationError) -> list[Fault]:
    """List what a check of fields found."""
    found: list[Fault] = []
    errors = error.errors(include_url=False)
    places = [one["loc"] for one in errors]
    for one in errors:
        length = len(one["loc"])
        # A list without the words that are wrong is empty: that follows from the others.
        if one["type"] == "too_short" and any(
            len(place) > length and place[:length] == one["loc"] for place in places
        ):
            continue
        inner = one.get("ctx", {}).get("error")
        if isinstance(inner, FaultsError):
            found += inner.faults
        elif one["type"] == "extra_forbidden":
            known = f"there is no key {str(one['loc'][-1])!r} here; correct or remove it"
            found.append(Fault(one["loc"], known))
        else:
            found.append(Fault(one["loc"], one["msg"].removeprefix("Value error, ")))
    return found


def report(path: str, text: str, document: Mapping[str, Any], faults: Sequence[Fault]) -> str:
    """Say what is wrong with a file, a line of the report a fault, in the order of the file.

    Args:
        path: of the file.
        text: what it holds.
        document: the same, read.
        faults: what was found; at least one.
    """
    lines = lines_of(text)
    told = sorted({(lines.of(one.place), *_told(document, one)) for one in faults})
    listed = [f"line {line}, {where}: {what}" for line, where, what in told]
    head = f"the playbook {path} is not valid"
    return f"{head}: {listed[0]}" if len(listed) == 1 else "\n  ".join([f"{head}:", *listed])


def _told(document: Mapping[str, Any], fault: Fault) -> tuple[str, str]:
    place = fault.place
    if len(place) < 2 or place[0] != "message" or not isinstance(place[1], int):
        return _dotted(place), fault.text
    name = _message_name(document, place[1])
    return name, f"{_dotted(place[2:])}: {fault.text}" if place[2:] else fault.text


def _message_name(document: Mapping[str, Any], number: int) -> str:
    message = document["message"][number]
    if isinstance(message, Mapping) and isinstance(message.get("id"), str):
        return f"message {message['id']}"
    return f"message number {number + 1}"


def _dotted(place: Place) -> str:
    return ".".join(_parts(place)) or "the file"


def _parts(place: Place) -> Iterator[str]:
    for part in place:
        # Positions count from 1 for people.
        yield str(part + 1) if isinstance(part, int) else part
