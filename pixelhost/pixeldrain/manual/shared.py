"""What several chapters of the manual say."""

from dataclasses import dataclass

from pixelhost import errors
from pixelhost.wire.manual import ReadByName
from pixelhost.wire.params import Flag

OK = "That it is done."
MONTH = {"month": "Like `2026-01`, in UTC."}
FILE_ID = {"id": "Eight letters and digits: the ID of a file."}
FILE_IDS = {"id": "The ID of a file. Several, with commas between them, ask for all of them: at most 100."}
LIST_ID = {"id": "The ID of a list."}
SIZE = {
    "width": "In pixels: a multiple of 16 from 16 to 256.",
    "height": "The same.",
}
LIFETIME = {
    "delete_after_date": "When it goes by itself.",
    "delete_after_downloads": "After how many downloads it goes by itself; 0 is never.",
}
NODE_PASSWORD = {
    "X-Node-Password": "Of a shared directory that needs one; it may also be the password of Basic authentication."
}
DIGESTS = {
    "Content-Digest": "`sha-256=:BASE64:` (RFC 9530), or Repr-Digest, or Content-MD5. Nothing is stored on a mismatch.",
}
SPAN = {
    "start": "Where the first interval begins.",
    "end": "Before this moment.",
    "interval": "How long an interval is, in minutes.",
}
GATES = (
    errors.NOT_FOUND,
    errors.FILE_RATE_LIMITED,
    errors.VIRUS_DETECTED,
    errors.HOTLINK_DETECTED,
    errors.IP_DOWNLOAD_LIMITED,
    errors.SERVER_OVERLOAD,
    errors.MAX_CONCURRENT_DOWNLOADS,
    errors.TRANSFER_LIMIT_EXCEEDED,
    errors.DOWNLOAD_LIMIT_EXCEEDED,
    errors.FILE_TAKEN_DOWN,
    errors.RECPATCHA_FAILED,
)
ADMISSION = (
    errors.FILE_TOO_LARGE,
    errors.USER_OUT_OF_SPACE,
    errors.TOO_MANY_FILES,
    errors.IP_BANNED,
    errors.WRITING,
)
NAMES = (errors.MISSING_FIELD, errors.STRING_OUT_OF_RANGE, errors.NAME_CONTAINS_ILLEGAL_CHARACTER)


@dataclass(frozen=True)
class Captcha(ReadByName):
    """For every download."""

    recaptcha_response: str = ""


@dataclass(frozen=True)
class Saving(Captcha):
    download: Flag = Flag(False)


SAVING = {
    "recaptcha_response": "The answer to a captcha, good once, which lifts what says `captcha_required`.",
    "download": "To save it instead of looking at it: sent as an attachment.",
}
