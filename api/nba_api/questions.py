"""Questions for next messages that arrive together are answered together: one look at the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import Depends, Request

from nba_api.grouping import Grouping
from nba_api.live import Live
from nba_api.next_messages import Question, answers

MOST_QUESTIONS: Final = 32
"""Questions answered together at most, which bounds for how long one waits for the others."""


class Questions:
    """Answers what is asked of one server about now.

    A question alone costs several milliseconds of one processor, of which those of a group share
    most. Two threads that answer would only wait for each other's turn.
    """

    def __init__(self, live: Live) -> None:
        """Answer from what a server holds."""
        self._live = live
        self._asked = Grouping(self._answer, most=MOST_QUESTIONS)

    async def next_message(self, question: Question) -> dict[str, Any]:
        """Give the decision for a customer, of an instant at or after the question.

        Raises:
            StateError: the store cannot be read.
            SnapshotError: no snapshot was ever published, or the only one is damaged.
        """
        return await self._asked.outcome(question)

    def _answer(self, asked: Sequence[Question]) -> list[dict[str, Any]]:
        live = self._live
        return answers(live.store, live.serving().policy, asked, live.instant(None))


async def _of(request: Request) -> Questions:
    questions: Questions = request.app.state.questions
    return questions


QuestionsOf = Annotated[Questions, Depends(_of)]
