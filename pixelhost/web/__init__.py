"""The web pages: their map. Server-rendered; whatever needs JavaScript is an extra."""

from pixelhost.web import assets, checkout, choices, files, home, lists, nodes, refusals
from pixelhost.wire.dialect import Dialect, Route

ROUTES = (
    Route("GET", "/", home.show),
    Route("GET", "/u/{id}", files.show),
    Route("GET", "/l/{id}", lists.show),
    Route("GET", r"/d/{path:[\s\S]+}", nodes.show, takes_node_password=True),
    Route("GET", "/checkout/{id}", checkout.show),
    Route("POST", "/checkout/{id}", checkout.decide),
    Route("POST", "/language", choices.set_language),
    Route("GET", "/static/{version}/{path:.+}", assets.show),
    Route("GET", "/favicon.ico", assets.favicon),
    Route("GET", "/robots.txt", assets.robots),
)

DIALECT = Dialect(name="web", render=refusals.render, routes=ROUTES, forgives_cookies=True)
