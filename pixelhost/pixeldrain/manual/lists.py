"""Lists."""

from pixelhost import errors
from pixelhost.pixeldrain import files, lists
from pixelhost.pixeldrain.manual.shared import GATES, LIST_ID, OK, SAVING, SIZE, Captcha
from pixelhost.wire.manual import Chapter, Operation

FIELDS = {
    "title": "Up to 300 characters.",
    "files": "Objects with the `id` of a file and a `description`, at most 10,000, in this order.",
    "anonymous": "Nobody owns the list then, so nobody can change it.",
}
WRONG = (
    errors.TITLE_TOO_LONG,
    errors.CANNOT_CREATE_EMPTY_LIST,
    errors.LIST_TOO_LONG,
    errors.LIST_FILE_NOT_FOUND,
    errors.STRING_OUT_OF_RANGE,
)

CHAPTER = Chapter(
    "lists",
    "Lists",
    (
        Operation(
            "POST /list",
            "Make a list of files",
            "Of anybody's files.",
            json=(lists.NewList,),
            explained=FIELDS,
            status=201,
            returns="The ID of the list. Its page is `/l/ID`.",
            refuses=WRONG,
            curl="""curl -u :$KEY {here}/api/list -d '{"title": "Holiday", "files": [{"id": "'$ID'"}]}'""",
        ),
        Operation(
            "GET /list/{id}",
            "A list with its files",
            who="anyone",
            explained=LIST_ID,
            returns="The list. Its files are as in `GET /file/{id}/info`, with a `description`.",
            refuses=(errors.NOT_FOUND,),
            curl="curl {here}/api/list/$LIST",
        ),
        Operation(
            "PUT /list/{id}",
            "Change a list",
            "What isn't sent stays.",
            json=(lists.ListChange,),
            explained=LIST_ID | FIELDS,
            returns=OK,
            refuses=(*WRONG, errors.NOT_FOUND, errors.FORBIDDEN),
            curl="""curl -X PUT -u :$KEY {here}/api/list/$LIST -d '{"title": "Summer"}'""",
        ),
        Operation(
            "DELETE /list/{id}",
            "Delete a list",
            "Its files stay.",
            who="owner",
            explained=LIST_ID,
            returns=OK,
            refuses=(errors.NOT_FOUND,),
            curl="curl -X DELETE -u :$KEY {here}/api/list/$LIST",
        ),
        Operation(
            "GET /list/{id}/zip",
            "All files of a list as one zip",
            "With byte ranges, so that a download that broke off can go on.",
            who="anyone",
            query=(Captcha,),
            explained=LIST_ID | SAVING,
            media_type="application/zip",
            returns="The zip.",
            refuses=(*GATES, errors.STRING_OUT_OF_RANGE),
            curl="curl -o holiday.zip {here}/api/list/$LIST/zip",
        ),
        Operation(
            "GET /list/{id}/thumbnail",
            "A small picture of a list",
            who="anyone",
            query=(files.ThumbnailSize,),
            explained=LIST_ID | SIZE,
            media_type="image/png",
            returns="A PNG, of its first file.",
            refuses=(errors.NOT_FOUND, errors.INVALID_THUMBNAIL_SIZE),
            curl="curl -o small.png {here}/api/list/$LIST/thumbnail",
        ),
    ),
    "A list is several files under one link, in an order of yours.",
)
