"""Custom domains as their visitors ask for them: a name for TLS, and a name for HTTP, which need not be the same."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web
from cryptography import x509
from cryptography.x509.oid import NameOID

from pixelhost.app import HTTP_LIMITS, Runner, build_app
from pixelhost.core.domains import Domains
from pixelhost.customdomains import DOMAINS
from pixelhost.site import Site
from pixelhost.tls import TlsSite
from tests.support.certificates import pair
from tests.support.people import Person

SECONDS = 60.0


@dataclass(frozen=True)
class Reply:
    """`certificate` is the name in the one that the server showed; empty without TLS."""

    status: int
    headers: Mapping[str, str]
    cookies: tuple[str, ...]
    body: bytes
    certificate: str = ""

    @property
    def text(self) -> str:
        return self.body.decode()


class Connection:
    """One that is kept open between requests."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @property
    def certificate(self) -> str:
        shown = self._writer.get_extra_info("ssl_object")
        if shown is None:
            return ""
        found = x509.load_der_x509_certificate(shown.getpeercert(binary_form=True))
        return str(found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)

    @property
    def certificate_ends(self) -> Any:
        shown = self._writer.get_extra_info("ssl_object")
        return x509.load_der_x509_certificate(shown.getpeercert(binary_form=True)).not_valid_after_utc

    @property
    def protocols(self) -> tuple[str | None, str | None]:
        """Of TLS, and of what is in it."""
        shown = self._writer.get_extra_info("ssl_object")
        return shown.version(), shown.selected_alpn_protocol()

    async def ask(
        self,
        host: str,
        path: str = "/",
        method: str = "GET",
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        sent = {"Host": host, "Content-Length": str(len(body)), "Accept": "text/html"} | dict(headers or {})
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        self._writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        await self._writer.drain()
        async with asyncio.timeout(SECONDS):
            return await self._reply()

    async def _reply(self) -> Reply:
        lines = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        pairs = [line.split(": ", 1) for line in lines[1:] if line]
        headers = {name.title(): value for name, value in pairs}
        cookies = tuple(value for name, value in pairs if name.title() == "Set-Cookie")
        if headers.get("Transfer-Encoding") == "chunked":
            data = b""
            while size := int(await self._reader.readline(), 16):
                data += await self._reader.readexactly(size)
                await self._reader.readline()
            await self._reader.readline()
        else:
            data = await self._reader.readexactly(int(headers.get("Content-Length", "0")))
        return Reply(int(lines[0].split()[1]), headers, cookies, data, self.certificate)

    async def close(self) -> None:
        self._writer.close()


@dataclass(frozen=True)
class Front:
    """A server with a port for TLS beside the plain one."""

    site: Site
    known: Domains
    port: int
    tls_port: int

    async def connect(self, sni: str | None, *, is_tls: bool = True) -> Connection:
        """Whatever certificate is shown is taken. Raises ssl.SSLError where none is."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2", "http/1.1"])
        port = self.tls_port if is_tls else self.port
        # An address is never sent as a name (RFC 6066, 3).
        name = sni if sni is not None else "127.0.0.1"
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context if is_tls else None, server_hostname=name if is_tls else None
        )
        return Connection(reader, writer)

    async def ask(self, host: str, path: str = "/", sni: str | None = None, **options: Any) -> Reply:
        connection = await self.connect(sni or host)
        try:
            return await connection.ask(host, path, **options)
        finally:
            await connection.close()

    async def ask_plain(self, host: str, path: str = "/", **options: Any) -> Reply:
        connection = await self.connect(None, is_tls=False)
        try:
            return await connection.ask(host, path, **options)
        finally:
            await connection.close()

    async def hears(self, host: str, *, is_known: bool = True) -> None:
        """Until this process knows of a domain, or that there is none any more: it is told by the database."""
        async with asyncio.timeout(SECONDS):
            while True:
                try:
                    connection = await self.connect(host)
                except (ssl.SSLError, ConnectionError):
                    if not is_known:
                        return
                else:
                    name = connection.certificate
                    await connection.close()
                    if (name == host) == is_known:
                        return
                await asyncio.sleep(0.02)


@asynccontextmanager
async def front(site: Site, **settings: Any) -> AsyncIterator[Front]:
    """Serve as a worker does that has a listener for TLS."""
    of_a_front: dict[str, Any] = {"tls_listen": ("127.0.0.1", 0), "base_url": "https://pixelhost.example"}
    changed = replace(site, settings=replace(site.settings, **(of_a_front | settings)))
    app = build_app(changed)
    runner = Runner(app, shutdown_timeout=1, **HTTP_LIMITS)
    await runner.setup()
    try:
        plain = web.TCPSite(runner, "127.0.0.1", 0)
        await plain.start()
        tls = TlsSite(runner, socket.create_server(("127.0.0.1", 0)), app[DOMAINS].context, backlog=128)
        await tls.start()
        ports = [address[1] for address in runner.addresses]
        yield Front(changed, app[DOMAINS], *ports)
    finally:
        await runner.cleanup()


async def serve_on(person: Person, path: str, domain: str, **valid: Any) -> None:
    """Put a node on a domain, with a certificate for it."""
    certificate, key = pair(domain, **valid)
    await person.update(path, custom_domain_name=domain, custom_domain_cert=certificate, custom_domain_key=key)
