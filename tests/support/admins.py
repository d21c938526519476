"""What administrators see."""

from typing import Any

from tests.support.people import Person


async def user(root: Person, name: str) -> dict[str, Any]:
    answer = await root.get(f"/api/admin/users/{name}")
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json
    return found


async def block(root: Person, text: str, kind: str, **fields: str) -> dict[str, Any]:
    """Take down what a text names."""
    answer = await root.post("/api/admin/block_files", data={"text": text, "type": kind} | fields)
    assert answer.status == 200, answer.body
    blocked: dict[str, Any] = answer.json
    return blocked
