"""What time does to pushes: jobs end them, the key goes first, then the bytes, at last what was left."""

import pytest

from pixelhost import jobs
from pixelhost.core import storage, verify
from pixelhost.site import Site
from tests.pwpush.pushing import V2, expire, kinds_of_log, push_files, push_token, show
from tests.support.people import Person

SEALED = ("key_sealed", "payload_sealed", "passphrase_sealed")


async def sealed_of(site: Site, token: str) -> dict[str, bool]:
    """Which secrets the row still has."""
    row = await site.db.fetchrow(f"SELECT {', '.join(SEALED)} FROM pushes WHERE token = $1", token)
    return {name: row[name] is not None for name in SEALED}


async def stored(site: Site) -> int:
    return len([one async for one in site.store.listing()])


async def test_the_job_ends_what_is_past_its_time_and_nothing_else(site: Site, alice: Person, clock):
    short = await push_token(alice, passphrase="p", expire_after_duration=0)
    day, week = await push_token(alice, passphrase="p", expire_after_days=1), await push_token(alice)
    assert await jobs.run(site, "pushes") == 0
    clock.advance(minutes=15)
    assert await jobs.run(site, "pushes") == 1
    clock.advance(days=1)
    assert await jobs.run(site, "pushes") == 1
    assert await jobs.run(site, "pushes") == 0
    for token in (short, day):
        assert await sealed_of(site, token) == dict.fromkeys(SEALED, False)
        assert await kinds_of_log(alice, token) == ["creation", "expiry"]
    assert [one["url_token"] for one in (await alice.get(f"{V2}/active")).json] == [week]
    ended = (await alice.get(f"{V2}/expired")).json
    assert [one["url_token"] for one in ended] == [day, short]
    assert {one["deleted"] for one in ended} == {False}


@pytest.mark.parametrize("end", ["deleted", "used up", "too late"])
async def test_whatever_ends_a_push_takes_its_secrets_out_of_the_row(
    site: Site, alice: Person, anyone: Person, clock, end: str
):
    token = await push_token(alice, passphrase="p", note="stays", expire_after_views=1)
    assert await sealed_of(site, token) == dict.fromkeys(SEALED, True)
    if end == "deleted":
        await expire(alice, token)
    elif end == "used up":
        await show(anyone, token, "p")
    else:
        clock.advance(days=7)
        await show(anyone, token)
    assert await sealed_of(site, token) == dict.fromkeys(SEALED, False)
    (ended,) = (await alice.get(f"{V2}/expired")).json
    assert (ended["note"], ended["passphrase"]) == ("stays", None)


async def test_a_push_of_files_ends_when_its_links_are_dead(site: Site, alice: Person, anyone: Person, clock):
    clock.hold()
    token = (await push_files(alice, ("a.bin", b"x" * 1000), expire_after_views=1))["url_token"]
    await show(anyone, token)
    clock.advance(minutes=5, seconds=-1)
    assert await jobs.run(site, "pushes") == 0
    clock.advance(seconds=1)
    assert await jobs.run(site, "pushes") == 1
    assert (await alice.get("/api/user")).json["storage_space_used"] == 0


async def test_the_bytes_go_after_the_grace_period_and_the_space_at_once(site: Site, alice: Person, clock):
    token = (await push_files(alice, ("a.bin", b"x" * 200_000)))["url_token"]
    assert (await alice.get("/api/user")).json["storage_space_used"] == 200_000
    await expire(alice, token)
    assert await sealed_of(site, token) == {**dict.fromkeys(SEALED, False)}
    assert (await alice.get("/api/user")).json["storage_space_used"] == 0
    grace = site.settings.sweep_grace_seconds
    clock.advance(seconds=grace - 5)
    assert (await storage.sweep(site), await stored(site)) == (0, 1)
    clock.advance(seconds=6)
    assert (await storage.sweep(site), await stored(site)) == (1, 0)
    assert not (await verify.fsck(site, deep=True, progress=lambda *_: None)).problems


async def test_what_strangers_pushed_is_purged_a_day_after_its_end(site: Site, anyone: Person, alice: Person, clock):
    clock.hold()
    token, own = await push_token(anyone), await push_token(alice)
    for one in (token, own):
        assert (await expire(anyone, one)).status == 200
    clock.advance(days=1, seconds=-1)
    assert await jobs.run(site, "purge") == 0
    clock.advance(seconds=1)
    assert await jobs.run(site, "purge") == 1
    gone = await anyone.get(f"/p/{token}.json")
    assert (gone.status, gone.json) == (404, {"error": "not-found"})
    assert (await show(anyone, own))["expired"] is True


async def test_what_is_there_is_never_purged(site: Site, anyone: Person, clock):
    token = await push_token(anyone, expire_after_days=90)
    clock.advance(days=89)
    assert await jobs.run(site, "purge") == 0
    assert (await show(anyone, token))["payload"] == "s3cret"


async def test_a_setting_purges_those_of_accounts_too(changed, alice: Person, clock):
    place = await changed(push_purge_days=30)
    clock.hold()
    token = await push_token(alice)
    await expire(alice, token)
    clock.advance(days=30, seconds=-1)
    assert await jobs.run(place.site, "purge") == 0
    clock.advance(seconds=1)
    assert await jobs.run(place.site, "purge") == 1
    assert (await alice.get(f"{V2}/expired")).json == []
    assert (await alice.get(f"{V2}/{token}/audit")).status == 404


async def test_an_account_takes_its_pushes_with_it(site: Site, alice: Person, anyone: Person, nothing_is_left, clock):
    tokens = [await push_token(alice), (await push_files(alice, ("a.bin", b"bytes")))["url_token"]]
    await site.db.execute("DELETE FROM users WHERE name = 'alice'")
    for token in tokens:
        assert (await anyone.get(f"/p/{token}.json")).status == 404
    clock.advance(seconds=site.settings.sweep_grace_seconds + 1)
    await storage.sweep(site)
    assert await nothing_is_left()


async def test_two_of_the_same_file_are_stored_twice(site: Site, alice: Person, bob: Person):
    for who in (alice, alice, bob):
        await push_files(who, ("a.bin", b"the same bytes"), ("b.bin", b"the same bytes"))
    assert await stored(site) == 6
