"""What is done in groups: at once, in order, bounded, and each answered for itself."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from nba_api.grouping import Grouping


class Worker:
    """Doubles numbers once it is let, and fails where a negative one is among them."""

    def __init__(self, **limits: Any) -> None:
        self.groups: list[list[int]] = []
        self.threads: set[int] = set()
        self.begun = asyncio.Event()
        self.let = threading.Event()
        self.grouping = Grouping(self._do, **{"most": 100, **limits})
        self._loop = asyncio.get_running_loop()

    def ask(self, number: int) -> asyncio.Task[int]:
        return asyncio.create_task(self.grouping.outcome(number))

    async def busy_with(self, number: int) -> asyncio.Task[int]:
        """Begin with a number, which lasts until the worker is let."""
        first = self.ask(number)
        await self.begun.wait()
        return first

    def _do(self, numbers: Sequence[int]) -> list[int]:
        self.groups.append(list(numbers))
        self.threads.add(threading.get_ident())
        self._loop.call_soon_threadsafe(self.begun.set)
        assert self.let.wait(10)
        if min(numbers) < 0:
            raise ValueError(f"{min(numbers)} is negative")
        return [2 * one for one in numbers]


Outcomes = list[int | BaseException]


def run(told: Callable[[], Awaitable[tuple[Worker, Outcomes]]]) -> tuple[Worker, Outcomes]:
    async def within() -> tuple[Worker, Outcomes]:
        return await told()

    return asyncio.run(within())


async def outcomes(*tasks: asyncio.Task[int]) -> Outcomes:
    return await asyncio.gather(*tasks, return_exceptions=True)


def test_what_comes_while_one_is_done_is_done_together() -> None:
    async def told() -> tuple[Worker, Outcomes]:
        worker = Worker()
        tasks = [await worker.busy_with(1), *(worker.ask(one) for one in (2, 3, 2, 4))]
        await asyncio.sleep(0)
        worker.let.set()
        return worker, await outcomes(*tasks)

    worker, done = run(told)
    assert worker.groups == [[1], [2, 3, 2, 4]]
    assert done == [2, 4, 6, 4, 8]
    # Never in the thread that answers everybody else meanwhile.
    assert threading.get_ident() not in worker.threads


def test_a_group_is_bounded_unless_one_alone_is_larger() -> None:
    async def told() -> tuple[Worker, Outcomes]:
        worker = Worker(most=5, size=lambda one: one)
        tasks = [await worker.busy_with(1), *(worker.ask(one) for one in (2, 3, 1, 9, 4, 1, 1))]
        await asyncio.sleep(0)
        worker.let.set()
        return worker, await outcomes(*tasks)

    worker, done = run(told)
    assert worker.groups == [[1], [2, 3], [1], [9], [4, 1], [1]]
    assert done == [2, 4, 6, 2, 18, 8, 2, 2]


def test_one_that_fails_fails_alone() -> None:
    async def told() -> tuple[Worker, Outcomes]:
        worker = Worker()
        tasks = [await worker.busy_with(1), *(worker.ask(one) for one in (2, -3, 4))]
        await asyncio.sleep(0)
        worker.let.set()
        done = await outcomes(*tasks)
        return worker, [*done, *await outcomes(worker.ask(-5), worker.ask(6))]

    worker, done = run(told)
    assert worker.groups[:5] == [[1], [2, -3, 4], [2], [-3], [4]]
    assert [str(one) for one in done] == [*"24", "-3 is negative", "8", "-5 is negative", "12"]
    assert {type(one) for one in done} == {int, ValueError}


def test_where_failing_takes_long_the_others_are_given_up() -> None:
    async def told() -> tuple[Worker, Outcomes]:
        worker = Worker(patience_seconds=0)
        tasks = [await worker.busy_with(1), *(worker.ask(one) for one in (2, -3, 4, -5))]
        await asyncio.sleep(0)
        worker.let.set()
        return worker, await outcomes(*tasks)

    worker, done = run(told)
    assert worker.groups == [[1], [2, -3, 4, -5], [2], [-3]]
    assert [str(one) for one in done] == [*"24", "-3 is negative", *["-5 is negative"] * 2]


def test_who_is_gone_before_their_turn_is_left_out() -> None:
    async def told() -> tuple[Worker, Outcomes]:
        worker = Worker()
        tasks = [await worker.busy_with(1), *(worker.ask(one) for one in (-2, 3, 4))]
        await asyncio.sleep(0)
        # Also who is being answered may go.
        tasks[0].cancel()
        tasks[1].cancel()
        tasks[3].cancel()
        await asyncio.sleep(0)
        worker.let.set()
        return worker, await outcomes(*tasks)

    worker, done = run(told)
    assert worker.groups == [[1], [3]]
    assert [type(one) for one in done] == [
        asyncio.CancelledError,
        asyncio.CancelledError,
        int,
        asyncio.CancelledError,
    ]


def test_where_all_who_waited_are_gone_nothing_is_done_and_the_next_begins_at_once() -> None:
    async def told() -> tuple[Worker, Outcomes]:
        worker = Worker()
        first, second = await worker.busy_with(1), worker.ask(2)
        await asyncio.sleep(0)
        second.cancel()
        worker.let.set()
        return worker, [*await outcomes(first), await worker.ask(3)]

    worker, done = run(told)
    assert worker.groups == [[1], [3]]
    assert done == [2, 6]
