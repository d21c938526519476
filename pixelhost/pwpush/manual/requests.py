"""Request links: secrets that others send."""

from dataclasses import dataclass

from pixelhost import errors
from pixelhost.core.pushrequests import DAYS, MESSAGE_MAX, NAME_MAX, OPEN_MAX, PUSHES, NewRequest
from pixelhost.wire.manual import Chapter, Operation, ReadByName

TOKEN = {"token": "The token of a request link."}
LINK = {
    "token": "k3v9x0q7m2w8z5b1tc",
    "url": "https://files.example.com/request/k3v9x0q7m2w8z5b1tc",
    "name": "The password of the router",
    "message": "With the user name, please.",
    "push_days": 7,
    "pushes_left": 1,
    "pushes_received": 0,
    "open": True,
    "created_at": "2026-01-31T12:00:00.000Z",
    "expires_at": "2026-02-07T12:00:00.000Z",
}


@dataclass(frozen=True)
class Fields(NewRequest, ReadByName):
    """What is wrong with them is answered by field."""


@dataclass(frozen=True)
class Page(ReadByName):
    page: int = 1


CHAPTER = Chapter(
    "request-links",
    "Request links",
    (
        Operation(
            "GET /v2/request_links",
            "Your request links",
            "Fifty a page.",
            query=(Page,),
            explained={"page": "From 1 to 200."},
            returns="An array of them, the newest first, as in `GET /v2/request_links/{token}`.",
            answer=[LINK],
            refuses=(errors.PUSH_PAGE_INVALID,),
            curl="curl -u :$KEY {here}/api/v2/request_links",
        ),
        Operation(
            "POST /v2/request_links",
            "Ask for a secret",
            f"At most {OPEN_MAX} of an account are open.",
            json=(Fields,),
            explained={
                "name": f"What is asked for: 1 to {NAME_MAX} characters, which whoever sends is shown.",
                "message": f"Up to {MESSAGE_MAX:,} characters for whoever sends.",
                "push_days": f"How many days what is sent is kept: {DAYS[0]} to {DAYS[-1]}.",
                "expire_after_days": f"How many days the link works: {DAYS[0]} to {DAYS[-1]}.",
                "max_pushes": f"How often it can be used: {PUSHES[0]} to {PUSHES[-1]}.",
            },
            status=201,
            returns="The link: pass its `url` on.",
            answer=LINK,
            refuses=(errors.PUSH_INVALID,),
            curl="""curl -u :$KEY {here}/api/v2/request_links -d '{"name": "The password of the router"}'""",
        ),
        Operation(
            "GET /v2/request_links/{token}",
            "A request link",
            explained=TOKEN,
            returns="The link. It is not `open` when it was closed or used up, or its time is over.",
            answer=LINK,
            refuses=(errors.NOT_FOUND,),
            curl="curl -u :$KEY {here}/api/v2/request_links/$REQUEST",
        ),
        Operation(
            "DELETE /v2/request_links/{token}",
            "Close a request link",
            "What was sent stays.",
            explained=TOKEN,
            returns="The link as it is now.",
            answer=LINK | {"open": False},
            refuses=(errors.NOT_FOUND,),
            curl="curl -X DELETE -u :$KEY {here}/api/v2/request_links/$REQUEST",
        ),
    ),
    "By such a link anybody sends you a text or files, without an account, and can't read them again. What comes is a "
    "push of yours, which you are told of by mail. Password Pusher's own requests are something else, and not here.",
)
