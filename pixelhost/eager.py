"""Coroutines that begin before they are awaited."""

from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


class Eager(Generator[Any, Any, T]):
    """Runs a coroutine until it waits for the first time, as the eager tasks of Python 3.12 do; who awaits this runs
    the rest. So its answer comes nearer while its caller does something else, and that costs no task.

    To be made in a task and awaited there, once. In between nothing else may be awaited: others may wait for what the
    coroutine holds, and a time limit of its own would end another wait. What it raises before it waits is raised at
    once.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._coroutine = coroutine
        self._is_told = False
        self._has_ended = False
        try:
            self._waits_for = coroutine.send(None)
        except StopIteration as end:
            self._has_ended, self._result = True, end.value

    def __await__(self) -> "Eager[T]":
        return self

    def send(self, value: Any) -> Any:
        """To the event loop: what is waited for now. It is told the first as well, a little later than that began."""
        if self._has_ended:
            raise StopIteration(self._result)
        if self._is_told:
            return self._coroutine.send(value)
        self._is_told = True
        return self._waits_for

    def throw(self, kind: Any, value: Any = None, _traceback: Any = None) -> Any:
        return self._coroutine.throw(kind if value is None else value)
