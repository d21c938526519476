"""The Pixeldrain API: its map. Everything is relative to /api."""

from dataclasses import replace

from pixelhost.pixeldrain import (
    account,
    admin,
    billing,
    customization,
    envelope,
    filefigures,
    files,
    filesystem,
    lists,
    misc,
    nodeinsides,
    sessions,
    userdata,
)
from pixelhost.pixeldrain.manual import MANUAL
from pixelhost.wire import readonly
from pixelhost.wire.dialect import Dialect, Route

PREFIX = "/api"
OPEN_WHEN_READ_ONLY = ("/api/admin/", "/api/user/login", "/api/user/session")

ROUTES = (
    Route("POST", "/file", files.upload_form),
    Route("POST", "/file/", files.upload_form),
    Route("PUT", "/file", files.upload),
    Route("PUT", r"/file/{name:[\s\S]*}", files.upload),
    Route("GET", "/file/{id}", files.download),
    Route("POST", "/file/{id}", files.change),
    Route("DELETE", "/file/{id}", files.delete),
    Route("GET", "/file/{id}/info", files.info),
    Route("GET", "/file/{id}/info/zip", nodeinsides.file_zip_info),
    Route("GET", r"/file/{id}/info/zip/{path:[\s\S]*}", nodeinsides.file_zip_file),
    Route("GET", "/file/{id}/info/torrent", nodeinsides.file_torrent_info),
    Route("GET", "/file/{id}/thumbnail", files.thumbnail),
    Route("GET", "/file/{id}/timeseries", userdata.file_time_series),
    Route("POST", "/file/{id}/report_abuse", files.report_abuse),
    Route("GET", "/file_stats", filefigures.file_stats),
    Route("POST", "/list", lists.create),
    Route("GET", "/list/{id}", lists.show),
    Route("PUT", "/list/{id}", lists.update),
    Route("DELETE", "/list/{id}", lists.delete),
    Route("GET", "/list/{id}/zip", lists.download),
    Route("GET", "/list/{id}/thumbnail", lists.thumbnail),
    Route("GET", "/filesystem", filesystem.buckets, takes_node_password=True),
    Route("GET", "/filesystem/", filesystem.buckets, takes_node_password=True),
    *(
        Route(method, r"/filesystem/{path:[\s\S]*}", handler, takes_node_password=True)
        for method, handler in (
            ("GET", filesystem.get),
            ("PUT", filesystem.put),
            ("POST", filesystem.post),
            ("DELETE", filesystem.delete),
        )
    ),
    Route("GET", "/user", account.show),
    Route("PUT", "/user", account.update),
    Route("DELETE", "/user", account.delete),
    Route("POST", "/user/register", account.register),
    Route("POST", "/user/password_reset", account.ask_for_reset, is_for_strangers=True),
    Route("POST", "/user/password_reset_confirm", account.reset_password, is_for_strangers=True),
    Route("POST", "/user/login", sessions.login, is_for_strangers=True),
    Route("POST", "/user/totp", sessions.second_factor),
    Route("GET", "/user/session", sessions.sessions),
    Route("POST", "/user/session", sessions.new_session),
    Route("DELETE", "/user/session", sessions.logout),
    Route("GET", "/user/session/set_cookie", sessions.set_cookie, is_for_strangers=True),
    Route("GET", "/user/files", userdata.files),
    Route("GET", "/user/lists", userdata.lists),
    Route("GET", "/user/activity/{month}", userdata.activity),
    Route("GET", "/user/time_series/{statistic}", userdata.time_series),
    Route("PUT", "/user/file_customization", customization.update),
    Route("GET", "/user/transactions/{month}", billing.transactions),
    Route("POST", "/user/invoice", billing.create_invoice),
    Route("GET", "/user/invoice", billing.list_invoices),
    Route("GET", "/user/pay_invoice/{id}", billing.pay_invoice),
    Route("GET", "/misc/qr", misc.qr),
    Route("POST", "/misc/payment_webhook/{gateway}", billing.hear, is_for_strangers=True),
    Route("GET", "/admin/users", admin.users),
    Route("GET", "/admin/users/{user}", admin.user),
    Route("PUT", "/admin/users/{user}", admin.change_user),
    Route("DELETE", "/admin/users/{user}", admin.delete_user),
    Route("DELETE", "/admin/users/{user}/totp", admin.reset_totp),
    Route("GET", "/admin/user_ban", admin.user_bans),
    Route("POST", "/admin/user_ban", admin.ban_user),
    Route("DELETE", "/admin/user_ban/{user}", admin.unban_user),
    Route("GET", "/admin/ip_ban", admin.address_bans),
    Route("POST", "/admin/ip_ban", admin.ban_address),
    Route("DELETE", r"/admin/ip_ban/{address:[\s\S]*}", admin.unban_address),
    Route("POST", "/admin/give_credit", admin.give_credit),
    Route("GET", "/admin/invoices/{month}", admin.invoices),
    Route("GET", "/admin/globals", admin.show_globals),
    Route("POST", "/admin/globals", admin.set_global),
    Route("GET", "/admin/host_metrics", admin.host_metrics),
    *(Route(method, r"/admin/{rest:[\s\S]*}", admin.nothing_here) for method in ("GET", "POST", "PUT", "DELETE")),
)

DIALECT = Dialect(
    name="pixeldrain",
    render=envelope.refuse,
    routes=tuple(readonly.guarded([replace(route, path=PREFIX + route.path) for route in ROUTES], OPEN_WHEN_READ_ONLY)),
    is_open_to_other_sites=True,
    manual=MANUAL,
)
