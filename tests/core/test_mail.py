"""Letters: whatever they say, they arrive whole, at one address and with the headers they were given."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from pixelhost import errors, jobs
from pixelhost.core import delivery, mail
from pixelhost.site import Site
from tests.support import mailserver
from tests.support.clock import MovableClock
from tests.support.letters import LOGIN, Sending, outbox, queue, states
from tests.support.mailserver import MailServer

LETTERS = Path(mail.__file__).with_name("letters")


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """`letters(subject=..., text=..., html=...)` makes the letter `ours` of these templates."""
    from jinja2 import FileSystemLoader

    def make(subject: str = "{{ subject_given }}", text: str = "{{ body }}", html: str = "{{ body }}") -> None:
        (tmp_path / "ours.txt").write_text(
            f'{{% extends "layout.txt" %}}{{% block subject %}}{subject}{{% endblock %}}'
            f"{{% block letter %}}{text}\n{{% endblock %}}"
        )
        (tmp_path / "ours.html").write_text(f'{{% extends "layout.html" %}}{{% block letter %}}{html}{{% endblock %}}')
        monkeypatch.setattr(mail._templates, "loader", FileSystemLoader([tmp_path, LETTERS]))
        monkeypatch.setattr(mail._templates, "cache", {})

    return make


async def test_a_letter_arrives_as_it_was_queued(sending: Sending, smtp: MailServer):
    site = sending(smtp, mail_from="My Files <files@example.com>", base_url="https://files.example.com")
    await queue(site)
    (queued,) = await outbox(site)

    assert await jobs.run(site, "mail") == 1

    (arrived,) = smtp.arrived
    assert (arrived.sender, arrived.recipient) == ("files@example.com", "alice@example.com")
    message = arrived.message
    assert message["From"] == "My Files <files@example.com>"
    assert message["To"] == "alice@example.com"
    assert message["Subject"] == queued["subject"] == "Log in to files.example.com"
    assert message["Date"].datetime == queued["created_at"].replace(microsecond=0)
    assert message["Message-ID"] == f"<{queued['id']}@example.com>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert LOGIN["link"] in arrived.part("plain")
    assert 'href="https://files.example.com/login?a=1&amp;b=2"' in arrived.part("html")


async def test_text_of_every_kind_arrives_uncut(sending: Sending, smtp: MailServer, letters):
    letters()
    body = "Grüße, 世界 💥\n.\n..\nFrom me\n-- \n" + "ä" * 3000 + " " + "x" * 3000 + "\n\tend = 100 %"
    site = sending(smtp)
    await queue(site, letter="ours", subject_given="Grüße an die 世界 💥 " + "und alle anderen " * 20, body=body)

    assert await delivery.deliver(site) == 1

    (arrived,) = smtp.arrived
    assert arrived.raw.isascii()
    assert max(map(len, arrived.raw.splitlines())) <= 998
    assert arrived.message["Subject"] == ("Grüße an die 世界 💥 " + "und alle anderen " * 20).strip()
    assert arrived.part("plain").startswith(body + "\n\n-- \n")
    assert body in arrived.part("html")


async def test_html_in_a_value_is_text(sending: Sending, smtp: MailServer, letters):
    letters()
    site = sending(smtp)
    await queue(site, letter="ours", subject_given="<b>", body="<script>alert(1)</script>")

    await delivery.deliver(site)

    assert smtp.arrived[0].message["Subject"] == "<b>"
    assert "<script>alert(1)</script>" in smtp.arrived[0].part("plain")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in smtp.arrived[0].part("html")
    assert "<title>&lt;b&gt;</title>" in smtp.arrived[0].part("html")


async def test_a_letter_of_a_transaction_that_is_rolled_back_is_never_sent(sending: Sending, smtp: MailServer):
    site = sending(smtp)
    async with site.db.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await mail.queue(connection, site, "alice@example.com", "login_link", **LOGIN)
        await transaction.rollback()

    assert await delivery.deliver(site) == 0
    assert smtp.arrived == []


async def test_a_letter_is_sent_once(sending: Sending, smtp: MailServer):
    site = sending(smtp)
    await queue(site)

    assert [await delivery.deliver(site) for _ in range(3)] == [1, 0, 0]
    assert len(smtp.arrived) == 1


async def test_what_a_letter_said_is_forgotten_when_it_is_sent(sending: Sending, smtp: MailServer):
    site = sending(smtp)
    await queue(site)
    await delivery.deliver(site)

    (row,) = await outbox(site)
    assert (row["text"], row["html"], row["due_at"]) == ("", "", None)
    assert row["sent_at"] is not None


async def test_that_a_letter_was_sent_is_forgotten_after_a_month(
    sending: Sending, smtp: MailServer, clock: MovableClock
):
    site = sending(smtp)
    await queue(site)
    await delivery.deliver(site)
    await queue(site, "not-sent@example.com")

    clock.advance(days=29)
    await jobs.run(site, "usage")
    assert len(await outbox(site)) == 2
    clock.advance(days=2)
    await jobs.run(site, "usage")
    assert [row["recipient"] for row in await outbox(site)] == ["not-sent@example.com"]


async def test_every_letter_has_a_subject_and_both_parts():
    names = {path.stem for path in LETTERS.iterdir()} - {"layout", "parts", "names"}
    assert "login_link" in names
    for name in names:
        assert "subject" in mail._templates.get_template(f"{name}.txt").blocks, name
        assert "letter" in mail._templates.get_template(f"{name}.txt").blocks, name
        assert "letter" in mail._templates.get_template(f"{name}.html").blocks, name


# What is not an address, or is more than one.

NOT_ADDRESSES = [
    "",
    "alice",
    "@example.com",
    "alice@",
    "alice@example.com\r\nBcc: bob@example.com",
    "alice@example.com\nBcc: bob@example.com",
    "alice\r\n@example.com",
    "alice@exam\nple.com",
    "alice@example.com\0",
    "alice\x85x@example.com",
    "alice\u2028x@example.com",
    "alice@example.com, bob@example.com",
    "alice,bob@example.com",
    "alice@example.com bob@example.com",
    "Alice <alice@example.com>",
    "<alice@example.com>",
    '"alice bob"@example.com',
    "alice(comment)@example.com",
    "alice@[127.0.0.1]",
    "alice@bob@example.com",
    ".alice@example.com",
    "al..ice@example.com",
    "alice@example..com",
    "alice@-example.com",
    "alice@exa mple.com",
    "a" * 65 + "@example.com",
    "alice@" + "a" * 64 + ".com",
    "alice@" + ".".join(["a" * 60] * 5),
    "ö" * 33 + "@example.com",
]


@pytest.mark.parametrize("text", NOT_ADDRESSES, ids=ascii)
async def test_what_is_not_one_address_is_refused_and_nothing_is_queued(site: Site, text: str):
    with pytest.raises(errors.ApiError) as refusal:
        await queue(site, text)

    assert refusal.value.kind is errors.INVALID_EMAIL_ADDRESS
    assert await outbox(site) == []


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("alice@example.com", "alice@example.com"),
        ("o'neil+tag=x/y@mail.example.com", "o'neil+tag=x/y@mail.example.com"),
        ("root@localhost", "root@localhost"),
        ("alice@bücher.example", "alice@xn--bcher-kva.example"),
        ("alice@BÜCHER.example", "alice@xn--bcher-kva.example"),
        ("alice@faß.example", "alice@xn--fa-hia.example"),
        ("alice@例え.テスト", "alice@xn--r8jz45g.xn--zckzah"),
    ],
)
async def test_an_address_travels_with_its_domain_in_ascii(sending: Sending, smtp: MailServer, text: str, sent: str):
    site = sending(smtp)
    await queue(site, text)

    assert await delivery.deliver(site) == 1
    assert smtp.recipients == [sent]
    assert smtp.arrived[0].message["To"] == sent


async def test_an_address_in_another_script_travels_where_the_server_takes_it(sending: Sending):
    async with mailserver.running(enable_SMTPUTF8=True) as smtp:
        site = sending(smtp)
        await queue(site, "jörg@bücher.example")

        assert await delivery.deliver(site) == 1
        assert smtp.recipients == ["jörg@xn--bcher-kva.example"]
        assert smtp.arrived[0].message["To"] == "jörg@xn--bcher-kva.example"


async def test_an_address_in_another_script_is_given_up_where_the_server_takes_none(sending: Sending, smtp: MailServer):
    site = sending(smtp)
    await queue(site, "jörg@example.com")
    await queue(site, "alice@example.com")

    assert await delivery.deliver(site) == 1
    assert [row["last_error"] for row in await outbox(site) if row["sent_at"] is None] == [
        "SMTPUTF8 is not supported by this server"
    ]
    assert "given up" in await states(site)


@pytest.mark.parametrize("newline", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\0"], ids=ascii)
async def test_a_newline_in_a_value_can_begin_no_header(sending: Sending, smtp: MailServer, letters, newline: str):
    letters(subject="Hello {{ name }}", text="Hello {{ name }}", html="Hello {{ name }}")
    site = sending(smtp)
    forged = f"x{newline}Bcc: bob@example.com{newline}{newline}<p>forged"
    if newline == "\0":
        forged = forged.replace("\0", "\x01")  # Postgres keeps no NUL
    await queue(site, letter="ours", name=forged)

    assert await delivery.deliver(site) == 1

    message = smtp.arrived[0].message
    assert message["Subject"] == "Hello x Bcc: bob@example.com <p>forged"
    assert message["Bcc"] is None
    assert smtp.recipients == ["alice@example.com"]
    assert len(list(message.iter_parts())) == 2


async def test_a_newline_written_into_the_outbox_itself_begins_no_header(sending: Sending, smtp: MailServer):
    site = sending(smtp)
    await queue(site)
    await site.db.execute("UPDATE outbox SET subject = E'Hello\\r\\nBcc: bob@example.com'")

    assert await delivery.deliver(site) == 1
    assert smtp.arrived[0].message["Bcc"] is None


@pytest.mark.parametrize(
    ("mail_from", "sender", "header"),
    [
        ("Bücher <post@bücher.example>", "post@xn--bcher-kva.example", "Bücher <post@xn--bcher-kva.example>"),
        ('"Files, Inc." <a@example.com>', "a@example.com", '"Files, Inc." <a@example.com>'),
        ("a@example.com", "a@example.com", "a@example.com"),
    ],
)
async def test_a_sender_with_any_name_is_understood(
    sending: Sending, smtp: MailServer, mail_from: str, sender: str, header: str
):
    site = sending(smtp, mail_from=mail_from)
    await queue(site)

    assert await delivery.deliver(site) == 1
    (arrived,) = smtp.arrived
    assert arrived.sender == sender
    assert arrived.message["From"] == header
    assert str(arrived.message["Message-ID"]).endswith(sender.partition("@")[2] + ">")


async def test_the_start_warns_of_links_that_lead_wherever_whoever_asks_likes(
    sending: Sending, smtp: MailServer, site: Site, caplog: pytest.LogCaptureFixture
):
    for one, warns in (
        (site, False),
        (sending(smtp, base_url="https://files.example.com"), False),
        (sending(smtp), True),
    ):
        running = asyncio.create_task(jobs.run_forever(one))
        await asyncio.sleep(0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert ("PIXELHOST_BASE_URL is not set" in caplog.text) is warns
