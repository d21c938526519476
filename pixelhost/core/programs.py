"""What a User-Agent header tells of a program, in short."""

import re
from typing import Final

BROWSERS: Final = (
    ("Firefox/", "Firefox"),
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)

# A name and a version that no mail program takes for an address.
_PRODUCT: Final = re.compile(r"[A-Za-z][\w+-]{0,40}(?:/[0-9][\w.+-]{0,20})?", re.ASCII)


def name_of(user_agent: str) -> str:
    """Browser and system (`Firefox · Linux`), or another program's name (`curl/8.5.0`); empty where it is neither."""
    browser = next((name for part, name in BROWSERS if part in user_agent), "")
    system = next((name for part, name in SYSTEMS if part in user_agent), "")
    first = user_agent.partition(" ")[0]
    return " · ".join(filter(None, (browser, system))) or (first if _PRODUCT.fullmatch(first) else "")
