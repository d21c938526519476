"""Public identifiers: 8 characters of [A-Za-z0-9] (47 bits), unguessable; collisions are settled by the database.
And what lets somebody in: keys, and random texts of the same characters.
"""

import re
import secrets
import string
import uuid

ALPHABET = string.ascii_letters + string.digits
LENGTH = 8
TOKEN_LENGTH = 60  # 357 bits
_SHAPE = re.compile(rf"[A-Za-z0-9]{{{LENGTH}}}")


def new_id() -> str:
    number = secrets.randbelow(len(ALPHABET) ** LENGTH)
    return "".join(ALPHABET[number // len(ALPHABET) ** place % len(ALPHABET)] for place in range(LENGTH))


def is_id(text: str) -> bool:
    """Whether `text` could name something: anything else needs no look into the database to be not found."""
    return _SHAPE.fullmatch(text) is not None


def is_token(text: str) -> bool:
    """Whether it has the shape of a token."""
    return len(text) == TOKEN_LENGTH and text.isascii() and text.isalnum()


def new_text(length: int) -> str:
    """Random characters of the alphabet, 5.95 bits each."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def new_key() -> uuid.UUID:
    """An API key: a random UUID (version 4, RFC 9562), 122 bits from the operating system's generator."""
    return uuid.UUID(bytes=secrets.token_bytes(16), version=4)
