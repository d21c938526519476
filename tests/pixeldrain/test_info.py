"""GET /file/{id}/info, of one file and of several."""

import hashlib
import json
import re

import pytest

from tests.support.people import Person

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


async def test_the_info_of_a_file_has_every_documented_field(alice: Person, anyone: Person):
    file_id = await alice.upload("screenshot.png", b"\x89PNG\r\n\x1a\n" + b"x" * 100)
    info = await anyone.info(file_id)
    assert TIME.fullmatch(info.pop("date_upload"))
    assert TIME.fullmatch(info.pop("date_last_view"))
    assert info == {
        "success": True,
        "id": file_id,
        "name": "screenshot.png",
        "size": 108,
        "views": 0,
        "bandwidth_used": 0,
        "bandwidth_used_paid": 0,
        "downloads": 0,
        "mime_type": "image/png",
        "thumbnail_href": f"/file/{file_id}/thumbnail",
        "hash_sha256": hashlib.sha256(b"\x89PNG\r\n\x1a\n" + b"x" * 100).hexdigest(),
        "delete_after_date": "0001-01-01T00:00:00Z",
        "delete_after_downloads": 0,
        "availability": "",
        "availability_message": "",
        "abuse_type": "",
        "abuse_reporter_name": "",
        "can_edit": False,
        "can_download": True,
        "show_ads": False,
        "allow_video_player": True,
        "download_speed_limit": 0,
        "embed_domains": [],
        "skip_file_viewer": False,
    }


async def test_only_the_owner_can_edit(alice: Person, bob: Person, anyone: Person):
    file_id = await alice.upload()
    assert (await alice.info(file_id))["can_edit"] is True
    assert (await bob.info(file_id))["can_edit"] is False
    assert (await anyone.info(file_id))["can_edit"] is False


async def test_ads_are_those_of_the_plan(limited):
    place = await limited(show_ads=True)
    file_id = await (await place.person("carol")).upload()
    assert (await place.visitor(1).info(file_id))["show_ads"] is True


async def test_the_info_of_several_files_is_an_array_in_the_order_asked(alice: Person):
    ids = [await alice.upload(name) for name in "abc"]
    ids.reverse()
    for comma in (",", "%2C"):
        answer = await alice.get(f"/api/file/{comma.join(ids)}/info")
        assert [info["id"] for info in answer.json] == ids
        assert answer.json[0] == await alice.info(ids[0])


async def test_missing_files_are_left_out_unless_none_is_there(alice: Person):
    there = await alice.upload()
    answer = await alice.get(f"/api/file/AAAAAAAA,{there},nonsense/info")
    assert [info["id"] for info in answer.json] == [there]
    assert [info["id"] for info in (await alice.get(f"/api/file/{there},/info")).json] == [there]
    for ids in ("AAAAAAAA,BBBBBBBB", "x,y", ",", "%2C"):
        assert (await alice.get(f"/api/file/{ids}/info")).refusal == (404, "not_found")


async def test_at_most_100_files_are_told_about_at_once(alice: Person):
    there = await alice.upload()
    hundred = ",".join([there] + ["AAAAAAAA"] * 99)
    assert (await alice.get(f"/api/file/{hundred}/info")).status == 200
    refused = await alice.get(f"/api/file/{hundred},AAAAAAAA/info")
    assert refused.refusal == (422, "string_out_of_range")
    assert refused.json["extra"]["max_len"] == 100


@pytest.mark.parametrize("name", ["grüße 🎉", "<script>&", 'a"b\\'])
async def test_a_name_comes_as_json(alice: Person, name: str):
    answer = await alice.get(f"/api/file/{await alice.upload(name)}/info")
    assert json.loads(answer.body.decode("utf-8"))["name"] == name
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
