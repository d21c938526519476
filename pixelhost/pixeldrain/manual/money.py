"""Credit: deposits and what it was spent on."""

from pixelhost import errors
from pixelhost.core.invoices import Wanted
from pixelhost.pixeldrain import billing
from pixelhost.pixeldrain.manual.shared import MONTH, OK
from pixelhost.wire.manual import Chapter, Operation

CHAPTER = Chapter(
    "money",
    "Credit",
    (
        Operation(
            "GET /user/transactions/{month}",
            "What changed your balance",
            explained=MONTH,
            returns="A row for every day of UTC that changed it, the oldest first.",
            refuses=(errors.TIME_PARSE_FAILED,),
            curl="curl -u :$KEY {here}/api/user/transactions/2026-01",
        ),
        Operation(
            "POST /user/invoice",
            "Add credit",
            "An invoice with VAT on top of the amount, and a page where it is paid.",
            form=(Wanted,),
            explained={
                "amount": "At least 10,000,000: ten euro.",
                "network": "How it is paid: one of those in `extra.allowed_values` of the refusal of another.",
                "country": "Where you live: two or three letters, like `DE`.",
                "name": "Yours, where the way of paying needs it.",
            },
            returns="The ID of the invoice, and the address where it is paid.",
            refuses=(
                errors.INTEGER_OUT_OF_RANGE,
                errors.ENUM_PARSE_FAILED,
                errors.STRING_OUT_OF_RANGE,
                errors.MISSING_FIELD,
                errors.IP_RATE_LIMIT_REACHED,
                errors.FORBIDDEN,
            ),
            curl="curl -u :$KEY -d amount=10000000 -d network=test -d country=DE {here}/api/user/invoice",
        ),
        Operation(
            "GET /user/invoice",
            "Your invoices",
            returns="The newest first.",
            curl="curl -u :$KEY {here}/api/user/invoice",
        ),
        Operation(
            "GET /user/pay_invoice/{id}",
            "To the page where an invoice is paid",
            explained={"id": "Of the invoice."},
            status=302,
            media_type="",
            returns="Leads there, or back to this site if there is nothing to pay any more.",
            refuses=(errors.NOT_FOUND,),
            curl="curl -i -u :$KEY {here}/api/user/pay_invoice/$INVOICE",
        ),
        Operation(
            "POST /misc/payment_webhook/{gateway}",
            "What a payment provider calls",
            "The payment is looked up there; whoever calls is not believed anything.",
            who="anyone",
            form=(billing.Notice,),
            explained={"gateway": "The provider's name.", "id": "Of the payment, at the provider."},
            returns=OK,
            refuses=(errors.NOT_FOUND,),
            curl="curl -d id=tr_1234 {here}/api/misc/payment_webhook/test",
        ),
    ),
    "Amounts are whole micro-euro: 1,000,000 are a euro.",
)
