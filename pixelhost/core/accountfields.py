"""What the fields of an account may hold. Each function answers with the value to keep, or refuses."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import idna

from pixelhost import errors
from pixelhost.core import mail
from pixelhost.errors import ApiError

NAME_CHARACTER: Final = re.compile(r"[A-Za-z0-9_.-]")
NAME_MIN: Final = 3
NAME_MAX: Final = 32
PASSWORD_MIN: Final = 5
PASSWORD_MAX: Final = 50
EMBED_DOMAINS_MAX: Final = 5000
TEXT_MAX: Final = 200


@contextmanager
def collected(problems: list[ApiError]) -> Iterator[None]:
    """What is refused inside goes to `problems`, so that all of a request's are told at once."""
    try:
        yield
    except ApiError as problem:
        problems.append(problem)


def name(value: str) -> str:
    """Raises FIELD_CONTAINS_ILLEGAL_CHARACTER, STRING_OUT_OF_RANGE."""
    _refuse_characters("username", value, lambda char: NAME_CHARACTER.fullmatch(char) is not None)
    return _within("username", value, NAME_MIN, NAME_MAX)


def email(value: str) -> str:
    """Raises INVALID_EMAIL_ADDRESS."""
    mail.address(value)
    return value


def password(field: str, value: str) -> str:
    """Raises STRING_OUT_OF_RANGE."""
    return _within(field, value, PASSWORD_MIN, PASSWORD_MAX)


def embed_domains(value: str) -> str:
    """In lower case, ASCII, with one space between them. Raises INVALID_DOMAIN_NAME, STRING_OUT_OF_RANGE."""
    return " ".join(dict.fromkeys(map(_domain, _within("embed_domains", value, 0, EMBED_DOMAINS_MAX).split())))


def country(value: str) -> str:
    """In upper case, or empty. Raises FIELD_CONTAINS_ILLEGAL_CHARACTER, STRING_OUT_OF_RANGE."""
    if not value:
        return ""
    _refuse_characters("checkout_country", value, lambda char: char.isascii() and char.isalpha())
    return _within("checkout_country", value, 3, 3).upper()


def checkout_name(value: str) -> str:
    """Raises FIELD_CONTAINS_ILLEGAL_CHARACTER, STRING_OUT_OF_RANGE."""
    return _line("checkout_name", value)


def checkout_provider(value: str) -> str:
    """Raises FIELD_CONTAINS_ILLEGAL_CHARACTER, STRING_OUT_OF_RANGE."""
    return _line("checkout_provider", value)


def _domain(text: str) -> str:
    try:
        ascii_name = idna.encode(text, uts46=True).decode().removesuffix(".")
    except UnicodeError:
        raise errors.INVALID_DOMAIN_NAME(message=f"'{text}' is not a domain name") from None
    if "." not in ascii_name:
        raise errors.INVALID_DOMAIN_NAME(message=f"'{text}' has no period: a domain name is like example.com")
    return ascii_name


def _line(field: str, value: str) -> str:
    _refuse_characters(field, value, str.isprintable)
    return _within(field, value.strip(), 0, TEXT_MAX)


def _refuse_characters(field: str, value: str, is_allowed: Callable[[str], bool]) -> None:
    for position, char in enumerate(value):
        if not is_allowed(char):
            raise errors.FIELD_CONTAINS_ILLEGAL_CHARACTER(field=field, char=char, char_position=position)


def _within(field: str, value: str, shortest: int, longest: int) -> str:
    if not shortest <= len(value) <= longest:
        raise errors.STRING_OUT_OF_RANGE(field=field, min_len=shortest, max_len=longest, len=len(value))
    return value
