"""What administrators see."""

from typing import Any

from tests.support.people import Person


async def user(root: Person, name: str) -> dict[str, Any]:
    answer = await root.get(f"/api/admin/users/{name}")
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json
    return found
