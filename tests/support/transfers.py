"""People who speak Privasfer's API: with a token, in `data`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import FormData
from aiohttp.test_utils import TestClient

from pixelhost.site import Site
from tests.support.people import Answer, Person, make_person

ADD_TOKENS = """
    INSERT INTO sessions (user_id, key_sha256, app_name, user_agent, created_ip, created_at, last_used_at, kind)
    SELECT id, sha256(number::text::bytea), number::text, '', '127.0.0.1', now(), now(), 'token'
      FROM users, generate_series(1, $1::int) AS number WHERE name = 'alice'
"""
"""So many for alice."""

LIMITS = ("X-RateLimit-Limit", "X-RateLimit-Remaining")


@dataclass(frozen=True)
class Sender(Person):
    """Somebody whose key goes as Bearer; every answer is checked for the headers that all have."""

    email: str = ""

    async def ask(self, method: str, path: str, **options: Any) -> Answer:
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        answer = await Person("", "", self.client).ask(
            method, path, **options | {"headers": headers | dict(options.get("headers", {}))}
        )
        if path.startswith("/api/"):
            checked(answer)
        return answer

    async def data(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        answer = await self.ask(method, path, **options)
        assert answer.status == status, answer.body
        return answer.json["data"]

    async def send_file(self, name: str = "invoice.pdf", content: bytes = b"%PDF-1.4 some bytes", **fields: str) -> Any:
        """The file as it is shown."""
        return await self.data("POST", "/api/files", 201, data=form(("file", name, content), **fields))

    async def send_mail(self, *to: str, **fields: Any) -> Any:
        """The message, or several, as they are shown."""
        fields = {"recipients": list(to), "subject": "Invoice", "body": "Here it is"} | fields
        return await self.data("POST", "/api/mails", 201, json=fields)

    async def refused(self, method: str, path: str, **options: Any) -> dict[str, list[str]]:
        """What is wrong by field."""
        answer = await self.ask(method, path, **options)
        assert answer.status == 422, (answer.status, answer.body)
        assert answer.json["message"] == "The given data was invalid."
        errors: dict[str, list[str]] = answer.json["errors"]
        return errors

    async def status(self, method: str, path: str, **options: Any) -> int:
        """Of an answer without anything to it but a message, or nothing."""
        answer = await self.ask(method, path, **options)
        assert answer.body == b"" if answer.status == 204 else answer.json.keys() == {"message"}
        return answer.status

    async def key_for(self, download_id: str, **fields: Any) -> str:
        key: str = (await self.data("POST", f"/api/downloads/{download_id}/keys", 201, json=fields))["key"]
        return key


def form(*files: tuple[str, str, bytes], **fields: str) -> FormData:
    """`files` are fields with names of files and contents."""
    made = FormData(quote_fields=False)
    for field, name, content in files:
        made.add_field(field, content, filename=name)
    for name, value in fields.items():
        made.add_field(name, value)
    return made


def checked(answer: Answer) -> None:
    """What every answer of these routes has."""
    headers = answer.headers
    assert int(headers["X-RateLimit-Limit"]) > int(headers["X-RateLimit-Remaining"]) >= 0
    assert headers["x-robots-tag"] == "none"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Vary"] == "Authorization"
    assert headers["Cache-Control"] == "private, no-store"


async def make_sender(site: Site, client: TestClient, name: str, **account: Any) -> Sender:
    email = f"{name}@example.com"
    person = await make_person(site, client, name, **{"email": email} | account)
    return Sender(name, person.key, client, email)
