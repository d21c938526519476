"""What is sent to make a push: JSON, a form, or a multipart form whose files are sealed while they arrive.

The fields lie in an envelope: `{"push": {...}}`, `push[payload]=...`. Their values may all be texts. Numbers that are
none, or out of range, are as if they weren't sent: that is what clients of Password Pusher rely on.
"""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Final, cast

import msgspec
from aiohttp import web

from pixelhost import errors
from pixelhost.core import pushfields, pushfiles
from pixelhost.core.pusharrivals import FORM_BYTES, Arrivals
from pixelhost.core.pushes import Draft
from pixelhost.core.pushfields import NewPush
from pixelhost.core.pushfiles import NewFile
from pixelhost.model.pushes import PushKind
from pixelhost.pwpush.skins import Skin
from pixelhost.wire import body, params
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.uploadform import UploadForm

KINDS: Final = ("text", "file", "url", "qr")
TRUE: Final = frozenset({"on", "yes", "checked", "true", "1"})

_NESTED: Final = re.compile(r"(\w+)\[(\w+)\](?:\[\])?")


@dataclass(frozen=True)
class Sent:
    """`beside` are parameters next to the envelope. `names_files`: its key `files` is there, even if there are none;
    `has_odd_files`: with something in it that isn't one.
    """

    fields: Mapping[str, str]
    beside: Mapping[str, str]
    names_files: bool = False
    has_odd_files: bool = False
    files: Sequence[NewFile] = ()


@dataclass
class _Gathering:
    """What was read so far. `has_envelope`: with at least one key in it."""

    has_envelope: bool = False
    fields: dict[str, str] = field(default_factory=dict)
    beside: dict[str, str] = field(default_factory=dict)
    names_files: bool = False
    has_odd_files: bool = False

    def add(self, name: str, value: str, envelopes: Sequence[str]) -> None:
        nested = _NESTED.fullmatch(name)
        if nested is None:
            self.beside.setdefault(name, value)
        elif nested[1] in envelopes:
            self.has_envelope = True
            if nested[2] == "files":
                self.add_no_file(value)
            else:
                self.fields.setdefault(nested[2], value)

    def add_no_file(self, value: object) -> None:
        """What was sent as a file without being one; often it is nothing."""
        self.has_envelope = self.names_files = True
        self.has_odd_files = self.has_odd_files or bool(value)


@asynccontextmanager
async def sent(request: web.Request, envelopes: Sequence[str], draft: Draft) -> AsyncIterator[Sent]:
    """What the request holds; at the end of the block, files that have not become a push's are dropped.

    Raises PUSH_PARAMETER_MISSING without an envelope, PUSH_INVALID for too many files; before files are received, what
    `pushes.pusher` and `pushfiles.admit` do.
    """
    async with AsyncExitStack() as stack:
        files: list[NewFile] = []
        if body.is_multipart(request):
            found = await _multipart(request, envelopes, draft, files, stack)
        elif request.content_type.endswith("json"):
            found = _json(await body.small(request, FORM_BYTES), envelopes)
        else:
            found = _urlencoded(await body.small(request, FORM_BYTES), envelopes)
        if not found.has_envelope:
            raise errors.PUSH_PARAMETER_MISSING(field=envelopes[0], message=f"The parameter {envelopes[0]} is missing.")
        yield Sent(found.fields, found.beside, found.names_files, found.has_odd_files, files)


def new_push(sent_: Sent, skin: Skin) -> NewPush:
    """Raises PUSH_INVALID."""
    if sent_.has_odd_files:
        raise errors.PUSH_INVALID(field="files", message="Files are sent as parts of a multipart form.")
    fields = sent_.fields
    kind = skin.kind or _kind(sent_, skin)
    return NewPush(
        kind=kind,
        payload=fields.get("payload", ""),
        passphrase=fields.get("passphrase", ""),
        name=fields.get("name", ""),
        note=fields.get("note", ""),
        days=_within(fields.get("expire_after_days"), pushfields.DAYS, pushfields.DAYS_DEFAULT),
        views=_within(fields.get("expire_after_views"), pushfields.VIEWS, pushfields.VIEWS_DEFAULT),
        lifetime=_lifetime(fields.get("expire_after_duration")),
        is_deletable_by_viewer=None if kind == "url" else _is_true(fields, "deletable_by_viewer", default=True),
        has_retrieval_step=_is_true(fields, "retrieval_step", default=True),
        is_end_to_end=_is_true(fields, "end_to_end", default=False),
        mails_on_view=_is_true(fields, "notify_on_view", default=False),
        mails_on_expiry=_is_true(fields, "notify_on_expiry", default=False),
    )


def _kind(sent_: Sent, skin: Skin) -> PushKind:
    is_file = bool(sent_.files) or (sent_.names_files and not skin.needs_files_for_kind)
    kind = sent_.fields.get("kind") or ("file" if is_file else "text")
    if kind not in KINDS:
        raise errors.PUSH_INVALID(field="kind", message=f"The kind is one of {', '.join(KINDS)}.")
    return cast("PushKind", kind)


def _within(text: str | None, allowed: range, default: int) -> int:
    try:
        number = int(text or "")
    except ValueError:
        return default
    return number if number in allowed else default


def _lifetime(text: str | None) -> timedelta | None:
    index = _within(text, range(len(pushfields.DURATIONS)), -1)
    return pushfields.DURATIONS[index] if index >= 0 else None


def _is_true(fields: Mapping[str, str], name: str, *, default: bool) -> bool:
    return fields[name].strip().lower() in TRUE if name in fields else default


def _json(sent_: bytes, envelopes: Sequence[str]) -> _Gathering:
    try:
        members = msgspec.json.decode(sent_)
    except params.JSON_FAILED:
        raise errors.JSON_BODY_PARSE_FAILED(message="The body is not valid JSON.") from None
    found = _Gathering()
    if not isinstance(members, dict):
        return found
    envelope: dict[str, Any] = next((members[name] for name in envelopes if isinstance(members.get(name), dict)), {})
    found.has_envelope = bool(envelope)
    if "files" in envelope:
        files = envelope.pop("files")
        found.add_no_file([one for one in files if one] if isinstance(files, list) else files)
    found.fields = _texts(envelope)
    found.beside = _texts(members)
    return found


def _texts(members: Mapping[str, Any]) -> dict[str, str]:
    """Plain values as forms would hold them; what isn't plain, and null, is left out."""
    texts = {}
    for name, value in members.items():
        if isinstance(value, bool):
            texts[name] = "true" if value else "false"
        elif isinstance(value, (str, int, float)):
            texts[name] = str(value)
    return texts


def _urlencoded(sent_: bytes, envelopes: Sequence[str]) -> _Gathering:
    found = _Gathering()
    try:
        pairs = params.pairs(sent_.decode("utf-8"))
    except UnicodeDecodeError:
        raise errors.UTF8_STRING_PARSE_FAILED(field="body") from None
    for name, value in pairs.items():
        found.add(name, value, envelopes)
    return found


async def _multipart(
    request: web.Request, envelopes: Sequence[str], draft: Draft, files: list[NewFile], stack: AsyncExitStack
) -> _Gathering:
    site, caller = site_of(request), caller_of(request)
    form = UploadForm(request, site.settings.upload_stall_seconds, FORM_BYTES)
    found = _Gathering()
    names = [f"{envelope}[files]{end}" for envelope in envelopes for end in ("[]", "")]
    admit = partial(pushfiles.admit, site, caller)
    arrivals = Arrivals(site, draft.key, stack, admit, body_bytes=request.content_length)
    while part := await form.next_file(*names):
        found.has_envelope = found.names_files = True
        if not part.file_name:
            while piece := await part.read():
                found.add_no_file(piece)
            continue
        await arrivals.take(part.file_name, part)
    files.extend(arrivals.files)
    for name, value in form.fields.items():
        found.add(name, value, envelopes)
    return found
