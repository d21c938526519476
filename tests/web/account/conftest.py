"""A server where anybody may register and pay, and somebody with an account there."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from pixelhost.app import build_app
from pixelhost.plans import BUILT_IN, Plan
from pixelhost.site import Site
from pixelhost.wire.credentials import COOKIE
from tests.support.client import RealServer, fresh_client
from tests.support.people import Answer, Person, make_person
from tests.web.reading import Page, read

ADDRESS = "ann@example.com"
PASSWORD = "correct horse"
SMALL = Plan(
    id="small", name="Small", type="free", storage_space=1_000_000, file_expiry_days=30, filesystem_access=True
)


@dataclass(frozen=True)
class House:
    site: Site
    client: TestClient

    @property
    def url(self) -> str:
        return str(self.client.make_url("/")).rstrip("/")


@pytest.fixture
async def house(site: Site) -> AsyncIterator[House]:
    """On the test's data; besides the usual plans there is a small one."""
    settings = replace(
        site.settings, registration="open", test_payments="on", plans={**BUILT_IN, "small": SMALL}, base_url=""
    )
    changed = replace(site, settings=settings)
    async with RealServer(build_app(changed)) as server, fresh_client(server) as client:
        yield House(changed, client)


@pytest.fixture
def stranger(house: House) -> Person:
    return Person("", "", house.client)


@pytest.fixture
async def ann(house: House) -> Person:
    return await make_person(house.site, house.client, "ann", email=ADDRESS, password=PASSWORD)


async def look(person: Person, path: str) -> Page:
    """A page that is there."""
    page = read(await person.get(path, headers={"Accept-Encoding": "identity", "Accept": "text/html"}))
    assert page.status == 200, page.text
    return page


async def send(person: Person, path: str, **fields: str) -> Answer:
    """A form of the page at `path`."""
    return await person.post(path, data=fields, headers={"Accept-Encoding": "identity", "Accept": "text/html"})


async def refused(person: Person, path: str, status: int = 400, **fields: str) -> Page:
    """The page that a form comes back with when something is wrong with it."""
    page = read(await send(person, path, **fields))
    assert page.status == status, page.text
    return page


async def done(person: Person, path: str, **fields: str) -> str:
    """Where a form that was all right leads to."""
    answer = await send(person, path, **fields)
    assert answer.status == 303, read(answer).text
    location: str = answer.headers["Location"]
    return location


def problem(page: Page, field: str) -> str:
    """What stands beside a field that is wrong, tied to it for screen readers."""
    (control,) = [one for one in page.elements if one.attributes.get("id") == field]
    assert control["aria-invalid"] == "true"
    (said,) = [one for one in page.elements if one.attributes.get("id") == control["aria-describedby"]]
    assert said["class"] == "problem"
    return said.text


def alert(page: Page) -> str:
    """What is wrong with a form as a whole."""
    return " ".join(page.one("div", role="alert").text.split())


def cookie_of(answer: Answer) -> str:
    """The key in the login cookie that an answer sets."""
    name, _, value = answer.headers["Set-Cookie"].partition(";")[0].partition("=")
    assert name == COOKIE
    return value


async def whoami(person: Person, key: str) -> dict[str, Any]:
    shown: dict[str, Any] = (await Person("", key, person.client).get("/api/user")).json
    return shown
