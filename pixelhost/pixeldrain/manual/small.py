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
    ),
)
