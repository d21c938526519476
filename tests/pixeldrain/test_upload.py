"""PUT and POST /file."""

import hashlib

from tests.support.people import Person


async def test_an_uploaded_file_comes_back_as_it_was(alice: Person, anyone: Person):
    made = await alice.put("/api/file/report.txt", data=b"some text")
    assert made.status == 201
    info = made.json
    assert (info["success"], info["name"], info["size"], info["mime_type"]) == (True, "report.txt", 9, "text/plain")
    assert info["hash_sha256"] == hashlib.sha256(b"some text").hexdigest()
    got = await anyone.get(f"/api/file/{info['id']}")
    assert (got.status, got.body) == (200, b"some text")


async def test_uploading_needs_a_key(anyone: Person):
    assert (await anyone.put("/api/file/a.txt", data=b"x")).refusal == (401, "authentication_required")
