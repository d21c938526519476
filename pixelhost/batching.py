"""Many questions at once, one statement: what asks while a statement runs shares the next one.

Nothing is kept: an answer always comes from a statement that began after the question, so it is never out of date.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

KEYS_MAX = 500


class Batcher(Generic[K, V]):
    def __init__(self, fetch: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]) -> None:
        """`fetch` gets at most 500 different keys, and answers with those that exist."""
        self._fetch = fetch
        self._waiting: dict[K, asyncio.Future[V | None]] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        return self._task is None

    async def get(self, key: K) -> V | None:
        """Raises what `fetch` raises."""
        answer = self._waiting.get(key)
        if answer is None:
            answer = self._waiting[key] = asyncio.get_running_loop().create_future()
        if self._task is None:
            self._task = asyncio.create_task(self._work())
        return await asyncio.shield(answer)

    async def _work(self) -> None:
        try:
            while self._waiting:
                taken = dict(list(self._waiting.items())[:KEYS_MAX])
                for key in taken:
                    del self._waiting[key]
                await self._answer(taken)
        finally:
            self._task = None

    async def _answer(self, taken: Mapping[K, asyncio.Future[V | None]]) -> None:
        try:
            found = await self._fetch(list(taken))
        except BaseException as error:
            for answer in taken.values():
                answer.set_exception(error)
                answer.exception()  # whoever waits gets it; nobody waiting is no accident
            if not isinstance(error, Exception):
                raise
            return
        for key, answer in taken.items():
            answer.set_result(found.get(key))
