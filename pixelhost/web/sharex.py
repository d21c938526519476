"""A configuration for ShareX, which uploads screenshots by itself (getsharex.com/docs/custom-uploader)."""

import base64
from urllib.parse import urlsplit

import msgspec
from aiohttp import hdrs, web

from pixelhost import errors
from pixelhost.core import apikeys
from pixelhost.wire import content, credentials, dialect, target
from pixelhost.wire.dialect import caller_of, site_of

APP_NAME = "ShareX"
SYNTAX_VERSION = "14.1.0"
"""The release whose `{json:...}` and `{base64:...}` are used here."""

TO_BE_FILLED_IN = "{base64:sharex:API-KEY}"


async def show(request: web.Request) -> web.Response:
    """GET /misc/sharex/{host}.sxcu: with the key that a program sent along, else with a place for one.

    Never with the key of a login: that ends with it.
    """
    _refuse_other_names(request)
    sent = credentials.sent(request)
    key = sent.key if sent is not None and not sent.is_cookie else ""
    return _answer(request, key)


async def make(request: web.Request) -> web.Response:
    """POST /misc/sharex/{host}.sxcu: with a key of the caller's own, made for ShareX."""
    _refuse_other_names(request)
    return _answer(request, str(await apikeys.for_app(site_of(request), caller_of(request), APP_NAME)))


def path_at(here: str) -> str:
    return f"/misc/sharex/{urlsplit(here).netloc}.sxcu"


def _refuse_other_names(request: web.Request) -> None:
    """Raises NOT_FOUND for a configuration that is not this site's."""
    address = urlsplit(dialect.here(request))
    asked = target.path_segment(request, 2, "name").lower()
    if asked not in {f"{address.hostname}.sxcu", f"{address.netloc.lower()}.sxcu"}:
        raise errors.NOT_FOUND()


def _answer(request: web.Request, key: str) -> web.Response:
    here = dialect.here(request)
    host = urlsplit(here).hostname or ""
    headers = {
        hdrs.CONTENT_TYPE: "application/json",
        hdrs.CACHE_CONTROL: "private, no-store",
        hdrs.CONTENT_DISPOSITION: content.content_disposition("attachment", f"{host}.sxcu"),
    }
    body = msgspec.json.format(msgspec.json.encode(configuration(here, host, key)), indent=2)
    return web.Response(body=body, headers=headers)


def configuration(here: str, host: str, key: str) -> dict[str, object]:
    credential = base64.b64encode(f":{key}".encode()).decode() if key else TO_BE_FILLED_IN
    return {
        "Version": SYNTAX_VERSION,
        "Name": host,
        "DestinationType": "ImageUploader, TextUploader, FileUploader",
        "RequestMethod": "POST",
        "RequestURL": f"{here}/api/file",
        "Headers": {"Authorization": f"Basic {credential}"},
        "Body": "MultipartFormData",
        "FileFormName": "file",
        "URL": f"{here}/u/{{json:id}}",
        "ThumbnailURL": f"{here}/api/file/{{json:id}}/thumbnail",
        "ErrorMessage": "{json:message}",
    }
