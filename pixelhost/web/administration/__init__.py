"""The pages of administrators: accounts, bans, money, switches, and how the whole is doing. Forms of the server's.

Strangers are led to the login, everybody else is refused. What destroys something asks before.
"""

from pixelhost.web.administration import (
    accounts,
    addresses,
    appeals,
    invoices,
    offers,
    one,
    overview,
    reporters,
    reports,
    switches,
    takedowns,
)
from pixelhost.wire.dialect import Route

ROUTES = (
    Route("GET", "/admin", overview.show),
    Route("GET", "/admin/users", accounts.show),
    Route("GET", "/admin/users/{user}", one.show),
    Route("POST", "/admin/users/{user}", one.act),
    Route("GET", "/admin/users/{user}/files", accounts.files),
    Route("GET", "/admin/ip_bans", addresses.show),
    Route("POST", "/admin/ip_bans", addresses.act),
    Route("GET", "/admin/reports", reports.show),
    Route("GET", "/admin/reports/{file}", reports.show_one),
    Route("POST", "/admin/reports/{file}", reports.decide),
    Route("GET", "/admin/reports/{file}/thumbnail", reports.thumbnail),
    Route("GET", "/admin/appeals", appeals.show),
    Route("POST", "/admin/appeals", appeals.decide),
    Route("GET", "/admin/takedowns", takedowns.show),
    Route("POST", "/admin/takedowns", takedowns.block),
    Route("GET", "/admin/takedowns/{takedown}", takedowns.show_one),
    Route("POST", "/admin/takedowns/{takedown}", takedowns.lift),
    Route("GET", "/admin/reporters", reporters.show),
    Route("POST", "/admin/reporters", reporters.act),
    Route("GET", "/admin/plans", offers.show),
    Route("GET", "/admin/invoices", invoices.show),
    Route("GET", "/admin/globals", switches.show),
    Route("POST", "/admin/globals", switches.act),
)
