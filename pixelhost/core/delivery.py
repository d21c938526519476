"""Sending what the outbox holds: to an SMTP server, or as .eml files where none is set.

At least once: a sender that dies between the server's yes and our note of it sends the letter again, with the same
Message-ID. A letter that could not be sent is tried again after 1, 2, 4, ... minutes, later every 12 hours, and given
up when it is 3 days old; one that the server refuses for good (5xx for its recipient or its content) at once. A letter
has two minutes, and each sender one connection, so a recipient that hangs holds up no other.
"""

import asyncio
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from pixelhost.core import mail
from pixelhost.db import outbox
from pixelhost.db.outbox import Letter
from pixelhost.site import Site

SENDERS: Final = 4
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=12)
GIVEN_UP_AFTER: Final = timedelta(days=3)
LEASE: Final = timedelta(minutes=5)  # longer than a letter may take
LETTER_SECONDS = 120.0
COMMAND_SECONDS = 30.0
GOODBYE_SECONDS = 5.0
ERROR_MAX = 500


class Refused(Exception):
    """For good: a later attempt would be refused too."""


class Postponed(Exception):
    """For now. The text is the server's answer, or what went wrong with the connection."""


class Unreachable(Postponed):
    """No server to talk to, or none that lets us in: the other letters would fare the same."""


class Post(Protocol):
    """A way out for letters. `send` raises Refused, Postponed and Unreachable, and may be called again after each."""

    async def send(self, letter: Letter, message: EmailMessage) -> None: ...

    async def close(self) -> None: ...


async def deliver(site: Site) -> int:
    """Send every letter that is due; how many were sent. Several of these at once don't get in each other's way."""
    mail.sender(site)
    async with asyncio.TaskGroup() as group:
        senders = [group.create_task(_send_due(site)) for _ in range(SENDERS)]
    return sum(sender.result() for sender in senders)


def post(site: Site) -> Post:
    return SmtpPost(site) if site.settings.smtp_url else FilePost(site.settings.data_dir / "mail")


async def _send_due(site: Site) -> int:
    sent, way_out = 0, post(site)
    try:
        while (letter := await _claim(site)) is not None:
            try:
                async with asyncio.timeout(LETTER_SECONDS):
                    await way_out.send(letter, mail.message(site, letter))
            except Unreachable as error:
                await _postpone(site, letter, str(error))
                break
            except Postponed as error:
                await _postpone(site, letter, str(error))
            except TimeoutError:
                await _postpone(site, letter, f"it took longer than {LETTER_SECONDS:g} s")
            except Refused as error:
                await outbox.set_given_up(site.db, letter.id, str(error)[:ERROR_MAX])
            else:
                await outbox.set_sent(site.db, letter.id, site.clock.now())
                sent += 1
    finally:
        await way_out.close()
    return sent


async def _claim(site: Site) -> Letter | None:
    now = site.clock.now()
    return await outbox.claim(site.db, now, now + LEASE)


async def _postpone(site: Site, letter: Letter, error: str) -> None:
    due_at = site.clock.now() + pause(letter.attempts)
    if due_at > letter.created_at + GIVEN_UP_AFTER:
        await outbox.set_given_up(site.db, letter.id, error[:ERROR_MAX])
    else:
        await outbox.set_due(site.db, letter.id, due_at, error[:ERROR_MAX])


def pause(attempts: int) -> timedelta:
    """Until the next attempt."""
    return min(FIRST_PAUSE * (1 << min(attempts - 1, 16)), LONGEST_PAUSE)


class FilePost:
    """Letters as files, for a box without a mail server: DATA_DIR/mail/TIME-ID.eml, readable by their owner alone."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def send(self, letter: Letter, message: EmailMessage) -> None:
        name = f"{letter.created_at:%Y%m%dT%H%M%SZ}-{letter.id}.eml"
        try:
            await asyncio.to_thread(self._write, name, bytes(message))
        except OSError as error:
            raise Unreachable(f"{self._directory / name}: {error.strerror}") from error

    async def close(self) -> None:
        """Nothing is open between letters."""

    def _write(self, name: str, data: bytes) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        half = self._directory / f".{name}.part"
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        half.rename(self._directory / name)
        directory = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


@dataclass(frozen=True)
class Server:
    """What PIXELHOST_SMTP_URL says. A password goes out only over TLS, unless the URL has `starttls=0`."""

    host: str
    port: int
    user: str | None
    password: str
    is_tls: bool
    wants_starttls: bool


def server(url: str) -> Server:
    parts = urlsplit(url)
    is_tls = parts.scheme == "smtps"
    user = unquote(parts.username) if parts.username else None
    asked = parse_qs(parts.query).get("starttls", [""])[0]
    starttls = not is_tls and (asked == "1" or (user is not None and asked != "0"))
    return Server(
        host=parts.hostname or "",
        port=parts.port or (465 if is_tls else 587 if user else 25),
        user=user,
        password=unquote(parts.password or ""),
        is_tls=is_tls,
        wants_starttls=starttls,
    )


class SmtpPost:
    """One connection, made for the first letter and kept for those that follow (RFC 5321)."""

    def __init__(self, site: Site) -> None:
        self._sender = mail.sender(site)
        self._server = server(site.settings.smtp_url)
        self._client: aiosmtplib.SMTP | None = None

    async def send(self, letter: Letter, message: EmailMessage) -> None:
        client = await self._connected()
        to = mail.address(letter.recipient)
        needs_utf8 = not (self._sender.username + to.username).isascii()
        try:
            await client.sendmail(
                self._sender.addr_spec,
                [to.addr_spec],
                bytes(message),
                mail_options=["SMTPUTF8", "BODY=8BITMIME"] if needs_utf8 else [],  # RFC 6531, 3.4
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _answered(error.recipients[0]) from error
        except aiosmtplib.SMTPDataError as error:
            raise _answered(error) from error
        except aiosmtplib.SMTPNotSupported as error:
            raise Refused(str(error)) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            self._drop()
            raise Postponed(_told(error)) from error
        except asyncio.CancelledError:
            self._drop()
            raise

    async def close(self) -> None:
        if self._client is not None and self._client.is_connected:
            with suppress(aiosmtplib.SMTPException, OSError):
                await self._client.quit(timeout=GOODBYE_SECONDS)
        self._drop()

    def _drop(self) -> None:
        """Without a word: after a half-finished letter the server's next answer may be to anything."""
        if self._client is not None:
            self._client.close()
            self._client = None

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._client is not None and self._client.is_connected:
            return self._client
        client = aiosmtplib.SMTP(
            hostname=self._server.host,
            port=self._server.port,
            username=self._server.user,
            password=self._server.password if self._server.user is not None else None,
            use_tls=self._server.is_tls,
            start_tls=self._server.wants_starttls,
            local_hostname=self._sender.domain,
            timeout=COMMAND_SECONDS,
        )
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Unreachable(f"{self._server.host} port {self._server.port}: {_told(error)}") from error
        self._client = client
        return client


def _answered(error: aiosmtplib.SMTPResponseException) -> Refused | Postponed:
    told = _told(error)
    return Refused(told) if 500 <= error.code < 600 else Postponed(told)


def _told(error: BaseException) -> str:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"{error.code} {error.message}"
    return str(error) or type(error).__name__
