"""The web pages: their map. Server-rendered; whatever needs JavaScript is an extra."""

from pixelhost.web import (
    account,
    administration,
    assets,
    buckets,
    checkout,
    choices,
    docs,
    fileforms,
    files,
    home,
    listforms,
    listitem,
    lists,
    nodes,
    pushes,
    pushrequests,
    refusals,
    sharex,
    transfers,
    uploading,
)
from pixelhost.wire import readonly
from pixelhost.wire.dialect import Dialect, Route

OPEN_WHEN_READ_ONLY = ("/admin", "/login", "/logout", "/language", "/d/")
"""Of what is sent to pages. Those of the filesystem tell what writes from what opens a share."""

ROUTES = (
    Route("GET", "/", home.show),
    Route("GET", "/upload", uploading.show),
    Route("POST", "/upload", uploading.receive),
    Route("POST", "/upload/list", uploading.make_list),
    Route("GET", "/misc/sharex/{name}", sharex.show),
    Route("POST", "/misc/sharex/{name}", sharex.make),
    Route("GET", "/u/{id}", files.show),
    Route("GET", "/u/{id}/rendered", files.rendered),
    Route("GET", "/u/{id}/edit", fileforms.edit),
    Route("POST", "/u/{id}/edit", fileforms.save),
    Route("GET", "/u/{id}/delete", fileforms.ask_deletion),
    Route("POST", "/u/{id}/delete", fileforms.delete),
    Route("POST", "/u/{id}/grab", fileforms.grab),
    Route("GET", "/u/{id}/report", fileforms.ask_report),
    Route("POST", "/u/{id}/report", fileforms.report),
    Route("GET", "/l/{id}", lists.show),
    Route("GET", "/l/{id}/strip", listitem.strip),
    Route("GET", "/l/{id}/edit", listforms.edit),
    Route("POST", "/l/{id}/edit", listforms.save),
    Route("GET", "/l/{id}/delete", listforms.ask_deletion),
    Route("POST", "/l/{id}/delete", listforms.delete),
    Route("GET", "/d", buckets.show),
    Route("GET", r"/d/{path:[\s\S]+}", nodes.show, takes_node_password=True),
    Route("POST", r"/d/{path:[\s\S]+}", nodes.act, takes_node_password=True),
    Route("GET", "/checkout/{id}", checkout.show),
    Route("POST", "/checkout/{id}", checkout.decide),
    *account.ROUTES,
    *docs.ROUTES,
    *administration.ROUTES,
    *pushes.ROUTES,
    *pushrequests.ROUTES,
    *transfers.ROUTES,
    Route("POST", "/language", choices.set_language),
    Route("GET", "/static/{version}/{path:.+}", assets.show),
    Route("GET", "/favicon.ico", assets.favicon),
    Route("GET", "/robots.txt", assets.robots),
)

DIALECT = Dialect(
    name="web",
    render=refusals.render,
    routes=tuple(readonly.guarded(ROUTES, OPEN_WHEN_READ_ONLY)),
    forgives_cookies=True,
)
