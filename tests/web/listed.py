"""Lists to look at, and what the API says of them."""

from tests.support.people import Person

HOSTILE = "<img src=x onerror=alert(1)>\"'<script>alert(2)<!-- \u202egpj.exe"


async def uploaded(alice: Person, files: dict[str, bytes], title: str = "Holidays") -> str:
    """A list of files, in this order."""
    return await alice.make_list(*[await alice.upload(name, data) for name, data in files.items()], title=title)


async def letters(alice: Person) -> str:
    return await uploaded(alice, {f"{letter}.txt": letter.encode() for letter in "abcde"})


async def names(person: Person, list_id: str) -> str:
    """The names of a list's files, without their endings."""
    files = (await person.get(f"/api/list/{list_id}")).json["files"]
    return "".join(file["name"].partition(".")[0] for file in files)
