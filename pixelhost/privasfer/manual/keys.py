"""Downloads by address, PINs and tokens."""

from pixelhost import errors
from pixelhost.privasfer import downloads, keys, tokens
from pixelhost.privasfer.manual.shared import FILE
from pixelhost.wire.manual import BYTES, Chapter, Operation

TEMPORARY = r"""$(curl -u :$KEY -d pin=1a2s3d {here}/api/keys | sed -n 's/.*"key":"\([^"]*\)".*/\1/p')"""
DOWNLOAD = {
    "id": "9a0c8f52-4f0d-4f8f-8d57-7f2b7a0f9d11",
    "files": [FILE],
    "created_at": "2026-05-08 00:18:03",
    "expires_at": "2026-05-08 00:19:03",
}
TOKEN = {
    "id": "1f0c3a7e-0f3e-4a35-9b56-1c5f3b0a8e21",
    "name": "laptop",
    "created_at": "2026-05-08 00:18:03",
    "last_used_at": "2026-05-08 00:18:03",
}

CHAPTER = Chapter(
    "transfer-keys",
    "Transfers: downloads and keys",
    (
        Operation(
            "POST /downloads",
            "Prepare a download",
            "It is good for a minute, and once. A message in your inbox has a download already.",
            json=(downloads.NewDownload,),
            explained={"files": "IDs of files of yours. Required."},
            status=201,
            returns="The download.",
            answer={"data": DOWNLOAD},
            refuses=(errors.TRANSFER_INVALID,),
            curl='curl -u :$KEY -d "files[]=$TRANSFER" {here}/api/downloads',
        ),
        Operation(
            "POST /downloads/{id}/keys",
            "Make a key for a download",
            "It is good for one request, within a minute.",
            json=(downloads.NewKey,),
            explained={
                "id": "The ID of a download.",
                "pinKey": "A temporary key, where your account has a PIN.",
                "passphrase": "Of the message, where it has one.",
            },
            status=201,
            returns="The key: the address is `/api/downloads/{id}/{key}`.",
            answer={"data": {"key": "Zt3mQ0c7XyB5kW9fLr2NvH8sDgJ4aPe6"}},
            refuses=(
                errors.NOT_FOUND,
                errors.TRANSFER_ENDED,
                errors.TRANSFER_INVALID,
                errors.IP_RATE_LIMIT_REACHED,
            ),
            curl=f'curl -u :$KEY -d "pinKey={TEMPORARY}" {{here}}/api/downloads/$DOWNLOAD/keys',
        ),
        Operation(
            "GET /downloads/{id}/{key}",
            "Download",
            "Whoever has the address may, once. A HEAD doesn't count.",
            who="anyone",
            explained={"id": "The ID of a download.", "key": "A key for it."},
            media_type=BYTES,
            returns="The file, or a zip where there are several.",
            refuses=(errors.NOT_FOUND,),
            curl="curl {here}/api/downloads/$DOWNLOAD/$DOWNLOAD_KEY",
        ),
        Operation(
            "GET /pin",
            "Whether you have a PIN",
            returns="Whether there is one.",
            answer={"data": {"has_pin": True}},
            curl="curl -u :$KEY {here}/api/pin",
        ),
        Operation(
            "PUT /pin",
            "Set a PIN",
            "With one, downloads take a temporary key. Temporary keys that there are end.",
            json=(keys.NewPin,),
            explained={
                "pin": "The new PIN. Required.",
                "current_pin": "The one that there is. Required where there is one.",
            },
            returns="That there is one.",
            answer={"data": {"has_pin": True}},
            refuses=(errors.MISSING_FIELD, errors.TRANSFER_INVALID, errors.IP_RATE_LIMIT_REACHED),
            curl="curl -u :$KEY -X PUT -d pin=1a2s3d {here}/api/pin",
        ),
        Operation(
            "POST /keys",
            "Exchange the PIN for a temporary key",
            "It lives for an hour. After ten wrong PINs none is taken for the rest of the hour.",
            json=(keys.Pin,),
            explained={"pin": "Your PIN. Required."},
            status=201,
            returns="The key.",
            answer={"data": {"key": "a9Qf3LkX0sVb7TnR2yHc5MdJ8wGe1ZpU", "expires_at": "2026-05-15 16:42:16"}},
            refuses=(errors.MISSING_FIELD, errors.TRANSFER_INVALID, errors.IP_RATE_LIMIT_REACHED),
            curl="curl -u :$KEY -d pin=1a2s3d {here}/api/keys",
        ),
        Operation(
            "DELETE /keys/{key}",
            "End a temporary key",
            explained={"key": "The key."},
            status=204,
            media_type="",
            returns="Nothing.",
            refuses=(errors.NOT_FOUND,),
            curl=f'curl -u :$KEY -X DELETE "{{here}}/api/keys/{TEMPORARY}"',
        ),
        Operation(
            "GET /tokens",
            "Your tokens",
            "Tokens are keys of your account: they work in every API here, as Bearer or as the password of Basic.",
            returns="The tokens, without what can be used.",
            answer={"data": [TOKEN]},
            curl="curl -u :$KEY {here}/api/tokens",
        ),
        Operation(
            "POST /tokens",
            "Make a token",
            "An account has at most 1,000.",
            json=(tokens.NewToken,),
            explained={"name": "What it is for. Required."},
            status=201,
            returns="The token: the only answer that has it.",
            answer={"data": TOKEN | {"token": "Qm3xT8bLz0KfW5rVnYc2JdHs7gPa9EuX4iSo6ByN1tRvMkCwFqGjZeLhUxDa"}},
            refuses=(errors.MISSING_FIELD, errors.TRANSFER_INVALID),
            curl="curl -u :$KEY -d name=laptop {here}/api/tokens",
        ),
        Operation(
            "DELETE /tokens/{id}",
            "Revoke a token",
            explained={"id": "The ID of a token."},
            status=204,
            media_type="",
            returns="Nothing.",
            refuses=(errors.NOT_FOUND,),
            curl="curl -u :$KEY -X DELETE {here}/api/tokens/$TOKEN",
        ),
    ),
)
