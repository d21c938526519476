"""The Pixeldrain API: its map. Everything is relative to /api."""

from dataclasses import replace

from pixelhost.pixeldrain import account, envelope, files, filesystem, lists, nodeinsides
from pixelhost.wire.dialect import Dialect, Route

PREFIX = "/api"

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
    Route("POST", "/user/login", account.login),
    Route("GET", "/user/session", account.sessions),
    Route("POST", "/user/session", account.new_session),
    Route("DELETE", "/user/session", account.logout),
    *(Route(method, path, account.not_there_yet) for method, path in account.NOT_THERE_YET),
)

DIALECT = Dialect(
    name="pixeldrain",
    render=envelope.refuse,
    routes=tuple(replace(route, path=PREFIX + route.path) for route in ROUTES),
    is_open_to_other_sites=True,
)
