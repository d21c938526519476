"""The request target as it was sent: decoded strictly, so that no name is silently another one."""

from urllib.parse import unquote_to_bytes

from aiohttp import web

from pixelhost import errors

NUMBER_DIGITS = 18


def raw_path(request: web.BaseRequest) -> str:
    """The path of the target, still percent-encoded, also of an absolute-form target (RFC 9112, 3.2.2)."""
    path = request.raw_path.partition("?")[0]
    if not path.startswith("/"):
        path = "/" + path.partition("://")[2].partition("/")[2]
    return path


def raw_query(request: web.BaseRequest) -> str:
    return request.raw_path.partition("?")[2]


def decoded(text: str, field: str) -> str:
    """Percent-decoded, `+` being a plus. Raises UTF8_STRING_PARSE_FAILED."""
    if "%" not in text and text.isascii():
        return text
    try:
        return unquote_to_bytes(text.encode("utf-8", "surrogateescape")).decode("utf-8")
    except UnicodeDecodeError:
        raise errors.UTF8_STRING_PARSE_FAILED(field=field) from None


def path_tail(request: web.BaseRequest, prefix: str, field: str) -> str:
    """What follows `prefix` in the path, decoded. Raises UTF8_STRING_PARSE_FAILED."""
    return decoded(raw_path(request).removeprefix(prefix), field)


def path_segment(request: web.BaseRequest, index: int, field: str) -> str:
    """The segment at `index` (0 is the first) of the path, decoded; empty if there is none."""
    segments = raw_path(request).split("/")[1:]
    return decoded(segments[index], field) if index < len(segments) else ""


def path_number(request: web.BaseRequest, index: int, field: str) -> int:
    """The segment at `index`, the ID of a row. Raises NOT_FOUND where it can't be one."""
    text = path_segment(request, index, field)
    if not (text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS):
        raise errors.NOT_FOUND()
    return int(text)
