"""Settings that administrators change while it runs, the same on every worker. Each has a row in `GLOBALS`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import asyncpg

from pixelhost import errors
from pixelhost.db import runtime as rows
from pixelhost.db.changes import Changes, Generation

RETRY_SECONDS: Final = 60


@dataclass(frozen=True)
class Global:
    """`check` raises for a value that is not one."""

    default: str
    check: Callable[[str], None]
    help: str


def _bool(value: str) -> None:
    if value not in {"true", "false"}:
        raise errors.BOOL_PARSE_FAILED(field="value")


GLOBALS: Final[Mapping[str, Global]] = {
    "read_only_mode": Global("false", _bool, "refuse everything that writes, but logins and administration"),
}


class Runtime:
    """The values in force. They are not asked for again until something has changed."""

    def __init__(self, db: asyncpg.Pool, changes: Changes) -> None:
        self._db = db
        self._changes = changes
        self._kept: Mapping[str, str] | None = None
        self._kept_since: Generation = changes.generation

    async def values(self) -> Mapping[str, str]:
        """Every global with its value."""
        if self._kept is not None and self._changes.is_heard and self._changes.generation == self._kept_since:
            return self._kept
        before = self._changes.generation
        found = await rows.values(self._db)
        values = {key: found.get(key, one.default) for key, one in GLOBALS.items()}
        # Read after the number was: if it has changed since, this will not be used again.
        self._kept, self._kept_since = values, before
        return values

    async def set(self, key: str, value: str) -> None:
        """Raises ENUM_PARSE_FAILED for an unknown key, and as the key's own check."""
        if key not in GLOBALS:
            raise errors.ENUM_PARSE_FAILED(field="key", allowed_values=list(GLOBALS))
        GLOBALS[key].check(value)
        await rows.set_value(self._db, key, value)
        self._changes.note()

    async def is_read_only(self) -> bool:
        return (await self.values())["read_only_mode"] == "true"

    async def refuse_writing(self) -> None:
        """Raises READ_ONLY_MODE_ENABLED, with a Retry-After: programs know what that means."""
        if await self.is_read_only():
            error = errors.READ_ONLY_MODE_ENABLED()
            error.headers = {"Retry-After": str(RETRY_SECONDS)}
            raise error
