"""What fields cannot see alone: contradictions inside a message, and between messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nba.decide.faults import Fault
from nba.decide.messages import Message
from nba.decide.sections import IntentSpans, QuietHours


def faults_between(
    messages: Mapping[int, Message], quiet: QuietHours, intents: IntentSpans
) -> list[Fault]:
    """List every contradiction of a playbook.

    Args:
        messages: place in the playbook → message.
        quiet: its quiet hours.
        intents: how long its intents stay open.
    """
    return [*_repeated(messages)]


def _repeated(messages: Mapping[int, Message]) -> Iterator[Fault]:
    ids: set[str] = set()
    for place, message in messages.items():
        if message.id in ids:
            yield Fault(("message", place, "id"), "the message appears twice; write it once")
        ids.add(message.id)
