"""Files of the kinds that have a viewer."""

import io
import zipfile

import bencodepy
from PIL import Image

MARKDOWN = (
    b"# Hello\n\nSome *text* with `code`.\n\n```python\ndef f():\n    return 1  # one\n```\n\n"
    b"| a | b |\n|---|---|\n| 1 | 2 |\n"
)
CODE = (
    b'"""Greets."""\n\nimport sys\n\n\ndef greet(name: str = "you") -> int:\n    # Says it.\n'
    b'    print(f"hello {name}")\n    return 0\n'
)


def zipped(contents: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return out.getvalue()


def pdf() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (200, 280), "white").save(out, "PDF")
    return out.getvalue()


def torrent() -> bytes:
    files = [{b"length": 300, b"path": [b"video", b"film.mkv"]}, {b"length": 20, b"path": [b"read me.txt"]}]
    info = {b"name": b"A film", b"piece length": 262144, b"pieces": bytes(20), b"files": files}
    encoded: bytes = bencodepy.encode(
        {b"announce": b"udp://tracker.example:80", b"comment": b"A comment", b"info": info}
    )
    return encoded
