"""The pages of pushes: making one, passing it on, seeing what is secret, and what its owner is told and may change.

Whatever a token leads to that can't be seen has one answer: the same page for what has expired, what was deleted and
what was never there.
"""

from pixelhost.web.account.frame import returning
from pixelhost.web.pushes import editing, making, moved, opening, owning, sharing, viewing
from pixelhost.web.pushes.frame import discreet, limited
from pixelhost.wire.dialect import Handler, Route

WELL_FORMED = "{token:[a-z0-9_-]{8,40}}"
"""As the API has it, whose address of a push is the same as that of its page."""

ANY = r"{token:[^/]+(?<!\.json)}"
LOCALE = "{locale:[a-z]{2}(?:-[A-Za-z]{2,4})?}"

_OF_A_PUSH: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/r", opening.ask),
    ("GET", "/passphrase", opening.ask_passphrase),
    ("POST", "/access", opening.open_it),
    ("GET", "/expire", viewing.ask_expiry),
    ("POST", "/expire", viewing.expire),
    ("DELETE", "/expire", viewing.expire),
    ("GET", "/preview", sharing.preview),
    ("GET", "/print_preview", sharing.print_preview),
    ("GET", "/audit", owning.audit),
    ("GET", "/edit", editing.edit),
    ("POST", "/edit", returning(editing.save)),
)

ROUTES = (
    Route("GET", "/p", moved.to_new("")),
    Route("GET", "/p/new", making.show),
    Route("POST", "/p", limited(making.make)),
    Route("GET", "/f/new", moved.to_new("file")),
    Route("GET", "/r/new", moved.to_new("url")),
    Route("GET", "/p/active", owning.active),
    Route("GET", "/p/expired", owning.expired),
    *(Route(method, f"/p/{ANY}{path}", discreet(handler)) for method, path, handler in _OF_A_PUSH),
    Route("GET", f"/p/{WELL_FORMED}", discreet(viewing.show)),
    Route("GET", f"/p/{ANY}", discreet(viewing.show)),
    *(
        Route("GET", f"/{letter}/{ANY}{path}", moved.to_letter_p)
        for letter in "fr"
        for path in ("", "/{page:r|passphrase}")
    ),
    *(Route("GET", f"/{LOCALE}/p/{ANY}{path}", moved.to_locale) for path in ("", "/{page:r}")),
    Route("GET", "/users/token", moved.to("/user/api_keys")),
    Route("GET", "/api_tokens", moved.to("/user/api_keys")),
    Route("GET", "/api", moved.to("/docs/api")),
    Route("GET", "/help/api", moved.to("/docs/api")),
)
