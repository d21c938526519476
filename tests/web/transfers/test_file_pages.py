"""Files that are to be sent: uploaded, named, sorted, put into the trash, deleted; the PIN; and tokens."""

import pytest

from pixelhost.core.tokens import TOKENS_MAX
from tests.support.transfers import ADD_TOKENS
from tests.web.account.conftest import problem
from tests.web.reading import read
from tests.web.transfers.reaching import BOB, FILES, HTML, done, look, press, refused, send, upload, write


async def test_files_are_uploaded_found_and_downloaded(alice):
    ids = await upload(alice, {"a.txt": b"words", "Büro.pdf": b"%PDF"})
    assert ids.keys() == {"a.txt", "Büro.pdf"}
    found = await look(alice, f"{FILES}?q=b%C3%BCRO")
    assert "a.txt" not in found.text
    answer = await press(alice, f"{FILES}/{ids['a.txt']}", action="download")
    assert (answer.body, answer.headers["Cache-Control"]) == (b"words", "no-store")
    nothing = read(await send(alice, FILES))
    assert problem(nothing, "files") == "Choose a file first."


async def test_a_hundred_files_arrive_at_once_and_no_more(alice):
    too_many = read(await send(alice, FILES, {f"{number}.txt": b"" for number in range(101)}))
    assert problem(too_many, "files") == "At most 100 files go together."
    assert (await send(alice, FILES, {f"{number}.txt": b"" for number in range(100)})).status == 303
    assert 'rel="next"' in (await look(alice, FILES)).source


async def test_a_name_is_changed_and_its_ending_stays(alice):
    file_id = (await upload(alice, {"a.txt": b"x"}))["a.txt"]
    path = f"{FILES}/{file_id}"
    assert (await look(alice, path)).one("input", id="filename")["value"] == "a"
    await done(alice, path, action="save", filename="x" * 251, category_id="")
    assert (await look(alice, path)).one("h1").text == "x" * 251 + ".txt"
    for name, said in (("x" * 252, "at most 255"), (" ", "This is needed."), ("a/b", "not allowed")):
        assert said in problem(await refused(alice, path, action="save", filename=name), "filename")


async def test_files_are_sorted_by_categories_which_are_made_renamed_and_deleted(alice):
    await done(alice, FILES, action="add_category", name=" Invoices ")
    assert problem(await refused(alice, FILES, action="add_category", name="Invoices"), "name").startswith("There is a")
    assert problem(await refused(alice, FILES, 400, action="add_category", name=" "), "name") == "This is needed."
    await done(alice, FILES, action="add_category", name="x" * 100)
    assert "between 1 and 100" in problem(await refused(alice, FILES, action="add_category", name="x" * 101), "name")
    page = await look(alice, FILES)
    (invoices, _) = [one["value"] for one in page.all("input", name="category")]
    file_id = (await upload(alice, {"a.txt": b"x"}, category_id=invoices))["a.txt"]
    await done(alice, FILES, action="rename_category", category=invoices, name="Bills")
    assert " Bills 1 byte " in (await look(alice, FILES)).text
    await done(alice, f"{FILES}/{file_id}", action="save", filename="a", category_id="")
    assert " Bills 1 byte " not in (await look(alice, FILES)).text
    await done(alice, FILES, action="delete_category", category=invoices)
    assert (await press(alice, FILES, action="delete_category", category=invoices)).status == 404
    gone = await refused(alice, f"{FILES}/{file_id}", action="save", filename="a", category_id=invoices)
    assert problem(gone, "category_id") == "This category isn't there any more."


async def test_a_file_in_the_trash_is_not_offered_and_can_be_restored(alice):
    file_id = (await upload(alice, {"a.txt": b"x"}))["a.txt"]
    path = f"{FILES}/{file_id}"
    await done(alice, path, action="trash")
    assert "There are no files yet." in (await look(alice, FILES)).text
    assert "a.txt" in (await look(alice, f"{FILES}?trash=true")).text
    assert "a.txt" not in (await look(alice, f"/user/transfers/new?file={file_id}")).text
    await done(alice, path, action="restore")
    assert "The trash is empty." in (await look(alice, f"{FILES}?trash=true")).text


async def test_a_file_is_deleted_for_good_after_a_question_and_messages_lose_it(alice, bob):
    file_id = (await upload(alice, {"a.txt": b"x"}))["a.txt"]
    (sent,) = await write(alice, BOB, **{f"file-{file_id}": "true"})
    assert read(await press(alice, f"{FILES}/{file_id}", action="delete")).one("h1").text.startswith("Delete this file")
    await done(alice, f"{FILES}/{file_id}", action="delete", confirmed="true")
    assert (await alice.get(f"{FILES}/{file_id}")).status == 404
    assert "a.txt" not in (await look(bob, f"/user/inbox/{sent}")).text


@pytest.mark.parametrize("wanted", ["garbage", "0e2c3c52-7ac2-4c2d-9b5d-0b1b6f6e9d11", "a file of another message"])
async def test_a_file_that_a_message_has_not_is_not_there_and_costs_no_download(alice, bob, wanted):
    (other,) = await write(alice, BOB, files={"other.txt": b"x"})
    (sent,) = await write(alice, BOB, files={"a.txt": b"a", "b.txt": b"b"}, max_downloads="1")
    if wanted.startswith("a file"):
        wanted = (await look(bob, f"/user/inbox/{other}")).one("button", name="file")["value"]
    assert (await press(bob, f"/user/inbox/{sent}", action="download", file=wanted)).status == 404
    assert (await press(bob, f"/user/inbox/{sent}", action="download")).status == 200


async def test_a_pin_is_set_changed_with_the_current_one_and_removed(alice):
    file_id = (await upload(alice, {"a.txt": b"x"}))["a.txt"]
    assert problem(await refused(alice, "/user/pin", 400, pin=""), "pin") == "This is needed."
    for wrong in ("123", "1" * 33):
        assert "between 4 and 32 characters" in problem(await refused(alice, "/user/pin", pin=wrong), "pin")
    assert "There is none yet." in (await look(alice, "/user/pin")).text
    await done(alice, "/user/pin", pin="1234")
    assert problem(await refused(alice, "/user/pin", pin="5678"), "current_pin") == "This is needed."
    assert "not your PIN" in problem(await refused(alice, "/user/pin", pin="5678", current_pin="x"), "current_pin")
    await done(alice, "/user/pin", pin="5" * 32, current_pin="1234")
    await refused(alice, f"{FILES}/{file_id}", action="download", pin="1234")
    assert (await press(alice, f"{FILES}/{file_id}", action="download", pin="5" * 32)).body == b"x"
    assert problem(await refused(alice, "/user/pin", 400, action="remove"), "current_pin")
    assert problem(await refused(alice, "/user/pin", action="remove", current_pin="1234"), "current_pin")
    await done(alice, "/user/pin", action="remove", current_pin="5" * 32)
    assert (await press(alice, f"{FILES}/{file_id}", action="download")).body == b"x"


async def test_the_eleventh_wrong_pin_of_an_hour_is_not_tried(alice):
    await done(alice, "/user/pin", pin="1234")
    for _ in range(10):
        await refused(alice, "/user/pin", action="remove", current_pin="4321")
    page = await refused(alice, "/user/pin", 429, action="remove", current_pin="1234")
    assert "Too many wrong PINs. Try again in an hour." in page.text


async def test_a_token_is_shown_once_works_and_is_revoked(alice):
    answer = await press(alice, "/user/api_keys", action="make_token", token_name=" laptop ")
    page = read(answer)
    assert (page.status, answer.headers["Cache-Control"]) == (200, "no-store")
    assert "The new token is made: laptop" in page.text
    token = page.all("code")[0].text
    assert len(token) == 60
    bearer = {"Authorization": f"Bearer {token}"}
    listed = await alice.get("/user/api_keys", headers=HTML)
    assert token not in read(listed).source
    assert "laptop Token" in " ".join(read(listed).text.split())
    client = type(alice)("", "", alice.client)
    (one,) = (await client.get("/api/tokens", headers=bearer)).json["data"]
    await done(alice, "/user/api_keys", revoke=one["id"])
    assert (await client.get("/api/tokens", headers=bearer)).status == 401
    for wrong, status in ((" ", 400), ("x" * 101, 422)):
        page = await refused(alice, "/user/api_keys", status, action="make_token", token_name=wrong)
        assert problem(page, "token_name")
    assert (await press(alice, "/user/api_keys", action="make_token", token_name="x" * 100)).status == 200


async def test_an_account_has_a_thousand_tokens(alice, site):
    await site.db.execute(ADD_TOKENS, TOKENS_MAX - 1)
    assert (await press(alice, "/user/api_keys", action="make_token", token_name="a")).status == 200
    page = await refused(alice, "/user/api_keys", action="make_token", token_name="b")
    assert problem(page, "token_name").startswith("There are at most 1,000 tokens.")
