"""What becomes of files and messages with their accounts, and that everything adds up."""

from pixelhost.core import accounts, mails, storage, verify
from pixelhost.site import Site
from tests.support.clock import MovableClock
from tests.support.people import Person
from tests.support.transfers import Sender


async def problems(site: Site) -> list[verify.Problem]:
    return (await verify.fsck(site, deep=True, progress=lambda *_: None)).problems


async def test_files_of_every_kind_are_counted_together_and_checked(alice: Sender, site: Site):
    await alice.send_file("a", b"a" * 100_000)
    person = Person("alice", alice.key, alice.client)
    await person.upload("b", b"b" * 10)
    await person.write("/me/c", b"c" * 20)
    space = "SELECT storage_used_bytes FROM users WHERE name = 'alice'"
    assert await site.db.fetchval(space) == 100_030
    assert await problems(site) == []


async def test_a_deleted_account_takes_its_files_along_and_leaves_nothing_behind(
    alice: Sender, bob: Sender, site: Site, clock: MovableClock
):
    file = await alice.send_file("a", b"a" * 1000, category_id=(await _category(alice))["id"])
    await alice.send_mail("bob@example.com", "x@example.org", files=[file["id"]])
    await alice.data("POST", "/api/downloads", 201, json={"files": [file["id"]]})
    await alice.data("PUT", "/api/pin", json={"pin": "1234"})
    await alice.data("POST", "/api/keys", 201, json={"pin": "1234"})
    await bob.send_mail("alice@example.com")
    await accounts.delete(site, await site.db.fetchval("SELECT id FROM users WHERE name = 'alice'"))
    for table in ("transfer_files", "transfer_categories", "mail_files", "temporary_keys", "pushes", "download_files"):
        assert await site.db.fetchval(f"SELECT count(*) FROM {table}") == 0, table
    assert await site.db.fetchval("SELECT count(*) FROM downloads WHERE user_id IS NOT NULL") == 0
    assert len(await bob.data("GET", "/api/mails")) == len(await bob.data("GET", "/api/inbox")) == 1
    await bob.status("DELETE", f"/api/mails/{(await bob.data('GET', '/api/mails'))[0]['id']}")
    await bob.status("DELETE", f"/api/inbox/{(await bob.data('GET', '/api/inbox'))[0]['id']}")
    assert await mails.end_due(site) == 3
    assert await site.db.fetchval("SELECT count(*) FROM mails") == 0
    clock.advance(days=1)
    assert await storage.sweep(site) == 1
    assert await problems(site) == []


async def _category(who: Sender) -> dict[str, str]:
    made: dict[str, str] = await who.data("POST", "/api/categories", 201, json={"name": "a"})
    return made
