"""Reports of abuse: visitors say what is wrong with a file, for administrators to look at."""

from typing import Final, Literal

from pixelhost import errors
from pixelhost.core import access, gates, ratelimit
from pixelhost.core.callers import Caller
from pixelhost.db import bans, reports
from pixelhost.site import Site

AbuseType = Literal["terrorism", "gore", "child_abuse", "zoophilia", "revenge_porn", "doxing", "malware"]

DESCRIPTION_MAX: Final = 500
PER_MINUTE: Final = 10
REPORTS_MAX: Final = 1000


async def add(site: Site, caller: Caller, file_id: str, kind: AbuseType, description: str) -> None:
    """Report a file, with or without an account; an address reports a file once.

    Raises NOT_FOUND, FILE_TAKEN_DOWN where that has happened already, STRING_OUT_OF_RANGE for more than 500 characters,
    IP_BANNED, IP_RATE_LIMIT_REACHED, RESOURCE_ALREADY_EXISTS.
    """
    if await bans.is_address_banned(site.db, caller.ip, site.clock.now()):
        raise errors.IP_BANNED()
    file = await access.file(site, file_id)
    if refusal := gates.taken_down(file):
        raise refusal
    if len(description) > DESCRIPTION_MAX:
        raise errors.STRING_OUT_OF_RANGE(field="description", min_len=0, max_len=DESCRIPTION_MAX, len=len(description))
    network = ratelimit.network_of(caller.ip)
    await ratelimit.refuse_above(site, "abuse report", network, PER_MINUTE)
    if await reports.count(site.db, file.id) >= REPORTS_MAX:
        return  # Enough was said to have it looked at.
    reporter_id = caller.user.id if caller.user is not None else None
    if not await reports.insert(site.db, file.id, kind, description, network, reporter_id, site.clock.now()):
        raise errors.RESOURCE_ALREADY_EXISTS(message="This file was reported from your address already. Thank you")
