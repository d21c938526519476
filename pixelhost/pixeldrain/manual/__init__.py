"""The manual of the Pixeldrain API: a chapter a module. Examples of answers are in answers.json, by operation."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import msgspec

from pixelhost.pixeldrain.manual import abuse, account, administration, files, filesystem, lists, money, sessions, small
from pixelhost.wire.manual import Chapter, Manual

ANSWERS: Final[Mapping[str, Any]] = msgspec.json.decode(
    (Path(__file__).parent / "answers.json").read_bytes(), type=dict[str, Any]
)


def _with_answers(chapter: Chapter) -> Chapter:
    told = [replace(one, answer=ANSWERS.get(one.name)) for one in chapter.operations]
    return replace(chapter, operations=tuple(told))


MANUAL: Final = Manual(
    tuple(
        _with_answers(one.CHAPTER)
        for one in (files, lists, filesystem, account, sessions, money, small, administration, abuse)
    ),
    unlisted={
        "POST /file/": "as POST /file",
        "PUT /file": "as PUT /file/{name}, without a name",
        "GET /filesystem/": "as GET /filesystem",
        "GET /admin/{rest}": "what isn't there",
        "POST /admin/{rest}": "what isn't there",
        "PUT /admin/{rest}": "what isn't there",
        "DELETE /admin/{rest}": "what isn't there",
    },
)
