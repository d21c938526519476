"""Messages and files made by the pages' own forms, and their pages."""

import re
from urllib.parse import parse_qs, urlsplit

from aiohttp import FormData

from tests.support.people import Answer, Person
from tests.web.reading import Page, read

HTML = {"Accept": "text/html", "Accept-Encoding": "identity"}
BOB = "bob@example.com"
CLIENT = "client@example.org"
TEXT = "Dear <b>client</b>,\n\nhere it is ☃"
NEW = "/user/transfers/new"
FILES = "/user/transfers/files"


async def look(person: Person, path: str, status: int = 200, **headers: str) -> Page:
    """A page, kept by nobody."""
    answer = await person.get(path, headers=HTML | headers)
    page = read(answer)
    assert page.status == status, page.text
    assert answer.headers["Cache-Control"] == "no-store"
    return page


async def send(person: Person, path: str, files: dict[str, bytes] | None = None, **fields: str) -> Answer:
    """A form with files, as a browser sends it."""
    form = FormData(quote_fields=False, default_to_multipart=True)
    for name, value in fields.items():
        form.add_field(name, value)
    for name, data in (files or {}).items():
        form.add_field("files", data, filename=name)
    return await person.post(path, data=form, headers=HTML)


async def press(person: Person, path: str, **fields: str) -> Answer:
    """A form without files."""
    return await person.post(path, data=fields, headers=HTML)


async def refused(person: Person, path: str, status: int = 422, **fields: str) -> Page:
    page = read(await press(person, path, **fields))
    assert page.status == status, page.text
    return page


async def done(person: Person, path: str, **fields: str) -> str:
    """Where a form that was all right leads to."""
    answer = await press(person, path, **fields)
    assert answer.status == 303, read(answer).text
    location: str = answer.headers["Location"]
    return location


async def upload(person: Person, files: dict[str, bytes], **fields: str) -> dict[str, str]:
    """Files; their IDs by name."""
    answer = await send(person, FILES, files, **fields)
    assert answer.status == 303, read(answer).text
    listed = await look(person, FILES)
    links = [one for one in listed.all("a") if re.fullmatch(FILES + "/[0-9a-f-]{36}", one["href"])]
    return {one.text: one["href"].rpartition("/")[2] for one in links}


async def write(person: Person, *to: str, files: dict[str, bytes] | None = None, **fields: str) -> list[str]:
    """A message to each; their IDs."""
    given = {"recipients": "\n".join(to), "subject": "Invoice", "body": TEXT} | fields
    answer = await send(person, NEW, files, **given)
    assert answer.status == 303, read(answer).text
    (ids,) = parse_qs(urlsplit(answer.headers["Location"]).query)["ids"]
    return ids.split(",")


async def state(person: Person, mail_id: str) -> dict[str, str]:
    """What the page of a sent message says of it, by label."""
    page = await look(person, f"/user/transfers/{mail_id}")
    labels = [" ".join(one.text.split()) for one in page.all("dt")]
    return dict(zip(labels, [" ".join(one.text.split()) for one in page.all("dd")], strict=True))
