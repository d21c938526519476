"""Certificates that nobody but a test trusts, and their keys."""

import datetime as dt
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import NameOID


def pem(key: Any, encryption: Any = serialization.NoEncryption()) -> str:  # noqa: B008
    made: bytes = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    return made.decode()


def certificate(key: Any) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "files.example.com")])
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    is_signed_alone = isinstance(key, ed25519.Ed25519PrivateKey)
    made = (
        builder.not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=9))
        .sign(key, None if is_signed_alone else hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()
