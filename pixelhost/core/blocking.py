"""Taking down what a text names: links to files, lists and nodes, and digests, as they come in letters of reporters."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote
from uuid import UUID

from pixelhost import errors
from pixelhost.core import paths, takedowns
from pixelhost.core.callers import Caller
from pixelhost.core.paths import Path
from pixelhost.db import chains, files, lists, reporters
from pixelhost.errors import ApiError
from pixelhost.model.abuse import AbuseReporter
from pixelhost.model.nodes import Node
from pixelhost.site import Site

NAMED_MAX: Final = 1000
TEXT_MAX: Final = 1 << 20
PUNCTUATION: Final = ".,;:!?)]}"
NOTHING: Final = hashlib.sha256(b"").hexdigest()

# A path below /d/ ends where a link in a text does; an ID or a digest stands alone.
_NAMED: Final = re.compile(
    r"""/(?:api/)?(?P<door>u|file|l|list)/(?P<id>[A-Za-z0-9]{8})(?![A-Za-z0-9])
      | /(?:d|api/filesystem)/(?P<path>[A-Za-z0-9]{8}(?:/[^\s"'<>?\#]*)?)(?![A-Za-z0-9])
      | (?<![0-9A-Za-z])(?P<digest>[0-9a-fA-F]{64})(?![0-9A-Za-z])
      | ^[^\S\n]*(?P<bare>[A-Za-z0-9]{8})[^\S\n]*$""",
    re.VERBOSE | re.MULTILINE,
)


@dataclass(frozen=True)
class Authority:
    """Of whoever takes something down: an administrator, or without being one a reporter with types of its own."""

    user_id: UUID
    reporter: AbuseReporter | None

    def refuse(self, kind: str) -> None:
        """Raises FORBIDDEN."""
        if self.reporter is not None and kind not in self.reporter.types:
            raise errors.FORBIDDEN(message="You may take down other types of abuse, but not this one")


@dataclass(frozen=True)
class Blocked:
    """IDs of files, paths of nodes and hexadecimal digests that were taken down, and what was not found."""

    files: list[str] = field(default_factory=list)
    nodes: list[str] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


async def authority(site: Site, caller: Caller) -> Authority:
    """Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED, FORBIDDEN."""
    user = caller.require_user()
    if user.is_admin:
        return Authority(user.id, None)
    reporter = await reporters.of_user(site.db, user.id)
    if reporter is None or not reporter.types:
        raise errors.FORBIDDEN(message="Only administrators and trusted reporters may do this")
    await reporters.set_used(site.db, reporter.id, site.clock.now())
    return Authority(user.id, reporter)


async def block(site: Site, by: Authority, text: str, kind: str, reporter: str, note: str) -> Blocked:
    """Take down all that a text names. A reporter takes down in its own name.

    Raises FORBIDDEN, ENUM_PARSE_FAILED, STRING_OUT_OF_RANGE, MISSING_FIELD where the text names nothing.
    """
    if kind not in takedowns.TYPES:
        raise errors.ENUM_PARSE_FAILED(field="type", allowed_values=list(takedowns.TYPES))
    by.refuse(kind)
    if len(text) > TEXT_MAX:
        raise errors.STRING_OUT_OF_RANGE(field="text", min_len=1, max_len=TEXT_MAX, len=len(text))
    found = {match.group(0).strip(): match for match in _NAMED.finditer(text)}
    if not found:
        raise errors.MISSING_FIELD(field="text", message="The text names no file: give links, IDs or SHA-256 digests")
    if len(found) > NAMED_MAX:
        raise errors.STRING_OUT_OF_RANGE(
            field="text", min_len=1, max_len=NAMED_MAX, len=len(found), message="That is too much at once"
        )
    name = by.reporter.name if by.reporter is not None else reporter
    blocked = Blocked()
    for named, match in found.items():
        await _Blocking(site, by, kind, name, note, blocked).take_down(named, match)
    return blocked


async def block_file(site: Site, by: Authority, file_id: str, kind: str, reporter: str, note: str) -> None:
    """Take down one file, with all that have its content. Raises as `block`, NOT_FOUND."""
    if not (await block(site, by, f"/u/{file_id}", kind, reporter, note)).files:
        raise errors.NOT_FOUND()


@dataclass(frozen=True)
class _Blocking:
    site: Site
    by: Authority
    kind: str
    reporter: str
    note: str
    blocked: Blocked

    async def take_down(self, named: str, match: re.Match[str]) -> None:
        if match["digest"]:
            await self._digest(match["digest"].lower())
        elif match["path"]:
            await self._node(named, match["path"])
        elif match["door"] in {"l", "list"}:
            await self._files(named, await self._listed(match["id"]))
        else:
            await self._files(named, [match["id"] or match["bare"]])

    async def _digest(self, digest: str) -> None:
        """Not that of nothing: the empty files of everybody have it."""
        if digest == NOTHING:
            self.blocked.unknown.append(digest)
            return
        await self._content(bytes.fromhex(digest))
        self.blocked.digests.append(digest)

    async def _files(self, named: str, file_ids: Sequence[str]) -> None:
        found = await files.by_ids(self.site.db, file_ids)
        for file in found:
            await self._content(file.blob.digest)
            self.blocked.files.append(file.id)
        if not found:
            self.blocked.unknown.append(named)

    async def _listed(self, list_id: str) -> Sequence[str]:
        found = await lists.by_id(self.site.db, list_id)
        return [listed.file.id for listed in found.files] if found is not None else []

    async def _node(self, named: str, text: str) -> None:
        # A sentence may end with it.
        found = await self._walked(text) or await self._walked(text.rstrip(PUNCTUATION))
        if found is None:
            self.blocked.unknown.append(named)
            return
        path, node = found
        if node.blob is not None and node.size_bytes:
            await self._content(node.blob.digest)
        else:
            await takedowns.of_node(self.site, self.by.user_id, node.id, self.kind, self.reporter, self.note)
        self.blocked.nodes.append(str(path))

    async def _walked(self, text: str) -> tuple[Path, Node] | None:
        try:
            path = paths.parse(unquote(text, errors="strict"))
        except (ApiError, UnicodeDecodeError):
            return None
        chain = await chains.walk_shared(self.site.db, path.bucket, path.names)
        return (path, chain.last) if chain is not None and chain.is_complete else None

    async def _content(self, digest: bytes) -> None:
        await takedowns.of_content(self.site, self.by.user_id, digest, self.kind, self.reporter, self.note)
