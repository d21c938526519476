"""Public identifiers: 8 characters of [A-Za-z0-9] (47 bits), unguessable; collisions are settled by the database."""

import re
import secrets
import string
import uuid

ALPHABET = string.ascii_letters + string.digits
LENGTH = 8
_SHAPE = re.compile(rf"[A-Za-z0-9]{{{LENGTH}}}")


def new_id() -> str:
    number = secrets.randbelow(len(ALPHABET) ** LENGTH)
    return "".join(ALPHABET[number // len(ALPHABET) ** place % len(ALPHABET)] for place in range(LENGTH))


def is_id(text: str) -> bool:
    """Whether `text` could name something: anything else needs no look into the database to be not found."""
    return _SHAPE.fullmatch(text) is not None


def new_key() -> uuid.UUID:
    """An API key: a random UUID (version 4, RFC 9562), 122 bits from the operating system's generator."""
    return uuid.UUID(bytes=secrets.token_bytes(16), version=4)
