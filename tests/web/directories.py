"""The forms of a filesystem's pages, as a browser sends them, and what there is to look at."""

from urllib.parse import quote

from tests.support.filesystem import picture
from tests.support.people import Answer, Person

READING = {"read": True}
PLAIN = {"Accept-Encoding": "identity"}


async def send(person: Person, path: str, *picked: str, **fields: str) -> Answer:
    """A form of a page, with the entries that were ticked."""
    ticked = {f"pick:{quote(name, safe='')}": "yes" for name in picked}
    return await person.post(f"/d{quote(path)}", data=fields | ticked, headers=PLAIN)


def cookie_of(answer: Answer) -> str:
    return answer.headers["Set-Cookie"].partition(";")[0]


async def some_files(person: Person) -> None:
    await person.write("/me/docs/b10.txt", b"x" * 3000)
    await person.write("/me/docs/b9.txt", b"x" * 20)
    await person.write("/me/docs/photo.png", picture())
    await person.mkdir("/me/docs/Letters/Old", "/me/docs/Bills")
