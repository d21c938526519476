"""What tests of the filesystem look at and put in."""

import io

from PIL import Image

from pixelhost.core import verify
from pixelhost.site import Site
from tests.support.people import Person


async def used(person: Person) -> tuple[int, int, int]:
    """Bytes of the account, bytes of the filesystem, nodes."""
    user = (await person.get("/api/user")).json
    return user["storage_space_used"], user["filesystem_storage_used"], user["filesystem_node_count"]


async def assert_clean(site: Site) -> None:
    report = await verify.fsck(site, deep=True, progress=lambda *_: None)
    assert report.problems == []


async def counts_of_children_are_right(site: Site) -> bool:
    return not await site.db.fetch(
        "SELECT name FROM nodes p WHERE child_count <> (SELECT count(*) FROM nodes WHERE parent_id = p.id)"
    )


def rights(*given: str) -> dict[str, bool]:
    """A permissions object that grants these."""
    return {name: name in given for name in ("owner", "read", "write", "delete")}


def picture(width: int = 300, height: int = 200) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(made, "PNG")
    return made.getvalue()
