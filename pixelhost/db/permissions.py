"""Permissions as they stand in columns."""

from uuid import UUID

import msgspec

from pixelhost.model.nodes import Permissions, Rights

NOBODY_ELSE = Permissions()


class _Stored(msgspec.Struct, array_like=True):
    """Permissions as they stand in the column: rights as letters of `rwd`, passwords sealed."""

    link: str = "r"
    users: dict[UUID, str] = {}
    passwords: list[tuple[bytes, str]] = []


def stored(permissions: Permissions) -> str:
    """As the column holds them."""
    made = _Stored(
        _letters(permissions.link),
        {user_id: _letters(rights) for user_id, rights in permissions.users.items()},
        [(sealed, _letters(rights)) for sealed, rights in permissions.passwords.items()],
    )
    return msgspec.json.encode(made).decode()


def loaded(text: str | None) -> Permissions:
    """Out of what the column holds."""
    if text is None:
        return NOBODY_ELSE
    found = msgspec.json.decode(text, type=_Stored)
    return Permissions(
        _rights(found.link),
        {user_id: _rights(letters) for user_id, letters in found.users.items()},
        {sealed: _rights(letters) for sealed, letters in found.passwords},
    )


def has_passwords(column: str) -> str:
    """The condition of SQL for it."""
    return f"jsonb_array_length({column} -> 2) > 0"


def _rights(letters: str) -> Rights:
    return Rights(read="r" in letters, write="w" in letters, delete="d" in letters)


def _letters(rights: Rights) -> str:
    return "r" * rights.read + "w" * rights.write + "d" * rights.delete
