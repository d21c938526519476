"""Admin methods: what administrators see and change, and that nobody else does."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest

from pixelhost.core import login
from pixelhost.db import invoices
from pixelhost.model.money import Invoice
from pixelhost.site import Site
from tests.pixeldrain.conftest import Serve
from tests.support.admins import user
from tests.support.clock import MovableClock
from tests.support.elsewhere import change_rows
from tests.support.people import Person

FEBRUARY = datetime(2024, 2, 1, tzinfo=UTC), datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)
NOBODY = "00000000-0000-4000-8000-000000000000"


ENDPOINTS = [
    ("GET", "/users"),
    ("GET", "/users/alice"),
    ("PUT", "/users/alice"),
    ("DELETE", "/users/alice"),
    ("DELETE", "/users/alice/totp"),
    ("GET", "/user_ban"),
    ("POST", "/user_ban"),
    ("DELETE", "/user_ban/alice"),
    ("GET", "/ip_ban"),
    ("POST", "/ip_ban"),
    ("DELETE", "/ip_ban/192.0.2.1"),
    ("POST", "/give_credit"),
    ("GET", "/invoices/2024-02"),
    ("GET", "/globals"),
    ("POST", "/globals"),
    ("GET", "/host_metrics"),
    ("GET", "/abuse_reports"),
    ("POST", "/block_files"),
    ("PUT", "/nothing/at/all"),
    ("DELETE", "/"),
]


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
async def test_nothing_is_for_strangers_and_nothing_for_other_people(
    anyone: Person, alice: Person, bob: Person, root: Person, method: str, path: str
):
    form = {"name": "alice", "reason": "none", "credit": "1", "key": "read_only_mode", "value": "true"}
    data = form if method in {"POST", "PUT"} else None

    assert (await anyone.ask(method, f"/api/admin{path}", data=data)).refusal == (401, "authentication_required")
    assert (await bob.ask(method, f"/api/admin{path}", data=data)).refusal == (403, "forbidden")
    seen = await user(root, "alice")
    assert (seen["is_banned"], seen["balance_micro_eur"]) == (False, 0)
    assert (await alice.get("/api/user")).status == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/abuse_reports"),
        ("POST", "/impersonate"),
        ("PUT", "/globals"),
        ("GET", "/"),
        ("GET", "/users/alice/nothing"),
    ],
)
async def test_administrators_are_told_that_there_is_no_such_endpoint(root: Person, method: str, path: str):
    assert (await root.ask(method, f"/api/admin{path}")).refusal == (404, "invalid_endpoint")


async def test_a_key_that_is_not_valid_opens_nothing(root: Person, client):
    guess = Person("root", NOBODY, client)
    assert (await guess.get("/api/admin/users")).refusal == (401, "authentication_failed")


async def test_users_are_listed_by_name_in_pages(site: Site, root: Person):
    for name in ("carol", "Bert", "anna"):
        await login.add_user(site, name)

    first = (await root.get("/api/admin/users?limit=3")).json
    rest = (await root.get("/api/admin/users?limit=3&offset=3")).json

    assert [one["username"] for one in first["users"]] == ["anna", "Bert", "carol"]
    assert [one["username"] for one in rest["users"]] == ["root"]
    assert first["total"] == rest["total"] == 4
    assert (await root.get("/api/admin/users?offset=100")).json == {"users": [], "total": 4}


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("ANN", ["anna"]),
        ("example.org", ["anna", "bert"]),
        ("n", ["anna", "b_rt", "bert"]),
        ("_", ["b_rt"]),
        ("%25", []),
        ("nobody", []),
    ],
)
async def test_users_are_found_by_a_part_of_their_name_or_address(
    site: Site, root: Person, search: str, found: list[str]
):
    await login.add_user(site, "anna", email="a@example.org")
    await login.add_user(site, "bert", email="Bert.Nelson@Example.org")
    await login.add_user(site, "b_rt", email="nil@localhost")

    answer = (await root.get(f"/api/admin/users?search={search}")).json

    assert [one["username"] for one in answer["users"]] == found
    assert answer["total"] == len(found)


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("limit=0", "integer_out_of_range"),
        ("limit=1001", "integer_out_of_range"),
        ("offset=-1", "integer_out_of_range"),
        ("limit=x", "integer_parse_failed"),
        ("search=" + "x" * 255, "string_out_of_range"),
        ("search=%00", "field_contains_illegal_character"),
        ("search=%FF", "utf8_string_parse_failed"),
    ],
)
async def test_a_search_that_makes_no_sense_is_refused(root: Person, query: str, value: str):
    assert (await root.get(f"/api/admin/users?{query}")).value == value


async def test_a_user_is_shown_with_what_only_administrators_see(
    site: Site, root: Person, alice: Person, clock: MovableClock
):
    await change_rows(site, "UPDATE users SET email = 'alice@example.com' WHERE name = 'alice'")
    await alice.upload("a.txt", b"12345")

    shown = await user(root, "alice")

    assert shown["username"] == "alice"
    assert shown["email_addresses"] == ["alice@example.com"]
    assert shown["subscription"] == (await alice.get("/api/user")).json["subscription"]
    assert (shown["file_count"], shown["storage_space_used"]) == (1, 5)
    assert (shown["is_admin"], shown["otp_enabled"], shown["is_banned"]) == (False, False, False)
    assert shown["ban_time"] == shown["deletion_time"] == "0001-01-01T00:00:00Z"
    assert shown["last_used_time"] > shown["creation_time"] > "2024"
    for way in (shown["id"], "ALICE", "Alice@Example.com", "alice%40example.com"):
        assert (await user(root, way))["id"] == shown["id"]


@pytest.mark.parametrize("wanted", ["nobody", NOBODY, "no@body.example", "x" * 36, "%20", "a,b"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/users/{}"),
        ("PUT", "/users/{}"),
        ("DELETE", "/users/{}"),
        ("DELETE", "/users/{}/totp"),
        ("DELETE", "/user_ban/{}"),
    ],
)
async def test_a_user_that_does_not_exist_is_not_found(root: Person, method: str, path: str, wanted: str):
    assert (await root.ask(method, "/api/admin" + path.format(wanted))).refusal == (404, "user_not_found")


async def test_a_name_of_any_bytes_is_only_not_found(root: Person, port: int):
    assert (await root.get("/api/admin/users/%00")).refusal == (404, "user_not_found")
    assert (await root.delete("/api/admin/user_ban/a%00b")).refusal == (404, "user_not_found")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"GET /api/user/files HTTP/1.1\r\nHost: x\r\nAdmin-User-Override: \xff\xfe\r\n")
        writer.write(f"Authorization: Bearer {root.key}\r\n\r\n".encode())
        assert (await asyncio.wait_for(reader.readline(), 30)).startswith(b"HTTP/1.1 404 ")
    finally:
        writer.close()


async def test_a_user_is_given_another_plan(root: Person, alice: Person):
    assert (await root.put("/api/admin/users/alice", data={"subscription": "pro"})).status == 200

    assert (await alice.get("/api/user")).json["subscription"]["id"] == "pro"
    assert (await root.put("/api/admin/users/alice")).status == 200
    assert (await user(root, "alice"))["subscription"]["id"] == "pro"


async def test_a_plan_that_does_not_exist_is_refused(site: Site, root: Person, alice: Person):
    answer = await root.put("/api/admin/users/alice", data={"subscription": "gold"})

    assert answer.refusal == (422, "enum_parse_failed")
    assert answer.json["extra"] == {"field": "subscription", "allowed_values": list(site.settings.plans)}


async def test_a_new_plan_holds_for_files_that_were_read_before(root: Person, alice: Person, clock: MovableClock):
    file_id = await alice.upload()
    await alice.info(file_id)
    clock.advance(days=100)
    await alice.info(file_id)

    await root.put("/api/admin/users/alice", data={"subscription": "free"})

    assert (await alice.get(f"/api/file/{file_id}/info")).refusal == (404, "not_found")


async def test_a_deleted_user_is_gone_with_all_files_at_once(site: Site, root: Person, alice: Person, anyone: Person):
    file_id = await alice.upload()
    assert (await alice.put("/api/filesystem/me/dir/a.txt?make_parents=true", data=b"x")).status in {200, 201}

    assert (await root.delete("/api/admin/users/alice")).status == 200

    assert (await alice.get("/api/user")).refusal == (401, "authentication_failed")
    assert (await anyone.get(f"/api/file/{file_id}")).refusal == (404, "not_found")
    assert (await root.get("/api/admin/users/alice")).refusal == (404, "user_not_found")
    assert await site.db.fetchval("SELECT count(*) FROM blobs WHERE refs > 0") == 0


async def test_a_second_factor_is_reset(site: Site, root: Person, alice: Person):
    await change_rows(site, "UPDATE users SET totp_secret_sealed = 'x' WHERE name = 'alice'")
    assert (await user(root, "alice"))["otp_enabled"] is True
    form = {"username": "alice", "password": "correct horse"}
    assert (await alice.post("/api/user/login", data=form)).value == "otp_required"

    assert (await root.delete("/api/admin/users/alice/totp")).status == 200

    assert (await user(root, "alice"))["otp_enabled"] is False
    assert (await alice.post("/api/user/login", data=form)).status == 201


async def test_credit_is_given_and_taken(root: Person, alice: Person):
    given = await root.post("/api/admin/give_credit", data={"name": "alice", "credit": "5000000"})
    assert given.json == {"success": True, "balance_micro_eur": 5_000_000}
    taken = await root.post("/api/admin/give_credit", data={"name": "alice", "credit": "-2000000", "reason": "typo"})
    assert taken.json["balance_micro_eur"] == 3_000_000

    assert (await user(root, "alice"))["balance_micro_eur"] == 3_000_000


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ({"name": "alice"}, "missing_field"),
        ({"credit": "1"}, "missing_field"),
        ({"name": "alice", "credit": "0"}, "integer_out_of_range"),
        ({"name": "alice", "credit": "1000000000001"}, "integer_out_of_range"),
        ({"name": "alice", "credit": "1.5"}, "integer_parse_failed"),
        ({"name": "nobody", "credit": "1"}, "user_not_found"),
    ],
)
async def test_credit_that_makes_no_sense_is_refused(root: Person, alice: Person, form: dict[str, str], value: str):
    assert (await root.post("/api/admin/give_credit", data=form)).value == value
    assert (await user(root, "alice"))["balance_micro_eur"] == 0


async def test_invoices_of_a_month_are_listed_for_all_accounts(site: Site, root: Person, alice: Person):
    alice_id = (await user(root, "alice"))["id"]
    for invoice_id, day in (
        ("aaaaaaa3", datetime(2024, 3, 1, tzinfo=UTC)),
        ("aaaaaaa2", FEBRUARY[1]),
        ("aaaaaaa1", FEBRUARY[0]),
    ):
        made = Invoice(
            id=invoice_id,
            user_id=UUID(alice_id),
            created_at=day,
            amount_micro_eur=10_000_000,
            vat_micro_eur=2_100_000,
            country="NL",
            customer_name="",
            gateway="test",
            network="ideal",
            payment_id=invoice_id,
            checkout_url="https://example.com/pay",
            status="open",
        )
        await invoices.insert(site.db, made, ask_at=day)

    february = (await root.get("/api/admin/invoices/2024-02")).json

    assert [one["id"] for one in february] == ["aaaaaaa1", "aaaaaaa2"]
    assert february[0] == {
        "id": "aaaaaaa1",
        "user_id": alice_id,
        "time": "2024-02-01T00:00:00.000000Z",
        "amount": 10_000_000,
        "vat": 2_100_000,
        "processing_fee": 0,
        "country": "NL",
        "payment_gateway": "test",
        "payment_method": "ideal",
        "status": "open",
    }
    assert (await root.get("/api/admin/invoices/2024-01")).json == []


@pytest.mark.parametrize("month", ["2024", "2024-13", "2024-2", "x", "%20"])
async def test_what_is_no_month_is_refused(root: Person, month: str):
    assert (await root.get(f"/api/admin/invoices/{month}")).refusal == (422, "time_parse_failed")


async def test_globals_are_shown_with_what_they_mean(root: Person):
    (one,) = (await root.get("/api/admin/globals")).json
    assert (one["key"], one["value"], one["default"]) == ("read_only_mode", "false", "false")
    assert one["description"]


async def set_read_only(root: Person, value: str) -> None:
    assert (await root.post("/api/admin/globals", data={"key": "read_only_mode", "value": value})).status == 200


async def test_in_read_only_mode_reading_works_and_writing_does_not(
    site: Site, served: Serve, root: Person, alice: Person
):
    elsewhere = Person("alice", alice.key, (await served(site)).client)
    file_id = await alice.upload()
    await set_read_only(root, "true")

    for person in (alice, elsewhere):
        assert (await person.put("/api/file/a.txt", data=b"x")).refusal == (503, "read_only_mode_enabled")
        assert (await person.delete(f"/api/file/{file_id}")).value == "read_only_mode_enabled"
        assert (await person.post("/api/list", json={})).value == "read_only_mode_enabled"
        assert (await person.put("/api/filesystem/me/a", data=b"x")).value == "read_only_mode_enabled"
        assert (await person.put("/api/user", data={"username": "eve"})).value == "read_only_mode_enabled"
        assert (await person.get(f"/api/file/{file_id}")).body == b"some bytes"
        assert (await person.get("/api/user")).status == 200
    form = {"username": "alice", "password": "correct horse"}
    assert (await alice.post("/api/user/login", data=form)).status == 201

    await set_read_only(root, "false")
    assert (await alice.put("/api/file/a.txt", data=b"x")).status == 201
    assert (await elsewhere.put("/api/file/a.txt", data=b"x")).status == 201


async def test_what_is_kept_of_the_globals_is_never_out_of_date(site: Site, root: Person, alice: Person):
    await site.changes.listen()
    for value, status in (("true", 503), ("false", 201), ("true", 503), ("false", 201)):
        await set_read_only(root, value)
        assert [(await alice.put("/api/file/a", data=b"x")).status for _ in range(2)] == [status, status]


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ({"key": "nothing", "value": "true"}, "enum_parse_failed"),
        ({"key": "read_only_mode", "value": "yes"}, "bool_parse_failed"),
        ({"key": "read_only_mode"}, "missing_field"),
        ({"value": "true"}, "missing_field"),
    ],
)
async def test_a_global_that_makes_no_sense_is_refused(root: Person, form: dict[str, str], value: str):
    assert (await root.post("/api/admin/globals", data=form)).value == value
    assert [one["value"] for one in (await root.get("/api/admin/globals")).json] == ["false"]


async def test_the_numbers_of_the_instance_are_told(root: Person, alice: Person, bob: Person):
    await alice.upload("a.txt", b"12345")
    file_id = await bob.upload("b.txt", b"12345")
    await bob.make_list(file_id)
    await root.post("/api/admin/user_ban", data={"name": "bob", "reason": "x"})

    answer = (await root.get("/api/admin/host_metrics")).json

    metrics = answer["metrics"]
    assert (metrics["users"], metrics["users_banned"], metrics["sessions"]) == (3, 1, 3)
    assert (metrics["files"], metrics["lists"], metrics["filesystem_nodes"]) == (2, 1, 0)
    assert (metrics["storage_used"], metrics["blobs"], metrics["blob_storage_used"]) == (10, 1, 5)
    assert metrics["database_size"] > 0
    assert metrics["mail_waiting"] == 0
    assert answer["version"]


@pytest.mark.parametrize("path", ["/api/user/files", "/api/user/lists"])
async def test_administrators_see_files_and_lists_of_others(root: Person, alice: Person, path: str):
    file_id = await alice.upload()
    list_id = await alice.make_list(file_id)
    own = (await alice.get(path)).json
    alice_id = (await user(root, "alice"))["id"]

    for override in ("alice", "ALICE", alice_id):
        seen = (await root.get(path, headers={"Admin-User-Override": override})).json
        ((kind, things),) = seen.items()
        assert [one["id"] for one in things] == [one["id"] for one in own[kind]]
        assert things[0]["id"] in {file_id, list_id}
        assert things[0]["can_edit"] is False
    assert (await root.get(path)).json in ({"files": []}, {"lists": []})


@pytest.mark.parametrize("path", ["/api/user/files", "/api/user/lists"])
async def test_nobody_else_sees_them(anyone: Person, alice: Person, bob: Person, root: Person, path: str):
    override = {"Admin-User-Override": "alice"}
    assert (await anyone.get(path, headers=override)).refusal == (401, "authentication_required")
    assert (await bob.get(path, headers=override)).refusal == (403, "forbidden")
    assert (await alice.get(path, headers=override)).refusal == (403, "forbidden")
    nobody = {"Admin-User-Override": "nobody"}
    assert (await root.get(path, headers=nobody)).refusal == (404, "user_not_found")
    assert (await root.get(path, headers={"Admin-User-Override": ""})).refusal == (404, "user_not_found")


async def test_the_override_means_nothing_anywhere_else(root: Person, alice: Person):
    override = {"Admin-User-Override": "alice"}
    assert (await root.get("/api/user", headers=override)).json["username"] == "root"
    answer = await root.put("/api/file/a.txt", data=b"x", headers=override)
    assert answer.status == 201
    assert (await alice.get("/api/user/files")).json == {"files": []}
    assert (await root.post("/api/user/session", headers=override)).status == 201
    assert len((await root.get("/api/user/session")).json) == 2
