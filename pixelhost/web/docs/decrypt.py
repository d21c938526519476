"""Reads a secret that was encrypted end to end: python3 decrypt.py 'https://HOST/p/TOKEN/r#KEY' [PASSPHRASE]

Takes a view. Files are written into this folder. Needs the package cryptography.
"""

import base64
import json
import sys
import urllib.parse
import urllib.request
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CHUNK = (1 << 20) + 16


def cipher(secret: bytes, purpose: str, salt: bytes | None = None) -> AESGCM:
    return AESGCM(HKDF(hashes.SHA256(), 32, salt, f"pixelhost push {purpose}".encode()).derive(secret))


def open_text(secret: bytes, payload: str) -> str:
    sealed = json.loads(payload)
    nonce, ciphertext = base64.b64decode(sealed["n"]), base64.b64decode(sealed["c"])
    return cipher(secret, "text").decrypt(nonce, ciphertext, None).decode()


def open_file(secret: bytes, sealed: bytes) -> bytes:
    key = cipher(secret, "file", sealed[:16])
    chunks = [sealed[start : start + CHUNK] for start in range(16, len(sealed), CHUNK)]
    plain = []
    for number, chunk in enumerate(chunks):
        nonce = number.to_bytes(11, "big") + bytes([number == len(chunks) - 1])
        plain.append(key.decrypt(nonce, chunk, None))
    return b"".join(plain)


def main(link: str, passphrase: str = "") -> None:
    address, _, key = link.partition("#")
    secret = base64.urlsafe_b64decode(key + "=")
    query = urllib.parse.urlencode({"passphrase": passphrase}) if passphrase else ""
    with urllib.request.urlopen(f"{address}.json?{query}") as answer:
        push = json.load(answer)
    text = open_text(secret, push["payload"])
    if push["kind"] != "file":
        print(text)
        return
    told = json.loads(text)
    print(told["text"])
    for file in push["files"]:
        with urllib.request.urlopen(file["url"]) as sealed:
            Path(Path(told["files"][file["filename"]]["name"]).name).write_bytes(open_file(secret, sealed.read()))


if __name__ == "__main__":
    main(*sys.argv[1:])
