"""The domain of their own that a directory is served on: the form of its owner."""

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from pixelhost import errors
from pixelhost.core import domains, filesystem
from pixelhost.core.nodechanges import NodeChanges
from pixelhost.core.nodes import Place
from pixelhost.core.paths import Path
from pixelhost.model.unset import UNSET
from pixelhost.web import nodepanels, nodepaths, pages
from pixelhost.web.forms import Problems
from pixelhost.web.languages import mark
from pixelhost.wire.dialect import caller_of, site_of

NAME, CERTIFICATE, KEY = "custom_domain_name", "custom_domain_cert", "custom_domain_key"
NO_DOMAIN: Final = mark("Write the domain, or remove it by the button below")
NO_HALF: Final = mark("A certificate and its key come together")


async def show(request: web.Request, place: Place, sent: Mapping[str, str], problems: Problems) -> web.Response:
    """Raises PERMISSION_DENIED to everybody but the owner, and where the owner's plan has no domains."""
    if not place.rights.owner:
        raise errors.PERMISSION_DENIED(message=mark("Only the owner of a filesystem changes how it is shared"))
    site = site_of(request)
    if not site.plan(place.node.owner_plan_id).custom_domains:
        raise errors.PERMISSION_DENIED(message=mark("The plan of this account has no custom domains"))
    # A key is never sent back, not even to whom it came from.
    shown = {name: value for name, value in sent.items() if name != KEY}
    facts = {"validity": await domains.validity(site, place.node.id), "is_served": bool(site.settings.base_url)}
    return await nodepanels.answer(request, "domain", place, shown, problems, **facts)


async def save(request: web.Request, path: Path, sent: Mapping[str, str], done: str) -> web.Response:
    """Without a certificate and its key, those that are there stay. Raises MISSING_FIELD for one without the other."""
    name = sent.get(NAME, "").strip()
    if not name:
        raise errors.MISSING_FIELD(field=NAME, message=NO_DOMAIN)
    certificate, key = _pem(sent, CERTIFICATE), _pem(sent, KEY)
    if bool(certificate) != bool(key):
        raise errors.MISSING_FIELD(field=KEY if certificate else CERTIFICATE, message=NO_HALF)
    changes = NodeChanges(
        custom_domain_name=name, custom_domain_cert=certificate or UNSET, custom_domain_key=key or UNSET
    )
    await filesystem.update(site_of(request), caller_of(request), path, changes)
    return pages.see_other(nodepaths.page(path, domain=""), done)


async def remove(request: web.Request, path: Path, _sent: Mapping[str, str], done: str) -> web.Response:
    """With its certificate and key."""
    await filesystem.update(site_of(request), caller_of(request), path, NodeChanges(custom_domain_name=""))
    return pages.see_other(nodepaths.page(path, domain=""), done)


def _pem(sent: Mapping[str, str], name: str) -> str:
    """Forms change line ends."""
    text = sent.get(name, "").replace("\r\n", "\n").strip()
    return f"{text}\n" if text else ""
