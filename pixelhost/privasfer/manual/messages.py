"""Messages, sent and received."""

from pixelhost import errors
from pixelhost.core import mailfields
from pixelhost.core.mails import RECIPIENTS_AN_HOUR
from pixelhost.privasfer import inbox, mails
from pixelhost.privasfer.manual.shared import FILE, LISTED, MAIL, RECEIVED
from pixelhost.wire.manual import Chapter, Operation

ID = {"id": "The ID of a message."}
INCLUDES = {"include": "`download`, `download.files`, `author`, with commas between."}

CHAPTER = Chapter(
    "transfers",
    "Transfers: messages",
    (
        Operation(
            "GET /mails",
            "What you have sent",
            query=(mails.ListQuery,),
            explained=LISTED
            | INCLUDES
            | {"sort": "`subject`, `recipient_email`, `created_at`, `sent_at`; a `-` in front is downwards."},
            returns="The messages, the newest first.",
            answer={"data": [MAIL]},
            refuses=(errors.TRANSFER_QUERY_INVALID,),
            curl="curl -u :$KEY {here}/api/mails",
        ),
        Operation(
            "POST /mails",
            "Send a message",
            "Each recipient has a message of their own. Who has an account with that address, verified and not banned, "
            "finds it in the inbox; anybody else gets a link, which is the `url` of the answer too. So `url` and the "
            "ID of the `download` tell which of both it is; whose account it is is not told: the `name` of a "
            "`recipient` is always empty. The letter says who sent what subject, never the text. "
            f"{RECIPIENTS_AN_HOUR} recipients an hour can be written to.",
            json=(mails.MailFields,),
            explained={
                "recipients": f"Addresses, up to {mailfields.RECIPIENTS_MAX}; at least one is required.",
                "recipient_email": "One address, instead of them or with them.",
                "subject": "What it is about, which the letter says too. Required.",
                "body": "The text. Required where there are no files.",
                "files": f"IDs of files of yours, up to {mailfields.FILES_MAX}.",
                "expires_in_days": "So long it can be read.",
                "max_downloads": "So often the files can be downloaded: all together by an account, each by a link.",
                "passphrase": "What it takes to read it, not only blanks. Tell it in another way.",
            },
            status=201,
            returns="The message with its files, or a list where there are several recipients. `status` is `queued`, "
            "`success` or `failed`, as the letter is.",
            answer={"data": MAIL | {"download": {"id": None, "created_at": "2026-05-08 00:18:03", "files": [FILE]}}},
            refuses=(errors.TRANSFER_INVALID, errors.IP_BANNED, errors.IP_RATE_LIMIT_REACHED),
            curl="curl -u :$KEY -d recipient_email=client@example.org -d subject=Invoice "
            '-d "files[]=$TRANSFER" -d max_downloads=3 {here}/api/mails',
        ),
        Operation(
            "GET /mails/{id}",
            "A message that you have sent",
            query=(mails.ShowQuery,),
            explained=ID | INCLUDES,
            returns="The message. Once it has ended `body` is null.",
            answer={"data": MAIL},
            refuses=(errors.NOT_FOUND, errors.TRANSFER_QUERY_INVALID),
            curl="curl -u :$KEY {here}/api/mails/$MAIL",
        ),
        Operation(
            "PATCH /mails/{id}",
            "Change a message",
            "The secret that `url` leads to is changed with it, and in no other way. When that ends, the message does. "
            "What can't be changed any more is refused, and nothing of the request is done then.",
            json=(mails.MailChange,),
            explained=ID
            | {
                "subject": "Another subject, before anybody has opened it.",
                "body": "Another text, before anybody has opened it. Empty only where there are files.",
                "expires_in_days": "So long it can be read, from now on.",
                "revoked": "True ends it, alone: nobody can read it any more, so that there is nothing else to change.",
            },
            returns="The message.",
            answer={"data": MAIL},
            refuses=(errors.NOT_FOUND, errors.TRANSFER_INVALID),
            curl="curl -u :$KEY -X PATCH -d expires_in_days=7 {here}/api/mails/$MAIL",
        ),
        Operation(
            "DELETE /mails/{id}",
            "Revoke and delete a message",
            explained=ID,
            status=204,
            media_type="",
            returns="Nothing.",
            refuses=(errors.NOT_FOUND,),
            curl="curl -u :$KEY -X DELETE {here}/api/mails/$MAIL",
        ),
        Operation(
            "GET /inbox",
            "What you were sent",
            query=(mails.ListQuery,),
            explained=LISTED
            | INCLUDES
            | {"sort": "`subject`, `created_by_email`, `received_at`; a `-` in front is downwards."},
            returns="The messages, the newest first, each with its text unless it takes a passphrase. This opens "
            "none: its sender is told when it is read by itself, or its files are downloaded.",
            answer={"data": [RECEIVED]},
            refuses=(errors.TRANSFER_QUERY_INVALID,),
            curl="curl -u :$KEY {here}/api/inbox",
        ),
        Operation(
            "GET /inbox/{id}",
            "Read a message",
            "The sender sees that it was opened. In read-only mode it stays unread; one that has ended is only "
            "marked as read.",
            query=(inbox.ReadQuery,),
            explained=ID | INCLUDES | {"passphrase": "Of a message that has one; without, it stays `locked`."},
            returns="The message. Its `download` is what keys can be made for.",
            answer={"data": RECEIVED},
            refuses=(
                errors.NOT_FOUND,
                errors.TRANSFER_QUERY_INVALID,
                errors.TRANSFER_INVALID,
                errors.IP_RATE_LIMIT_REACHED,
                errors.PREFETCHED,
            ),
            curl="curl -u :$KEY {here}/api/inbox/$RECEIVED",
        ),
        Operation(
            "PATCH /inbox/{id}",
            "Mark a message",
            json=(inbox.InboxChange,),
            explained=ID
            | {"opened": "Whether it is marked as read. Required. Its sender still sees when it was first opened."},
            returns="The message.",
            answer={"data": RECEIVED},
            refuses=(errors.NOT_FOUND, errors.TRANSFER_INVALID),
            curl="curl -u :$KEY -X PATCH -d opened=false {here}/api/inbox/$RECEIVED",
        ),
        Operation(
            "DELETE /inbox/{id}",
            "Delete a message from your inbox",
            explained=ID,
            status=204,
            media_type="",
            returns="Nothing.",
            refuses=(errors.NOT_FOUND,),
            curl="curl -u :$KEY -X DELETE {here}/api/inbox/$RECEIVED",
        ),
    ),
)
