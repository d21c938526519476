"""Bans of accounts and of addresses, as administrators give and lift them."""

from datetime import timedelta

import pytest

from pixelhost.site import Site
from tests.pixeldrain.conftest import Place, Serve
from tests.support.admins import user
from tests.support.clock import MovableClock
from tests.support.people import Person, make_person

NOBODY = "00000000-0000-4000-8000-000000000000"


async def test_a_ban_holds_from_the_next_request_on_every_worker(
    site: Site, served: Serve, root: Person, alice: Person
):
    elsewhere = (await served(site)).client
    alice_elsewhere = Person("alice", alice.key, elsewhere)
    file_id = await alice.upload()
    assert (await alice_elsewhere.get("/api/user")).status == 200

    assert (await root.post("/api/admin/user_ban", data={"name": "alice", "reason": "spam"})).status == 200

    for person in (alice, alice_elsewhere):
        assert (await person.put("/api/file/a.txt", data=b"x")).refusal == (403, "account_banned")
        assert (await person.get("/api/user")).refusal == (403, "account_banned")
        assert (await person.post("/api/user/session")).refusal == (403, "account_banned")
        assert (await person.delete(f"/api/file/{file_id}")).refusal == (403, "forbidden")
        assert (await person.get(f"/api/file/{file_id}")).body == b"some bytes"
        login_form = {"username": "alice", "password": "correct horse"}
        assert (await person.post("/api/user/login", data=login_form)).refusal == (403, "account_banned")


async def test_a_banned_account_downloads_as_a_stranger_does(limited, site: Site, root: Person, flush):
    place: Place = await limited(transfer_per_ip_per_day=100)
    carol = await place.person("carol")
    file_id = await carol.upload("a", b"x" * 100)
    dave = await make_person(place.site, place.client, "dave", plan_id="prepaid")
    for _ in range(2):
        assert (await dave.get(f"/api/file/{file_id}")).status == 200
    await flush()
    assert (await carol.info(file_id))["bandwidth_used_paid"] == 200

    await root.post("/api/admin/user_ban", data={"name": "dave", "reason": "spam"})

    # What was paid for used up nothing of the address.
    assert (await dave.get(f"/api/file/{file_id}")).status == 200
    assert (await dave.get(f"/api/file/{file_id}")).refusal == (403, "transfer_limit_exceeded")
    await flush()
    assert (await carol.info(file_id))["bandwidth_used_paid"] == 200
    assert await site.db.fetchval("SELECT sum(transfer_bytes) FROM meters") == 200


async def test_what_was_shared_with_a_banned_account_is_closed_to_it(root: Person, alice: Person, bob: Person):
    await alice.write("/me/d/a.txt")
    share_id = await alice.share("/me/d", link={}, user={"bob": {"read": True, "write": True}})
    assert (await bob.fs("GET", f"/{share_id}/a.txt")).status == 200

    await root.post("/api/admin/user_ban", data={"name": "bob", "reason": "spam"})

    assert (await bob.fs("GET", f"/{share_id}/a.txt")).refusal == (400, "permission_denied")
    assert (await bob.fs("PUT", f"/{share_id}/b.txt", data=b"x")).refusal == (400, "permission_denied")
    assert await alice.names("/me/d") == ["a.txt"]


async def test_a_ban_is_listed_with_its_reason_until_it_is_lifted(root: Person, alice: Person, bob: Person):
    alice_id = (await user(root, "alice"))["id"]
    await root.post("/api/admin/user_ban", data={"id": "", "name": "bob", "email": "", "reason": "first"})
    await root.post("/api/admin/user_ban", data={"id": alice_id, "reason": "second"})

    latest, earliest = (await root.get("/api/admin/user_ban")).json

    assert (latest["user_id"], latest["user"]["username"]) == (alice_id, "alice")
    assert latest["user"]["ban_reason"] == "second"
    (offence,) = latest["offences"]
    assert (offence["reason"], offence["expire_time"]) == ("second", "0001-01-01T00:00:00Z")
    assert offence["ban_time"] == latest["user"]["ban_time"] > "2024"
    assert earliest["user"]["username"] == "bob"

    assert (await root.delete(f"/api/admin/user_ban/{alice_id}")).status == 200
    assert [one["user"]["username"] for one in (await root.get("/api/admin/user_ban")).json] == ["bob"]
    assert (await alice.get("/api/user")).status == 200
    assert (await root.delete("/api/admin/user_ban/alice")).refusal == (404, "not_found")


async def test_a_second_ban_changes_the_reason_and_not_the_time(root: Person, alice: Person, clock: MovableClock):
    await root.post("/api/admin/user_ban", data={"name": "alice", "reason": "one"})
    before = await user(root, "alice")
    clock.advance(days=1)
    await root.post("/api/admin/user_ban", data={"name": "alice", "reason": "two"})

    after = await user(root, "alice")
    assert (after["ban_reason"], after["ban_time"]) == ("two", before["ban_time"])


async def test_a_banned_administrator_administers_nothing(site: Site, root: Person, client):
    other = await make_person(site, client, "other", is_admin=True)
    await root.post("/api/admin/user_ban", data={"name": "other", "reason": "x"})

    assert (await other.get("/api/admin/users")).refusal == (403, "account_banned")
    assert (await other.delete("/api/admin/user_ban/other")).refusal == (403, "account_banned")


async def test_administrators_cannot_lock_themselves_out(root: Person):
    assert (await root.delete("/api/admin/users/root")).refusal == (403, "forbidden")
    assert (await root.post("/api/admin/user_ban", data={"name": "root", "reason": "x"})).refusal == (403, "forbidden")
    assert (await root.get("/api/admin/users")).status == 200


@pytest.mark.parametrize(
    ("form", "value", "extra"),
    [
        ({"name": "alice"}, "missing_field", {"field": "reason"}),
        ({"reason": "x"}, "missing_field", {"field": "id"}),
        ({"reason": "x", "id": "", "name": "", "email": ""}, "missing_field", {"field": "id"}),
        (
            {"reason": "", "name": "alice"},
            "string_out_of_range",
            {"field": "reason", "min_len": 1, "max_len": 500, "len": 0},
        ),
        ({"reason": "x", "name": "nobody"}, "user_not_found", None),
        ({"reason": "x", "id": NOBODY}, "user_not_found", None),
    ],
)
async def test_a_ban_needs_a_user_and_a_reason(root: Person, alice: Person, form, value: str, extra):
    answer = await root.post("/api/admin/user_ban", data=form)
    assert answer.value == value
    assert answer.json.get("extra") == extra


async def test_a_banned_address_uploads_nothing_until_the_ban_is_lifted(limited, root: Person):
    place: Place = await limited()
    alice = await place.person("alice")
    here, there = place.visitor(7, alice.key), place.visitor(8, alice.key)

    assert (await root.post("/api/admin/ip_ban", data={"address": "203.0.113.7", "reason": "spam"})).status == 200

    assert (await here.put("/api/file/a.txt", data=b"x")).refusal == (403, "ip_banned")
    assert (await there.put("/api/file/a.txt", data=b"x")).status == 201
    (ban,) = (await root.get("/api/admin/ip_ban")).json
    assert ban["address"] == "203.0.113.7"
    assert [(one["reason"], one["expire_time"]) for one in ban["offences"]] == [("spam", "0001-01-01T00:00:00Z")]

    assert (await root.delete("/api/admin/ip_ban/203.0.113.7")).status == 200
    assert (await here.put("/api/file/a.txt", data=b"x")).status == 201
    assert (await root.get("/api/admin/ip_ban")).json == []


async def test_a_ban_of_a_network_ends_when_it_was_told_to(limited, site: Site, root: Person, clock: MovableClock):
    place: Place = await limited()
    here = place.visitor(7, (await place.person("alice")).key)
    ends = (clock.now() + timedelta(hours=1)).isoformat()
    form = {"address": "203.0.113.9/24", "reason": "botnet", "expire_time": ends}
    assert (await root.post("/api/admin/ip_ban", data=form)).status == 200

    assert (await here.put("/api/file/a.txt", data=b"x")).refusal == (403, "ip_banned")
    assert [ban["address"] for ban in (await root.get("/api/admin/ip_ban")).json] == ["203.0.113.0/24"]
    clock.advance(hours=2)
    assert (await here.put("/api/file/a.txt", data=b"x")).status == 201

    assert (await root.delete("/api/admin/ip_ban/203.0.113.0/24")).status == 200
    assert (await root.get("/api/admin/ip_ban")).json == []


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (" 192.0.2.1 ", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
    ],
)
async def test_addresses_are_banned_as_callers_are_known_by(root: Person, address: str, shown: str):
    assert (await root.post("/api/admin/ip_ban", data={"address": address, "reason": "x"})).status == 200

    assert [ban["address"] for ban in (await root.get("/api/admin/ip_ban")).json] == [shown]
    assert (await root.delete(f"/api/admin/ip_ban/{address.strip()}")).status == 200


@pytest.mark.parametrize(
    "address", ["", "x", "1.2.3", "1.2.3.4/33", "1.2.3.4/x", "fe80::1%eth0", "::1/129", "1.2.3.4,"]
)
async def test_what_is_no_address_is_refused(root: Person, address: str):
    answer = await root.post("/api/admin/ip_ban", data={"address": address, "reason": "x"})
    assert answer.refusal == (422, "address_parse_failed")
    assert answer.json["extra"] == {"field": "address"}
    if "%" not in address:
        assert (await root.delete(f"/api/admin/ip_ban/{address}")).refusal == (422, "address_parse_failed")


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ({"reason": "x"}, "missing_field"),
        ({"address": "192.0.2.1"}, "missing_field"),
        ({}, "multiple_errors"),
        ({"address": "192.0.2.1", "reason": "x" * 501}, "string_out_of_range"),
        ({"address": "192.0.2.1", "reason": "x", "expire_time": "tomorrow"}, "time_parse_failed"),
    ],
)
async def test_a_ban_of_an_address_needs_its_fields(root: Person, form: dict[str, str], value: str):
    assert (await root.post("/api/admin/ip_ban", data=form)).value == value
    assert (await root.get("/api/admin/ip_ban")).json == []


async def test_an_address_that_is_not_banned_cannot_be_unbanned(root: Person):
    assert (await root.delete("/api/admin/ip_ban/192.0.2.1")).refusal == (404, "not_found")


async def test_strangers_at_a_banned_network_push_no_secrets(limited, root: Person, clock: MovableClock):
    place: Place = await limited({"anonymous_pushes": "on"})
    here, there = place.visitor(7), place.visitor(200)
    push = {"password": {"payload": "secret"}}
    ends = (clock.now() + timedelta(hours=1)).isoformat()
    await root.post("/api/admin/ip_ban", data={"address": "203.0.113.0/25", "reason": "x", "expire_time": ends})

    assert (await here.post("/p.json", json=push)).status == 403
    assert (await there.post("/p.json", json=push)).status == 201
    clock.advance(hours=1)
    assert (await here.post("/p.json", json=push)).status == 201


async def test_a_ban_ends_at_its_moment_and_not_before(limited, root: Person, clock: MovableClock):
    place: Place = await limited()
    here = place.visitor(7, (await place.person("alice")).key)
    clock.hold()
    ends = (clock.now() + timedelta(hours=1)).isoformat()
    await root.post("/api/admin/ip_ban", data={"address": "203.0.113.7", "reason": "x", "expire_time": ends})
    clock.advance(hours=1, microseconds=-1)
    assert (await here.put("/api/file/a.txt", data=b"x")).refusal == (403, "ip_banned")
    clock.advance(microseconds=1)
    assert (await here.put("/api/file/a.txt", data=b"x")).status == 201
