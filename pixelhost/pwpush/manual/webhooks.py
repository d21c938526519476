"""Webhooks."""

from dataclasses import dataclass

from pixelhost import errors
from pixelhost.core.webhooks import EVENTS, MAX_PER_ACCOUNT, TESTS_A_MINUTE, URL_MAX, NewWebhook
from pixelhost.wire.manual import Chapter, Operation, ReadByName

HOOK = {"id": "The ID of a webhook."}
WEBHOOK = {
    "id": "7f1de1ad-8bd2-4c3e-9d4c-5a0f6a3c2b11",
    "url": "https://hooks.example.com/pixelhost",
    "events": list(EVENTS),
    "created_at": "2026-01-31T12:00:00.000Z",
    "failing_since": None,
    "disabled_at": None,
    "last_message": {"created_at": "2026-01-31T12:00:00.000Z", "arrived_at": None, "error": ""},
}
SECRET = {"secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDC2FVsBQIhrs="}
SHOWN = (
    "The webhook. `failing_since` is null while messages arrive, `disabled_at` unless nothing arrived for 5 days; "
    "`last_message` has the time when it was made and when it arrived, and what went wrong."
)

GENERAL = f"""\
A webhook is an address of yours that is told what happens to your pushes: at most {MAX_PER_ACCOUNT} an
account. A message is a POST of JSON like `{{"type": "push.viewed", "timestamp": "2026-01-31T12:00:00Z",
"data": {{...}}}}` with the `url_token`, `name`, `kind`, `views_remaining`, `expired` and `deleted` of the
push, and the `ip` and `user_agent` of whoever did it. It never holds what is secret. Messages are signed
as the Standard Webhooks specification (standardwebhooks.com) says: `webhook-signature` is `v1,` and the
base64 of the HMAC-SHA256 of `ID.TIMESTAMP.BODY`, with the `webhook-id` and the `webhook-timestamp` of the
headers; the key is what follows `whsec_` in the secret, from base64. Answer with a status from 200 to 299
within 10 seconds. What fails is tried again after 1, 2, 4, ... minutes for 3 days, with the same ID.
After 5 days without success, or after a 410, the webhook is disabled, until a test message is asked for.
Only addresses that the whole Internet reaches can be told, but for those of the setting
`PIXELHOST_WEBHOOK_NETWORKS`."""


@dataclass(frozen=True)
class Fields(NewWebhook, ReadByName):
    """What is wrong with them is answered by field."""


CHAPTER = Chapter(
    "webhooks",
    "Webhooks",
    (
        Operation(
            "GET /v2/webhooks",
            "Your webhooks",
            returns="An array of them, the oldest first, as in `GET /v2/webhooks/{id}`.",
            answer=[WEBHOOK],
            curl="curl -u :$KEY {here}/api/v2/webhooks",
        ),
        Operation(
            "POST /v2/webhooks",
            "Make a webhook",
            json=(Fields,),
            explained={
                "url": f"Where messages are sent, of http or https, up to {URL_MAX:,} characters.",
                "events": "What is told: `push.viewed`, `push.expired`, or both.",
            },
            status=201,
            returns="The webhook with its `secret`, which is told only now.",
            answer=WEBHOOK | SECRET | {"last_message": None},
            refuses=(errors.PUSH_INVALID,),
            curl="""curl -u :$KEY {here}/api/v2/webhooks -d '{"url": "'$RECEIVER'", "events": ["push.viewed"]}'""",
        ),
        Operation(
            "GET /v2/webhooks/{id}",
            "A webhook, and how it fares",
            explained=HOOK,
            returns=SHOWN,
            answer=WEBHOOK,
            refuses=(errors.NOT_FOUND,),
            curl="curl -u :$KEY {here}/api/v2/webhooks/$HOOK",
        ),
        Operation(
            "POST /v2/webhooks/{id}/test",
            "Have a test message sent",
            f"Of the type `webhook.test`, without data. It enables the webhook again. {TESTS_A_MINUTE} times a minute.",
            explained=HOOK,
            status=202,
            returns="The webhook.",
            answer=WEBHOOK,
            refuses=(errors.NOT_FOUND, errors.IP_RATE_LIMIT_REACHED),
            curl="curl -X POST -u :$KEY {here}/api/v2/webhooks/$HOOK/test",
        ),
        Operation(
            "POST /v2/webhooks/{id}/secret",
            "Give a webhook a new secret",
            "It signs whatever is sent from then on.",
            explained=HOOK,
            returns="The webhook with its `secret`, which is told only now.",
            answer=WEBHOOK | SECRET,
            refuses=(errors.NOT_FOUND,),
            curl="curl -X POST -u :$KEY {here}/api/v2/webhooks/$HOOK/secret",
        ),
        Operation(
            "DELETE /v2/webhooks/{id}",
            "Delete a webhook",
            "With the messages that are on their way to it.",
            explained=HOOK,
            returns="The webhook as it was.",
            answer=WEBHOOK,
            refuses=(errors.NOT_FOUND,),
            curl="curl -X DELETE -u :$KEY {here}/api/v2/webhooks/$HOOK",
        ),
    ),
    " ".join(GENERAL.split()),
)
