"""Paths as the access log has them: nobody gets in by reading it."""

import pytest

from pixelhost.wire import accesslog

TOKEN = "abcdefgh12345678ij"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/p/{}", "/p/abcd..."),
        ("/p/{}.json", "/p/abcd....json"),
        ("/f/{}/r", "/f/abcd.../r"),
        ("/de/p/{}", "/de/p/abcd..."),
        ("/pt-BR/p/{}/r", "/pt-BR/p/abcd.../r"),
        ("/request/{}", "/request/abcd..."),
        ("/api/v2/pushes/{}/audit.json", "/api/v2/pushes/abcd.../audit.json"),
        ("/api/v2/request_links/{}", "/api/v2/request_links/abcd..."),
        ("/p/{}/files/c2VhbGVk/secret%20name.txt", "/p/abcd.../files/..."),
        ("/api/v2/pushes/active", "/api/v2/pushes/active"),
        ("/p/active.json", "/p/active.json"),
        ("/api/file/abcd1234/info", "/api/file/abcd1234/info"),
        ("/d/abcd1234/p/a-file.txt", "/d/abcd1234/p/a-file.txt"),
    ],
)
def test_of_a_secret_only_the_beginning_is_written_down(path: str, shown: str):
    assert accesslog.shown_path(path.format(TOKEN)) == shown
