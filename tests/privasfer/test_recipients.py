"""Whom a message reaches how: in the inbox of an account, or by a link; and what its sender learns of that."""

import asyncio

import pytest

from pixelhost.site import Site
from tests.support.elsewhere import change_rows
from tests.support.mailbox import last_mail
from tests.support.transfers import Sender, make_sender
from tests.support.waiting import until_somebody_waits


@pytest.mark.parametrize("passphrase", [None, "open sesame"])
async def test_who_is_deleted_while_somebody_writes_is_sent_a_link(
    alice: Sender, stranger: Sender, site: Site, passphrase: str | None
):
    bob = await make_sender(site, alice.client, "bob")
    file = await alice.send_file()
    async with site.db.acquire() as other:
        deletion = other.transaction()
        await deletion.start()
        await other.execute("DELETE FROM users WHERE name = 'bob'")
        sending = asyncio.create_task(alice.send_mail(bob.email, files=[file["id"]], passphrase=passphrase))
        await until_somebody_waits(site.db)
        await deletion.commit()
    sent = await sending
    push = (await stranger.get("/m/" + sent["url"].rpartition("/")[2])).headers["Location"].removesuffix("/r")
    seen = (await stranger.get(f"{push}.json?passphrase={passphrase or ''}".replace(" ", "+"))).json
    assert (seen["payload"], [one["filename"] for one in seen["files"]]) == ("Here it is", ["invoice.pdf"])


async def test_who_is_banned_is_sent_a_link_as_if_they_had_no_account(alice: Sender, stranger: Sender, site: Site):
    bob = await make_sender(site, alice.client, "bob")
    await change_rows(site, "UPDATE users SET banned_at = now() WHERE name = 'bob'")
    to_bob, to_nobody = await alice.send_mail(bob.email, "x@example.org")
    different = {name for name in to_bob if to_bob[name] != to_nobody[name]}
    assert different == {"id", "identifier", "recipient", "recipient_email", "url"}
    assert to_bob["url"] != ""
    push = (await stranger.get((await last_mail(site, bob.email)).link.path)).headers["Location"]
    assert (await stranger.get(push.removesuffix("/r") + ".json")).json["payload"] == "Here it is"
    await change_rows(site, "UPDATE users SET banned_at = NULL WHERE name = 'bob'")
    assert await bob.data("GET", "/api/inbox") == []
    assert (await alice.send_mail(bob.email))["url"] == ""


async def test_the_sender_is_not_told_whose_address_it_is(alice: Sender, site: Site):
    bob = await make_sender(site, alice.client, "bob")
    await change_rows(site, "UPDATE users SET name = 'robert' WHERE name = 'bob'")
    sent = await alice.send_mail(bob.email)
    told = {"name": "", "initials": "", "email": bob.email, "photo_url": "", "timezone": "UTC"}
    (listed,) = await alice.data("GET", "/api/mails?keyword=BOB@")
    for one in (sent, listed, await alice.data("GET", f"/api/mails/{sent['id']}")):
        assert one["recipient"] == told
    assert await alice.data("GET", "/api/mails?keyword=robert") == []
