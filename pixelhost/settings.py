"""Typed settings from the environment: PIXELHOST_<NAME>, or PIXELHOST_<NAME>_FILE for the path of a file that holds it.

`load` reports every mistake at once, each naming its setting. The unit stands in a setting's name, its help beside it.
"""

import dataclasses
import difflib
import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import idna

from pixelhost.plans import BUILT_IN, Plan, PlansError, read_plans

PREFIX = "PIXELHOST_"
CAPTCHA_PROVIDERS = ("recaptcha", "hcaptcha", "turnstile")
INTERNAL_VARIABLES = frozenset({"PIXELHOST_READY_FD", "PIXELHOST_WORKER_DATABASE_URL"})

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class SettingsError(Exception):
    """One or more settings are wrong. `problems` names each; nothing was started."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _setting(
    parse: Callable[[str], Any],
    default: Any,
    help: str,  # noqa: A002
    *,
    secret: bool = False,
    default_is: str = "",
) -> Any:
    """`default_is` says what the default depends on, where it isn't always the same."""
    made = default if callable(default) else lambda: default
    known = {"parse": parse, "help": help, "secret": secret, "default_is": default_is}
    return dataclasses.field(default_factory=made, metadata=known)


def _text(value: str) -> str:
    return value


def _path(value: str) -> Path:
    return Path(value).expanduser()


def _whole(lowest: int, highest: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        try:
            number = int(value)
        except ValueError:
            raise ValueError(f"'{value}' is not a whole number") from None
        if not lowest <= number <= highest:
            raise ValueError(f"{number} is not between {lowest} and {highest}")
        return number

    return parse


def _one_of(*allowed: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"'{value}' is not one of {', '.join(repr(choice) for choice in allowed)}")
        return value

    return parse


def _some_of(*allowed: str) -> Callable[[str], tuple[str, ...]]:
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


def _other_listen_address(value: str) -> tuple[str, int] | None:
    return listen_address(value)


def _http_url(value: str) -> str:
    parts = _split(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"'{value}' is not a URL like https://files.example.com")
    return value.rstrip("/")


def _database_url(value: str) -> str:
    if _split(value).scheme not in {"postgresql", "postgres"}:
        raise ValueError("it is not a URL like postgresql://user:password@host/database")
    return value


def _smtp_url(value: str) -> str:
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


def _mail_from(value: str) -> str:
    mailbox(value)
    return value


def _address(value: str) -> str:
    """Of mail, without a name."""
    if mailbox(value)[1] != value:
        raise ValueError(f"{value!r} is not an address like abuse@example.com")
    return value


def _blob_store(value: str) -> str:
    parts = _split(value)
    if parts.scheme == "file" and parts.path.startswith("/") and not parts.netloc:
        return value
    if parts.scheme == "s3":
        raise ValueError("this version keeps blobs in local directories only, not in S3")
    raise ValueError(f"'{value}' is not file:///absolute/path")


def _clamd_url(value: str) -> str:
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


def _networks(value: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part, strict=False) for part in value.replace(",", " ").split())
    except ValueError as error:
        raise ValueError(f"{error}; give networks like 10.0.0.0/8, separated by commas") from None


def _secret_key(value: str) -> str:
    if len(value) < 32:
        raise ValueError("it is shorter than 32 characters; make one with: openssl rand -hex 32")
    return value


def _secret_keys(value: str) -> tuple[str, ...]:
    return tuple(_secret_key(part.strip()) for part in value.split(",") if part.strip())


def _user_data_dir() -> Path:
    root = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(root).expanduser() / "pixelhost"


@dataclass(frozen=True)
class Settings:
    data_dir: Path = _setting(
        _path,
        _user_data_dir,
        "embedded Postgres, blobs, secrets, mail",
        default_is="~/.local/share/pixelhost; ./data under make run",
    )
    listen: tuple[str, int] = _setting(listen_address, ("127.0.0.1", 8080), "address to serve on, HOST:PORT")
    base_url: str = _setting(
        _http_url,
        "",
        "used in links and mail; empty = the request's own address, and no custom domains, as nobody knows then which "
        "names are the site's own",
    )
    database_url: str = _setting(_database_url, "", "any Postgres from 15; empty = embedded Postgres", secret=True)
    blob_store: str = _setting(_blob_store, "", "file:///path of a directory; empty = under the data directory")
    workers: int = _setting(
        _whole(1, 256), lambda: os.cpu_count() or 1, "processes on the one port", default_is="number of cores"
    )
    secret_key: str = _setting(
        _secret_key, "", "wraps API keys and secrets; empty = made once in the data directory", secret=True
    )
    secret_key_previous: tuple[str, ...] = _setting(
        _secret_keys,
        (),
        "what the secret key was before, with commas between them: opens what it wrapped, until rotate-key has run",
        secret=True,
    )
    smtp_url: str = _setting(
        _smtp_url,
        "",
        "smtp://user:password@host:port, a password only over TLS (starttls=0: without), or smtps://...; "
        "empty = mail is written to DATA_DIR/mail as .eml files",
        secret=True,
    )
    mail_from: str = _setting(_mail_from, "pixelhost@localhost", "sender of mail, an address or Name <address>")
    abuse_contact: str = _setting(
        _address, "", "e-mail address that pages of shared folders and what is in them name for reports; empty = none"
    )
    plans_file: Path | None = _setting(_path, None, "TOML, one table a plan; empty = the built-in plans")
    default_plan: str = _setting(_text, "unlimited", "plan of a new account")
    registration: str = _setting(
        _one_of("open", "closed"), "closed", "whether strangers may make accounts; admins always may"
    )
    mollie_key: str = _setting(_text, "", "API key of Mollie; empty = no payments by it", secret=True)
    mollie_url: str = _setting(_http_url, "https://api.mollie.com/v2", "where Mollie's API is")
    test_payments: str = _setting(
        _one_of("on", "off"), "off", "on: whoever likes gives themselves credit on a page that pretends to be a bank"
    )
    affiliate_percent: int = _setting(
        _whole(0, 100), 10, "share of what an account pays that is credited to the affiliate it names; 0 = nothing"
    )
    tls_listen: tuple[str, int] | None = _setting(
        _other_listen_address,
        None,
        "second address, HOST:PORT, that custom domains are served on with TLS; empty = off",
    )
    tls_cert: Path | None = _setting(
        _path, None, "certificate (PEM, a file) for names that are nobody's custom domain; empty = they are refused"
    )
    tls_key: Path | None = _setting(_path, None, "and its private key (PEM, a file)")
    trusted_proxies: tuple[Network, ...] = _setting(_networks, (), "networks whose X-Forwarded-For is believed")
    content_origin: str = _setting(_http_url, "", "separate origin for raw bytes; empty = the same origin")
    accel: str = _setting(_one_of("", "nginx"), "", "nginx: answer downloads with X-Accel-Redirect")
    login_attempts_per_minute: int = _setting(_whole(1, 1_000_000), 10, "logins tried per IP address")
    downloads_at_once: int = _setting(
        _whole(0, 1_000_000),
        0,
        "downloads that all workers together serve before those whom no plan pays for need a captcha; 0 = no limit",
    )
    captcha: str = _setting(
        _one_of("off", "altcha", *CAPTCHA_PROVIDERS),
        "altcha",
        "what lifts the limits of downloads that ask for one; altcha: work for the browser, no third party",
    )
    captcha_site_key: str = _setting(_text, "", "key of this site at reCAPTCHA, hCaptcha or Turnstile")
    captcha_secret: str = _setting(_text, "", "and its secret", secret=True)
    captcha_url: str = _setting(_http_url, "", "where to verify responses; empty = at the provider's own server")
    clamd: str = _setting(
        _clamd_url, "", "ClamAV's daemon, which scans uploads: tcp://host:port or unix:///path; empty = no scans"
    )
    rescan_days: int = _setting(
        _whole(0, 36500), 30, "after so many days uploads are scanned again; 0 = whenever there are new signatures"
    )
    anonymous_pushes: str = _setting(
        _one_of("on", "off"), "on", "off: pushes can be made and read with an account only"
    )
    anonymous_push_bytes_per_hour: int = _setting(
        _whole(0, 1 << 50), 64 << 20, "of large pushes without an account, by IP address; 0 = no limit"
    )
    push_kinds: tuple[str, ...] = _setting(
        _some_of("text", "file", "url", "qr"), ("text", "file", "url", "qr"), "kinds of pushes that can be made"
    )
    push_purge_days: int = _setting(
        _whole(0, 36500),
        0,
        "so long after a push expired, what is left of it is deleted; 0 = never, but for anonymous ones",
    )
    push_requests_per_minute: int = _setting(
        _whole(0, 1_000_000), 120, "requests to Password Pusher's API per IP address; 0 = no limit"
    )
    push_requests_per_second: int = _setting(_whole(0, 1_000_000), 60, "the same, within a second")
    webhook_networks: tuple[Network, ...] = _setting(
        _networks, (), "networks that webhooks may reach although they aren't public, like 10.0.0.0/8"
    )
    transfer_requests_per_minute: int = _setting(
        _whole(0, 1_000_000), 300, "requests to Privasfer's API per IP address; 0 = no limit"
    )
    drain_seconds: int = _setting(_whole(0, 3600), 30, "how long a stop waits for running requests")
    upload_stall_seconds: int = _setting(_whole(1, 3600), 60, "an upload that sends nothing for so long is given up")
    sweep_grace_seconds: int = _setting(_whole(0, 31_536_000), 3600, "how long unreferenced bytes are kept")
    media_cache_bytes: int = _setting(_whole(0, 1 << 50), 1 << 30, "disk space for cached thumbnails and listings")
    log_level: str = _setting(_one_of("debug", "info", "warning", "error"), "info", "least severity that is logged")
    access_log: str = _setting(_one_of("on", "off"), "off", "log every request")

    plans: Mapping[str, Plan] = dataclasses.field(default_factory=lambda: BUILT_IN)

    @property
    def blobs_dir(self) -> Path:
        """The directory of the disk store."""
        return Path(urlsplit(self.blob_store).path) if self.blob_store else self.data_dir / "blobs"


FIELDS = {PREFIX + field.name.upper(): field for field in dataclasses.fields(Settings) if field.metadata}


def load(environ: Mapping[str, str], **overrides: Any) -> Settings:
    """Settings from `environ`; `overrides` (already typed, None = not given) win. Raises SettingsError."""
    problems = _unknown(environ)
    values: dict[str, Any] = {}
    for variable, field in FIELDS.items():
        try:
            text = _value(environ, variable)
            if text:
                values[field.name] = field.metadata["parse"](text)
        except ValueError as error:
            problems.append(f"{variable}: {error}")
    values |= {name: value for name, value in overrides.items() if value is not None}
    try:
        values["plans"] = known = read_plans(values["plans_file"]) if "plans_file" in values else BUILT_IN
        default = values.get("default_plan", "unlimited")
        if default not in known:
            problems.append(f"PIXELHOST_DEFAULT_PLAN: there is no plan '{default}', only {', '.join(known)}")
    except PlansError as error:
        problems.append(f"PIXELHOST_PLANS_FILE: {error}")
    if values.get("captcha") in CAPTCHA_PROVIDERS and not (
        values.get("captcha_site_key") and values.get("captcha_secret")
    ):
        problems.append(
            f"PIXELHOST_CAPTCHA: '{values['captcha']}' needs PIXELHOST_CAPTCHA_SITE_KEY and PIXELHOST_CAPTCHA_SECRET"
        )
    if ("tls_cert" in values) != ("tls_key" in values):
        problems.append("PIXELHOST_TLS_CERT and PIXELHOST_TLS_KEY come together")
    if "tls_listen" in values and "base_url" not in values:
        problems.append("PIXELHOST_TLS_LISTEN: custom domains need PIXELHOST_BASE_URL, so that none is the site's own")
    if problems:
        raise SettingsError(problems)
    return Settings(**values)


def shown(settings: Settings) -> dict[str, str]:
    """The effective settings as text, secrets hidden."""
    return {variable: _shown(getattr(settings, field.name), field) for variable, field in FIELDS.items()}


def defaults() -> dict[str, str]:
    """What holds where nothing is set, as text; empty where that means nothing, too."""
    unset = Settings()
    return {
        variable: field.metadata["default_is"] or _shown(getattr(unset, field.name), field)
        for variable, field in FIELDS.items()
    }


def _shown(value: Any, field: "dataclasses.Field[Any]") -> str:
    if field.metadata["secret"]:
        return "(set, hidden)" if value else ""
    if field.name in {"listen", "tls_listen"} and value is not None:
        host, port = value
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if isinstance(value, tuple):
        return ",".join(str(part) for part in value)
    return "" if value is None else str(value)


def _value(environ: Mapping[str, str], variable: str) -> str | None:
    path = environ.get(variable + "_FILE") if variable + "_FILE" not in FIELDS else None
    if path is None:
        return environ.get(variable)
    if variable in environ:
        raise ValueError(f"{variable}_FILE is set too; set only one of the two")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ValueError(f"{variable}_FILE names {path}: {error.strerror}") from None


def _unknown(environ: Mapping[str, str]) -> list[str]:
    known = set(FIELDS) | {variable + "_FILE" for variable in FIELDS} | INTERNAL_VARIABLES
    problems = []
    for variable in sorted(environ):
        if variable.startswith(PREFIX) and variable not in known:
            names = {name.removeprefix(PREFIX): name for name in FIELDS}
            near = difflib.get_close_matches(variable.removeprefix(PREFIX), names, n=1)
            hint = f"; did you mean {names[near[0]]}?" if near else ""
            problems.append(f"{variable}: there is no such setting{hint}")
    return problems
