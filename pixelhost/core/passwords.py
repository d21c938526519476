"""Passwords as argon2id hashes, made and checked in threads that everything else goes before."""

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from pixelhost import errors

T = TypeVar("T")

THREADS: Final = 1  # a process; it costs a core and 19 MiB for its time
NICENESS: Final = 10
WAITING_MAX: Final = 500  # what comes after them would be answered when its sender is long gone

# RFC 9106 and OWASP: 19 MiB, two passes, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_nobody_hash = _hasher.hash("nobody has this password")


def _go_behind() -> None:
    """Many logins at once take longer, requests meanwhile don't: on Linux a thread has a priority of its own."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


_waiting: set[object] = set()
_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2", initializer=_go_behind)


async def hashed(password: str) -> str:
    """Raises IP_RATE_LIMIT_REACHED, as `is_right` does, while too many others wait."""
    return await _in_thread(partial(_hasher.hash, password))


async def is_right(password_hash: str | None, password: str) -> bool:
    """Without a hash it is never right, which takes as long to find out."""
    try:
        await _in_thread(partial(_hasher.verify, password_hash or _nobody_hash, password))
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


async def _in_thread(work: Callable[[], T]) -> T:
    if len(_waiting) >= WAITING_MAX:
        refusal = errors.IP_RATE_LIMIT_REACHED(
            message="Too many passwords are checked at the moment. Try again in a minute"
        )
        refusal.headers = {"Retry-After": "60"}
        raise refusal
    turn = object()
    _waiting.add(turn)
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, work)
    finally:
        _waiting.discard(turn)
