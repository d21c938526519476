"""Which viewer a file gets, by its type. A viewer is a template in templates/viewers."""

from collections.abc import Mapping
from typing import Final, Literal

Viewer = Literal["image", "video", "audio", "text", "markdown", "pdf", "archive", "torrent", "other"]

VIEWERS: Final[Mapping[str, Viewer]] = {
    "image/apng": "image",
    "image/avif": "image",
    "image/bmp": "image",
    "image/gif": "image",
    "image/jpeg": "image",
    "image/png": "image",
    "image/svg+xml": "image",
    "image/webp": "image",
    "image/x-icon": "image",
    "video/3gpp": "video",
    "video/mp4": "video",
    "video/ogg": "video",
    "video/quicktime": "video",
    "video/webm": "video",
    "video/x-m4v": "video",
    "video/x-matroska": "video",
    "audio/": "audio",
    "audio/x-mpegurl": "text",
    "audio/x-scpls": "text",
    "text/": "text",
    "text/markdown": "markdown",
    "message/rfc822": "text",
    "application/atom+xml": "text",
    "application/dash+xml": "text",
    "application/geo+json": "text",
    "application/gpx+xml": "text",
    "application/javascript": "text",
    "application/json": "text",
    "application/ld+json": "text",
    "application/pem-certificate-chain": "text",
    "application/pgp-signature": "text",
    "application/rss+xml": "text",
    "application/sql": "text",
    "application/toml": "text",
    "application/vnd.apple.mpegurl": "text",
    "application/vnd.google-earth.kml+xml": "text",
    "application/x-httpd-php": "text",
    "application/x-ipynb+json": "text",
    "application/x-ndjson": "text",
    "application/x-sh": "text",
    "application/x-subrip": "text",
    "application/x-tex": "text",
    "application/xhtml+xml": "text",
    "application/xml": "text",
    "application/yaml": "text",
    "application/pdf": "pdf",
    "application/java-archive": "archive",
    "application/vnd.android.package-archive": "archive",
    "application/vnd.cbz": "archive",
    "application/x-7z-compressed": "archive",
    "application/x-tar": "archive",
    "application/gzip": "archive",
    "application/x-xz": "archive",
    "application/zstd": "archive",
    "application/zip": "archive",
    "application/x-bittorrent": "torrent",
}
"""Beginnings of types, the longest that fits counting. Formats that no browser shows are left to their thumbnails."""

_LONGEST_FIRST: Final = sorted(VIEWERS, key=len, reverse=True)


def viewer_of(mime_type: str) -> Viewer:
    beginning = next((beginning for beginning in _LONGEST_FIRST if mime_type.startswith(beginning)), None)
    return "other" if beginning is None else VIEWERS[beginning]
