"""The filesystem: reading."""

from collections.abc import Sequence

from pixelhost import errors
from pixelhost.errors import ErrorKind
from pixelhost.pixeldrain import files, nodefigures, nodeinsides
from pixelhost.pixeldrain.manual import nodechanges
from pixelhost.pixeldrain.manual.shared import GATES, NODE_PASSWORD, SAVING, SIZE, SPAN, Captcha
from pixelhost.wire.manual import BYTES, JSON, Chapter, Operation

READ = "GET /filesystem/{path}"
PATH = {
    "path": "Begins with a bucket: `me` is your own filesystem, the ID of a share somebody's. Encode what is special."
}
REACHED: Sequence[ErrorKind] = (
    errors.NOT_FOUND,
    errors.PATH_NOT_FOUND,
    errors.AUTHENTICATION_REQUIRED,
    errors.ACCOUNT_BANNED,
    errors.PERMISSION_DENIED,
    errors.IP_RATE_LIMIT_REACHED,
)
SENT = (
    *REACHED,
    *(kind for kind in GATES if kind is not errors.FILE_TAKEN_DOWN),
    errors.NODE_TAKEN_DOWN,
    errors.EMBED_NOT_ALLOWED,
    errors.INVALID_REFERRER,
)
INSIDE = (errors.NODE_IS_A_DIRECTORY, errors.NOT_A_ZIP, errors.INVALID_ZIP_FILE, errors.UNSUPPORTED_ZIP_COMPRESSION)


def sub_api(
    flag: str,
    title: str,
    returns: str,
    curl: str,
    *,
    text: str = "",
    query: Sequence[type] = (),
    explained: dict[str, str] | None = None,
    media_type: str = JSON,
    refuses: Sequence[ErrorKind] = (),
) -> Operation:
    return Operation(
        READ,
        title,
        text,
        variant=flag,
        who="anyone",
        query=query,
        explained=PATH | (explained or {}),
        headers=NODE_PASSWORD,
        media_type=media_type,
        returns=returns,
        refuses=(*REACHED, *refuses),
        curl=curl,
    )


READING = (
    Operation(
        "GET /filesystem",
        "Your filesystem",
        explained={},
        returns="An array of the roots of your filesystems: one.",
        refuses=(errors.PERMISSION_DENIED,),
        curl="curl -u :$KEY {here}/api/filesystem",
    ),
    sub_api(
        "",
        "Read a file or a directory",
        "The file with its own content type; of a directory the same as `?stat`.",
        "curl -u :$KEY {here}/api/filesystem/me/documents/notes.txt",
        text="With byte ranges and conditions.",
        query=(Captcha,),
        explained=SAVING,
        media_type=BYTES,
        refuses=(*SENT, errors.NODE_IS_A_DIRECTORY, errors.NODE_IS_NOT_A_DIRECTORY, errors.OUT_OF_TRANSFER),
    ),
    sub_api(
        "?attach",
        "Save a file",
        "The file, as an attachment.",
        'curl -o saved.txt -u :$KEY "{here}/api/filesystem/me/documents/notes.txt?attach"',
        query=(Captcha,),
        explained=SAVING,
        media_type=BYTES,
        refuses=(*SENT, errors.NODE_IS_A_DIRECTORY, errors.OUT_OF_TRANSFER),
    ),
    sub_api(
        "?stat",
        "What is known about a file or a directory",
        "`path` has every directory on the way; `base_index` is where the one asked for is in it.",
        'curl -u :$KEY "{here}/api/filesystem/me/documents?stat"',
    ),
    sub_api(
        "?thumbnail",
        "A small picture of a file",
        "A PNG.",
        'curl -o small.png -u :$KEY "{here}/api/filesystem/me/documents/photo.jpg?thumbnail&width=128&height=128"',
        query=(files.ThumbnailSize,),
        explained=SIZE,
        media_type="image/png",
        refuses=(errors.NODE_IS_A_DIRECTORY, errors.INVALID_THUMBNAIL_SIZE),
    ),
    sub_api(
        "?bulk_download",
        "A directory as a zip",
        "The zip, with all that you may read.",
        'curl -o documents.zip -u :$KEY "{here}/api/filesystem/me/documents?bulk_download"',
        query=(Captcha,),
        explained=SAVING,
        media_type="application/zip",
        refuses=(*SENT, errors.NODE_IS_NOT_A_DIRECTORY),
    ),
    sub_api(
        "?search",
        "Find files by their names",
        "An array of paths, in their order.",
        'curl -u :$KEY "{here}/api/filesystem/me?search=notes"',
        query=(nodefigures.Search,),
        explained={"search": "2 to 100 characters.", "limit": "How many paths at most."},
        refuses=(errors.SEARCH_NOT_A_DIRECTORY, errors.SEARCH_TERM_TOO_SHORT, errors.SEARCH_TERM_TOO_LONG),
    ),
    sub_api(
        "?zip_info",
        "What is in an archive",
        "A tree, as in `GET /file/{id}/info/zip`.",
        'curl -u :$KEY "{here}/api/filesystem/me/documents/archive.zip?zip_info"',
        query=(Captcha,),
        explained=SAVING,
        refuses=(*SENT, *INSIDE),
    ),
    sub_api(
        "?zip_file",
        "One file of an archive",
        "The bytes; of a directory in the archive a zip of it.",
        'curl -u :$KEY "{here}/api/filesystem/me/documents/archive.zip?zip_file=notes.txt"',
        query=(nodeinsides.Member, Captcha),
        explained=SAVING | {"zip_file": "Its path in the archive."},
        media_type=BYTES,
        refuses=(*SENT, *INSIDE),
    ),
    sub_api(
        "?torrent_info",
        "What is in a torrent",
        "As `GET /file/{id}/info/torrent`.",
        'curl -u :$KEY "{here}/api/filesystem/me/documents/film.torrent?torrent_info"',
        query=(Captcha,),
        explained=SAVING,
        refuses=(
            *SENT,
            errors.NODE_IS_A_DIRECTORY,
            errors.NOT_A_TORRENT,
            errors.TORRENT_TOO_LARGE,
            errors.TORRENT_PARSE_FAILED,
        ),
    ),
    sub_api(
        "?render_markdown",
        "Markdown as HTML",
        "HTML without scripts, in a sandbox.",
        'curl -u :$KEY "{here}/api/filesystem/me/documents/README.md?render_markdown"',
        query=(Captcha,),
        explained=SAVING,
        media_type="text/html",
        refuses=(*SENT, errors.NODE_IS_A_DIRECTORY, errors.NOT_A_MARKDOWN_FILE, errors.FILE_TOO_LARGE),
    ),
    sub_api(
        "?download_stats",
        "How often it was downloaded",
        "Totals; of a directory all that lies below it. Over a websocket, again with every change.",
        'curl -u :$KEY "{here}/api/filesystem/me/documents?download_stats"',
    ),
    sub_api(
        "?timeseries",
        "How it was used over time",
        "For each of three figures the beginnings of the intervals, and what was counted in each.",
        'curl -u :$KEY "{here}/api/filesystem/me/documents?timeseries'
        '&start=2026-01-01T00:00:00Z&end=2026-01-03T00:00:00Z&interval=1440"',
        query=(nodefigures.SeriesSpan,),
        explained=SPAN,
    ),
    sub_api(
        "?change_log",
        "What happened in a directory",
        "The oldest first, paths relative to the directory.",
        'curl -u :$KEY "{here}/api/filesystem/me?change_log&start=2026-01-01T00:00:00Z&end=2026-01-03T00:00:00Z"',
        text="Where `logging_enabled` is set; the root of a filesystem always has a log.",
        query=(nodefigures.LogSpan,),
        explained={"start": "From this moment.", "end": "Before this one, at most 30 days later."},
        refuses=(errors.NODE_IS_NOT_A_DIRECTORY, errors.LOG_TIMESPAN_TOO_LONG),
    ),
)

CHAPTER = Chapter(
    "filesystem",
    "Filesystem",
    (*READING, *nodechanges.OPERATIONS),
    "A tree of directories for every account. Its paths begin with a bucket: `me`, or the ID of a share, as at the end "
    "of a link like `/d/abcd1234`. Every curl line works on what those before it have left, if the first to run is the "
    "one that writes `documents/notes.txt`.",
)
