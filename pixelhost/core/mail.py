"""Letters: written into the outbox in the transaction that causes them, and what they look like as messages.

A letter is core/letters/NAME.txt with the blocks `subject` and `letter`, and NAME.html with the block `letter`: Jinja2
templates that get the values given to `queue`, and `here`, the name of this site. `delivery` sends what is queued.
"""

import logging
import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import idna
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from pixelhost import errors
from pixelhost.db import outbox, users
from pixelhost.db.connect import Transaction
from pixelhost.db.outbox import Letter
from pixelhost.errors import ApiError
from pixelhost.notations import mailbox
from pixelhost.site import Site

log = logging.getLogger(__name__)

ADDRESS_MAX_BYTES: Final = 254  # of what stands between < and > in SMTP (RFC 5321, 4.5.3.1.3)
LOCAL_MAX_BYTES: Final = 64
LINE_MAX_BYTES: Final = 998  # RFC 5322, 2.1.1

# The characters of RFC 5322, 3.2.3, and those of other scripts (RFC 6532).
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
_LOCAL: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")

_templates: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "letters"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)


async def queue(tx: Transaction, site: Site, to: str, letter: str, **values: Any) -> UUID:
    """Have a letter sent to one address once the transaction commits; its ID. Raises INVALID_EMAIL_ADDRESS."""
    address(to)
    context = {"here": urlsplit(site.settings.base_url).hostname or "pixelhost"} | values
    plain = _templates.get_template(f"{letter}.txt")
    subject = _line("".join(plain.blocks["subject"](plain.new_context(context))))
    html = _templates.get_template(f"{letter}.html").render(context, subject=subject)
    text = plain.render(context).strip() + "\n"
    return await outbox.insert(tx, to, subject=subject, text=text, html=html, now=site.clock.now())


async def queue_to_account(tx: Transaction, site: Site, user_id: UUID, letter: str, **values: Any) -> None:
    """The same to the owner of an account, who is `name` in the letter; nothing where it has no address to write to."""
    account = await users.by_id(tx, user_id)
    if account is None or not account.email:
        return
    try:
        await queue(tx, site, account.email, letter, name=account.name, **values)
    except ApiError as error:
        log.warning("account %s can't be told by mail: %s", account.name, error)


def address(text: str) -> Address:
    """An address as it travels, its domain in ASCII (IDNA 2008 after UTS 46). Raises INVALID_EMAIL_ADDRESS.

    Quoted local parts and domains that are numbers in brackets are refused: nobody's address has them.
    """
    local, at, domain = text.rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or not local.isprintable() or len(local.encode()) > LOCAL_MAX_BYTES:
        raise errors.INVALID_EMAIL_ADDRESS()
    try:
        in_ascii = idna.encode(domain, uts46=True).decode()
    except UnicodeError:
        raise errors.INVALID_EMAIL_ADDRESS() from None
    if len(local.encode()) + 1 + len(in_ascii) > ADDRESS_MAX_BYTES:
        raise errors.INVALID_EMAIL_ADDRESS()
    return Address(username=local, domain=in_ascii)


def sender(site: Site) -> Address:
    """PIXELHOST_MAIL_FROM."""
    name, bare = mailbox(site.settings.mail_from)
    found = address(bare)
    return Address(_line(name), found.username, found.domain)


def message(site: Site, letter: Letter) -> EmailMessage:
    """The letter as a message: the same each time it is made, so that a repetition can be told by its Message-ID."""
    to, by = address(letter.recipient), sender(site)
    is_ascii = (to.username + by.username).isascii()
    made = EmailMessage(SMTP if is_ascii else SMTPUTF8)
    made["From"] = by
    made["To"] = to
    made["Subject"] = _line(letter.subject)
    made["Date"] = format_datetime(letter.created_at)
    made["Message-ID"] = f"<{letter.id}@{by.domain}>"
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: answering machines leave it alone
    made.set_content(letter.text, cte=_encoding(letter.text))
    made.add_alternative(letter.html, subtype="html", cte=_encoding(letter.html))
    return made


def _encoding(text: str) -> str:
    """Of the body: readable where every server lets it pass unchanged."""
    is_plain = text.isascii() and max(map(len, text.splitlines()), default=0) <= LINE_MAX_BYTES
    return "7bit" if is_plain else "quoted-printable"


def _line(text: str) -> str:
    """On one line, without control characters: a header can't be broken out of."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
