"""Small helpers."""

from pixelhost import errors
from pixelhost.pixeldrain import misc
from pixelhost.wire.manual import Chapter, Operation

CHAPTER = Chapter(
    "misc",
    "Small helpers",
    (
        Operation(
            "GET /misc/qr",
            "A QR code",
            who="anyone",
            query=(misc.Text,),
            explained={"text": "What it says, like a link."},
            media_type="image/svg+xml",
            returns="SVG.",
            refuses=(errors.STRING_OUT_OF_RANGE,),
            curl='curl -o code.svg "{here}/api/misc/qr?text={here}/"',
        ),
        Operation(
            "GET /misc/recaptcha",
            "The key of the captcha",
            "What a page needs to show the captcha of reCAPTCHA, hCaptcha or Turnstile, where this server uses one.",
            who="anyone",
            returns="`site_key`, which is empty for ALTCHA and without a captcha.",
            curl="curl {here}/api/misc/recaptcha",
        ),
        Operation(
            "GET /misc/altcha",
            "A challenge of ALTCHA",
            "Some work, which lifts what says `captcha_required` as any captcha does. Look for the `number`, from 0 "
            "to `maxnumber`, that makes `challenge` the SHA-256 of `salt` and the number in decimal. Then send base64 "
            'of the JSON `{"algorithm", "challenge", "number", "salt", "signature"}` as `recaptcha_response`. Each is '
            "good once, within twenty minutes; a later part of the same file may come with the same for an hour.",
            who="anyone",
            returns="The challenge, as ALTCHA's own widget takes it.",
            refuses=(errors.INVALID_ENDPOINT,),
            curl="curl {here}/api/misc/altcha",
        ),
    ),
)
