"""Forms of pages: what was sent, and what was wrong with it, each beside its field.

async def save(request: web.Request) -> web.Response:
    sent = await forms.sent(request)
    try:
        await accounts.update(site_of(request), caller, params.from_text(sent, Wanted))
    except (ApiError, ApiErrors) as error:
        return _page(request, sent=sent, problems=forms.problems(error))
    return pages.see_other("/user/settings", done="saved")
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from pixelhost.errors import ApiError, ApiErrors
from pixelhost.wire import params


@dataclass(frozen=True)
class Problems:
    """Messages, to be translated when they are shown: by field, and those that concern none."""

    by_field: Mapping[str, str] = field(default_factory=dict)
    others: Sequence[str] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    """Of the answer, like when to come back."""

    def __bool__(self) -> bool:
        return bool(self.by_field or self.others)


NONE: Final = Problems()

FIELDS: Final[Mapping[str, str]] = {
    "user_not_found": "username",
    "password_incorrect": "password",
    "otp_required": "totp",
    "otp_incorrect": "totp",
    "username_already_registered": "username",
    "email_address_already_registered": "email",
    "invalid_email_address": "email",
}
"""Which field an error is about that doesn't say it itself."""


async def sent(request: web.Request) -> Mapping[str, str]:
    """The fields of a form as text. Raises ERROR_READING_INPUT, UTF8_STRING_PARSE_FAILED."""
    return await params.fields(request)


def problems(error: ApiError | ApiErrors, fields: Mapping[str, str] = FIELDS) -> Problems:
    """What a refusal says about a form."""
    told = error.errors if isinstance(error, ApiErrors) else [error]
    by_field: dict[str, str] = {}
    others: list[str] = []
    for one in told:
        name = str(one.extra.get("field", "")) or fields.get(one.kind.code, "")
        if name and name not in by_field:
            by_field[name] = one.message
        else:
            others.append(one.message)
    headers = {name: value for one in told for name, value in one.headers.items()}
    return Problems(by_field, others, error.status, headers)
