"""Files: uploaded, listed, changed, deleted, downloaded."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from pixelhost.core import storage
from pixelhost.core.categories import CATEGORIES_MAX
from pixelhost.core.categories import NAME_MAX as CATEGORY_MAX
from pixelhost.core.transferfiles import FILES_AT_ONCE, NAME_MAX
from pixelhost.site import Site
from tests.support.clock import MovableClock
from tests.support.elsewhere import change_rows
from tests.support.people import Person, make_person
from tests.support.transfers import Sender, form
from tests.support.waiting import until_somebody_waits

UUID_4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
REQUIRED = {"file": ["The file field is required."]}


async def names(who: Sender, query: str = "") -> list[str]:
    return [one["full_filename"] for one in await who.data("GET", f"/api/files{query}")]


async def used(site: Site, name: str) -> int:
    return int(await site.db.fetchval("SELECT storage_used_bytes FROM users WHERE name = $1", name))


async def test_a_file_is_shown_as_it_is_documented(alice: Sender):
    made = await alice.send_file("invoice.PDF", b"%PDF-" + b"x" * 43384)
    assert UUID_4.fullmatch(made.pop("id"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", made.pop("created_at"))
    assert made.pop("encrypted_size") > 43389
    assert made.pop("formatted_encrypted_size") == "42.40 KB"
    assert made == {
        "filename": "invoice",
        "type": "application/pdf",
        "extension": "pdf",
        "full_filename": "invoice.PDF",
        "size": 43389,
        "formatted_size": "42.37 KB",
        "created_by": {
            "name": "alice",
            "initials": "alice",
            "email": "alice@example.com",
            "photo_url": "",
            "timezone": "UTC",
        },
        "disk": "local",
        "trashed": False,
    }


async def test_an_address_that_nobody_has_confirmed_is_told_to_nobody(alice: Sender, bob: Sender, site: Site):
    file = await alice.send_file()
    await alice.send_mail("bob@example.com", files=[file["id"]])
    await change_rows(site, "UPDATE users SET email_verified = false WHERE name = 'alice'")
    (received,) = await bob.data("GET", "/api/inbox?include=download.files,author")
    assert [one["created_by"]["email"] for one in received["download"]["files"]] == [""]
    assert (await alice.send_file())["created_by"]["email"] == ""
    assert {one["created_by"]["email"] for one in await alice.data("GET", "/api/files")} == {""}


async def test_a_file_is_listed_and_shown_to_its_owner_alone(alice: Sender, bob: Sender):
    made = await alice.send_file()
    assert await alice.data("GET", "/api/files") == [made]
    assert await alice.data("GET", f"/api/files/{made['id']}") == made
    assert await bob.data("GET", "/api/files") == []
    for method, tail in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/download")):
        assert await bob.status(method, f"/api/files/{made['id']}{tail}") == 404


async def test_several_files_of_one_form_are_answered_as_a_list(alice: Sender):
    made = await alice.data("POST", "/api/files", 201, data=form(("files[]", "a.txt", b"a"), ("files[]", "b.txt", b"")))
    assert [(one["full_filename"], one["size"]) for one in made] == [("a.txt", 1), ("b.txt", 0)]
    single = await alice.data("POST", "/api/files", 201, data=form(("files[]", "c", b"c")))
    assert [one["full_filename"] for one in single] == ["c"]


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"json": {}},
        {"data": "file=x"},
        {"data": form(file="a text")},
        {"data": form(("other", "a.txt", b"a"))},
    ],
    ids=["nothing", "json", "urlencoded", "a field", "another name"],
)
async def test_without_a_file_that_is_what_is_said(alice: Sender, site: Site, sent):
    assert await alice.refused("POST", "/api/files", **sent) == REQUIRED
    assert await site.db.fetchval("SELECT count(*) FROM blobs") == 0


async def test_a_name_may_have_255_characters(alice: Sender):
    longest = "n" * (NAME_MAX - 4) + ".txt"
    assert (await alice.send_file(longest))["full_filename"] == longest
    assert list(await alice.refused("POST", "/api/files", data=form(("file", "n" + longest, b"a")))) == ["file"]


async def test_a_directory_in_front_of_a_name_is_left_out(alice: Sender):
    assert (await alice.send_file("../../etc/passwd"))["full_filename"] == "passwd"


async def test_so_many_files_come_at_once_and_none_of_one_more(alice: Sender, site: Site):
    parts = [("files[]", f"{number}.txt", b"x") for number in range(FILES_AT_ONCE)]
    await alice.data("POST", "/api/files", 201, data=form(*parts))
    refused = await alice.refused("POST", "/api/files", data=form(*parts, ("files[]", "more.txt", b"x")))
    assert list(refused) == ["files"]
    assert await site.db.fetchval("SELECT count(*) FROM transfer_files") == FILES_AT_ONCE
    assert list(site.store.incoming.iterdir()) == []


async def test_the_limits_of_the_plan_hold_to_the_byte(site: Site, serve):
    place = await serve(plan={"storage_space": 100, "file_size_limit": 60})
    person = await make_person(site, place.client, "carol")
    await change_rows(site, "UPDATE users SET plan_id = 'limited'")
    carol = Sender("carol", person.key, place.client)
    await carol.send_file("a", b"x" * 60)
    assert await carol.status("POST", "/api/files", data=form(("file", "b", b"x" * 61))) == 413
    assert list(await carol.refused("POST", "/api/files", data=form(("file", "b", b"x" * 41)))) == ["file"]
    await carol.send_file("b", b"x" * 40)
    assert await used(site, "carol") == 100
    await carol.status("DELETE", f"/api/files/{(await carol.data('GET', '/api/files'))[0]['id']}")
    assert await used(site, "carol") == 60


async def test_a_broken_form_leaves_nothing(alice: Sender, site: Site):
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    begun = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + b"x" * 300_000
    assert await alice.status("POST", "/api/files", data=begun, headers=kind) == 400
    assert await site.db.fetchval("SELECT count(*) FROM blobs") == 0
    assert list(site.store.incoming.iterdir()) == []


async def test_a_file_is_downloaded_whole_and_in_parts(alice: Sender):
    content = bytes(range(256)) * 1000
    made = await alice.send_file("a b.bin", content)
    path = f"/api/files/{made['id']}/download"
    whole = await alice.get(path)
    assert (whole.status, whole.body) == (200, content)
    assert whole.headers["Content-Disposition"].startswith("attachment;")
    part = await alice.get(path, headers={"Range": "bytes=65530-131080"})
    assert (part.status, part.body) == (206, content[65530:131081])
    assert (await alice.get(path, headers={"If-None-Match": whole.headers["ETag"]})).status == 304
    assert (await alice.get(path, headers={"Range": "bytes=256000-"})).status == 416
    head = await alice.ask("HEAD", path)
    assert (head.status, head.headers["Content-Length"]) == (200, "256000")


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 3_000_000])
async def test_any_size_comes_back_as_it_was(alice: Sender, size: int):
    content = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    made = await alice.send_file("a.bin", content)
    assert (await alice.get(f"/api/files/{made['id']}/download")).body == content


async def test_files_are_found_by_a_part_of_their_name_in_any_case(alice: Sender):
    for name in ("Invoice March.pdf", "invoice april.pdf", "100%_sure.txt"):
        await alice.send_file(name)
    assert await names(alice, "?keyword=INVOICE&sort=filename_original") == ["invoice april.pdf", "Invoice March.pdf"]
    assert await names(alice, "?keyword=%25_") == ["100%_sure.txt"]
    assert await names(alice, "?keyword=" + "x" * 255) == []
    assert list(await alice.refused("GET", "/api/files?keyword=" + "x" * 256)) == ["keyword"]


async def test_files_are_sorted_by_what_is_asked(alice: Sender, clock: MovableClock):
    for name, size in (("b", 3), ("C", 1), ("a", 2)):
        await alice.send_file(name, b"x" * size)
        clock.advance(seconds=1)
    assert await names(alice) == ["a", "C", "b"]
    assert await names(alice, "?sort=created_at") == ["b", "C", "a"]
    assert await names(alice, "?sort=filename_original") == ["a", "b", "C"]
    assert await names(alice, "?sort=-size") == ["b", "a", "C"]
    assert await names(alice, "?sort=encrypted_size,-created_at") == ["C", "a", "b"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("include=owner", "Requested include(s) `owner` are not allowed. Allowed include(s) are `category`."),
        (
            "sort=-name",
            "Requested sort(s) `name` is not allowed. "
            "Allowed sort(s) are `filename_original, size, encrypted_size, created_at`.",
        ),
    ],
)
async def test_what_cannot_be_included_or_sorted_by_is_said_with_what_can(alice: Sender, query: str, message: str):
    answer = await alice.get(f"/api/files?{query}")
    assert (answer.status, answer.json) == (400, {"message": message})


async def test_pages_tell_where_they_stand(alice: Sender):
    for number in range(5):
        await alice.send_file(f"{number}.txt")
    answer = (await alice.get("/api/files?sort=filename_original&per_page=2&page=2")).json
    assert [one["filename"] for one in answer["data"]] == ["2", "3"]
    here = str(alice.client.make_url("/api/files"))
    link = f"{here}?sort=filename_original&per_page=2&page="
    assert answer["links"] == {"first": f"{link}1", "last": f"{link}3", "prev": f"{link}1", "next": f"{link}3"}
    assert answer["meta"] == {
        "current_page": 2,
        "from": 3,
        "last_page": 3,
        "path": here,
        "per_page": 2,
        "to": 4,
        "total": 5,
    }
    last = (await alice.get("/api/files?page=9")).json
    assert (last["data"], last["meta"]["from"], last["meta"]["per_page"]) == ([], None, 15)
    assert "meta" not in (await alice.get("/api/files")).json


@pytest.mark.parametrize("query", ["per_page=101", "per_page=0", "page=0", "page=x", "trashed=maybe"])
async def test_pages_that_cannot_be_are_refused(alice: Sender, query: str):
    assert list(await alice.refused("GET", f"/api/files?{query}")) == [query.partition("=")[0]]
    assert await alice.data("GET", "/api/files?per_page=100&page=1") == []


async def test_a_new_name_keeps_the_extension(alice: Sender):
    path = f"/api/files/{(await alice.send_file('a.pdf'))['id']}"
    for wanted, shown in (("offer", "offer.pdf"), ("b.PDF", "b.PDF"), ("c.d", "c.d.pdf")):
        assert (await alice.data("PATCH", path, json={"filename": wanted}))["full_filename"] == shown
    for wrong in ("", None, " ", "a/b", "a\n", "n" * 252, 7):
        assert list(await alice.refused("PATCH", path, json={"filename": wrong})) == ["filename"], wrong
    longest = await alice.data("PATCH", path, json={"filename": "n" * 251})
    assert len(longest["full_filename"]) == NAME_MAX


async def test_what_is_in_the_trash_is_out_of_sight(alice: Sender):
    kept, thrown = await alice.send_file("kept"), await alice.send_file("thrown")
    path = f"/api/files/{thrown['id']}"
    assert (await alice.data("PATCH", path, json={"trashed": True}))["trashed"] is True
    assert await names(alice) == ["kept"]
    assert sorted(await names(alice, "?trashed=with")) == ["kept", "thrown"]
    assert await names(alice, "?trashed=only") == ["thrown"]
    refused = await alice.refused(
        "POST",
        "/api/mails",
        json={"recipients": ["x@example.org"], "subject": "a", "files": [kept["id"], thrown["id"]]},
    )
    assert list(refused) == ["files.1"]
    assert (await alice.data("PATCH", path, json={"trashed": False}))["trashed"] is False


async def test_a_deleted_file_is_gone_with_its_key_and_then_its_bytes(alice: Sender, site: Site, clock: MovableClock):
    made = await alice.send_file()
    assert await alice.status("DELETE", f"/api/files/{made['id']}") == 204
    assert await alice.status("GET", f"/api/files/{made['id']}") == 404
    assert await alice.status("DELETE", f"/api/files/{made['id']}") == 404
    assert await site.db.fetchval("SELECT count(*) FROM transfer_files") == 0
    clock.advance(days=1)
    assert await storage.sweep(site) == 1
    assert [stored async for stored in site.store.listing()] == []


async def test_files_have_categories(alice: Sender, bob: Sender):
    category = await alice.data("POST", "/api/categories", 201, json={"name": " Invoices "})
    assert category["name"] == "Invoices"
    made = await alice.send_file(category_id=category["id"])
    path = f"/api/files/{made['id']}?include=category"
    assert "category" not in made
    assert (await alice.data("GET", path))["category"] == category
    assert [one["category"] for one in await alice.data("GET", "/api/files?include=category")] == [category]
    assert (await alice.data("PATCH", path, json={"category_id": None}))["category"] is None
    other = await bob.data("POST", "/api/categories", 201, json={"name": "Invoices"})
    for wrong in (other["id"], str(uuid4())):
        refused = await alice.refused("PATCH", path, json={"category_id": wrong, "filename": ""})
        assert sorted(refused) == ["category_id", "filename"]
        uploaded = await alice.refused("POST", "/api/files", data=form(("file", "a", b"a"), category_id=wrong))
        assert list(uploaded) == ["category_id"]
    await alice.data("PATCH", path, json={"category_id": category["id"]})
    assert await alice.status("DELETE", f"/api/categories/{category['id']}") == 204
    assert (await alice.data("GET", path))["category"] is None


async def test_categories_are_their_owners_and_have_one_name_each(alice: Sender, bob: Sender):
    made = await alice.data("POST", "/api/categories", 201, json={"name": "x" * CATEGORY_MAX})
    second = await alice.data("POST", "/api/categories", 201, json={"name": "second"})
    for wrong in ("X" * CATEGORY_MAX, "x" * (CATEGORY_MAX + 1), "", None, " ", 5):
        assert list(await alice.refused("POST", "/api/categories", json={"name": wrong})) == ["name"], wrong
    path = f"/api/categories/{second['id']}"
    assert (await alice.data("PATCH", path, json={"name": "Second"}))["name"] == "Second"
    assert list(await alice.refused("PATCH", path, json={"name": "x" * CATEGORY_MAX})) == ["name"]
    assert await alice.data("GET", f"/api/categories/{made['id']}") == made
    assert [one["name"] for one in await alice.data("GET", "/api/categories")] == ["Second", "x" * CATEGORY_MAX]
    assert await bob.data("GET", "/api/categories") == []
    for method in ("GET", "PATCH", "DELETE"):
        assert await bob.status(method, path, json={"name": "mine"}) == 404


@asynccontextmanager
async def held(site: Site, statement: str, *values: object) -> AsyncIterator[None]:
    """What the statement changes or locks stays so until the block ends; then it is committed."""
    async with site.db.acquire() as holder, holder.transaction():
        await holder.execute(statement, *values)
        yield


async def test_of_two_changes_at_once_none_is_lost(alice: Sender, site: Site):
    made = await alice.send_file("a.pdf")
    path = f"/api/files/{made['id']}"
    async with held(site, "SELECT FROM transfer_files WHERE id = $1 FOR UPDATE", made["id"]):
        changes = [
            asyncio.create_task(alice.data("PATCH", path, json=change))
            for change in ({"filename": "b"}, {"trashed": True})
        ]
        await until_somebody_waits(site.db, 2)
    await asyncio.gather(*changes)
    shown = await alice.data("GET", path)
    assert (shown["full_filename"], shown["trashed"]) == ("b.pdf", True)


@pytest.mark.parametrize("is_named", [True, False], ids=["its category named", "its name"])
async def test_a_category_that_goes_meanwhile_is_none_to_be_chosen_and_matters_to_nothing_else(
    alice: Sender, site: Site, is_named: bool
):
    category = await alice.data("POST", "/api/categories", 201, json={"name": "a"})
    made = await alice.send_file("a.pdf", category_id=category["id"])
    path = f"/api/files/{made['id']}"
    change = {"category_id": category["id"]} if is_named else {"filename": "b"}
    async with held(site, "DELETE FROM transfer_categories"):
        changing = asyncio.create_task(alice.ask("PATCH", path, json=change))
        await until_somebody_waits(site.db)
    answer = await changing
    if is_named:
        assert (answer.status, list(answer.json["errors"])) == (422, ["category_id"])
    else:
        assert (answer.status, answer.json["data"]["full_filename"]) == (200, "b.pdf")
    assert (await alice.data("GET", f"{path}?include=category"))["category"] is None


async def test_a_file_that_goes_meanwhile_is_not_changed(alice: Sender, site: Site):
    made = await alice.send_file("a.pdf")
    async with held(site, "DELETE FROM transfer_files"):
        changing = asyncio.create_task(alice.status("PATCH", f"/api/files/{made['id']}", json={"filename": "b"}))
        await until_somebody_waits(site.db)
    assert await changing == 404


ADD_CATEGORIES = """
    INSERT INTO transfer_categories (owner_id, name, created_at)
    SELECT id, number::text, now() FROM users, generate_series(1, $1::int) AS number WHERE name = 'alice'
"""


async def test_an_account_has_a_thousand_categories_also_when_many_are_made_at_once(
    alice: Sender, bob: Sender, site: Site
):
    await site.db.execute(ADD_CATEGORIES, CATEGORIES_MAX - 1)
    more = [{"json": {"name": f"more {number}"}} for number in range(5)]
    async with held(site, "SELECT FROM users FOR UPDATE"):
        making = [asyncio.create_task(alice.post("/api/categories", **one)) for one in more]
        await until_somebody_waits(site.db, len(more))
    assert sorted(answer.status for answer in await asyncio.gather(*making)) == [201] + [422] * 4
    assert len(await alice.data("GET", "/api/categories")) == CATEGORIES_MAX
    refused = await alice.refused("POST", "/api/categories", json={"name": "one more"})
    assert refused == {"name": ["There are at most 1000 categories."]}
    await bob.data("POST", "/api/categories", 201, json={"name": "a"})


async def test_uploads_at_once_are_all_there_and_counted(alice: Sender, site: Site):
    await asyncio.gather(*(alice.send_file(f"{number}", b"x" * 1000) for number in range(30)))
    assert len(await names(alice)) == 30
    assert await used(site, "alice") == 30_000


async def test_bytes_in_the_database_that_were_changed_are_not_given_out(alice: Sender, site: Site, stranger: Person):
    one, other = await alice.send_file("a", b"a" * 1000), await alice.send_file("b", b"b" * 1000)
    await site.db.execute(
        "UPDATE transfer_files SET key_sealed = (SELECT key_sealed FROM transfer_files WHERE id = $2) WHERE id = $1",
        one["id"],
        other["id"],
    )
    answer = await alice.get(f"/api/files/{one['id']}/download")
    assert (answer.status, answer.json) == (500, {"message": "Server Error"})
