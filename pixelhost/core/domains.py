"""Custom domains: who is served on which name, with which certificate, and the warnings before one ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509

from pixelhost import errors
from pixelhost.core import mail, nodedomains
from pixelhost.db import domains, users
from pixelhost.db.connect import Failure
from pixelhost.db.domains import Certificate
from pixelhost.site import Site

NEWS: Final = "domains"
LOOK_AGAIN_SECONDS: Final = 60.0
RETRY_SECONDS: Final = 1.0
WARNED_BEFORE_DAYS: Final = (1, 7, 14)
FORGOTTEN_AFTER: Final = timedelta(days=90)

log = logging.getLogger(__name__)


class Context(ssl.SSLContext):
    """Of one name; empty is that for names that are nobody's."""

    name = ""


@dataclass(frozen=True)
class Served:
    """A node that is served on a domain: the share that it is, and the images of its branding."""

    bucket: str
    images: frozenset[str]


@dataclass(frozen=True)
class Validity:
    """Until when the certificate of a domain is good."""

    ends_at: datetime
    left: timedelta

    @property
    def is_over(self) -> bool:
        return self.left <= timedelta()

    @property
    def is_worrying(self) -> bool:
        return self.left <= timedelta(days=max(WARNED_BEFORE_DAYS))


class Domains:
    """What this process knows about custom domains, kept up to date while `follow` runs."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._versions: dict[str, str] = {}
        self._contexts: dict[str, Context] = {}
        self._own: Context | None = None
        self._own_times: tuple[int, int] | None = None
        self._own_names: set[str] = set()
        self.context = _new_context("")
        self.context.sni_callback = self._choose

    @property
    def is_needed(self) -> bool:
        """Domains are asked for here, or by a proxy that speaks TLS for us."""
        settings = self._site.settings
        return settings.tls_listen is not None or bool(settings.trusted_proxies)

    @property
    def is_empty(self) -> bool:
        return not self._versions

    def has(self, name: str) -> bool:
        """Whether a name is somebody's domain, as far as this process has heard."""
        return name in self._versions

    async def follow(self) -> None:
        """Until cancelled: read anew when there are news of a change, and once a minute what is in files."""
        while True:
            try:
                async with self._site.news.followed(NEWS) as event:
                    while True:
                        event.clear()
                        await self.reload()
                        # Python 3.11's wait_for forgets that it was cancelled where there are news that very moment.
                        with contextlib.suppress(TimeoutError):
                            async with asyncio.timeout(LOOK_AGAIN_SECONDS):
                                await event.wait()
            except Failure as error:
                log.warning("custom domains could not be read: %s", error)
                await asyncio.sleep(RETRY_SECONDS)

    async def reload(self) -> None:
        """Take up what has changed; connections that are open keep what they began with."""
        self._load_own()
        found = await self._found()
        changed = [name for name, version in found.items() if version and version != self._versions.get(name)]
        if self._site.settings.tls_listen is not None and changed:
            for one in await domains.certificates(self._site.db, changed):
                self._take_up(one)
        for name in [name for name in self._contexts if not found.get(name)]:
            del self._contexts[name]
        self._versions = found

    async def _found(self) -> dict[str, str]:
        """The versions of all domains: none where it isn't known which names are the site's own, and never those."""
        settings = self._site.settings
        if not settings.base_url:
            return {}
        found = await domains.versions(self._site.db)
        own = {name for name in found if nodedomains.is_own(settings, name)}
        for name in own - self._own_names:
            log.error("%s is a name of this site, and not served as a custom domain", name)
        self._own_names = own
        return {name: version for name, version in found.items() if name not in own}

    def _take_up(self, certificate: Certificate) -> None:
        self._contexts.pop(certificate.name, None)
        key = self._site.keyring.open(nodedomains.KEY_PURPOSE, certificate.key_sealed)
        if key is None:
            log.error("the key of the certificate of %s was sealed with another secret key", certificate.name)
            return
        context = _new_context(certificate.name)
        try:
            _load(context, certificate.certificate.encode(), key)
        except (ssl.SSLError, OSError) as error:
            log.error("the certificate of %s cannot be used: %s", certificate.name, error)
            return
        self._contexts[certificate.name] = context

    def _load_own(self) -> None:
        """PIXELHOST_TLS_CERT and its key, when they are new. A pair that doesn't match changes nothing."""
        settings = self._site.settings
        if settings.tls_cert is None or settings.tls_key is None:
            return
        context = _new_context("")
        try:
            times = settings.tls_cert.stat().st_mtime_ns, settings.tls_key.stat().st_mtime_ns
            if times == self._own_times:
                return
            context.load_cert_chain(settings.tls_cert, settings.tls_key)
        except (ssl.SSLError, OSError) as error:
            log.error("%s and %s cannot be used: %s", settings.tls_cert, settings.tls_key, error)
            return
        self._own, self._own_times = context, times

    def _choose(
        self, connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, _context: ssl.SSLContext
    ) -> int | None:
        """By Server Name Indication (RFC 6066, 3), which may be anything, or missing."""
        chosen = self._contexts.get((name or "").lower().rstrip("."), self._own)
        if chosen is None:
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        connection.context = chosen
        return None


async def served(site: Site, name: str) -> Served | None:
    """What is served on a name now. None where it is nobody's, isn't shared, or its owner may have no domain."""
    chain = await domains.walk(site.db, name)
    node = chain.last if chain is not None else None
    if node is None or node.share_id is None:
        return None
    owner = await users.by_id(site.db, node.owner_id)
    if owner is None or owner.is_banned or not site.plan(owner.plan_id).custom_domains:
        return None
    images = (node.properties.get(which) for which in ("brand_header_image", "brand_background_image"))
    return Served(node.share_id, frozenset(image for image in images if image))


async def validity(site: Site, node_id: int) -> Validity | None:
    """Of the certificate of a node's domain, if it has one."""
    certificate = await domains.certificate_of(site.db, node_id)
    return _validity(site, certificate) if certificate else None


async def take_away(site: Site, name: str) -> None:
    """From whoever has it: who was first isn't always whose domain it is. Raises NOT_FOUND where it is nobody's."""
    if not await domains.delete(site.db, name.lower()):
        raise errors.NOT_FOUND(message="Nothing is served on this domain")
    log.info("the domain %s was taken away by an administrator", name.lower())


async def warn(site: Site) -> int:
    """Write to owners 14, 7 and 1 days before a certificate ends, and when it has. Returns how many letters."""
    sent = 0
    for one in await domains.certificates(site.db):
        found = _validity(site, one.certificate)
        days = _due(found) if found is not None else None
        if found is None or days is None:
            continue
        async with site.db.acquire() as tx, tx.transaction():
            if await domains.insert_warning(tx, one.node_id, found.ends_at, days):
                await mail.queue_to_account(
                    tx,
                    site,
                    one.owner_id,
                    "certificate_ends",
                    domain=one.name,
                    ends_at=f"{found.ends_at:%Y-%m-%d %H:%M} UTC",
                    is_over=found.is_over,
                )
                sent += 1
    await domains.forget_warnings(site.db, site.clock.now() - FORGOTTEN_AFTER)
    return sent


def _due(found: Validity) -> int | None:
    """Which warning is the one to send: the most urgent."""
    if found.is_over:
        return 0
    return next((days for days in WARNED_BEFORE_DAYS if found.left <= timedelta(days=days)), None)


def _validity(site: Site, certificate: str) -> Validity | None:
    """By the first of the chain that ends."""
    try:
        chain: Sequence[x509.Certificate] = x509.load_pem_x509_certificates(certificate.encode())
    except ValueError:
        return None
    ends_at = min(one.not_valid_after_utc for one in chain)
    return Validity(ends_at, ends_at - site.clock.now())


def _new_context(name: str) -> Context:
    made = Context(ssl.PROTOCOL_TLS_SERVER)
    made.name = name
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_alpn_protocols(["http/1.1"])
    return made


def _load(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """OpenSSL reads files only: these two are in memory alone, where the key is seen by nobody else."""
    with _in_memory(certificate) as certificate_path, _in_memory(key) as key_path:
        context.load_cert_chain(certificate_path, key_path)


@contextlib.contextmanager
def _in_memory(data: bytes) -> Iterator[str]:
    descriptor = os.memfd_create("pixelhost", os.MFD_CLOEXEC)
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(data)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
