"""What comes between two steps of a request: nothing waits in a circle, and nothing is decided by what was before."""

import asyncio

from pixelhost.core import mails
from pixelhost.site import Site
from tests.support.elsewhere import change_rows
from tests.support.transfers import Sender
from tests.support.waiting import until_somebody_waits


async def test_a_pin_that_is_changed_while_it_is_checked_gives_no_key(alice: Sender, site: Site):
    await alice.data("PUT", "/api/pin", json={"pin": "1234"})
    async with site.db.acquire() as other:
        change = other.transaction()
        await change.start()
        await other.execute("UPDATE users SET pin_hash = 'another' WHERE name = 'alice'")
        asking = asyncio.create_task(alice.refused("POST", "/api/keys", json={"pin": "1234"}))
        await until_somebody_waits(site.db)
        await change.commit()
    assert await asking == {"pin": ["Invalid PIN."]}
    assert await site.db.fetchval("SELECT count(*) FROM temporary_keys") == 0


async def test_who_brought_the_sender_here_may_be_deleted_while_they_are_written_to(
    alice: Sender, bob: Sender, site: Site
):
    brought = "UPDATE users SET affiliate_user_id = (SELECT id FROM users WHERE name = 'bob') WHERE name = 'alice'"
    await change_rows(site, brought)
    async with site.db.acquire() as other:
        deletion = other.transaction()
        await deletion.start()
        await other.execute("SELECT FROM users WHERE name = 'bob' FOR UPDATE")
        sending = asyncio.create_task(alice.send_mail(bob.email))
        await until_somebody_waits(site.db)
        await other.execute("DELETE FROM users WHERE name = 'bob'")
        await deletion.commit()
    assert (await sending)["url"] != ""


async def test_a_letter_that_failed_is_noted_next_time_where_somebody_holds_its_message(alice: Sender, site: Site):
    held, free = await alice.send_mail("x@example.org", "y@example.org")
    await site.db.execute("UPDATE outbox SET due_at = NULL")
    async with site.db.acquire() as other, other.transaction():
        await other.execute("SELECT FROM mails WHERE id = $1 FOR UPDATE", held["id"])
        await mails.end_due(site)
    assert await site.db.fetch("SELECT id::text FROM mails WHERE is_letter_failed") == [(free["id"],)]
    await mails.end_due(site)
    await site.db.execute("DELETE FROM outbox")
    assert [one["status"] for one in await alice.data("GET", "/api/mails")] == ["failed", "failed"]
