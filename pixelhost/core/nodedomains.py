"""The domain of a node's own: which names may be had, and which certificates go with them."""

import re
from urllib.parse import urlsplit

import idna
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from pixelhost import errors
from pixelhost.db import domains, nodes
from pixelhost.db.connect import Transaction
from pixelhost.db.nodes import Value
from pixelhost.model.nodes import Node
from pixelhost.model.unset import UNSET, Unset
from pixelhost.settings import Settings
from pixelhost.site import Site

DOMAIN = re.compile(r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]*[a-z][a-z0-9-]*")
TAKEN = "Another directory is served on this domain already"
PEM_MAX = 64 << 10
KEY_PURPOSE = b"custom domains"


async def columns(
    site: Site, tx: Transaction, node: Node, name: str | Unset, certificate: str | Unset, key: str | Unset
) -> dict[str, Value]:
    """What is to be set on a node, whose owner is locked. An empty name takes the certificate with it.

    Raises PERMISSION_DENIED, INVALID_DOMAIN_NAME, RESOURCE_ALREADY_EXISTS, INVALID_X509_KEYPAIR.
    """
    if (name, certificate, key) == (UNSET, UNSET, UNSET):
        return {}
    if not site.plan(node.owner_plan_id).custom_domains:
        raise errors.PERMISSION_DENIED(message="The plan of this account has no custom domains")
    if name == "":
        return {"custom_domain_name": None, "custom_domain_cert": None, "custom_domain_key": None}
    found: dict[str, Value] = {}
    if name is not UNSET:
        name = name.lower()
        await _refuse_unavailable(site, tx, node, name)
        found["custom_domain_name"] = name
    if certificate is not UNSET or key is not UNSET:
        found |= _keypair(site, certificate, key)
    kept = await domains.certificate_of(tx, node.id) if certificate is UNSET else certificate
    _refuse_of_others(kept or "", node.custom_domain_name if name is UNSET else name)
    return found


def is_own(settings: Settings, name: str) -> bool:
    """Whether a name, in lower case, is the site's, or below one that is: nobody else is served on it."""
    hosts = [_host(url) for url in (settings.base_url, settings.content_origin) if url]
    return any(name == host or name.endswith(f".{host}") for host in hosts)


def _host(url: str) -> str:
    """In the form that is asked for over HTTP (RFC 5891, 4.4)."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        return host if host.isascii() else idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        return host


async def _refuse_unavailable(site: Site, tx: Transaction, node: Node, name: str) -> None:
    if DOMAIN.fullmatch(name) is None:
        raise errors.INVALID_DOMAIN_NAME()
    if is_own(site.settings, name):
        raise errors.INVALID_DOMAIN_NAME(message="This name belongs to the server itself")
    holder = await nodes.holder_of_domain(tx, name)
    if holder not in {None, node.id}:
        raise errors.RESOURCE_ALREADY_EXISTS(message=TAKEN)


def _keypair(site: Site, certificate: str | Unset, key: str | Unset) -> dict[str, Value]:
    if certificate is UNSET or key is UNSET:
        raise errors.INVALID_X509_KEYPAIR(message="Send the certificate and its key together")
    if certificate == key == "":
        return {"custom_domain_cert": None, "custom_domain_key": None}
    _refuse_mismatched(certificate, key)
    return {"custom_domain_cert": certificate, "custom_domain_key": site.keyring.seal(KEY_PURPOSE, key.encode())}


def _refuse_mismatched(certificate: str, key: str) -> None:
    """A chain of certificates (PEM, the server's own first) and its private key. Raises INVALID_X509_KEYPAIR."""
    if len(certificate) > PEM_MAX or len(key) > PEM_MAX:
        raise errors.INVALID_X509_KEYPAIR(message="A certificate chain or key of this size is not accepted")
    try:
        first = x509.load_pem_x509_certificates(certificate.encode())[0]
        private = serialization.load_pem_private_key(key.encode(), password=None)
        is_pair = first.public_key() == private.public_key()
    except (ValueError, TypeError, IndexError, UnsupportedAlgorithm) as error:
        raise errors.INVALID_X509_KEYPAIR() from error
    if not is_pair:
        raise errors.INVALID_X509_KEYPAIR(message="The key does not belong to the certificate")


def _refuse_of_others(certificate: str, name: str | None) -> None:
    """Raises INVALID_X509_KEYPAIR when there are both, and no browser would take the one for the other."""
    if certificate and name and not _is_for(certificate, name):
        raise errors.INVALID_X509_KEYPAIR(message="The certificate is not for this domain")


def _is_for(certificate: str, name: str) -> bool:
    """By the DNS names in it, not by its subject; `*` stands for the whole of the first label (RFC 9525, 6.3)."""
    try:
        extensions = x509.load_pem_x509_certificates(certificate.encode())[0].extensions
        alternatives = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return False
    wildcard = f"*.{name.partition('.')[2]}"
    return any(one.lower() in {name, wildcard} for one in alternatives.get_values_for_type(x509.DNSName))
