"""What comes while a thread is busy is done together, as soon as it is free again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

PATIENCE_SECONDS: Final = 2.0
"""What those of a group that failed may take to fail again, before the others are given up."""

Given = TypeVar("Given")
Outcome = TypeVar("Outcome")

_Waiting = tuple[Given, "asyncio.Future[Outcome]"]


class Grouping(Generic[Given, Outcome]):
    """Does what is given to it in groups, one after the other, in the order in which it came.

    Nobody waits for company: what comes while nothing is under way begins at once, alone. What
    comes meanwhile waits, and is the next group.
    """

    def __init__(
        self,
        do: Callable[[Sequence[Given]], Sequence[Outcome]],
        *,
        most: int,
        size: Callable[[Given], int] = lambda _: 1,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """Begin with nothing to do.

        Args:
            do: gives the outcome of each of a group; called in a thread of its own, for one group
                at a time.
            most: what the sizes of a group may add up to, unless one alone is larger.
            size: of one.
            patience_seconds: what those of a group that failed may take to fail again by
                themselves; a failure that takes long is no fault of one of them, and the others,
                with who waits behind them, would wait for as many.
        """
        self._do = do
        self._most = most
        self._size = size
        self._patience_seconds = patience_seconds
        self._waiting: list[_Waiting[Given, Outcome]] = []
        self._working: asyncio.Task[None] | None = None

    async def outcome(self, given: Given) -> Outcome:
        """Have something done, and give what came of it.

        Whoever is cancelled before their group begins is left out of it.

        Raises:
            Exception: what doing it alone raises.
        """
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((given, future))
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        return await future

    async def _work(self) -> None:
        try:
            while together := self._next():
                try:
                    done = await asyncio.to_thread(self._do, [one for one, _ in together])
                except Exception as error:
                    await self._work_alone(together, error)
                else:
                    for (_, future), outcome in zip(together, done, strict=True):
                        _tell(future, outcome)
        finally:
            self._working = None

    async def _work_alone(
        self, together: Sequence[_Waiting[Given, Outcome]], error: Exception
    ) -> None:
        """Do each of a group by itself, so that none fails for another one's sake."""
        if len(together) == 1:
            _fail(together[0][1], error)
            return
        left = self._patience_seconds
        for given, future in together:
            if left < 0:
                _fail(future, error)
                continue
            began = time.monotonic()
            try:
                (outcome,) = await asyncio.to_thread(self._do, [given])
            except Exception as its_own:
                _fail(future, its_own)
                left -= time.monotonic() - began
            else:
                _tell(future, outcome)

    def _next(self) -> list[_Waiting[Given, Outcome]]:
        """Take from those that wait as many as one group holds; none if nobody waits any more."""
        self._waiting = [one for one in self._waiting if not one[1].done()]
        count = total = 0
        for given, _ in self._waiting:
            total += self._size(given)
            if count and total > self._most:
                break
            count += 1
        together, self._waiting = self._waiting[:count], self._waiting[count:]
        return together


def _tell(future: asyncio.Future[Outcome], outcome: Outcome) -> None:
    # Who asked may be gone by now.
    if not future.done():
        future.set_result(outcome)


def _fail(future: asyncio.Future[Outcome], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
