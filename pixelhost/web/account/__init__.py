"""The pages of accounts: getting in and out, and all that an account shows and lets change. Forms of the server's.

Every form is sent to the address of its own page, so that whoever is logged out meanwhile comes back to it.
"""

from pixelhost.web.account import (
    connect,
    dashboard,
    files,
    keys,
    lists,
    login,
    months,
    registration,
    settings,
    sharing,
    subscription,
    twofactor,
    webhooks,
)
from pixelhost.web.account.frame import returning
from pixelhost.wire.dialect import Route

ROUTES = (
    Route("GET", "/login", login.show),
    Route("POST", "/login", login.enter),
    Route("POST", "/logout", login.leave),
    Route("GET", "/register", registration.show),
    Route("POST", "/register", registration.register),
    Route("GET", "/password_reset", registration.show_reset),
    Route("POST", "/password_reset", registration.ask_for_reset),
    Route("GET", "/password_reset_confirm", registration.show_new_password),
    Route("POST", "/password_reset_confirm", registration.set_password),
    Route("GET", "/user", dashboard.show),
    Route("POST", "/user", returning(dashboard.send_verification)),
    Route("GET", "/user/filemanager", files.show),
    Route("POST", "/user/filemanager", returning(files.act)),
    Route("GET", "/user/lists", lists.show),
    Route("POST", "/user/lists", returning(lists.delete)),
    Route("GET", "/user/activity", months.activity),
    Route("GET", "/user/subscription", subscription.show),
    Route("POST", "/user/subscription", returning(subscription.act)),
    Route("GET", "/user/transactions", months.transactions),
    Route("GET", "/user/sharing", sharing.show),
    Route("POST", "/user/sharing", returning(sharing.act)),
    Route("GET", "/user/api_keys", keys.show),
    Route("POST", "/user/api_keys", returning(keys.act)),
    Route("GET", "/user/webhooks", webhooks.show),
    Route("POST", "/user/webhooks", returning(webhooks.act)),
    Route("GET", "/user/connect_app", connect.show),
    Route("POST", "/user/connect_app", returning(connect.connect)),
    Route("GET", "/user/two_factor", twofactor.show),
    Route("POST", "/user/two_factor", returning(twofactor.act)),
    Route("GET", "/user/settings", settings.show),
    Route("POST", "/user/settings", returning(settings.act)),
)
