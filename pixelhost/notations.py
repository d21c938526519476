"""How the values of settings are written: each function reads one notation.

Raises ValueError, which says what was expected, and repeats only what can't be secret.
"""

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import idna

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def text(value: str) -> str:
    return value


def path(value: str) -> Path:
    return Path(value).expanduser()


def whole(lowest: int, highest: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        try:
            number = int(value)
        except ValueError:
            raise ValueError(f"'{value}' is not a whole number") from None
        if not lowest <= number <= highest:
            raise ValueError(f"{number} is not between {lowest} and {highest}")
        return number

    return parse


def one_of(*allowed: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"'{value}' is not one of {', '.join(repr(choice) for choice in allowed)}")
        return value

    return parse


def some_of(*allowed: str) -> Callable[[str], tuple[str, ...]]:
    def parse(value: str) -> tuple[str, ...]:
        chosen = {part.strip() for part in value.split(",") if part.strip()}
        if unknown := sorted(chosen - set(allowed)):
            raise ValueError(f"'{unknown[0]}' is not one of {', '.join(repr(choice) for choice in allowed)}")
        return tuple(choice for choice in allowed if choice in chosen)

    return parse


def listen_address(value: str) -> tuple[str, int]:
    """`HOST:PORT`, `[IPV6]:PORT` or `:PORT` for every interface. Port 0 takes any free one."""
    host, colon, port = value.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535 or (":" in host and bare == host):
        raise ValueError(f"'{value}' is not HOST:PORT, like 127.0.0.1:8080 or [::1]:8080")
    return bare, int(port)


def http_url(value: str) -> str:
    parts = _split(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"'{value}' is not a URL like https://files.example.com")
    return value.rstrip("/")


def database_url(value: str) -> str:
    if _split(value).scheme not in {"postgresql", "postgres"}:
        raise ValueError("it is not a URL like postgresql://user:password@host/database")
    return value


def smtp_url(value: str) -> str:
    parts = _split(value)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or parts.path.strip("/") or parts.fragment:
        raise ValueError("it is not a URL like smtp://user:password@host:587?starttls=1")
    if parts.query not in ({"", "starttls=0", "starttls=1"} if parts.scheme == "smtp" else {""}):
        raise ValueError("its only parameter is starttls=1 or starttls=0, and smtps:// has none")
    return value


def mailbox(value: str) -> tuple[str, str]:
    """The name and the address of `ADDRESS`, `NAME <ADDRESS>` or `"NAME" <ADDRESS>`."""
    found = re.fullmatch(r'(?:"?([^<>"]*?)"?\s*<)?([^@\s<>"]+@([^@\s<>"]+))(>?)', value.strip())
    try:
        if found is None or not value.isprintable() or bool(found[4]) != ("<" in value):
            raise ValueError("no mailbox")
        idna.encode(found[3], uts46=True)
    except ValueError:
        raise ValueError(f"{value!r} is not an address like files@example.com or Files <files@example.com>") from None
    return found[1] or "", found[2]


def sender(value: str) -> str:
    """A mailbox, as it is."""
    mailbox(value)
    return value


def mail_address(value: str) -> str:
    """Without a name."""
    if mailbox(value)[1] != value:
        raise ValueError(f"{value!r} is not an address like abuse@example.com")
    return value


def blob_store(value: str) -> str:
    parts = _split(value)
    if parts.scheme == "file" and parts.path.startswith("/") and not parts.netloc:
        return value
    if parts.scheme == "s3":
        raise ValueError("this version keeps blobs in local directories only, not in S3")
    raise ValueError(f"'{value}' is not file:///absolute/path")


def clamd_url(value: str) -> str:
    parts = _split(value)
    if parts.scheme == "unix" and parts.path.startswith("/") and not parts.netloc:
        return value
    if parts.scheme == "tcp" and parts.hostname and parts.port and not parts.path.strip("/"):
        return value
    raise ValueError(f"'{value}' is not tcp://host:port or unix:///path")


def _split(value: str) -> SplitResult:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"it is not a URL: {error}") from None
    return parts


def networks(value: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part, strict=False) for part in value.replace(",", " ").split())
    except ValueError as error:
        raise ValueError(f"{error}; give networks like 10.0.0.0/8, separated by commas") from None


def secret_key(value: str) -> str:
    if len(value) < 32:
        raise ValueError("it is shorter than 32 characters; make one with: openssl rand -hex 32")
    return value


def secret_keys(value: str) -> tuple[str, ...]:
    return tuple(secret_key(part.strip()) for part in value.split(",") if part.strip())
