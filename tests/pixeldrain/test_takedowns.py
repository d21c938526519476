"""What is taken down is down for everybody, in every copy, and comes back in all of them."""

import asyncio
import hashlib
import io
import json
import zipfile

import pytest

from pixelhost import jobs
from pixelhost.site import Site
from tests.pixeldrain.test_thumbnail import picture
from tests.support.admins import block
from tests.support.people import Answer, Person, make_person

DOWN = (451, "unavailable_for_legal_reasons")
BYTES = b"what nobody may see"
DIGEST = hashlib.sha256(BYTES).hexdigest()


def extra(answer: Answer) -> dict[str, str]:
    assert answer.refusal == DOWN
    found: dict[str, str] = answer.json["extra"]
    return found


async def takedown_id(root: Person) -> int:
    [found] = (await root.get("/api/admin/takedown")).json["takedowns"]
    number: int = found["id"]
    return number


async def lift(root: Person) -> Answer:
    return await root.delete(f"/api/admin/takedown/{await takedown_id(root)}")


async def test_a_takedown_of_one_file_silences_its_copies_wherever_they_are(root: Person, alice: Person, bob: Person):
    one, other = await alice.upload("a.bin", BYTES), await bob.upload("b.bin", BYTES)
    await bob.write("/me/d/c.bin", BYTES)
    grabbed = (await bob.post("/api/file", data={"grab_file": one})).json["id"]

    blocked = await block(root, f"see http://127.0.0.1/u/{one}, please", "gore", reporter="Hotline", note="case 7")

    assert blocked["files_blocked"] == [one]
    for person in (alice, bob, root):
        for file_id in (one, other, grabbed):
            assert extra(await person.get(f"/api/file/{file_id}")) == {"type": "gore"}
    assert extra(await bob.fs("GET", "/me/d/c.bin")) == {"abuse_type": "gore"}
    info = await bob.info(other)
    assert (info["abuse_type"], info["abuse_reporter_name"]) == ("gore", "Hotline")
    assert (info["availability"], info["can_download"]) == ("unavailable_for_legal_reasons", False)
    node = await bob.node("/me/d/c.bin")
    assert (node["abuse_type"], node["abuse_report_time"] > "2024") == ("gore", True)


async def test_copies_that_come_later_are_down_from_the_beginning(root: Person, alice: Person, bob: Person):
    await block(root, f"/u/{await alice.upload('a.bin', BYTES)}", "malware")

    uploaded = await bob.upload("again.bin", BYTES)
    form = await bob.post("/api/file", data={"file": io.BytesIO(BYTES), "name": "form.bin"})
    await bob.write("/me/put.bin", BYTES)
    await bob.write("/me/over.bin", b"harmless")
    await bob.write("/me/over.bin", BYTES)

    for file_id in (uploaded, form.json["id"]):
        assert extra(await bob.get(f"/api/file/{file_id}")) == {"type": "malware"}
    for path in ("/me/put.bin", "/me/over.bin"):
        assert extra(await bob.fs("GET", path)) == {"abuse_type": "malware"}


async def test_what_is_down_is_neither_grabbed_nor_imported(root: Person, alice: Person, bob: Person):
    file_id = await alice.upload("a.bin", BYTES)
    await block(root, file_id, "malware")
    assert (await bob.post("/api/file", data={"grab_file": file_id})).refusal == DOWN
    assert (await alice.act("/me", "import", files=[file_id])).refusal == DOWN


async def test_a_digest_can_be_taken_down_before_anybody_has_it(root: Person, alice: Person):
    assert (await block(root, f"Please block\n{DIGEST.upper()}\n", "terrorism"))["sha256_blocked"] == [DIGEST]
    assert extra(await alice.get(f"/api/file/{await alice.upload('a', BYTES)}")) == {"type": "terrorism"}
    assert await alice.upload("b", BYTES + b".") is not None


async def test_other_bytes_in_its_place_are_up(root: Person, alice: Person):
    await alice.write("/me/a.bin", BYTES)
    await block(root, DIGEST, "gore")
    await alice.write("/me/a.bin", b"harmless")
    assert (await alice.fs("GET", "/me/a.bin")).body == b"harmless"


async def test_nothing_of_it_can_be_had_by_any_other_way(root: Person, alice: Person, anyone: Person):
    png = picture(640, 360)
    file_id, harmless = await alice.upload("a.png", png), await alice.upload("b.txt", b"b")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writing:
        writing.writestr("inside.txt", b"inside")
    zip_id = await alice.upload("a.zip", archive.getvalue())
    list_id = await alice.make_list(harmless, file_id)
    icon = (await anyone.get(f"/api/file/{zip_id}/thumbnail")).body
    assert (await anyone.get(f"/api/file/{file_id}/thumbnail")).body != icon
    await alice.write("/me/d/a.png", png)
    await alice.write("/me/d/b.txt", b"b")
    await alice.write("/me/d/a.md", b"# text")
    await alice.write("/me/d/a.zip", archive.getvalue())

    await block(root, f"/u/{file_id} /u/{zip_id} {hashlib.sha256(b'# text').hexdigest()}", "gore")

    for path in (f"{file_id},{harmless}", f"{zip_id}/info/zip", f"{zip_id}/info/zip/inside.txt"):
        assert (await anyone.get(f"/api/file/{path}")).refusal == DOWN, path
    assert (await anyone.get(f"/api/list/{list_id}/zip")).refusal == DOWN
    thumbnail = await anyone.get(f"/api/file/{file_id}/thumbnail")
    assert (thumbnail.status, thumbnail.headers["ETag"].startswith('"icon-')) == (200, True)
    for page in (f"/u/{file_id}", f"/u/{file_id}?embed", f"/u/{file_id}/rendered"):
        assert (await anyone.get(page)).status == 451, page
    for query in ("", "?attach", "?zip_info", "?zip_file=inside.txt"):
        assert (await alice.fs("GET", "/me/d/a.zip", query)).refusal == DOWN, query
    assert (await alice.fs("GET", "/me/d/a.md", "?render_markdown")).refusal == DOWN
    zipped = zipfile.ZipFile(io.BytesIO((await alice.fs("GET", "/me/d", "?bulk_download")).body))
    assert zipped.namelist() == ["d/b.txt"] or zipped.namelist() == ["b.txt"]


async def test_lifting_a_takedown_brings_everything_back(root: Person, alice: Person, bob: Person):
    one = await alice.upload("a.bin", BYTES)
    await block(root, one, "doxing")
    later = await bob.upload("b.bin", BYTES)
    await bob.write("/me/c.bin", BYTES)

    assert (await lift(root)).status == 200

    for file_id in (one, later, await bob.upload("d.bin", BYTES)):
        assert (await alice.get(f"/api/file/{file_id}")).body == BYTES
        assert (await alice.info(file_id))["abuse_reporter_name"] == ""
    assert (await bob.fs("GET", "/me/c.bin")).body == BYTES
    assert (await root.get("/api/admin/takedown")).json == {"takedowns": [], "total": 0}


async def test_a_shared_node_is_taken_down_by_its_link(root: Person, alice: Person, bob: Person):
    await alice.write("/me/d/a b.bin", BYTES)
    share_id = await alice.share("/me/d")
    copy = await bob.upload("x", BYTES)

    blocked = await block(root, f"<a href='https://h/d/{share_id}/a%20b.bin'>", "gore")

    assert blocked["nodes_blocked"] == [f"/{share_id}/a b.bin"]
    assert extra(await alice.fs("GET", "/me/d/a b.bin")) == {"abuse_type": "gore"}
    assert (await bob.get(f"/api/file/{copy}")).refusal == DOWN


async def test_a_directory_is_down_with_all_below_it_and_copies_elsewhere_are_not(
    root: Person, alice: Person, bob: Person, anyone: Person
):
    await alice.write("/me/d/e/a.bin", b"licence")
    await alice.write("/me/d/b.bin", b"b")
    await alice.write("/me/top.bin", b"top")
    share_id, inner_id = await alice.share("/me/d"), await alice.share("/me/d/e")
    elsewhere = await bob.upload("licence", b"licence")

    await block(root, f"/d/{share_id}", "copyright")
    await alice.write("/me/d/late.bin", b"late")

    for path in (f"/{share_id}", f"/{share_id}/e", f"/{share_id}/e/a.bin", f"/{share_id}/none", f"/{inner_id}/a.bin"):
        for query in ("", "?stat"):
            assert extra(await anyone.fs("GET", path, query)) == {"abuse_type": "copyright"}, path
    assert (await anyone.get(f"/d/{share_id}")).status == 451
    assert (await anyone.fs("GET", f"/{share_id}", "?bulk_download")).refusal == DOWN
    assert (await anyone.fs("GET", f"/{share_id}", "?search=bin")).refusal == DOWN
    for path in ("/me/d/b.bin", "/me/d/e/a.bin", "/me/d/late.bin"):
        assert extra(await alice.fs("GET", path)) == {"abuse_type": "copyright"}
    assert await alice.names("/me/d") == ["b.bin", "e", "late.bin"]
    everything = zipfile.ZipFile(io.BytesIO((await alice.fs("GET", "/me", "?bulk_download")).body))
    assert [name for name in everything.namelist() if not name.endswith("/")] == ["top.bin"]
    assert (await bob.get(f"/api/file/{elsewhere}")).body == b"licence"

    assert (await lift(root)).status == 200
    assert (await anyone.fs("GET", f"/{share_id}/e/a.bin")).body == b"licence"


async def test_nothing_leaves_a_directory_that_is_down(root: Person, alice: Person):
    await alice.write("/me/d/e/a.bin")
    await alice.mkdir("/me/free")
    await block(root, f"/d/{await alice.share('/me/d')}", "copyright")

    assert (await alice.act("/me/d/e/a.bin", "rename", target="/me/free/a.bin")).refusal == DOWN
    assert (await alice.act("/me/d/e", "rename", target="/me/e")).refusal == DOWN
    assert (await alice.act("/me/d/e/a.bin", "rename", target="/me/d/a.bin")).status == 200
    assert (await alice.act("/me/d", "rename", target="/me/free/d")).status == 200
    assert (await alice.fs("GET", "/me/free/d/a.bin")).refusal == DOWN
    assert (await alice.fs("DELETE", "/me/free/d", "?recursive=true")).status == 200


async def test_a_takedown_goes_with_its_directory(site: Site, root: Person, alice: Person):
    await alice.write("/me/d/a.bin")
    await block(root, f"/d/{await alice.share('/me/d')}", "copyright")
    await alice.fs("DELETE", "/me/d", "?recursive=true")
    await jobs.run(site, "takedowns")
    assert (await root.get("/api/admin/takedown")).json["total"] == 0


async def test_a_list_is_taken_down_file_by_file(root: Person, alice: Person):
    ids = [await alice.upload(data=data) for data in (b"1", b"2")]
    blocked = await block(root, f"https://host/l/{await alice.make_list(*ids)}", "gore")
    assert blocked["files_blocked"] == ids


async def test_what_is_named_and_not_there_is_told(root: Person, alice: Person):
    file_id = await alice.upload()
    nothing = hashlib.sha256(b"").hexdigest()
    text = f"/u/{file_id}\n/u/zzzzzzzz\n/d/zzzzzzzz/x\n/l/zzzzzzzz\n/d/%FF\n{nothing}\nzzzzzzzy"
    blocked = await block(root, text, "gore")
    assert blocked["files_blocked"] == [file_id]
    assert blocked["not_found"] == ["/u/zzzzzzzz", "/d/zzzzzzzz/x", "/l/zzzzzzzz", nothing, "zzzzzzzy"]


async def test_an_empty_file_is_down_alone(root: Person, alice: Person):
    await alice.write("/me/a", b"")
    await alice.write("/me/b", b"")
    await block(root, f"/d/{await alice.share('/me/a')}", "gore")
    assert (await alice.fs("GET", "/me/a")).refusal == DOWN
    assert (await alice.fs("GET", "/me/b")).status == 200


async def test_an_empty_file_that_was_filled_and_emptied_is_taken_down_anew(root: Person, alice: Person):
    await alice.write("/me/a", b"")
    link = f"/d/{await alice.share('/me/a')}"
    await block(root, link, "gore")
    for data in (b"other bytes", b""):
        await alice.write("/me/a", data)
        assert (await alice.fs("GET", "/me/a")).status == 200
    await block(root, link, "gore")
    assert (await alice.fs("GET", "/me/a")).refusal == DOWN


@pytest.mark.parametrize("around", ["See {}.", "(that is {}), they say", "{}", "Is it {}?!"])
async def test_a_link_in_a_sentence_ends_before_its_punctuation(root: Person, alice: Person, around: str):
    await alice.write("/me/d/a.txt", BYTES)
    path = f"{await alice.share('/me/d')}/a.txt"
    blocked = await block(root, around.format(f"http://127.0.0.1/d/{path}"), "gore")
    assert (blocked["nodes_blocked"], blocked["not_found"]) == ([f"/{path}"], [])
    assert (await alice.fs("GET", "/me/d/a.txt")).refusal == DOWN


async def test_a_name_that_ends_like_a_sentence_is_found_too(root: Person, alice: Person):
    await alice.write("/me/d/a.", BYTES)
    await alice.write("/me/d/a", b"other")
    await block(root, f"/d/{await alice.share('/me/d')}/a.", "gore")
    assert (await alice.fs("GET", "/me/d/a.")).refusal == DOWN
    assert (await alice.fs("GET", "/me/d/a")).status == 200


async def test_a_letter_of_a_mebibyte_of_blank_lines_is_read_at_once(root: Person):
    async with asyncio.timeout(20):
        answer = await root.post("/api/admin/block_files", data={"text": " \n" * (1 << 19), "type": "gore"})
    assert answer.value == "missing_field"


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({"type": "gore"}, "missing_field"),
        ({"text": "nothing here", "type": "gore"}, "missing_field"),
        ({"text": "/u/abcd1234"}, "missing_field"),
        ({"text": "/u/abcd1234", "type": "boredom"}, "enum_parse_failed"),
        ({"text": "/u/abcd1234", "type": "gore", "reporter": "x" * 101}, "string_out_of_range"),
        ({"text": "/u/abcd1234", "type": "gore", "note": "x" * 501}, "string_out_of_range"),
        ({"text": "\n".join(f"/u/abcd{number:04}" for number in range(1001)), "type": "gore"}, "string_out_of_range"),
    ],
)
async def test_a_takedown_needs_what_and_why(root: Person, fields: dict[str, str], value: str):
    assert (await root.post("/api/admin/block_files", data=fields)).value == value


async def test_a_thousand_are_taken_down_at_once(root: Person):
    digests = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(1000)]
    assert (await block(root, " ".join(digests), "gore"))["sha256_blocked"] == digests
    first = (await root.get(f"/api/admin/takedown?sha256={digests[0][:60]}&type=gore")).json
    assert (first["total"], first["takedowns"][0]["sha256"]) == (1, digests[0])
    assert (await root.get("/api/admin/takedown?type=malware")).json["total"] == 0


async def test_owners_see_it_in_their_activity_and_are_written_to_once(site: Site, root: Person, client):
    carol = await make_person(site, client, "carol", email="carol@example.com")
    file_id = await carol.upload("a.bin", BYTES)
    await carol.write("/me/d/b.bin", BYTES)
    await block(root, DIGEST, "gore", reporter="Hotline")
    for _ in range(2):
        await jobs.run(site, "takedowns")

    letters = await site.db.fetch("SELECT subject, text FROM outbox WHERE recipient = 'carol@example.com'")
    [letter] = letters
    assert letter["subject"] == "2 of your files were taken down"
    for part in ("a.bin", "/d/b.bin", "extreme violence", "Hotline"):
        assert part in letter["text"]
    month = site.clock.now().strftime("%Y-%m")
    logged = (await carol.get(f"/api/user/activity/{month}")).json
    assert [(one["event"], one["file_id"], one["file_removal_reason"]) for one in logged[:1]] == [
        ("file_instance_blocked", file_id, "gore")
    ]
    assert [(one["event"], one["file_name"]) for one in logged[1:]] == [("filesystem_node_blocked", "/d/b.bin")]

    await carol.upload("late.bin", BYTES)
    await jobs.run(site, "takedowns")
    assert await site.db.fetchval("SELECT count(*) FROM outbox WHERE subject = 'late.bin was taken down'") == 1
    await lift(root)
    assert await site.db.fetchval("SELECT subject FROM outbox ORDER BY created_at DESC LIMIT 1") == (
        "3 of your files are back"
    )


async def test_uploads_that_race_with_a_takedown_are_down_all_the_same(root: Person, alice: Person, bob: Person):
    async def upload(number: int) -> str:
        person = alice if number % 2 else bob
        if number % 3:
            return f"/api/file/{await person.upload(f'{number}', BYTES)}"
        await person.write(f"/me/{number}", BYTES)
        return f"/api/filesystem/me/{number}"

    paths, _ = await asyncio.gather(
        asyncio.gather(*(upload(number) for number in range(60))), block(root, DIGEST, "gore")
    )

    for number, path in enumerate(paths):
        assert (await (alice if number % 2 else bob).get(path)).refusal == DOWN


async def test_overwrites_that_race_with_a_takedown_end_as_the_bytes_say(root: Person, alice: Person):
    for number in range(8):
        await alice.write(f"/me/{number}", BYTES)

    async def overwrite(number: int) -> None:
        for data in (b"harmless", BYTES, b"fine", BYTES)[: 3 + number % 2]:
            await alice.write(f"/me/{number}", data)

    await asyncio.gather(*(overwrite(number) for number in range(8)), block(root, DIGEST, "gore"))

    for number in range(8):
        answer = await alice.fs("GET", f"/me/{number}")
        assert answer.refusal == DOWN if number % 2 else answer.body == b"fine"


async def test_every_worker_hears_of_it_at_once(site: Site, served, root: Person, alice: Person):
    elsewhere = Person("", "", (await served(site)).client)
    file_id = await alice.upload("a", BYTES)
    assert (await elsewhere.get(f"/api/file/{file_id}")).status == 200
    await block(root, file_id, "gore")
    assert (await elsewhere.get(f"/api/file/{file_id}")).refusal == DOWN
    await lift(root)
    assert (await elsewhere.get(f"/api/file/{file_id}")).body == BYTES


async def test_a_takedown_tells_what_it_took_down(root: Person, alice: Person):
    file_id = await alice.upload("a.bin", BYTES)
    await alice.write("/me/d/b.bin", BYTES)
    await block(root, file_id, "gore", note="case 7")
    found = (await root.get(f"/api/admin/takedown/{await takedown_id(root)}")).json
    assert (found["sha256"], found["note"], found["user"], found["reporter"]) == (DIGEST, "case 7", "root", "Anonymous")
    assert [(one["type"], one["name"], one["user"]) for one in found["copies"]] == [
        ("file", "a.bin", "alice"),
        ("node", "/d/b.bin", "alice"),
    ]
    assert json.dumps(found).count(file_id) == 1


async def test_what_is_down_already_keeps_its_type(root: Person, alice: Person):
    file_id = await alice.upload("a.bin", BYTES)
    await block(root, file_id, "gore")
    assert (await block(root, file_id, "malware"))["files_blocked"] == [file_id]
    assert extra(await alice.get(f"/api/file/{file_id}")) == {"type": "gore"}


@pytest.mark.parametrize("number", ["0", "999999999999999999", "9999999999999999999", "-1", "x", "%D9%A3"])
async def test_a_takedown_that_is_not_there_cannot_be_lifted(root: Person, number: str):
    assert (await root.delete(f"/api/admin/takedown/{number}")).refusal == (404, "not_found")
