"""DELETE /user: out at once, gone in a week, unless somebody logs in."""

import asyncio

import pytest

from pixelhost import jobs
from pixelhost.core import accounts
from pixelhost.db import logins
from pixelhost.site import Site
from tests.support.elsewhere import change_rows
from tests.support.mailbox import last_mail
from tests.support.people import Answer, Person, make_person

ADDRESS = "alice@example.com"


@pytest.fixture
async def alice(site: Site, client) -> Person:
    return await make_person(site, client, "alice", email=ADDRESS, password="correct horse")


async def login(person: Person, password: str = "correct horse") -> Answer:
    return await person.post("/api/user/login", data={"username": "alice", "password": password})


async def names(site: Site) -> list[str]:
    return [row["name"] for row in await site.db.fetch("SELECT name FROM users ORDER BY name")]


async def test_all_sessions_end_at_once_and_a_message_explains_it(alice: Person, anyone: Person, site: Site):
    other = Person("", (await alice.post("/api/user/session")).json["auth_key"], alice.client)
    assert (await alice.delete("/api/user")).json["value"] == "ok"
    for person in (alice, other):
        assert (await person.get("/api/user")).refusal == (401, "authentication_failed")
    mail = await last_mail(site, ADDRESS)
    assert "will be deleted" in mail.subject
    assert mail.link.path == "/login"


async def test_by_cookie_the_cookie_goes_too(alice: Person, anyone: Person):
    headers = {"Cookie": f"pd_auth_key={alice.key}", "Sec-Fetch-Site": "same-origin"}
    assert "max-age=0" in (await anyone.delete("/api/user", headers=headers)).headers["Set-Cookie"].lower()


async def test_after_a_week_it_goes_with_all_files_nodes_lists_and_bytes(
    alice: Person, bob: Person, site: Site, clock, monkeypatch
):
    monkeypatch.setattr(accounts, "DELETE_BATCH", 2)
    ids = [await alice.upload(f"{n}", bytes([n]) * 100) for n in range(5)]
    await alice.make_list(ids[0])
    for path in ("a/b/c/d.bin", "a/b/e.bin", "f.bin", "a/g.bin"):
        assert (await alice.put(f"/api/filesystem/me/{path}?make_parents=true", data=path.encode())).status == 200
    kept = await bob.upload("kept", b"bob's")
    assert (await alice.delete("/api/user")).status == 200

    clock.advance(days=6, hours=23)
    assert await jobs.run(site, "accounts") == 0
    assert (await bob.get(f"/api/file/{ids[0]}")).status == 200
    clock.advance(hours=1)
    assert await jobs.run(site, "accounts") == 1
    assert await names(site) == ["bob"]
    assert (await bob.get(f"/api/file/{ids[0]}")).refusal == (404, "not_found")
    for table in ("files", "nodes", "lists", "sessions"):
        count = await site.db.fetchval(f"SELECT count(*) FROM {table}")
        assert count == {"files": 1, "nodes": 1, "lists": 0, "sessions": 1}[table], table
    await change_rows(site, "UPDATE blobs SET unreferenced_since = unreferenced_since - interval '30 days'")
    await jobs.run(site, "sweep")
    assert len([stored async for stored in site.store.listing()]) == 1
    assert (await bob.get(f"/api/file/{kept}")).body == b"bob's"


async def test_a_login_within_the_week_cancels_it(alice: Person, anyone: Person, site: Site, clock):
    file_id = await alice.upload()
    await alice.delete("/api/user")
    clock.advance(days=6)
    assert (await login(anyone, "wrong horse")).refusal == (400, "password_incorrect")
    key = (await login(anyone)).json["auth_key"]
    clock.advance(days=2)
    assert await jobs.run(site, "accounts") == 0
    assert (await Person("", key, anyone.client).get(f"/api/file/{file_id}")).status == 200


async def test_a_login_link_within_the_week_cancels_it(alice: Person, anyone: Person, site: Site, clock):
    await alice.delete("/api/user")
    assert (await anyone.post("/api/user/login", data={"username": ADDRESS})).status == 202
    link = dict((await last_mail(site, ADDRESS)).link.query)
    assert (await anyone.post("/api/user/login", data=link)).status == 201
    clock.advance(days=8)
    assert await jobs.run(site, "accounts") == 0


async def test_a_wrong_password_or_a_new_one_by_mail_alone_cancels_nothing(
    alice: Person, anyone: Person, site: Site, clock
):
    await alice.delete("/api/user")
    await login(anyone, "wrong horse")
    await anyone.post("/api/user/password_reset", data={"email": ADDRESS})
    key = (await last_mail(site, ADDRESS)).link.query["key"]
    form = {"key": key, "new_password": "battery staple"}
    assert (await anyone.post("/api/user/password_reset_confirm", data=form)).status == 200
    clock.advance(days=7)
    assert await jobs.run(site, "accounts") == 1


async def test_when_the_week_is_over_nobody_logs_in_even_before_the_job_has_run(
    alice: Person, anyone: Person, clock, site: Site
):
    await alice.delete("/api/user")
    clock.advance(days=7)
    assert (await login(anyone)).refusal == (404, "user_not_found")
    refused = await anyone.post("/api/user/login", data={"username": ADDRESS})
    assert refused.refusal == (404, "user_not_found")


async def test_links_that_were_sent_before_do_not_cancel_it(alice: Person, anyone: Person, site: Site):
    await anyone.post("/api/user/login", data={"username": ADDRESS})
    link = dict((await last_mail(site, ADDRESS)).link.query)
    await alice.delete("/api/user")
    assert (await anyone.post("/api/user/login", data=link)).refusal == (400, "invalid_login_link")


async def test_a_login_that_races_with_the_deletion_cancels_it_or_comes_to_nothing(
    alice: Person, anyone: Person, site: Site
):
    deleted, *logins = await asyncio.gather(alice.delete("/api/user"), *(login(anyone) for _ in range(4)))
    assert [answer.status for answer in (deleted, *logins)] == [200, 201, 201, 201, 201]
    for made in logins:
        works = (await Person("", made.json["auth_key"], anyone.client).get("/api/user")).status == 200
        assert not works or await site.db.fetchval("SELECT delete_at IS NULL FROM users")


async def test_a_login_in_the_last_moment_keeps_everything(alice: Person, site: Site, clock):
    """One that is about to commit while the job looks for whose time is over."""
    file_id = await alice.upload()
    user_id = await site.db.fetchval("SELECT id FROM users")
    await alice.delete("/api/user")
    clock.advance(days=7)
    async with site.db.acquire() as tx, tx.transaction():
        await logins.set_delete_at(tx, user_id, None)
        job = asyncio.create_task(jobs.run(site, "accounts"))
        await asyncio.sleep(0.3)
    assert await job == 0
    assert (await alice.get(f"/api/file/{file_id}")).refusal == (401, "authentication_failed")
    assert await site.db.fetchval("SELECT count(*) FROM files") == 1


async def test_what_has_begun_to_go_is_not_saved_by_a_clock_that_is_slow(
    alice: Person, anyone: Person, site: Site, clock
):
    await alice.delete("/api/user")
    clock.advance(days=7)
    now = clock.now()
    assert await logins.end(site.db, await site.db.fetchval("SELECT id FROM users"), now, now - accounts.LATE_LOGINS)
    clock.advance(hours=-1)
    assert (await login(anyone)).refusal == (404, "user_not_found")


async def test_an_account_without_an_address_goes_without_a_message(site: Site, client):
    carol = await make_person(site, client, "carol")
    assert (await carol.delete("/api/user")).status == 200
    assert await site.db.fetchval("SELECT count(*) FROM outbox") == 0


async def test_strangers_have_no_account_to_delete(anyone: Person, alice: Person, site: Site):
    assert (await anyone.delete("/api/user")).refusal == (401, "authentication_required")
    foreign = {"Cookie": f"pd_auth_key={alice.key}", "Origin": "https://evil.example"}
    assert (await anyone.delete("/api/user", headers=foreign)).refusal == (400, "request_origin_invalid")
    assert (await alice.get("/api/user")).status == 200
