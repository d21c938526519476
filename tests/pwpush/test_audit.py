"""What an owner is told of a push: who came, when, and whether it worked."""

import re

import pytest

from pixelhost.site import Site
from tests.pwpush.pushing import V2, ask_for, expire, kinds_of_log, log_of, push_token, show
from tests.support.people import Person

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
EVENTS_MAX = 2000


@pytest.mark.parametrize(
    ("path", "key"),
    [
        *((f"/{letter}/{{}}/audit.json", "views") for letter in "pfr"),
        *((V2 + "/{}/audit" + suffix, "logs") for suffix in ("", ".json")),
    ],
)
async def test_the_log_has_everything_that_happened_the_oldest_first(
    alice: Person, anyone: Person, path: str, key: str, clock
):
    token = await push_token(alice, passphrase="p")
    for passphrase in ("wrong", "p"):
        clock.advance(seconds=1)
        headers = {"User-Agent": "Reader/1.0", "Referer": "https://example.com/ü"}
        await anyone.get(f"/p/{token}.json?passphrase={passphrase}", headers=headers)
    await expire(alice, token)
    await show(anyone, token)
    answer = await alice.get(path.format(token))
    assert (answer.status, list(answer.json)) == (200, [key])
    rows = answer.json[key]
    assert [row["kind"] for row in rows] == ["creation", "failed_passphrase", "view", "expire", "failed_view"]
    assert [row["successful"] for row in rows] == [True, False, True, True, False]
    for row in rows:
        names = {"ip", "user_agent", "referrer", "kind", "successful", "created_at", "updated_at"}
        assert row.keys() == names
        assert TIME.fullmatch(row["created_at"])
        assert row["updated_at"] == row["created_at"]
    assert [row["created_at"] for row in rows] == sorted(row["created_at"] for row in rows)
    assert (rows[2]["ip"], rows[2]["user_agent"]) == ("127.0.0.1", "Reader/1.0")
    assert rows[2]["referrer"].startswith("https://example.com/")


async def test_the_client_is_named_in_255_characters_or_not_at_all(alice: Person, anyone: Person):
    token = await push_token(alice)
    for count in (255, 256):
        headers = {"User-Agent": "u" * count, "Referer": "r" * count}
        await anyone.get(f"/p/{token}.json", headers=headers)
    await anyone.get(f"/p/{token}.json", skip_auto_headers=["User-Agent"])
    rows = (await log_of(alice, token))[1:]
    for row in rows[:2]:
        assert (row["user_agent"], row["referrer"]) == ("u" * 255, "r" * 255)
    assert (rows[2]["user_agent"], rows[2]["referrer"]) == ("", "")


async def test_the_address_is_that_of_the_client_behind_a_trusted_proxy_only(limited, anyone: Person):
    place = await limited()
    owner = await place.person("owner")
    token = await push_token(owner)
    await place.visitor(7).get(f"/p/{token}.json")
    await anyone.get(f"/p/{token}.json", headers={"X-Forwarded-For": "203.0.113.9"})
    assert [row["ip"] for row in (await log_of(owner, token))[1:]] == ["203.0.113.7", "127.0.0.1"]


async def test_somebody_elses_log_is_forbidden_and_strangers_are_asked_for_a_key(
    alice: Person, bob: Person, root: Person, anyone: Person
):
    mine, nobodys = await push_token(alice), await push_token(anyone)
    for token in (mine, nobodys):
        for path in (f"/p/{token}/audit.json", f"{V2}/{token}/audit"):
            for who in (bob, root):
                refused = await who.get(path)
                assert (refused.status, list(refused.json)) == (403, ["error"])
            assert (await anyone.get(path)).status == 401
    missing = await alice.get(f"{V2}/{'x' * 18}/audit")
    assert (missing.status, missing.json) == (404, {"error": "not-found"})


async def test_a_page_has_50_rows(alice: Person, anyone: Person):
    token = await push_token(alice, expire_after_views=100)
    for _ in range(50):
        await show(anyone, token)
    first, second, third = [await log_of(alice, token, page) for page in (1, 2, 3)]
    assert (len(first), len(second), third) == (50, 1, [])
    assert first[0]["kind"] == "creation"
    assert second[0]["kind"] == "view"


async def fill(site: Site, token: str, up_to: int) -> None:
    """Log so many events of a push, as if they had happened."""
    await site.db.execute(
        """WITH p AS (SELECT id, events FROM pushes WHERE token = $1),
                more AS (INSERT INTO push_events (push_id, kind, ip, user_agent, referrer, happened_at)
                         SELECT id, 'owner_view', '', '', '', now() FROM p, generate_series(events + 1, $2))
           UPDATE pushes SET events = $2 WHERE token = $1""",
        token,
        up_to,
    )


async def test_a_view_that_cant_be_logged_isnt_given_and_ends_the_push(site: Site, alice: Person, anyone: Person):
    token = await push_token(alice, expire_after_views=100)
    await fill(site, token, EVENTS_MAX - 1)
    assert (await show(anyone, token))["payload"] == "s3cret"
    assert (await show(alice, token))["payload"] == "s3cret"
    gone = await show(anyone, token)
    assert (gone["expired"], gone["payload"]) == (True, None)
    await show(anyone, token)
    rows = await site.db.fetchval("SELECT count(*) FROM push_events")
    assert rows == EVENTS_MAX + 1
    last = await log_of(alice, token, page=41)
    assert [row["kind"] for row in last] == ["expiry"]


async def test_a_log_of_wrong_passphrases_has_an_end_too(site: Site, alice: Person, anyone: Person):
    token = await push_token(alice, passphrase="p")
    await fill(site, token, EVENTS_MAX)
    for _ in range(2):
        assert (await ask_for(anyone, token)).status in {200, 401}
    assert await site.db.fetchval("SELECT count(*) FROM push_events") <= EVENTS_MAX + 1


async def test_coming_without_a_passphrase_is_logged_five_times_a_minute(alice: Person, anyone: Person, clock):
    token = await push_token(alice, passphrase="p")
    clock.advance(seconds=61 - clock.now().second)
    for passphrase in (None, "", " ", None, None, None):
        assert (await ask_for(anyone, token, passphrase)).status == 401
    assert await kinds_of_log(alice, token) == ["creation", *["failed_passphrase"] * 5]
    assert (await ask_for(anyone, token, "wrong")).status == 401
    clock.advance(minutes=1)
    assert (await ask_for(anyone, token)).status == 401
    assert await kinds_of_log(alice, token) == ["creation", *["failed_passphrase"] * 7]


async def test_coming_without_a_passphrase_never_ends_a_push(site: Site, alice: Person, anyone: Person):
    token = await push_token(alice, passphrase="p")
    await fill(site, token, EVENTS_MAX // 2 - 1)
    for _ in range(3):
        assert (await ask_for(anyone, token)).status == 401
    assert await site.db.fetchval("SELECT events FROM pushes") == EVENTS_MAX // 2
    assert (await show(anyone, token, "p"))["payload"] == "s3cret"


async def test_a_log_stays_after_the_end(alice: Person, anyone: Person, clock):
    token = await push_token(alice, expire_after_days=1)
    clock.advance(days=80)
    await show(anyone, token)
    assert await kinds_of_log(alice, token) == ["creation", "expiry", "failed_view"]
