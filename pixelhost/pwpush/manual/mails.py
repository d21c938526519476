"""Mailing the link of a push."""

from dataclasses import dataclass

from pixelhost import errors
from pixelhost.core.pushmails import CALLS_A_MINUTE, RECIPIENTS_MAX
from pixelhost.pwpush.mails import Recipients
from pixelhost.wire.manual import Operation, ReadByName


@dataclass(frozen=True)
class Fields(Recipients, ReadByName):
    """They may also come as JSON, or in the envelope `push`; what is wrong with them is answered by field."""


EXPLAINED = {
    "notify_emails_to": f"Up to {RECIPIENTS_MAX} addresses with commas between them.",
    "notify_emails_to_locale": "The language of the page that the link leads to, like `de`.",
}
"""Making a push of version 2 takes them too."""

OPERATION = Operation(
    "POST /v2/pushes/{token}/notify_emails",
    "Have the link of a push mailed",
    "Only where this server's mail goes out by SMTP: `GET /v2/version` says `email_auto_dispatch`. "
    f"{CALLS_A_MINUTE} times a minute an account. The log of the push tells what becomes of the letters.",
    form=(Fields,),
    explained={"token": "The token of a push of yours.", **EXPLAINED},
    status=201,
    returns="That it was queued.",
    answer={"message": "The mail is on its way: it was queued."},
    refuses=(errors.NOT_FOUND, errors.PUSH_NOT_YOURS, errors.PUSH_INVALID, errors.IP_RATE_LIMIT_REACHED),
    curl="curl -u :$KEY -d notify_emails_to=maria@example.com {here}/api/v2/pushes/$PUSH/notify_emails",
)
