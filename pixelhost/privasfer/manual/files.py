"""Files and their categories."""

from pixelhost import errors
from pixelhost.privasfer import categories, files
from pixelhost.privasfer.manual.shared import CATEGORY, FILE, GENERAL, LISTED
from pixelhost.wire.manual import BYTES, Chapter, Operation

ID = {"id": "The ID of a file."}
CATEGORY_ID = {"id": "The ID of a category."}

CHAPTER = Chapter(
    "transferred-files",
    "Transfers: files",
    (
        Operation(
            "GET /files",
            "Your files",
            query=(files.ListQuery,),
            explained=LISTED
            | {
                "include": "`category`.",
                "sort": "`filename_original`, `size`, `encrypted_size`, `created_at`, with commas between; a `-` in "
                "front is downwards.",
                "keyword": "A part of the name, in any case.",
                "trashed": "`with` shows those in the trash too, `only` those alone.",
            },
            returns="The files, those made last first.",
            answer={"data": [FILE]},
            refuses=(errors.TRANSFER_QUERY_INVALID,),
            curl="curl -u :$KEY {here}/api/files",
        ),
        Operation(
            "POST /files",
            "Upload a file",
            "A multipart form with one `file`, or several `files[]`: then all of them are made or none, and the answer "
            "is a list. With a field `category_id` they come into that category.",
            files={"file": "A file.", "files[]": "One of several files."},
            status=201,
            returns="The file.",
            answer={"data": FILE},
            refuses=(
                errors.MISSING_FIELD,
                errors.TRANSFER_INVALID,
                errors.FILE_TOO_LARGE,
                errors.USER_OUT_OF_SPACE,
                errors.IP_BANNED,
                errors.WRITING,
            ),
            curl="curl -u :$KEY -F file=@notes.txt {here}/api/files",
        ),
        Operation(
            "GET /files/{id}",
            "A file",
            "Whoever made it is shown with an e-mail address only where that is confirmed.",
            query=(files.ShowQuery,),
            explained=ID | {"include": "`category`."},
            returns="The file.",
            answer={"data": FILE},
            refuses=(errors.NOT_FOUND, errors.TRANSFER_QUERY_INVALID),
            curl="curl -u :$KEY {here}/api/files/$TRANSFER",
        ),
        Operation(
            "PATCH /files/{id}",
            "Change a file",
            json=(files.FileChange,),
            explained=ID
            | {
                "filename": "Its name; the extension stays.",
                "category_id": "A category, or null for none.",
                "trashed": "Whether it is in the trash: out of sight, and not to be sent.",
            },
            returns="The file with its category.",
            answer={"data": FILE | {"category": CATEGORY}},
            refuses=(errors.NOT_FOUND, errors.MISSING_FIELD, errors.TRANSFER_INVALID),
            curl="curl -u :$KEY -X PATCH -d filename=offer {here}/api/files/$TRANSFER",
        ),
        Operation(
            "DELETE /files/{id}",
            "Delete a file",
            "Its key goes at once, so nobody can read it any more; messages that hold it lose it.",
            explained=ID,
            status=204,
            media_type="",
            returns="Nothing.",
            refuses=(errors.NOT_FOUND,),
            curl="curl -u :$KEY -X DELETE {here}/api/files/$TRANSFER",
        ),
        Operation(
            "GET /files/{id}/download",
            "Download a file",
            "In parts too, with Range.",
            query=(files.DownloadQuery,),
            explained=ID | {"pinKey": "A temporary key, where the account has a PIN."},
            media_type=BYTES,
            returns="The bytes.",
            refuses=(errors.NOT_FOUND, errors.TRANSFER_INVALID),
            curl="curl -u :$KEY {here}/api/files/$TRANSFER/download",
        ),
        Operation(
            "GET /categories",
            "Your categories",
            returns="The categories, by name.",
            answer={"data": [CATEGORY]},
            curl="curl -u :$KEY {here}/api/categories",
        ),
        Operation(
            "POST /categories",
            "Make a category",
            "An account has at most 1,000.",
            json=(categories.CategoryFields,),
            explained={"name": "Its name, which no other of yours has."},
            status=201,
            returns="The category.",
            answer={"data": CATEGORY},
            refuses=(errors.MISSING_FIELD, errors.TRANSFER_INVALID),
            curl="curl -u :$KEY -d name=Offers {here}/api/categories",
        ),
        Operation(
            "GET /categories/{id}",
            "A category",
            explained=CATEGORY_ID,
            returns="The category.",
            answer={"data": CATEGORY},
            refuses=(errors.NOT_FOUND,),
            curl="curl -u :$KEY {here}/api/categories/$CATEGORY",
        ),
        Operation(
            "PATCH /categories/{id}",
            "Rename a category",
            json=(categories.CategoryFields,),
            explained=CATEGORY_ID | {"name": "Its new name."},
            returns="The category.",
            answer={"data": CATEGORY},
            refuses=(errors.NOT_FOUND, errors.MISSING_FIELD, errors.TRANSFER_INVALID),
            curl="curl -u :$KEY -X PATCH -d name=Bills {here}/api/categories/$CATEGORY",
        ),
        Operation(
            "DELETE /categories/{id}",
            "Delete a category",
            "Its files stay.",
            explained=CATEGORY_ID,
            status=204,
            media_type="",
            returns="Nothing.",
            refuses=(errors.NOT_FOUND,),
            curl="curl -u :$KEY -X DELETE {here}/api/categories/$CATEGORY",
        ),
    ),
    general=GENERAL,
)
