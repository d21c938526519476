"""Certificates that nobody but a test trusts, and their keys."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID


def pem(key: Any, encryption: Any = serialization.NoEncryption()) -> str:  # noqa: B008
    made: bytes = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    return made.decode()


def certificate(
    key: Any,
    domain: str = "files.example.com",
    ends_at: dt.datetime | None = None,
    names: Sequence[str] | None = None,
) -> str:
    """Signed by its own key, and for `domain` unless `names` are given. Without `ends_at` good for nine days of January
    2026.
    """
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, domain)])
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    alternatives = [x509.DNSName(one) for one in ((domain,) if names is None else names)]
    is_signed_alone = isinstance(key, ed25519.Ed25519PrivateKey)
    made = (
        builder.not_valid_before(now)
        .not_valid_after(ends_at or now + dt.timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .sign(key, None if is_signed_alone else hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def pair(domain: str, ends_at: dt.datetime | None = None) -> tuple[str, str]:
    """A certificate for a domain and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    return certificate(key, domain, ends_at), pem(key)
