"""Delivery: letters arrive whatever the server does meanwhile, or lie in files where there is no server."""

import asyncio
import shutil
import socket
import ssl
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pixelhost.core import delivery
from pixelhost.site import Site
from tests.support import mailserver
from tests.support.clock import MovableClock
from tests.support.letters import Sending, outbox, queue, states
from tests.support.mailserver import MailServer

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


# Servers that say no, later, or nothing.


async def test_a_recipient_that_is_refused_is_given_up_and_the_others_get_their_mail(
    sending: Sending, smtp: MailServer, clock: MovableClock
):
    smtp.answer_to = lambda recipient: "550 no such user" if recipient.startswith("nobody") else mailserver.OK
    site = sending(smtp)
    for name in ("alice", "nobody", "bob"):
        await queue(site, f"{name}@example.com")

    assert await delivery.deliver(site) == 2
    assert smtp.recipients == ["alice@example.com", "bob@example.com"]
    assert Counter(await states(site)) == {"sent": 2, "given up": 1}
    (refused,) = [row for row in await outbox(site) if row["sent_at"] is None]
    assert refused["last_error"] == "550 no such user"
    assert refused["text"] == ""

    clock.advance(days=1)
    assert await delivery.deliver(site) == 0


async def test_a_letter_whose_content_is_refused_is_given_up(sending: Sending, smtp: MailServer):
    smtp.answer_to_data = lambda _: "554 this is spam"
    site = sending(smtp)
    await queue(site)

    assert await delivery.deliver(site) == 0
    assert await states(site) == ["given up"]


async def test_a_greylisted_letter_arrives_a_minute_later(sending: Sending, smtp: MailServer, clock: MovableClock):
    clock.hold()
    smtp.answer_to = lambda _: "451 try again later"
    site = sending(smtp)
    await queue(site)

    assert await delivery.deliver(site) == 0
    smtp.answer_to = lambda _: mailserver.OK
    clock.advance(seconds=59)
    assert await delivery.deliver(site) == 0
    (row,) = await outbox(site)
    assert (row["attempts"], row["last_error"]) == (1, "451 try again later")

    clock.advance(seconds=1)
    assert await delivery.deliver(site) == 1
    assert smtp.recipients == ["alice@example.com"]


async def test_pauses_double_up_to_twelve_hours():
    minutes = [delivery.pause(attempts) / timedelta(minutes=1) for attempts in (1, 2, 3, 10, 11, 12, 1000)]
    assert minutes == [1, 2, 4, 512, 720, 720, 720]


async def test_a_letter_that_is_postponed_for_three_days_is_given_up(
    sending: Sending, smtp: MailServer, clock: MovableClock
):
    smtp.answer_to_data = lambda _: "452 mailbox full"
    site = sending(smtp)
    await queue(site)

    attempts = 0
    for _ in range(100):
        if await states(site) == ["given up"]:
            break
        await delivery.deliver(site)
        attempts += 1
        (row,) = await outbox(site)
        assert row["due_at"] is None or row["due_at"] <= row["created_at"] + timedelta(days=3)
        clock.advance(hours=12)
    assert await states(site) == ["given up"]
    assert attempts > 5
    assert smtp.arrived == []


async def test_a_server_that_is_not_there_gets_its_letters_when_it_is(sending: Sending, clock: MovableClock):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        site = sending(MailServer(port=unused.getsockname()[1]))
        for number in range(10):
            await queue(site, f"{number}@example.com")

        assert await delivery.deliver(site) == 0
    assert all("Error connecting" in row["last_error"] for row in await outbox(site) if row["attempts"])
    # One look by each sender, not one for each letter.
    assert sum(row["attempts"] for row in await outbox(site)) == delivery.SENDERS

    clock.advance(minutes=2)
    async with mailserver.running() as smtp:
        assert await delivery.deliver(sending(smtp)) == 10


async def test_a_server_that_takes_nobody_is_asked_again_later(sending: Sending, clock: MovableClock):
    async def busy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"421 too busy\r\n")
        writer.close()

    refusing = await asyncio.start_server(busy, "127.0.0.1", 0)
    async with refusing:
        site = sending(MailServer(port=refusing.sockets[0].getsockname()[1]))
        await queue(site)
        assert await delivery.deliver(site) == 0
    assert "421 too busy" in (await outbox(site))[0]["last_error"]

    clock.advance(minutes=2)
    async with mailserver.running() as smtp:
        assert await delivery.deliver(sending(smtp)) == 1


async def test_a_server_that_vanishes_amid_a_letter_gets_it_again_under_the_same_id(
    sending: Sending, smtp: MailServer, clock: MovableClock
):
    lines = [b"220 x\r\n", b"250 x\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n"]
    seen = []

    async def vanish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(lines[0])
        for line in lines[1:]:
            await reader.readline()
            writer.write(line)
        seen.append(await reader.readuntil(b"\r\n.\r\n"))
        writer.close()

    async with await asyncio.start_server(vanish, "127.0.0.1", 0) as vanishing:
        site = sending(MailServer(port=vanishing.sockets[0].getsockname()[1]))
        await queue(site)
        assert await delivery.deliver(site) == 0
    assert await states(site) == ["due"]

    clock.advance(minutes=2)
    assert await delivery.deliver(sending(smtp)) == 1
    first = message_from_bytes(seen[0], policy=default)
    assert first["Message-ID"] == smtp.arrived[0].message["Message-ID"]


async def test_a_recipient_that_hangs_holds_up_no_other(
    sending: Sending, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(delivery, "LETTER_SECONDS", 3.0)
    never = asyncio.Event()

    async def hang() -> str:
        await never.wait()
        return mailserver.OK

    smtp.answer_to = lambda recipient: hang() if recipient.startswith("slow") else mailserver.OK
    site = sending(smtp)
    await queue(site, "slow@example.com")
    for number in range(20):
        await queue(site, f"{number}@example.com")

    assert await delivery.deliver(site) == 20
    (hung,) = [row for row in await outbox(site) if row["sent_at"] is None]
    assert (hung["recipient"], hung["last_error"]) == ("slow@example.com", "it took longer than 3 s")
    assert hung["due_at"] is not None


async def test_a_server_that_says_nothing_is_given_up_for_now(
    sending: Sending, monkeypatch: pytest.MonkeyPatch, clock: MovableClock
):
    with socket.create_server(("127.0.0.1", 0)) as silent, monkeypatch.context() as hurried:
        hurried.setattr(delivery, "COMMAND_SECONDS", 0.2)
        site = sending(MailServer(port=silent.getsockname()[1]))
        await queue(site)
        assert await delivery.deliver(site) == 0
    assert "Timed out" in (await outbox(site))[0]["last_error"]

    clock.advance(minutes=2)
    async with mailserver.running() as smtp:
        assert await delivery.deliver(sending(smtp)) == 1


# Who may send, and to whom it is told.


async def test_a_server_that_wants_a_password_gets_it(sending: Sending):
    options = {"authenticator": mailserver.accept_only("us@r", "p:s/ w"), "auth_required": True}
    async with mailserver.running(**options, auth_require_tls=False) as smtp:
        site = sending(smtp, "smtp://us%40r:p%3As%2F%20w@127.0.0.1:{port}?starttls=0")
        await queue(site)
        assert await delivery.deliver(site) == 1


async def test_a_password_that_is_refused_postpones_the_mail(sending: Sending, clock: MovableClock):
    options = {"authenticator": mailserver.accept_only("user", "right"), "auth_required": True}
    async with mailserver.running(**options, auth_require_tls=False) as smtp:
        url = "smtp://user:{}@127.0.0.1:{{port}}?starttls=0"
        await queue(sending(smtp))
        assert await delivery.deliver(sending(smtp, url.format("wrong"))) == 0
        (row,) = await outbox(sending(smtp))
        assert "535" in row["last_error"]
        assert "wrong" not in row["last_error"]

        clock.advance(minutes=2)
        assert await delivery.deliver(sending(smtp, url.format("right"))) == 1


@pytest.fixture
def certified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's side of TLS for 127.0.0.1, whose certificate is trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
    return context


@pytest.mark.parametrize("query", ["", "?starttls=1"])
async def test_a_password_goes_out_after_starttls(sending: Sending, certified: ssl.SSLContext, query: str):
    options = {"authenticator": mailserver.accept_only("user", "secret"), "auth_required": True}
    async with mailserver.running(tls_context=certified, require_starttls=True, **options) as smtp:
        site = sending(smtp, "smtp://user:secret@127.0.0.1:{port}" + query)
        await queue(site)
        assert await delivery.deliver(site) == 1


async def test_mail_goes_out_over_tls_from_the_first_byte(sending: Sending, certified: ssl.SSLContext):
    options = {"authenticator": mailserver.accept_only("user", "secret"), "auth_required": True}
    async with mailserver.running(tls=certified, auth_require_tls=False, **options) as smtp:
        site = sending(smtp, "smtps://user:secret@127.0.0.1:{port}")
        await queue(site)
        assert await delivery.deliver(site) == 1


async def test_no_password_goes_to_a_server_whose_certificate_is_not_trusted(
    sending: Sending, certified: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    (tmp_path / "none.pem").write_text("")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    async with mailserver.running(tls_context=certified) as smtp:
        site = sending(smtp, "smtp://user:secret@127.0.0.1:{port}")
        await queue(site)
        assert await delivery.deliver(site) == 0
    assert smtp.arrived == []
    assert "certificate" in (await outbox(site))[0]["last_error"].lower()


async def test_no_password_goes_to_a_server_without_tls(sending: Sending, smtp: MailServer):
    site = sending(smtp, "smtp://user:secret@127.0.0.1:{port}")
    await queue(site)

    assert await delivery.deliver(site) == 0
    assert smtp.arrived == []
    assert await states(site) == ["due"]


@pytest.mark.parametrize(
    ("url", "host", "port", "wants_starttls"),
    [
        ("smtp://mail.example.com", "mail.example.com", 25, False),
        ("smtp://mail.example.com?starttls=1", "mail.example.com", 25, True),
        ("smtp://u:p@mail.example.com", "mail.example.com", 587, True),
        ("smtp://u:p@mail.example.com?starttls=0", "mail.example.com", 587, False),
        ("smtps://u:p@mail.example.com", "mail.example.com", 465, False),
        ("smtp://[::1]:2525", "::1", 2525, False),
    ],
)
async def test_the_url_of_a_server_is_understood(url: str, host: str, port: int, wants_starttls: bool):
    found = delivery.server(url)
    assert (found.host, found.port, found.wants_starttls) == (host, port, wants_starttls)


# Several workers, and one that dies.


async def test_no_two_workers_send_the_same_letter(sending: Sending, smtp: MailServer):
    under_way: list[str] = []

    async def slowly(recipient: str) -> str:
        assert recipient not in under_way
        under_way.append(recipient)
        await asyncio.sleep(0.01)
        under_way.remove(recipient)
        return mailserver.OK

    smtp.answer_to_data = slowly
    site = sending(smtp)
    for number in range(60):
        await queue(site, f"{number}@example.com")

    assert sum(await asyncio.gather(*(delivery.deliver(site) for _ in range(4)))) == 60
    assert smtp.recipients == sorted(f"{number}@example.com" for number in range(60))


async def test_a_letter_whose_sender_died_is_sent_by_another(sending: Sending, smtp: MailServer, clock: MovableClock):
    begun, never = asyncio.Event(), asyncio.Event()

    async def hang() -> str:
        begun.set()
        await never.wait()
        return mailserver.OK

    smtp.answer_to_data = lambda _: hang()
    site = sending(smtp)
    await queue(site)
    sending_it = asyncio.create_task(delivery.deliver(site))
    await begun.wait()
    sending_it.cancel()
    await asyncio.wait([sending_it])
    smtp.answer_to_data = lambda _: mailserver.OK
    assert await delivery.deliver(site) == 0

    clock.advance(minutes=6)
    assert await delivery.deliver(site) == 1
    assert len(smtp.arrived) == 1


# Without a server.


@pytest.fixture
def data_dir(site: Site) -> Path:
    """Without the mail of other tests."""
    shutil.rmtree(site.settings.data_dir / "mail", ignore_errors=True)
    return site.settings.data_dir


async def test_without_a_server_mail_is_written_to_files_that_only_their_owner_reads(site: Site, data_dir: Path):
    await queue(site, "alice@bücher.example")
    await queue(site, "bob@example.com")

    assert await delivery.deliver(site) == 2

    paths = sorted((data_dir / "mail").iterdir())
    assert [path.suffix for path in paths] == [".eml", ".eml"]
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o600}
    assert (data_dir / "mail").stat().st_mode & 0o777 == 0o700
    found = [message_from_bytes(path.read_bytes(), policy=default) for path in paths]
    assert {message["To"] for message in found} == {"alice@xn--bcher-kva.example", "bob@example.com"}
    assert all(message.get_content_type() == "multipart/alternative" for message in found)


async def test_a_letter_that_is_written_twice_is_one_file(site: Site, data_dir: Path):
    await queue(site)
    before = await outbox(site)
    await delivery.deliver(site)
    row = before[0]
    await site.db.execute(
        "UPDATE outbox SET due_at = $1, sent_at = NULL, text = $2, html = $3", row["due_at"], row["text"], row["html"]
    )
    await delivery.deliver(site)

    assert len(list((data_dir / "mail").iterdir())) == 1


async def test_mail_that_cannot_be_written_waits(site: Site, tmp_path: Path, clock: MovableClock):
    (tmp_path / "mail").write_text("not a directory")
    elsewhere = replace(site, settings=replace(site.settings, data_dir=tmp_path))
    await queue(elsewhere)

    assert await delivery.deliver(elsewhere) == 0
    assert str(tmp_path) in (await outbox(site))[0]["last_error"]

    (tmp_path / "mail").unlink()
    clock.advance(minutes=2)
    assert await delivery.deliver(elsewhere) == 1
