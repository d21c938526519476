"""Where pages of nodes are: below /d/, or at the root of a domain that is a node's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from urllib.parse import quote

from pixelhost.core.paths import Path

_bucket: ContextVar[str | None] = ContextVar("bucket", default=None)


@contextmanager
def at_the_root(bucket: str) -> Iterator[None]:
    """While a request to the domain of this share is answered. Empty is that of nothing."""
    token = _bucket.set(bucket)
    try:
        yield
    finally:
        _bucket.reset(token)


def bucket() -> str | None:
    """The share at the root of the domain that is asked; None on the site itself."""
    return _bucket.get()


def prefix() -> str:
    """What the addresses of all pages of nodes begin with."""
    return "/d" if _bucket.get() is None else "/"


def page(path: Path) -> str:
    served = _bucket.get()
    if served is not None and path.bucket == served:
        return "/" + quote("/".join(path.names))
    return f"/d{quote(str(path))}"
