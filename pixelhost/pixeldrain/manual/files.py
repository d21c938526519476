"""Files."""

from pixelhost import errors
from pixelhost.pixeldrain import files, userdata
from pixelhost.pixeldrain.manual.shared import (
    ADMISSION,
    DIGESTS,
    FILE_ID,
    FILE_IDS,
    GATES,
    LIFETIME,
    NAMES,
    OK,
    SAVING,
    SIZE,
    SPAN,
    Captcha,
    Saving,
)
from pixelhost.wire.manual import BYTES, Chapter, Operation

INSIDE = (errors.NOT_A_ZIP, errors.INVALID_ZIP_FILE, errors.UNSUPPORTED_ZIP_COMPRESSION)

CHAPTER = Chapter(
    "files",
    "Files",
    (
        Operation(
            "PUT /file/{name}",
            "Upload a file",
            "The body is the file itself. Whatever can be refused is refused before the body is read: send "
            "`Expect: 100-continue`, as curl does, and nothing travels in vain.",
            query=(files.UploadFields,),
            explained=LIFETIME | {"name": "What the file is called: 1 to 255 characters, no slash.", "grab_file": ""},
            headers=DIGESTS,
            takes_bytes=True,
            status=201,
            returns="The file, as `GET /file/{id}/info` has it.",
            refuses=(*NAMES, *ADMISSION, errors.NO_FILE, errors.INVALID_CONTENT_TYPE, errors.BASE64_PARSE_FAILED),
            curl="curl -T photo.jpg -u :$KEY {here}/api/file/",
        ),
        Operation(
            "POST /file",
            "Upload a file with a form, or copy one",
            "A multipart form with a part `file`, its fields in any order. Instead of a file, `grab_file` copies "
            "somebody's into your account without moving a byte.",
            form=(files.UploadFields,),
            files={"file": "The file."},
            explained={
                "name": "What the file is called; else it is the name of the part.",
                "grab_file": "The ID of a file to copy.",
            }
            | LIFETIME,
            status=201,
            returns="The ID of the new file.",
            refuses=(*NAMES, *ADMISSION, errors.NO_FILE, *GATES, errors.FORBIDDEN),
            curl="curl -F file=@photo.jpg -u :$KEY {here}/api/file",
        ),
        Operation(
            "GET /file/{id}",
            "Download a file",
            "With byte ranges (`Range`), conditions (`If-None-Match`, `If-Range`) and a strong `ETag`. Several IDs "
            "come as one zip, whose length is known before it is sent. A range that the file hasn't got answers 416, "
            "an `If-Match` of other bytes 412.",
            who="anyone",
            query=(Saving,),
            explained=FILE_IDS | SAVING,
            media_type=BYTES,
            returns="The file with its own content type. Several are `application/zip`.",
            refuses=(*GATES, errors.INVALID_REFERRER, errors.FILE_NOT_FOUND, errors.STRING_OUT_OF_RANGE),
            curl="curl -o saved.jpg {here}/api/file/$ID?download",
        ),
        Operation(
            "GET /file/{id}/info",
            "What is known about a file",
            "Several IDs are answered with an array of those that exist.",
            who="anyone",
            explained=FILE_IDS,
            returns="The file. Sizes are bytes. Views and downloads count once for an address.",
            refuses=(errors.NOT_FOUND, errors.STRING_OUT_OF_RANGE),
            curl="curl {here}/api/file/$ID/info",
        ),
        Operation(
            "GET /file/{id}/thumbnail",
            "A small picture of a file",
            "Of images, films, music with a cover, PDF; of everything else a picture of its kind.",
            who="anyone",
            query=(files.ThumbnailSize,),
            explained=FILE_ID | SIZE,
            media_type="image/png",
            returns="A PNG.",
            refuses=(errors.NOT_FOUND, errors.INVALID_THUMBNAIL_SIZE),
            curl='curl -o small.png "{here}/api/file/$ID/thumbnail?width=128&height=128"',
        ),
        Operation(
            "POST /file/{id}",
            "Rename a file, or have it go by itself",
            who="owner",
            form=(files.Change,),
            explained=FILE_ID
            | LIFETIME
            | {"action": "`rename` takes `name`, `update` the others.", "name": "The new name."},
            returns=OK,
            refuses=(*NAMES, errors.NOT_FOUND),
            curl="curl -u :$KEY -d action=rename -d name=evening.jpg {here}/api/file/$ID",
        ),
        Operation(
            "DELETE /file/{id}",
            "Delete a file",
            "Its link leads nowhere at once.",
            who="owner",
            explained=FILE_ID,
            returns=OK,
            refuses=(errors.NOT_FOUND,),
            curl="curl -X DELETE -u :$KEY {here}/api/file/$ID",
        ),
        Operation(
            "GET /file/{id}/timeseries",
            "How a file was used over time",
            "At most 100,000 intervals.",
            who="anyone",
            query=(userdata.Asked,),
            explained=FILE_ID | SPAN,
            returns="For each of four figures the beginnings of the intervals, and what was counted in each.",
            refuses=(errors.NOT_FOUND,),
            curl='curl "{here}/api/file/$ID/timeseries'
            '?start=2026-01-01T00:00:00Z&end=2026-01-03T00:00:00Z&interval=1440"',
        ),
        Operation(
            "GET /file/{id}/info/zip",
            "What is in an archive",
            "Of zip, 7z and tar, the latter also compressed.",
            who="anyone",
            query=(Captcha,),
            explained=FILE_ID | SAVING,
            returns="A tree: directories have `children`. The size of the root is what all of it unpacks to.",
            refuses=(*GATES, *INSIDE),
            curl="curl {here}/api/file/$ARCHIVE/info/zip",
        ),
        Operation(
            "GET /file/{id}/info/zip/{path}",
            "One file of an archive",
            "Of a directory in it, a zip of that.",
            who="anyone",
            query=(Saving,),
            explained=FILE_ID | SAVING | {"path": "Of the file in the archive."},
            media_type=BYTES,
            returns="The bytes.",
            refuses=(*GATES, *INSIDE, errors.PATH_NOT_FOUND),
            curl="curl {here}/api/file/$ARCHIVE/info/zip/notes.txt",
        ),
        Operation(
            "GET /file/{id}/info/torrent",
            "What is in a torrent",
            who="anyone",
            query=(Captcha,),
            explained=FILE_ID | SAVING,
            returns="Its trackers, who made it, and the tree of its files.",
            refuses=(*GATES, errors.NOT_A_TORRENT, errors.TORRENT_TOO_LARGE, errors.TORRENT_PARSE_FAILED),
            curl="curl {here}/api/file/$TORRENT/info/torrent",
        ),
        Operation(
            "POST /file/{id}/report_abuse",
            "Report a file",
            "Once for an address. Whoever runs this server looks at it.",
            who="anyone",
            form=(files.Report,),
            explained=FILE_ID
            | {"type": "What is wrong with it.", "description": "More about it, up to 500 characters."},
            returns=OK,
            refuses=(
                errors.NOT_FOUND,
                errors.FILE_TAKEN_DOWN,
                errors.STRING_OUT_OF_RANGE,
                errors.IP_RATE_LIMIT_REACHED,
                errors.RESOURCE_ALREADY_EXISTS,
                errors.REQUEST_ORIGIN_INVALID,
            ),
            curl="curl -d type=malware -d description=Trojan {here}/api/file/$ID/report_abuse",
        ),
        Operation(
            "GET /file_stats",
            "The figures of a file as they change",
            'A websocket. Say `{"type": "file_stats", "data": {"file_id": ID}}` and you are told views, downloads and '
            'bytes now and with every change; `{"type": "limits"}` answers with the limits of downloads from your '
            "address, and how much of them is used.",
            who="anyone",
            status=101,
            returns="Messages, as JSON.",
            refuses=(errors.WEBSOCKET_ENDPOINT, errors.NOT_FOUND, errors.JSON_BODY_PARSE_FAILED, errors.MISSING_FIELD),
            curl="websocat {socket}/api/file_stats",
        ),
    ),
    "A file has an ID, and everybody who knows it may look at the file. Its page is `/u/ID`.",
)
