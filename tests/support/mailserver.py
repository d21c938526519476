"""A real SMTP server, aiosmtpd, whose every answer a test may choose."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

OK = "250 OK"


@dataclass(frozen=True)
class Arrived:
    recipient: str
    sender: str
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        found = message_from_bytes(self.raw, policy=default)
        assert isinstance(found, EmailMessage)
        return found

    def part(self, subtype: str) -> str:
        """The text of the part of this type, as it is shown."""
        found = self.message.get_body((subtype,))
        assert found is not None
        text: str = found.get_content()
        return text.replace("\r\n", "\n")


@dataclass
class MailServer:
    """What has arrived, and answers to give: a text, or something to wait for that returns one."""

    port: int = 0
    arrived: list[Arrived] = field(default_factory=list)
    answer_to: Callable[[str], str | Awaitable[str]] = lambda _recipient: OK
    answer_to_data: Callable[[str], str | Awaitable[str]] = lambda _recipient: OK

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = await _waited_for(self.answer_to(address))
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        (recipient,) = envelope.rcpt_tos
        answer = await _waited_for(self.answer_to_data(recipient))
        if answer.startswith("2"):
            assert isinstance(envelope.content, bytes)
            self.arrived.append(Arrived(recipient, envelope.mail_from or "", envelope.content))
        return answer

    @property
    def recipients(self) -> list[str]:
        return sorted(arrived.recipient for arrived in self.arrived)


async def _waited_for(answer: str | Awaitable[str]) -> str:
    return answer if isinstance(answer, str) else await answer


def accept_only(user: str, password: str) -> Callable[..., AuthResult]:
    def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, sent: Any) -> AuthResult:
        is_right = isinstance(sent, LoginPassword) and (sent.login, sent.password) == (user.encode(), password.encode())
        return AuthResult(success=is_right, handled=False)

    return authenticate


@asynccontextmanager
async def running(*, tls: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[MailServer]:
    """A server on a free port. `tls` is for smtps; `options` are aiosmtpd's."""
    mail = MailServer()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(mail, hostname="localhost", loop=loop, **options), "127.0.0.1", 0, ssl=tls
    )
    mail.port = server.sockets[0].getsockname()[1]
    try:
        yield mail
    finally:
        server.close()
