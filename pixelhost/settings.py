"""Typed settings from the environment: PIXELHOST_<NAME>, or PIXELHOST_<NAME>_FILE for the path of a file that holds it.

`load` reports every mistake at once, each naming its setting. The unit stands in a setting's name, its help beside it.
"""

import dataclasses
import difflib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pixelhost import notations
from pixelhost.notations import Network
from pixelhost.plans import BUILT_IN, Plan, PlansError, read_plans

PREFIX = "PIXELHOST_"
CAPTCHA_PROVIDERS = ("recaptcha", "hcaptcha", "turnstile")
INTERNAL_VARIABLES = frozenset({"PIXELHOST_READY_FD", "PIXELHOST_WORKER_DATABASE_URL"})


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


def _user_data_dir() -> Path:
    root = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(root).expanduser() / "pixelhost"


@dataclass(frozen=True)
class Settings:
    data_dir: Path = _setting(
        notations.path,
        _user_data_dir,
        "embedded Postgres, blobs, secrets, mail",
        default_is="~/.local/share/pixelhost; ./data under make run",
    )
    listen: tuple[str, int] = _setting(notations.listen_address, ("127.0.0.1", 8080), "address to serve on, HOST:PORT")
    base_url: str = _setting(
        notations.http_url,
        "",
        "used in links and mail; empty = the request's own address, and no custom domains, as nobody knows then which "
        "names are the site's own",
    )
    database_url: str = _setting(
        notations.database_url, "", "any Postgres from 15; empty = embedded Postgres", secret=True
    )
    blob_store: str = _setting(
        notations.blob_store, "", "file:///path of a directory; empty = under the data directory"
    )
    workers: int = _setting(
        notations.whole(1, 256), lambda: os.cpu_count() or 1, "processes on the one port", default_is="number of cores"
    )
    secret_key: str = _setting(
        notations.secret_key, "", "wraps API keys and secrets; empty = made once in the data directory", secret=True
    )
    secret_key_previous: tuple[str, ...] = _setting(
        notations.secret_keys,
        (),
        "what the secret key was before, with commas between them: opens what it wrapped, until rotate-key has run",
        secret=True,
    )
    smtp_url: str = _setting(
        notations.smtp_url,
        "",
        "smtp://user:password@host:port, a password only over TLS (starttls=0: without), or smtps://...; "
        "empty = mail is written to DATA_DIR/mail as .eml files",
        secret=True,
    )
    mail_from: str = _setting(notations.sender, "pixelhost@localhost", "sender of mail, an address or Name <address>")
    abuse_contact: str = _setting(
        notations.mail_address,
        "",
        "e-mail address that pages of shared folders and what is in them name for reports; empty = none",
    )
    plans_file: Path | None = _setting(notations.path, None, "TOML, one table a plan; empty = the built-in plans")
    default_plan: str = _setting(notations.text, "unlimited", "plan of a new account")
    registration: str = _setting(
        notations.one_of("open", "closed"), "closed", "whether strangers may make accounts; admins always may"
    )
    mollie_key: str = _setting(notations.text, "", "API key of Mollie; empty = no payments by it", secret=True)
    mollie_url: str = _setting(notations.http_url, "https://api.mollie.com/v2", "where Mollie's API is")
    test_payments: str = _setting(
        notations.one_of("on", "off"),
        "off",
        "on: whoever likes gives themselves credit on a page that pretends to be a bank",
    )
    affiliate_percent: int = _setting(
        notations.whole(0, 100),
        10,
        "share of what an account pays that is credited to the affiliate it names; 0 = nothing",
    )
    tls_listen: tuple[str, int] | None = _setting(
        notations.listen_address,
        None,
        "second address, HOST:PORT, that custom domains are served on with TLS; empty = off",
    )
    tls_cert: Path | None = _setting(
        notations.path,
        None,
        "certificate (PEM, a file) for names that are nobody's custom domain; empty = they are refused",
    )
    tls_key: Path | None = _setting(notations.path, None, "and its private key (PEM, a file)")
    trusted_proxies: tuple[Network, ...] = _setting(
        notations.networks, (), "networks whose X-Forwarded-For is believed"
    )
    content_origin: str = _setting(notations.http_url, "", "separate origin for raw bytes; empty = the same origin")
    accel: str = _setting(notations.one_of("", "nginx"), "", "nginx: answer downloads with X-Accel-Redirect")
    login_attempts_per_minute: int = _setting(notations.whole(1, 1_000_000), 10, "logins tried per IP address")
    downloads_at_once: int = _setting(
        notations.whole(0, 1_000_000),
        0,
        "downloads that all workers together serve before those whom no plan pays for need a captcha; 0 = no limit",
    )
    captcha: str = _setting(
        notations.one_of("off", "altcha", *CAPTCHA_PROVIDERS),
        "altcha",
        "what lifts the limits of downloads that ask for one; altcha: work for the browser, no third party",
    )
    captcha_site_key: str = _setting(notations.text, "", "key of this site at reCAPTCHA, hCaptcha or Turnstile")
    captcha_secret: str = _setting(notations.text, "", "and its secret", secret=True)
    captcha_url: str = _setting(
        notations.http_url, "", "where to verify responses; empty = at the provider's own server"
    )
    clamd: str = _setting(
        notations.clamd_url,
        "",
        "ClamAV's daemon, which scans uploads: tcp://host:port or unix:///path; empty = no scans",
    )
    rescan_days: int = _setting(
        notations.whole(0, 36500),
        30,
        "after so many days uploads are scanned again; 0 = whenever there are new signatures",
    )
    anonymous_pushes: str = _setting(
        notations.one_of("on", "off"), "on", "off: pushes can be made and read with an account only"
    )
    anonymous_push_bytes_per_hour: int = _setting(
        notations.whole(0, 1 << 50), 64 << 20, "of large pushes without an account, by IP address; 0 = no limit"
    )
    push_kinds: tuple[str, ...] = _setting(
        notations.some_of("text", "file", "url", "qr"),
        ("text", "file", "url", "qr"),
        "kinds of pushes that can be made",
    )
    push_purge_days: int = _setting(
        notations.whole(0, 36500),
        0,
        "so long after a push expired, what is left of it is deleted; 0 = never, but for anonymous ones",
    )
    push_requests_per_minute: int = _setting(
        notations.whole(0, 1_000_000), 120, "requests to Password Pusher's API per IP address; 0 = no limit"
    )
    push_requests_per_second: int = _setting(notations.whole(0, 1_000_000), 60, "the same, within a second")
    webhook_networks: tuple[Network, ...] = _setting(
        notations.networks, (), "networks that webhooks may reach although they aren't public, like 10.0.0.0/8"
    )
    transfer_requests_per_minute: int = _setting(
        notations.whole(0, 1_000_000), 300, "requests to Privasfer's API per IP address; 0 = no limit"
    )
    drain_seconds: int = _setting(notations.whole(0, 3600), 30, "how long a stop waits for running requests")
    upload_stall_seconds: int = _setting(
        notations.whole(1, 3600), 60, "an upload that sends nothing for so long is given up"
    )
    sweep_grace_seconds: int = _setting(notations.whole(0, 31_536_000), 3600, "how long unreferenced bytes are kept")
    media_cache_bytes: int = _setting(
        notations.whole(0, 1 << 50), 1 << 30, "disk space for cached thumbnails and listings"
    )
    log_level: str = _setting(
        notations.one_of("debug", "info", "warning", "error"), "info", "least severity that is logged"
    )
    access_log: str = _setting(notations.one_of("on", "off"), "off", "log every request")

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
    problems += _lacking(values)
    if problems:
        raise SettingsError(problems)
    return Settings(**values)


def _lacking(values: Mapping[str, Any]) -> Iterator[str]:
    """What settings that were given need beside them."""
    if values.get("captcha") in CAPTCHA_PROVIDERS and not (
        values.get("captcha_site_key") and values.get("captcha_secret")
    ):
        yield f"PIXELHOST_CAPTCHA: '{values['captcha']}' needs PIXELHOST_CAPTCHA_SITE_KEY and PIXELHOST_CAPTCHA_SECRET"
    if ("tls_cert" in values) != ("tls_key" in values):
        yield "PIXELHOST_TLS_CERT and PIXELHOST_TLS_KEY come together"
    if "tls_listen" in values and "base_url" not in values:
        yield "PIXELHOST_TLS_LISTEN: custom domains need PIXELHOST_BASE_URL, so that none is the site's own"


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
