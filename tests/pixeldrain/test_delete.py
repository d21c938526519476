"""DELETE /file/{id}."""

import asyncio

from tests.support.people import Person

DONE = {"success": True, "value": "ok", "message": "The requested action was successfully performed"}


async def test_the_owner_deletes_a_file_and_it_is_gone(alice: Person, anyone: Person):
    file_id = await alice.upload()
    deleted = await alice.delete(f"/api/file/{file_id}")
    assert (deleted.status, deleted.json) == (200, DONE)
    for path in ("", "/info", "/thumbnail"):
        assert (await anyone.get(f"/api/file/{file_id}{path}")).refusal == (404, "not_found")
    assert (await alice.delete(f"/api/file/{file_id}")).refusal == (404, "not_found")
    user = (await alice.get("/api/user")).json
    assert (user["file_count"], user["storage_space_used"]) == (0, 0)


async def test_nobody_else_deletes_it(alice: Person, bob: Person, anyone: Person):
    file_id = await alice.upload()
    assert (await anyone.delete(f"/api/file/{file_id}")).refusal == (403, "forbidden")
    assert (await bob.delete(f"/api/file/{file_id}")).refusal == (403, "forbidden")
    wrong = Person("", "nonsense", anyone.client)
    assert (await wrong.delete(f"/api/file/{file_id}")).refusal == (401, "authentication_failed")
    assert (await alice.get(f"/api/file/{file_id}")).status == 200


async def test_what_does_not_exist_cannot_be_deleted(alice: Person, anyone: Person):
    for file_id in ("AAAAAAAA", "x", "%00"):
        assert (await alice.delete(f"/api/file/{file_id}")).refusal == (404, "not_found")
        assert (await anyone.delete(f"/api/file/{file_id}")).refusal == (404, "not_found")


async def test_several_files_are_not_deleted_at_once(alice: Person):
    ids = [await alice.upload("a"), await alice.upload("b")]
    assert (await alice.delete(f"/api/file/{','.join(ids)}")).refusal == (404, "not_found")
    assert (await alice.get(f"/api/file/{ids[0]}")).status == 200


async def test_a_deleted_file_leaves_its_lists(alice: Person):
    ids = [await alice.upload("a"), await alice.upload("b")]
    list_id = await alice.make_list(*ids)
    await alice.delete(f"/api/file/{ids[0]}")
    shown = (await alice.get(f"/api/list/{list_id}")).json
    assert [file["id"] for file in shown["files"]] == ids[1:]
    assert shown["file_count"] == 1


async def test_of_ten_deletes_at_once_one_succeeds_and_it_counts_once(alice: Person):
    file_id = await alice.upload()
    answers = await asyncio.gather(*(alice.delete(f"/api/file/{file_id}") for _ in range(10)))
    assert sorted(answer.status for answer in answers) == [200] + [404] * 9
    assert (await alice.get("/api/user")).json["file_count"] == 0


async def test_a_cookie_deletes_only_from_our_own_pages(alice: Person, anyone: Person):
    file_id = await alice.upload()
    cookie = {"Cookie": f"pd_auth_key={alice.key}"}
    for foreign in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        refused = await anyone.delete(f"/api/file/{file_id}", headers=cookie | foreign)
        assert refused.refusal == (400, "request_origin_invalid")
    with_key = await alice.get(f"/api/file/{file_id}/info", headers=cookie | {"Origin": "https://evil.example"})
    assert with_key.status == 200
    ours = {"Origin": str(anyone.client.make_url("/")).rstrip("/")}
    assert (await anyone.delete(f"/api/file/{file_id}", headers=cookie | ours)).status == 200


async def test_the_key_in_the_header_beats_the_cookie(alice: Person, bob: Person):
    file_id = await alice.upload()
    cookie = {"Cookie": f"pd_auth_key={bob.key}", "Origin": "https://evil.example"}
    assert (await alice.delete(f"/api/file/{file_id}", headers=cookie)).status == 200
