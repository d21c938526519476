"""A new master key: everything that was sealed with an earlier one is sealed anew, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from pixelhost.core import keyrotation
from pixelhost.db import permissions, sealed
from pixelhost.keyring import KeyFile, Keyring, KeyringError
from pixelhost.model.nodes import Permissions, Rights
from pixelhost.site import Site
from tests.support.people import Person

OLD, NEW, LOST = "old " * 8, "new " * 8, "lost" * 8
WHAT = {one.what: one for one in keyrotation.SEALED}
SCHEMA = Path(__file__).parents[2] / "schema.sql"


@pytest.fixture
async def filed(site: Site, tmp_path: Path) -> Site:
    """The site, its master key in a file of the test's own."""
    file = KeyFile(tmp_path / "secret.key")
    file.make()
    return replace(site, keyring=Keyring((), file))


def given(site: Site, *masters: str) -> Site:
    """The site, its master keys from the environment."""
    return replace(site, keyring=Keyring(masters))


def current_only(site: Site) -> Keyring:
    assert site.keyring.file is not None
    return Keyring(site.keyring.file.read()[:1])


async def seal_one_of_each(site: Site, alice: Person, salt: str = "") -> None:
    """One value of everything that is sealed, and two passwords of a share; `salt` is in each."""
    keys, db = site.keyring, site.db
    user_id = await db.fetchval("SELECT id FROM users WHERE name = 'alice'")
    await alice.mkdir(f"/me/d{salt}")
    for key_hash, key_sealed in await db.fetch("SELECT key_sha256, key_sealed FROM sessions"):
        opened = site.keyring.open_key(key_sealed, key_hash) or b"the key" + salt.encode()
        anew = keys.seal_key(opened, key_hash)
        await db.execute("UPDATE sessions SET key_sealed = $2 WHERE key_sha256 = $1", key_hash, anew)
    await db.execute("UPDATE users SET totp_secret_sealed = $1", keys.seal(b"totp", b"t" + salt.encode()))
    passwords = {keys.seal(b"node passwords", word + salt.encode()): Rights(read=True) for word in (b"p", b"q")}
    await db.execute(
        "UPDATE nodes SET custom_domain_key = $1, permissions = $2 WHERE name = $3",
        keys.seal(b"custom domains", b"c" + salt.encode()),
        permissions.stored(Permissions(passwords=passwords)),
        f"d{salt}",
    )
    await db.execute(
        """INSERT INTO pushes (token, kind, name, note_sealed, key_sealed, is_end_to_end, has_retrieval_step,
                               expire_after_days, expire_after_views, created_at, updated_at, expires_at)
           VALUES ($1, 'text', '', $2, $3, false, false, 1, 1, now(), now(), now())""",
        f"token{salt}",
        keys.seal(b"push notes", b"n" + salt.encode()),
        keys.seal(b"push keys", b"k" + salt.encode()),
    )
    await db.execute(
        "INSERT INTO webhooks (user_id, url, secret_sealed, events, created_at) VALUES ($1, '', $2, '{}', now())",
        user_id,
        keys.seal(b"webhook secrets", b"w" + salt.encode()),
    )
    await db.execute(
        "INSERT INTO blobs (digest, size_bytes, crc32, location, created_at) VALUES ($1, 0, 0, '', now())",
        f"blob{salt}".ljust(32).encode(),
    )
    await db.execute(
        """INSERT INTO transfer_files (owner_id, name, mime_type, size_bytes, sealed_bytes, key_sealed, blob,
                                       created_at)
           VALUES ($1, 'f', '', 0, 0, $2, $3, now())""",
        user_id,
        keys.seal(b"transfer keys", b"f" + salt.encode()),
        f"blob{salt}".ljust(32).encode(),
    )
    await db.execute(
        """INSERT INTO mails (identifier, sender_id, sender_name, sender_email, recipient_email, subject, body_sealed,
                              has_passphrase, created_at, expires_at)
           VALUES ('abcd', $1, '', '', '', 's', $2, false, now(), now())""",
        user_id,
        keys.seal(b"mail bodies", b"m" + salt.encode()),
    )


async def opened(site: Site, keys: Keyring) -> dict[str, list[bytes | None]]:
    """What these keys make of everything that is sealed."""
    found: dict[str, list[bytes | None]] = {}
    for one in keyrotation.SEALED:
        values = found[one.what] = []
        for held in await sealed.batch(site.db, one.column, None, 1000):
            each = [held.value] if isinstance(held.value, bytes) else permissions.loaded(held.value).passwords
            values += [keys.open(one.purpose, value, held.bound_to) for value in each]
    return found


async def rotate(site: Site) -> str:
    return "\n".join(await keyrotation.rotate(site, lambda *_: None))


async def drop_earlier(site: Site) -> str:
    return "\n".join(await keyrotation.drop_earlier(site, lambda *_: None))


@pytest.fixture(autouse=True)
async def clean_pushes(site: Site) -> AsyncIterator[None]:
    yield
    await site.db.execute("DELETE FROM pushes")


async def test_a_new_key_opens_everything_afterwards_and_the_old_one_nothing(filed: Site, alice: Person):
    await seal_one_of_each(filed, alice)
    old = current_only(filed)
    before = await opened(filed, old)
    assert set(before) == set(WHAT)
    assert all(values and None not in values for values in before.values())

    told = await rotate(filed)

    assert "10 values were sealed anew" in told
    assert await opened(filed, current_only(filed)) == before
    assert {value for values in (await opened(filed, old)).values() for value in values} == {None}


async def test_everything_in_the_schema_that_is_called_sealed_is_dealt_with():
    found = set()
    table = ""
    for line in SCHEMA.read_text().splitlines():
        if begun := re.match(r"CREATE TABLE (\w+)", line):
            table = begun[1]
        elif column := re.match(r"    (\w+_sealed) bytea\b", line):
            found.add((table, column[1]))
    dealt_with = {(one.column.table, one.column.name) for one in keyrotation.SEALED}
    assert len(found) > 5
    assert found - dealt_with == keyrotation.SEALED_OTHERWISE


async def test_batches_end_where_they_should(filed: Site, alice: Person, monkeypatch: pytest.MonkeyPatch):
    for number in range(7):
        await seal_one_of_each(filed, alice, str(number))
    before = await opened(filed, filed.keyring)
    for size in (1, 2, 7, 8):
        monkeypatch.setattr(keyrotation, "BATCH", size)
        await rotate(filed)
        assert await opened(filed, current_only(filed)) == before


async def test_earlier_keys_are_dropped_once_nothing_needs_them(filed: Site, alice: Person):
    await seal_one_of_each(filed, alice)
    before = await opened(filed, filed.keyring)
    assert filed.keyring.file is not None
    filed.keyring.file.add()
    with pytest.raises(KeyringError, match="10 values are still sealed with an earlier key"):
        await drop_earlier(filed)
    assert len(filed.keyring.file.read()) == 2
    await rotate(filed)
    assert "2 earlier keys are gone" in await drop_earlier(filed)
    assert len(filed.keyring.file.read()) == 1
    assert await opened(filed, filed.keyring) == before


async def test_whoever_writes_meanwhile_wins(filed: Site, alice: Person):
    await seal_one_of_each(filed, alice)
    column = WHAT["second factors"].column
    (held,) = await sealed.batch(filed.db, column, None, 10)
    theirs = filed.keyring.seal(b"totp", b"theirs")
    await filed.db.execute("UPDATE users SET totp_secret_sealed = $1", theirs)
    assert not await sealed.replace(filed.db, column, held, b"ours")
    assert await filed.db.fetchval("SELECT totp_secret_sealed FROM users") == theirs
    shares = WHAT["passwords of shares"].column
    (held,) = await sealed.batch(filed.db, shares, None, 10)
    await filed.db.execute("""UPDATE nodes SET permissions = '["", {}, []]' WHERE permissions IS NOT NULL""")
    assert not await sealed.replace(filed.db, shares, held, held.value)


async def test_a_rotation_that_is_killed_is_simply_begun_again(filed: Site, alice: Person):
    for number in range(3):
        await seal_one_of_each(filed, alice, str(number))
    before = await opened(filed, filed.keyring)

    def die(what: str, _count: int) -> None:
        if what == "keys of pushes":
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await keyrotation.rotate(filed, die)
    assert await opened(filed, filed.keyring) == before
    await rotate(filed)
    await drop_earlier(filed)
    assert await opened(filed, filed.keyring) == before


async def test_what_no_key_opens_is_told_and_left_as_it_is(site: Site, filed: Site, alice: Person):
    await seal_one_of_each(given(site, LOST), alice)
    lost = await opened(filed, Keyring([LOST]))
    told = await rotate(filed)
    assert "0 values were sealed anew" in told
    for what in ("1 API keys", "1 second factors", "2 passwords of shares", "1 keys of pushes", "1 notes of pushes"):
        assert f"{what} were sealed with a key that is not known" in told
    assert await opened(filed, Keyring([LOST])) == lost
    assert "not known" in await drop_earlier(filed)


async def test_a_share_with_one_lost_password_keeps_it_and_gets_the_other_anew(filed: Site, alice: Person):
    await alice.mkdir("/me/d")
    keys = {filed.keyring.seal(b"node passwords", b"p"): Rights(read=True)}
    keys[Keyring([LOST]).seal(b"node passwords", b"q")] = Rights(write=True)
    await filed.db.execute(
        "UPDATE nodes SET permissions = $1 WHERE name = 'd'", permissions.stored(Permissions(passwords=keys))
    )
    told = await rotate(filed)
    assert "1 passwords of shares were sealed with a key that is not known" in told
    stored = permissions.loaded(await filed.db.fetchval("SELECT permissions FROM nodes WHERE name = 'd'"))
    rights = {current_only(filed).open(b"node passwords", value): given for value, given in stored.passwords.items()}
    assert rights == {b"p": Rights(read=True), None: Rights(write=True)}


async def test_with_keys_from_the_environment_the_way_is_told_first_and_then_gone(site: Site, alice: Person):
    await seal_one_of_each(given(site, OLD), alice)
    before = await opened(site, Keyring([OLD]))
    told = await rotate(given(site, OLD))
    assert "openssl rand -hex 32" in told
    assert "PIXELHOST_SECRET_KEY_PREVIOUS" in told
    assert await opened(site, Keyring([OLD])) == before
    with pytest.raises(KeyringError, match="10 values"):
        await drop_earlier(given(site, NEW, OLD))
    assert "10 values were sealed anew" in await rotate(given(site, NEW, OLD))
    assert await opened(site, Keyring([NEW])) == before
    assert "PIXELHOST_SECRET_KEY_PREVIOUS is not needed" in await drop_earlier(given(site, NEW, OLD))
    assert OLD not in told
    assert NEW not in told


async def test_only_one_rotation_runs_at_a_time(filed: Site):
    assert filed.keyring.file is not None
    async with sealed.alone(filed.db) as is_alone:
        assert is_alone
        for change in (rotate, drop_earlier):
            with pytest.raises(KeyringError, match="another"):
                await change(filed)
    assert len(filed.keyring.file.read()) == 1
    await rotate(filed)
    assert len(filed.keyring.file.read()) == 2


async def test_passwords_and_keys_still_work_for_people_after_a_rotation(site: Site, alice: Person, anyone: Person):
    """With the site's own key file, which its server reads."""
    await alice.write("/me/d/f.txt", b"meow")
    share_id = await alice.share("/me/d", link={}, password={"hunter2": {"read": True}})
    keys = (await alice.get("/api/user/session")).json
    await rotate(site)
    for _ in range(2):
        answer = await anyone.fs("GET", f"/{share_id}/f.txt", headers={"X-Node-Password": "hunter2"})
        assert answer.body == b"meow"
        assert (await alice.get("/api/user/session")).json == keys
        await drop_earlier(site)
