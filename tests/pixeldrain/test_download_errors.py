"""Every code of the document's table "File download errors", as a stranger gets it over HTTP."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.pixeldrain.conftest import Place
from tests.pixeldrain.test_gates_counted import downloading

DOCUMENTED: Mapping[str, list[int]] = json.loads(Path(__file__).with_name("errors.json").read_text())["codes"]

TABLE = {
    "file_rate_limited_captcha_required",
    "virus_detected_captcha_required",
    "hotlink_detected",
    "ip_download_limited_captcha_required",
    "server_overload_captcha_required",
    "max_concurrent_downloads",
    "transfer_limit_exceeded",
    "download_limit_exceeded",
    "unavailable_for_legal_reasons",
    "invalid_referrer",
    "embed_not_allowed",
}


@dataclass(frozen=True)
class Cause:
    """What makes a download fail: a plan, a setting, a statement, a header, an account, or another download."""

    limits: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    statement: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    has_account: bool = False
    is_second: bool = False


FOREIGN = {"Referer": "https://other.example/"}
OF_BOTH = {
    "virus_detected_captcha_required": Cause(statement="UPDATE blobs SET virus_name = 'EICAR'"),
    "ip_download_limited_captcha_required": Cause({"downloads_per_ip_per_day": 0}),
    "download_limit_exceeded": Cause({"downloads_per_ip_per_day": 0}, has_account=True),
    "transfer_limit_exceeded": Cause({"transfer_per_ip_per_day": 0}),
    "server_overload_captcha_required": Cause(settings={"downloads_at_once": 1}, is_second=True),
    "max_concurrent_downloads": Cause({"concurrent_downloads_per_ip": 1}, is_second=True),
    "invalid_referrer": Cause(headers={"Referer": "nonsense"}),
}
OF_FILES = OF_BOTH | {
    "file_rate_limited_captcha_required": Cause({"file_rate_limit": True}, statement="UPDATE files SET downloads = 4"),
    "hotlink_detected": Cause(headers=FOREIGN),
    "unavailable_for_legal_reasons": Cause(statement="UPDATE files SET abuse_type = 'gore'"),
}
OF_NODES = OF_BOTH | {
    "embed_not_allowed": Cause(headers=FOREIGN),
    "unavailable_for_legal_reasons": Cause(statement="UPDATE nodes SET abuse_type = 'gore' WHERE blob IS NOT NULL"),
}


async def refusal(limited: Callable[..., Awaitable[Place]], cause: Cause, *, is_node: bool) -> tuple[int, str]:
    place = await limited(settings=dict(cause.settings), filesystem_access=True, **cause.limits)
    carol, dave = await place.person("carol"), await place.person("dave")
    data = bytes(64 << 20 if cause.is_second else 10)
    if is_node:
        await carol.write("/me/a", data)
        path = f"/api/filesystem/{await carol.share('/me/a')}"
    else:
        path = f"/api/file/{await carol.upload('a', data)}"
    if cause.statement:
        await place.site.db.execute(cause.statement)
        place.site.changes.note()
    visitor = place.visitor(1, dave.key if cause.has_account else "")
    if not cause.is_second:
        return (await visitor.get(path, headers=cause.headers)).refusal
    async with downloading(place.port, path, 1) as status:
        assert status == 200
        return (await visitor.get(path)).refusal


@pytest.mark.parametrize("code", OF_FILES)
async def test_a_file_is_refused_with_the_code_of_the_document(limited, code: str):
    assert await refusal(limited, OF_FILES[code], is_node=False) == (DOCUMENTED[code][0], code)


@pytest.mark.parametrize("code", OF_NODES)
async def test_a_file_of_a_filesystem_is_refused_with_the_code_of_the_document(limited, code: str):
    assert await refusal(limited, OF_NODES[code], is_node=True) == (DOCUMENTED[code][0], code)


def test_no_code_of_the_table_is_left_out():
    assert OF_FILES.keys() | OF_NODES.keys() == TABLE
