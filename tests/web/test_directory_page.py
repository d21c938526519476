"""The pages of the filesystem, as a browser without JavaScript meets them."""

from __future__ import annotations

import io
import zipfile
from urllib.parse import quote

import pytest
from aiohttp import FormData

from pixelhost.wire.credentials import COOKIE
from tests.support.people import Person
from tests.support.plenty import add_nodes
from tests.web.directories import PLAIN, READING, send
from tests.web.reading import HOSTILE, Page, read, visit


def entries(page: Page) -> list[str]:
    return [link["title"] for link in page.all("a", class_="node-link")]


async def told_to_scripts(person: Person, path: str) -> list[dict]:
    """All that is in a directory."""
    children: list[dict] = (await person.get(f"{path}?entries", headers=PLAIN)).json["children"]
    return children


async def test_a_shared_directory_shows_what_is_in_it(alice: Person, anyone: Person):
    await alice.write("/me/pics/b.txt")
    await alice.write("/me/pics/sub/deep.txt")
    share_id = await alice.share("/me/pics")

    page = await visit(anyone, f"/d/{share_id}")

    assert page.one("h1").text == "pics"
    assert [link["href"] for link in page.all("a", class_="node-link")] == [
        f"/d/{share_id}/sub",
        f"/d/{share_id}/b.txt",
    ]
    assert page.all("a", href=f"/api/filesystem/{share_id}?bulk_download")
    assert "2 entries" in page.text
    assert not page.all("a", href=f"/d/{share_id}?mkdir")
    assert not page.all("a", href=f"/d/{share_id}?share")


async def test_programs_that_save_files_get_a_shared_file_itself(alice: Person, anyone: Person):
    await alice.write("/me/a b.txt", b"hello")
    share_id = await alice.share("/me/a b.txt")

    answer = await anyone.get(f"/d/{share_id}", headers={"User-Agent": "curl/8.5.0"})

    assert (answer.status, answer.headers["Location"]) == (303, f"/api/filesystem/{share_id}")
    assert (await anyone.get(answer.headers["Location"])).body == b"hello"
    page = await visit(anyone, f"/d/{share_id}")
    assert page.one("h1").text == "a b.txt"
    assert page.one("pre").text.strip() == "hello"
    assert page.all("a", href=f"/api/filesystem/{share_id}?attach")


async def test_a_file_leads_to_those_beside_it(alice: Person):
    for name in ("b9.txt", "b10.txt", "b11.txt"):
        await alice.write(f"/me/docs/{name}")
    await alice.mkdir("/me/docs/aaa")

    page = await visit(alice, "/d/me/docs/b10.txt")

    assert page.one("a", rel="prev")["href"] == "/d/me/docs/b9.txt"
    assert page.one("a", rel="next")["href"] == "/d/me/docs/b11.txt"
    assert not (await visit(alice, "/d/me/docs/b9.txt")).all("a", rel="prev")


@pytest.mark.parametrize(
    "name", ['"><img src=x onerror=alert(1)>', "a\nb", "\u202egpj.exe", "{{ 7 * 7 }}", "a%2Fb?c#d", HOSTILE]
)
async def test_hostile_names_are_text_on_every_page(alice: Person, name: str):
    name = name.replace("/", "-")
    await alice.write(f"/me/pics/{name}", b"<script>alert(3)</script>")
    await alice.mkdir(f"/me/pics/dir {name}")
    await alice.share("/me/pics")
    path = quote(f"/d/me/pics/{name}")
    directory = quote(f"/d/me/pics/dir {name}")

    pages = ["/d", "/d/me/pics", path, directory, *(f"{path}?{panel}" for panel in ("properties", "share", "rename"))]
    pages += [f"{directory}?{panel}" for panel in ("move", "delete", "branding", "mkdir", "import", "activity")]
    for address in pages:
        page = await visit(alice, address)
        assert page.status == 200, address
        assert not page.all("img", src="x")
        assert "\u202e" not in page.source.partition("<script type=")[0], address
        assert "49" not in page.one("h1").text
    link = next(
        one for one in (await visit(alice, "/d/me/pics")).all("a", class_="node-link") if "dir" not in one["title"]
    )
    assert link["href"] == path


@pytest.mark.parametrize("path", ["aaaaAAAA", "nope", "me"])
async def test_there_is_no_page_without_a_share(anyone: Person, path: str):
    answer = await anyone.get(f"/d/{path}")

    assert answer.status == (401 if path == "me" else 404)
    assert answer.headers["Content-Type"].startswith("text/html")


async def test_a_browser_without_a_login_is_led_to_it(anyone: Person):
    for path in ("/d/me/docs", "/d"):
        answer = await anyone.get(path, headers={"Accept": "text/html"})
        assert (answer.status, answer.headers["Location"]) == (303, f"/login?redirect={quote(path, safe='')}")


class TestLists:
    @pytest.fixture
    async def docs(self, alice: Person) -> None:
        await alice.write("/me/docs/B9.txt", b"x" * 30, "?modified=2020-01-03T00:00:00Z")
        await alice.write("/me/docs/b10.png", b"x" * 10, "?modified=2020-01-01T00:00:00Z")
        await alice.write("/me/docs/Éa.md", b"x" * 20, "?modified=2020-01-02T00:00:00Z")
        await alice.mkdir("/me/docs/sub", "/me/docs/Alpha")

    @pytest.mark.usefixtures("docs")
    @pytest.mark.parametrize(
        ("sort", "names"),
        [
            ("name", ["Alpha", "sub", "B9.txt", "b10.png", "Éa.md"]),
            ("-name", ["sub", "Alpha", "Éa.md", "b10.png", "B9.txt"]),
            ("size", ["Alpha", "sub", "b10.png", "Éa.md", "B9.txt"]),
            ("-size", ["Alpha", "sub", "B9.txt", "Éa.md", "b10.png"]),
            ("-modified", ["B9.txt", "Éa.md", "b10.png"]),
            ("type", ["Alpha", "sub", "b10.png", "Éa.md", "B9.txt"]),
            ("nonsense", ["Alpha", "sub", "B9.txt", "b10.png", "Éa.md"]),
        ],
    )
    async def test_links_sort_them(self, alice: Person, sort: str, names: list[str]):
        shown = entries(await visit(alice, f"/d/me/docs?sort={sort}"))

        assert shown[-len(names) :] == names
        assert set(shown[:2]) == {"Alpha", "sub"}

    @pytest.mark.usefixtures("docs")
    async def test_the_view_and_the_order_are_remembered(self, alice: Person):
        chosen = await visit(alice, "/d/me/docs?view=gallery")
        kept = chosen.headers["Set-Cookie"].partition(";")[0]
        sorted_too = await visit(alice, "/d/me/docs?sort=-size", Cookie=kept)
        kept = sorted_too.headers["Set-Cookie"].partition(";")[0]

        page = await visit(alice, "/d/me/docs", Cookie=kept)

        assert page.all("ul", class_="nodes view-gallery")
        assert page.all("img", src="/api/filesystem/me/docs/B9.txt?thumbnail&width=192&height=192")
        assert entries(page)[2] == "B9.txt"
        assert (await visit(alice, "/d/me/docs", Cookie="pd_directory=bogus.")).status == 200

    async def test_a_large_one_comes_in_pages_and_whole_to_the_script(self, site, alice: Person):
        await alice.mkdir("/me/many")
        await add_nodes(site, "alice", "/me/many", 600)

        pages = [await visit(alice, f"/d/me/many?page={number}") for number in ("1", "2", "3", "99", "x")]

        assert [len(entries(page)) for page in pages] == [250, 250, 100, 100, 250]
        assert entries(pages[1])[0] == "file 251.txt"
        assert pages[0].json("stat")["children"] == []
        told = await told_to_scripts(alice, "/d/me/many")
        assert len(told) == 600
        assert told[0].items() <= (await alice.node(f"/me/many/{told[0]['name']}")).items()

    async def test_others_are_not_shown_what_is_shared_with_some_only(self, alice: Person, anyone: Person):
        await alice.write("/me/pics/secret/x.txt")
        await alice.write("/me/pics/open.txt")
        await alice.share("/me/pics/secret", link={}, password={"abc": READING})
        share_id = await alice.share("/me/pics")

        assert entries(await visit(anyone, f"/d/{share_id}")) == ["open.txt"]
        assert [child["name"] for child in await told_to_scripts(anyone, f"/d/{share_id}")] == ["open.txt"]

    async def test_an_empty_one_says_so(self, alice: Person):
        assert "This folder is empty." in (await visit(alice, "/d/me")).text

    @pytest.mark.usefixtures("docs")
    async def test_the_page_embeds_what_the_api_tells(self, alice: Person):
        embedded = (await visit(alice, "/d/me/docs")).json("stat")
        told = await alice.stat("/me/docs")
        assert {child["name"]: child for child in embedded.pop("children")} == {
            child["name"]: child for child in told.pop("children")
        }
        assert embedded == told


class TestForms:
    async def test_a_directory_is_made(self, alice: Person):
        answer = await send(alice, "/me", action="mkdir", name="a b?")
        assert (answer.status, answer.headers["Location"]) == (303, "/d/me?done=made")
        assert await alice.names("/me") == ["a b?"]

    @pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a", "x" * 256])
    async def test_a_name_that_cannot_be_is_refused_beside_its_field(self, alice: Person, name: str):
        await alice.mkdir("/me/a")
        page = read(await send(alice, "/me", action="mkdir", name=name))
        assert page.status in {400, 404, 422}
        assert page.one("input", name="name")["aria-invalid"] == "true"
        assert page.one("input", name="name")["value"] == name
        assert await alice.names("/me") == ["a"]

    async def test_several_files_are_uploaded_at_once(self, alice: Person):
        await alice.mkdir("/me/in")
        form = FormData(quote_fields=False)
        form.add_field("files", b"one", filename="1.txt")
        form.add_field("files", b"two", filename="ü 2.txt")

        answer = await alice.post("/d/me/in", data=form, headers=PLAIN)

        assert answer.headers["Location"] == "/d/me/in?done=uploaded"
        assert await alice.names("/me/in") == ["1.txt", "ü 2.txt"]
        assert (await alice.fs("GET", "/me/in/ü 2.txt")).body == b"two"

    async def test_an_upload_of_nothing_is_refused_beside_its_field(self, alice: Person):
        form = FormData()
        form.add_field("files", b"", filename="")
        page = read(await alice.post("/d/me", data=form, headers=PLAIN))
        assert page.status == 400
        assert page.one("input", name="files")["aria-invalid"] == "true"

    async def test_an_entry_is_renamed(self, alice: Person):
        await alice.write("/me/a\r\nb.txt")
        page = read(await send(alice, "/me", "a\r\nb.txt", action="rename"))
        hidden = page.one("input", value="yes")["name"]
        answer = await alice.post("/d/me", data={hidden: "yes", "action": "rename-now", "name": "c.txt"})
        assert answer.headers["Location"] == "/d/me?done=renamed"
        assert await alice.names("/me") == ["c.txt"]

    async def test_entries_are_moved_to_a_directory_of_the_tree(self, alice: Person):
        await alice.write("/me/x/a.txt")
        await alice.mkdir("/me/x/sub/deep", "/me/y")

        page = read(await send(alice, "/me/x", "a.txt", "sub", action="move"))
        assert {button["value"] for button in page.all("button", name="browse")} == {"/me", "/me/y"}
        page = read(await send(alice, "/me/x", "a.txt", "sub", browse="/me/y"))
        assert page.one("input", name="to")["value"] == "/me/y"
        answer = await send(alice, "/me/x", "a.txt", "sub", action="move-now", to="/me/y")

        assert answer.headers["Location"] == "/d/me/x?done=moved"
        assert await alice.names("/me/y") == ["a.txt", "sub"]

    async def test_what_cannot_be_moved_is_told_by_name(self, alice: Person):
        await alice.write("/me/x/a.txt")
        await alice.write("/me/x/b.txt")
        await alice.write("/me/y/a.txt")

        page = read(await send(alice, "/me/x", "a.txt", "b.txt", action="move-now", to="/me/y"))

        assert page.status == 400
        assert "a.txt : There is a file or directory with this name already" in page.text
        assert [field["name"] for field in page.all("input", value="yes")] == ["pick:a.txt"]
        assert await alice.names("/me/y") == ["a.txt", "b.txt"]

    async def test_deleting_says_first_how_much_it_is(self, alice: Person):
        await alice.write("/me/x/one.txt", b"12345")
        await alice.write("/me/x/sub/two.txt", b"12345")
        await alice.write("/me/keep.txt")
        await alice.write("/me/z.txt", b"1")

        page = read(await send(alice, "/me", "x", "z.txt", action="delete"))
        assert "In all 3 files and 2 folders, 11 bytes." in page.text
        answer = await send(alice, "/me", "x", "z.txt", action="delete-now")

        assert answer.headers["Location"] == "/d/me?done=deleted"
        assert await alice.names("/me") == ["keep.txt"]

    async def test_all_or_nothing_is_deleted(self, alice: Person):
        await alice.write("/me/a.txt")
        page = read(await send(alice, "/me", "a.txt", "gone.txt", action="delete-now"))
        assert page.status == 404
        assert await alice.names("/me") == ["a.txt"]

    @pytest.mark.parametrize("action", ["delete", "delete-now", "move", "rename", "download"])
    async def test_what_is_gone_meanwhile_is_said_in_so_many_words(self, alice: Person, action: str):
        page = read(await send(alice, "/me", "gone.txt", action=action))
        assert page.status == 404
        assert "Some of what was chosen was moved or deleted meanwhile, so nothing was done" in page.text

    async def test_several_are_not_renamed_at_once(self, alice: Person):
        await alice.write("/me/a.txt")
        await alice.write("/me/b.txt")
        for action in ("rename", "rename-now"):
            page = read(await send(alice, "/me", "a.txt", "b.txt", action=action, name="c.txt"))
            assert page.status == 400
            assert "Only one entry can be renamed at a time" in page.text
        assert await alice.names("/me") == ["a.txt", "b.txt"]

    async def test_who_may_only_read_is_shown_no_form_that_would_do_nothing(self, alice, bob, anyone):
        await alice.write("/me/pics/a.txt")
        share_id = await alice.share("/me/pics")
        addresses = [f"/d/{share_id}?{panel}" for panel in ("mkdir", "upload", "import")]
        addresses += [f"/d/{share_id}/a.txt?{panel}" for panel in ("rename", "move", "delete")]
        for address in addresses:
            page = await visit(bob, address)
            assert page.status == 400, address
            assert not page.all("form", action=f"/d/{share_id}"), address
            answer = await anyone.get(address, headers={"Accept": "text/html"})
            assert answer.headers["Location"] == f"/login?redirect={quote(address, safe='')}"

    async def test_what_is_shared_with_the_right_to_delete_is_deleted_below_what_is_not(self, alice, bob):
        await alice.write("/me/pics/open/a.txt")
        await alice.share("/me/pics/open", link={"read": True, "delete": True})
        share_id = await alice.share("/me/pics")
        assert (await visit(bob, f"/d/{share_id}/open?delete")).status == 200
        answer = await send(bob, f"/{share_id}", "open", action="delete-now")
        assert answer.status == 303
        assert await alice.names("/me/pics") == []

    async def test_nothing_chosen_is_said(self, alice: Person):
        for action in ("delete", "move", "rename", "download"):
            page = read(await send(alice, "/me", action=action))
            assert "Nothing was chosen" in page.text

    async def test_what_is_chosen_is_sent_as_a_zip(self, alice: Person):
        await alice.write("/me/x/sub/deep/two.txt", b"2")
        await alice.write("/me/x/one.txt", b"1")
        await alice.write("/me/x/not.txt")

        answer = await send(alice, "/me/x", "sub", "one.txt", action="download")

        assert "attachment" in answer.headers["Content-Disposition"]
        archive = zipfile.ZipFile(io.BytesIO(answer.body))
        assert sorted(archive.namelist()) == ["one.txt", "sub/", "sub/deep/", "sub/deep/two.txt"]
        assert archive.read("sub/deep/two.txt") == b"2"

    async def test_a_zip_holds_nothing_that_is_shared_with_others_only(self, alice: Person, anyone: Person):
        await alice.write("/me/pics/a/secret/x.txt")
        await alice.write("/me/pics/a/open.txt")
        await alice.share("/me/pics/a/secret", link={}, password={"abc": READING})
        share_id = await alice.share("/me/pics")
        answer = await send(anyone, f"/{share_id}", "a", action="download")
        assert sorted(zipfile.ZipFile(io.BytesIO(answer.body)).namelist()) == ["a/", "a/open.txt"]

    async def test_strangers_change_nothing(self, alice: Person, anyone: Person):
        await alice.write("/me/pics/a.txt")
        share_id = await alice.share("/me/pics", link={"read": True, "write": True, "delete": True})
        for fields in ({"action": "mkdir", "name": "b"}, {"action": "delete-now"}, {"action": "share"}):
            answer = await send(anyone, f"/{share_id}", "a.txt", **fields)
            assert answer.status in {400, 401}, fields
        assert await alice.names("/me/pics") == ["a.txt"]

    async def test_whoever_may_write_but_not_delete_deletes_their_own_only(self, alice: Person, bob: Person):
        await alice.write("/me/pics/hers.txt")
        share_id = await alice.share("/me/pics", link={"read": True, "write": True})
        await bob.fs("PUT", f"/{share_id}/his.txt", data=b"x")
        refused = await send(bob, f"/{share_id}", "hers.txt", "his.txt", action="delete-now")
        assert refused.status == 400
        assert (await send(bob, f"/{share_id}", "his.txt", action="delete-now")).status == 303
        assert await alice.names("/me/pics") == ["hers.txt"]

    async def test_another_site_cannot_send_them(self, alice: Person):
        await alice.write("/me/a.txt")
        headers = {"Cookie": f"{COOKIE}={alice.key}", "Sec-Fetch-Site": "cross-site"}
        fields = {"action": "delete-now", "pick:a.txt": "yes"}
        assert (await Person("", "", alice.client).post("/d/me", data=fields, headers=headers)).status == 400
        assert await alice.names("/me") == ["a.txt"]

    async def test_an_unknown_action_is_refused(self, alice: Person):
        assert (await send(alice, "/me", action="format")).status == 400

    async def test_files_of_the_list_are_imported(self, alice: Person):
        await alice.mkdir("/me/in")
        file_id = await alice.upload("holiday.jpg")
        await alice.upload("other.jpg")
        page = await visit(alice, "/d/me/in?import&term=HOLI")
        assert [box["name"] for box in page.all("input", type="checkbox")] == [f"file:{file_id}"]
        answer = await send(alice, "/me/in", action="import", **{f"file:{file_id}": "yes"})
        assert answer.headers["Location"] == "/d/me/in?done=imported"
        assert await alice.names("/me/in") == ["holiday.jpg"]
        assert "Nothing was chosen" in read(await send(alice, "/me/in", action="import")).text

    async def test_dates_and_mode_are_changed(self, alice: Person):
        await alice.write("/me/a.txt")
        fields = {"modified": "2020-02-03T04:05", "created": "2020-02-03T04:05:06", "mode": "600"}
        answer = await send(alice, "/me/a.txt", action="properties", **fields)
        assert answer.headers["Location"] == "/d/me/a.txt?properties=&done=saved"
        node = await alice.node("/me/a.txt")
        assert (node["modified"], node["created"]) == ("2020-02-03T04:05:00.000000Z", "2020-02-03T04:05:06.000000Z")
        assert node["mode_octal"] == "600"
        page = read(await send(alice, "/me/a.txt", action="properties", mode="999"))
        assert page.one("input", name="mode")["aria-invalid"] == "true"
