"""People who use pixelhost: each has a client and perhaps a key, and speaks the Pixeldrain API."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from aiohttp import encode_basic_auth
from aiohttp.test_utils import TestClient
from multidict import CIMultiDictProxy
from yarl import URL

from pixelhost.core import login
from pixelhost.site import Site


@dataclass(frozen=True)
class Answer:
    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def json(self) -> Any:
        assert self.headers["Content-Type"] == "application/json", (self.status, self.headers, self.body[:200])
        return json.loads(self.body)

    @property
    def value(self) -> str:
        """The code of a refusal, of which everything else is checked on the way."""
        refusal = self.json
        assert self.status >= 400, refusal
        assert refusal["success"] is False
        assert refusal["message"]
        value: str = refusal["value"]
        return value

    @property
    def refusal(self) -> tuple[int, str]:
        return self.status, self.value


@dataclass(frozen=True)
class Person:
    name: str
    key: str
    client: TestClient

    async def ask(self, method: str, path: str, **options: Any) -> Answer:
        """`path` is sent as it stands, percent-encoding included."""
        headers = {"Authorization": encode_basic_auth("", self.key)} if self.key else {}
        options["headers"] = headers | dict(options.get("headers", {}))
        options.setdefault("allow_redirects", False)
        url = URL(str(self.client.make_url("/")).rstrip("/") + path, encoded=True)
        async with self.client.session.request(method, url, **options) as response:
            return Answer(response.status, response.headers, await response.read())

    async def get(self, path: str, **options: Any) -> Answer:
        return await self.ask("GET", path, **options)

    async def post(self, path: str, **options: Any) -> Answer:
        return await self.ask("POST", path, **options)

    async def put(self, path: str, **options: Any) -> Answer:
        return await self.ask("PUT", path, **options)

    async def delete(self, path: str, **options: Any) -> Answer:
        return await self.ask("DELETE", path, **options)

    async def upload(self, name: str = "file.bin", data: bytes = b"some bytes", query: str = "") -> str:
        """PUT a file; its ID."""
        answer = await self.put(f"/api/file/{quote(name, safe='')}{query}", data=data)
        assert answer.status == 201, answer.body
        file_id: str = answer.json["id"]
        return file_id

    async def info(self, file_id: str) -> dict[str, Any]:
        answer = await self.get(f"/api/file/{file_id}/info")
        assert answer.status == 200, answer.body
        info: dict[str, Any] = answer.json
        return info

    async def make_list(self, *file_ids: str, **members: Any) -> str:
        answer = await self.post("/api/list", json={"files": [{"id": file_id} for file_id in file_ids]} | members)
        assert answer.status == 201, answer.body
        list_id: str = answer.json["id"]
        return list_id


async def make_person(site: Site, client: TestClient, name: str, **account: Any) -> Person:
    user = await login.add_user(site, name, **account)
    session = await login.new_session(site, user.id, app_name="tests")
    return Person(name, str(session.key), client)


@dataclass(frozen=True)
class Visitor(Person):
    """Somebody with an address of their own, where tests stand for a trusted proxy."""

    ip: str = ""

    async def ask(self, method: str, path: str, **options: Any) -> Answer:
        options["headers"] = {"X-Forwarded-For": self.ip} | dict(options.get("headers", {}))
        return await super().ask(method, path, **options)
