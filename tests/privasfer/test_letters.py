"""Letters and links: how messages reach those who have no account."""

import asyncio
from dataclasses import replace

import pytest

from pixelhost.core import delivery, mails
from pixelhost.core.ratelimit import MAILS_AN_HOUR
from pixelhost.site import Site
from tests.support import mailserver
from tests.support.clock import MovableClock
from tests.support.elsewhere import change_rows
from tests.support.mailbox import mail_to
from tests.support.people import Person
from tests.support.transfers import Sender, make_sender


async def test_an_account_with_an_address_that_is_not_verified_is_a_stranger(alice: Sender, site: Site):
    mallory = await make_sender(site, alice.client, "mallory")
    await change_rows(site, "UPDATE users SET email_verified = false WHERE name = 'mallory'")
    sent = await alice.send_mail(mallory.email)
    assert sent["url"] != ""
    assert await mallory.data("GET", "/api/inbox") == []


async def test_an_address_gets_so_many_letters_an_hour_and_the_sender_the_link_all_the_same(
    alice: Sender, site: Site, clock: MovableClock
):
    clock.hold()
    for _ in range(MAILS_AN_HOUR):
        assert (await alice.send_mail("x@example.org"))["status"] == "queued"
    sent = await alice.send_mail("x@example.org")
    assert (sent["status"], bool(sent["url"])) == ("failed", True)
    assert len(await mail_to(site, "x@example.org")) == MAILS_AN_HOUR


async def test_a_client_needs_the_passphrase_too_and_may_download_so_often(alice: Sender, stranger: Sender):
    files = [(await alice.send_file(name, b"x" * 100_000))["id"] for name in ("a", "b")]
    sent = await alice.send_mail("x@example.org", files=files, passphrase="open", max_downloads=2)
    push = (await stranger.get("/m/" + sent["url"].rpartition("/")[2])).headers["Location"].removesuffix("/r")
    assert (await stranger.get(f"{push}.json")).status == 401
    seen = (await stranger.get(f"{push}.json?passphrase=open")).json
    first, second = (one["url"].partition(str(stranger.client.port))[2] for one in seen["files"])
    assert (await stranger.ask("HEAD", first)).status == 200
    assert len((await stranger.get(first)).body) == 100_000
    part = await stranger.get(first, headers={"Range": "bytes=1-"})
    assert (part.status, len(part.body)) == (206, 99_999)
    for headers in ({}, {"Range": "bytes=1-"}, {"Range": "bytes=-5"}):
        assert (await stranger.get(first, headers=headers)).status == 404
    assert (await stranger.get(second)).status == 200
    assert (await alice.data("GET", f"/api/mails/{sent['id']}"))["downloads"] == 3


async def test_a_real_mail_server_says_what_became_of_the_letter(alice: Sender, site: Site):
    async with mailserver.running() as smtp:
        smtp.answer_to = lambda to: "550 No such user" if to.startswith("nobody") else "250 OK"
        settings = replace(site.settings, smtp_url=f"smtp://127.0.0.1:{smtp.port}")
        sent, refused = await alice.send_mail("x@example.org", "nobody@example.org")
        assert (sent["status"], sent["sent_at"]) == ("queued", "")
        await delivery.deliver(replace(site, settings=settings))
        assert (await alice.data("GET", f"/api/mails/{sent['id']}"))["status"] == "success"
        assert (await alice.data("GET", f"/api/mails/{sent['id']}"))["sent_at"] != ""
        assert (await alice.data("GET", f"/api/mails/{refused['id']}"))["status"] == "failed"
        (arrived,) = smtp.arrived
        assert arrived.message["Subject"] == "alice sent you: Invoice"
        assert "Here it is" not in arrived.part("plain") + arrived.part("html")


async def test_a_message_whose_letter_is_postponed_is_queued_until_it_is_tried_again(
    alice: Sender, site: Site, clock: MovableClock
):
    async with mailserver.running() as smtp:
        smtp.answer_to = lambda _: "451 Try again later"
        postponing = replace(site, settings=replace(site.settings, smtp_url=f"smtp://127.0.0.1:{smtp.port}"))
        sent = await alice.send_mail("x@example.org")
        await delivery.deliver(postponing)
        shown = await alice.data("GET", f"/api/mails/{sent['id']}")
        assert (shown["status"], shown["sent_at"], smtp.arrived) == ("queued", "", [])
        smtp.answer_to = lambda _: "250 OK"
        clock.advance(hours=1)
        await delivery.deliver(postponing)
        assert (await alice.data("GET", f"/api/mails/{sent['id']}"))["status"] == "success"
        assert smtp.recipients == ["x@example.org"]


async def test_without_a_mail_server_the_message_counts_as_sent(alice: Sender, site: Site):
    sent = await alice.send_mail("x@example.org")
    await delivery.deliver(site)
    assert (await alice.data("GET", f"/api/mails/{sent['id']}"))["status"] == "success"


async def test_what_a_letter_came_to_is_known_for_long(alice: Sender, site: Site, clock: MovableClock):
    sent = await alice.send_mail("x@example.org")
    path = f"/api/mails/{sent['id']}"
    await site.db.execute("UPDATE outbox SET due_at = NULL, sent_at = $1", clock.now())
    assert (await alice.data("GET", path))["status"] == "success"
    await site.db.execute("UPDATE outbox SET sent_at = NULL")
    assert (await alice.data("GET", path))["status"] == "failed"
    await mails.end_due(site)
    await site.db.execute("DELETE FROM outbox")
    assert (await alice.data("GET", path))["status"] == "failed"


async def test_a_link_that_is_read_again_was_opened_when_it_was_first(
    alice: Sender, stranger: Sender, clock: MovableClock
):
    sent = await alice.send_mail("x@example.org")
    push = (await stranger.get("/m/" + sent["url"].rpartition("/")[2])).headers["Location"].removesuffix("/r")
    opened = []
    for _ in range(2):
        assert (await stranger.get(f"{push}.json")).json["payload"] == "Here it is"
        opened.append((await alice.data("GET", f"/api/mails/{sent['id']}"))["opened_at"])
        clock.advance(minutes=5)
    assert opened[0] == opened[1] != ""


async def test_where_strangers_see_nothing_only_accounts_are_sent_to(alice: Sender, bob: Sender, serve):
    place = await serve(anonymous_pushes="off")
    who = Sender("alice", alice.key, place.client)
    await who.send_mail("bob@example.com")
    fields = {"recipients": ["bob@example.com", "x@example.org"], "subject": "a", "body": "b"}
    assert list(await who.refused("POST", "/api/mails", json=fields)) == ["recipients"]


@pytest.mark.parametrize("link", ["nothing", "fad2027a-ac89-4ef4-baab-95b2fb316cf1", "%00"])
async def test_a_link_that_was_never_there_leads_nowhere(stranger: Sender, link: str):
    assert (await stranger.get(f"/m/{link}")).status == 404


async def test_messages_use_up_no_letters_about_the_account(
    alice: Sender, stranger: Sender, site: Site, clock: MovableClock
):
    clock.hold()
    bob = await make_sender(site, alice.client, "bob")
    for _ in range(MAILS_AN_HOUR + 1):
        await alice.send_mail(bob.email)
    asked = await Person("", "", stranger.client).post("/api/user/password_reset", data={"email": bob.email})
    assert asked.status == 200
    letters = await mail_to(site, bob.email)
    assert len(letters) == MAILS_AN_HOUR + 1


async def test_an_address_that_the_sender_has_not_verified_is_told_to_nobody(alice: Sender, site: Site):
    bob = await make_sender(site, alice.client, "bob")
    await change_rows(site, "UPDATE users SET email = 'ceo@bank.example', email_verified = false WHERE name = 'alice'")
    await alice.send_mail(bob.email)
    (received,) = await bob.data("GET", "/api/inbox")
    assert (received["sender"]["name"], received["sender"]["email"]) == ("alice", "")
    assert "bank.example" not in str((await mail_to(site, bob.email))[-1])


async def test_two_who_send_to_the_same_people_in_another_order_both_do(alice: Sender, site: Site):
    bob = await make_sender(site, alice.client, "bob")
    people = [f"{number}@example.org" for number in range(20)]
    sent = await asyncio.gather(
        *(alice.send_mail(*people) for _ in range(5)), *(bob.send_mail(*reversed(people)) for _ in range(5))
    )
    assert [mail["recipient_email"] for mail in sent[0]] == people
    assert [mail["recipient_email"] for mail in sent[-1]] == people[::-1]
