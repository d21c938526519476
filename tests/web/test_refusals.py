"""Pages that say no."""

from dataclasses import replace

import asyncpg
import msgspec
import pytest
from aiohttp.test_utils import make_mocked_request

from pixelhost import errors, web
from pixelhost.errors import ApiErrors
from pixelhost.plans import BUILT_IN
from tests.support.elsewhere import change_rows
from tests.support.people import Answer, Person
from tests.web.reading import NOBODYS_KEY, read, stranger_at, take_down, views_of, visit


async def test_a_file_that_never_was_is_a_page_with_404(anyone):
    page = await visit(anyone, "/u/abcdefgh")
    assert page.status == 404
    assert page.one("h1").text == "There is nothing here"
    for path in ("/l/abcdefgh", "/u/x", "/u/%22%3E%3Cscript%3E", "/u/%FF", "/nothing", "/u/", "/u/abcdefgh/more"):
        assert (await visit(anyone, path)).status in {404, 422}


async def test_a_deleted_file_is_gone(alice, anyone):
    file_id = await alice.upload()
    await alice.delete(f"/api/file/{file_id}")
    assert (await visit(anyone, f"/u/{file_id}")).status == 404


async def test_an_expired_file_is_gone(alice, anyone, clock):
    file_id = await alice.upload(query="?delete_after_date=2099-01-01T00:00:00Z")
    clock.advance(days=40_000)
    assert (await visit(anyone, f"/u/{file_id}")).status == 404


async def test_a_file_that_was_taken_down_is_a_page_with_451_that_says_why(site, alice, anyone, flush):
    file_id = await alice.upload("secret name.txt", b"what was in it")
    await take_down(site, file_id, "revenge_porn")
    page = await visit(anyone, f"/u/{file_id}")
    assert page.status == 451
    assert "This file was taken down" in page.text
    assert "Reason given: Intimate images without consent" in page.text
    assert "secret name" not in page.source
    assert "what was in it" not in page.source
    assert await views_of(alice, file_id, flush) == 0


async def test_a_file_marked_as_malware_has_a_page_that_says_so_instead_of_a_download(site, alice, anyone):
    file_id = await alice.upload("invoice.txt", b"what was in it")
    await change_rows(
        site, "UPDATE blobs SET virus_name = 'Eicar' WHERE digest = (SELECT blob FROM files WHERE id = $1)", file_id
    )
    page = await visit(anyone, f"/u/{file_id}")
    assert page.status == 403
    assert page.one("h2").text == "This file is marked as malware"
    assert "Found: Eicar" in page.text
    assert page.one("form", class_="captcha")["data-download"] == f"/api/file/{file_id}?download"
    assert "worker-src 'self'" in page.headers["Content-Security-Policy"]
    assert page.one("a", href=f"/login?redirect=/u/{file_id}")
    assert page.all("a", class_="button primary") == []
    assert "what was in it" not in page.source
    owners = await visit(alice, f"/u/{file_id}")
    assert owners.status == 200
    assert owners.one("pre").text == "what was in it\n"


@pytest.mark.parametrize(
    ("limits", "heading"),
    [
        ({"downloads_per_ip_per_day": 0}, "That is enough for today"),
        ({"transfer_per_ip_per_day": 0}, "That is enough for today"),
        ({"file_rate_limit": True}, "Downloads are paused"),
    ],
)
async def test_a_limit_that_is_reached_is_told_by_the_page_and_not_only_by_the_download(
    site, alice, anyone, limits, heading
):
    file_id = await alice.upload("invoice.txt", b"what was in it")
    await change_rows(site, "UPDATE files SET downloads = 10 WHERE id = $1", file_id)
    plans = BUILT_IN | {
        "unlimited": msgspec.structs.replace(BUILT_IN["unlimited"], type="free", hotlinking=False, **limits)
    }
    async with stranger_at(replace(site, settings=replace(site.settings, plans=plans))) as stranger:
        page = await visit(stranger, f"/u/{file_id}")
        assert (page.status, page.one("h2").text) == (403, heading)
        assert page.all("a", id="download") == []
        assert "what was in it" not in page.source
        assert (await stranger.get(f"/api/file/{file_id}?download")).status == 403


async def test_a_page_can_only_be_read(anyone):
    answer = await anyone.post("/")
    page = read(answer)
    assert page.status == 405
    assert set(answer.headers["Allow"].split(",")) == {"GET", "HEAD"}


async def test_what_breaks_inside_stays_inside(site, alice, database_url):
    list_id = await alice.make_list(await alice.upload())
    gone = await asyncpg.create_pool(database_url, min_size=1, max_size=1)
    await gone.close()
    async with stranger_at(replace(site, db=gone)) as stranger:
        page = await visit(stranger, f"/l/{list_id}")
        assert page.status == 500
        assert page.one("h1").text == "Something went wrong here"
        assert "pool" not in page.source
        assert "Traceback" not in page.source


async def test_a_wrong_key_is_refused_with_a_page(client):
    page = await visit(Person("", NOBODYS_KEY, client), "/")
    assert page.status == 401
    assert page.headers["WWW-Authenticate"].startswith("Basic")


def test_several_problems_are_listed_on_one_page():
    problems = ApiErrors([errors.MISSING_FIELD(field="name"), errors.FORBIDDEN(message="<b>no</b>")])
    answer = web.DIALECT.render(make_mocked_request("GET", "/"), problems)
    page = read(Answer(answer.status, answer.headers, answer.body))
    assert page.status == 400
    assert [item.text for item in page.all("li")] == [errors.MISSING_FIELD.message, "<b>no</b>"]


@pytest.mark.parametrize("row", errors.KINDS.values(), ids=errors.KINDS)
def test_every_documented_refusal_has_a_page(row):
    error = row(**dict.fromkeys(row.extra, "<extra>"))
    answer = web.DIALECT.render(make_mocked_request("GET", "/"), error)
    page = read(Answer(answer.status, answer.headers, answer.body))
    assert page.status == row.status
    assert page.one("h1").text
    assert "<extra>" not in page.source
