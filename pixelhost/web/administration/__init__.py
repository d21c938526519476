"""The pages of administrators: accounts, bans, money, switches, and how the whole is doing. Forms of the server's.

Strangers are led to the login, everybody else is refused. What destroys something asks before.
"""

from pixelhost.web.administration import accounts, addresses, invoices, offers, one, overview, switches
from pixelhost.wire.dialect import Route

ROUTES = (
    Route("GET", "/admin", overview.show),
    Route("GET", "/admin/users", accounts.show),
    Route("GET", "/admin/users/{user}", one.show),
    Route("POST", "/admin/users/{user}", one.act),
    Route("GET", "/admin/users/{user}/files", accounts.files),
    Route("GET", "/admin/ip_bans", addresses.show),
    Route("POST", "/admin/ip_bans", addresses.act),
    Route("GET", "/admin/plans", offers.show),
    Route("GET", "/admin/invoices", invoices.show),
    Route("GET", "/admin/globals", switches.show),
    Route("POST", "/admin/globals", switches.act),
)
