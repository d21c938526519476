"""What was wrong with a form, in words for whoever filled it in: those of the registry are for programs."""

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from pixelhost.errors import ApiError, ApiErrors
from pixelhost.web import forms, languages
from pixelhost.web.forms import Problems
from pixelhost.web.languages import Language, mark
from pixelhost.web.wording import honest

PLAIN: Final[Mapping[str, str]] = {
    "missing_field": mark("This is needed."),
    "integer_parse_failed": mark("This is not a whole number."),
    "integer_out_of_range": mark("This must be between %(min_val)s and %(max_val)s."),
    "string_out_of_range": mark("This must have between %(min_len)s and %(max_len)s characters. It has %(len)s."),
    "field_contains_illegal_character": mark("The character “%(char)s” is not allowed here."),
    "enum_parse_failed": mark("Choose one of those that are offered."),
    "address_parse_failed": mark("Write an address like 192.0.2.7, or a network like 192.0.2.0/24."),
    "user_not_found": mark("There is no account with this name or e-mail address."),
    "password_incorrect": mark("This is not the password of the account."),
    "otp_required": mark("Enter the code that your authenticator app shows."),
    "otp_incorrect": mark("This code is not right, or it was used already. Wait for the next one."),
    "invalid_login_link": mark("This link is not good any more: it was used, or its time is over."),
    "not_enough_credit_for_prepaid": mark("This plan needs at least 1 euro of credit. Add some first."),
}
"""By error code. What isn't here is said in the registry's own words."""

TOO_LONG: Final = mark("This may have at most %(max_len)s characters. It has %(len)s.")


def of(request: web.Request, error: ApiError | ApiErrors, fields: Mapping[str, str] | None = None) -> Problems:
    """`fields` are those that errors are about which don't say it themselves, besides forms.FIELDS."""
    language = languages.of(request)
    known = {**forms.FIELDS, **(fields or {})}
    if isinstance(error, ApiErrors):
        return forms.problems(ApiErrors([_reworded(language, one) for one in error.errors]), known)
    return forms.problems(_reworded(language, error), known)


def _reworded(language: Language, error: ApiError) -> ApiError:
    text = PLAIN.get(error.kind.code)
    if text is None or error.message != error.kind.message:
        return error
    if error.extra.get("min_len") == 0:
        text = TOO_LONG
    shown = {name: honest(value) if isinstance(value, str) else value for name, value in error.extra.items()}
    reworded = error.kind(message=language.translations.gettext(text) % shown, **error.extra)
    reworded.headers = error.headers
    return reworded
