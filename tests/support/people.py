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

    async def fs(self, method: str, path: str, query: str = "", **options: Any) -> Answer:
        """Call the filesystem; `path` in clear, like `/me/a b.txt`."""
        return await self.ask(method, f"/api/filesystem{quote(path)}{query}", **options)

    async def write(self, path: str, data: Any = b"some bytes", query: str = "", **options: Any) -> dict[str, Any]:
        """PUT a file of a filesystem, with the missing directories; its node."""
        query = f"{query or '?'}&make_parents"
        answer = await self.fs("PUT", path, query, data=data, **options)
        assert answer.status == 200, (path, answer.body)
        node: dict[str, Any] = answer.json
        return node

    async def stat(self, path: str, **options: Any) -> dict[str, Any]:
        answer = await self.fs("GET", path, "?stat", **options)
        assert answer.status == 200, (path, answer.body)
        stat: dict[str, Any] = answer.json
        return stat

    async def node(self, path: str) -> dict[str, Any]:
        """The node object of what is at a path."""
        stat = await self.stat(path)
        node: dict[str, Any] = stat["path"][stat["base_index"]]
        return node

    async def names(self, path: str) -> list[str]:
        """Of what is in a directory."""
        return [child["name"] for child in (await self.stat(path))["children"]]

    async def act(self, path: str, action: str, **fields: Any) -> Answer:
        """POST an action; what is no text is sent as JSON."""
        form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
        return await self.fs("POST", path, data={"action": action, **form})

    async def mkdir(self, *paths: str) -> None:
        for path in paths:
            answer = await self.act(path, "mkdirall")
            assert answer.status == 201, (path, answer.body)

    async def update(self, path: str, **fields: Any) -> dict[str, Any]:
        """Change a node; as it is then."""
        answer = await self.act(path, "update", **fields)
        assert answer.status == 200, (path, answer.body)
        node: dict[str, Any] = answer.json
        return node

    async def share(self, path: str, **permissions: Any) -> str:
        """Share a node, with `link`, `user` and `password` permissions; its ID."""
        fields = {f"{name}_permissions": given for name, given in permissions.items()}
        share_id: str = (await self.update(path, shared=True, **fields))["id"]
        return share_id

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
