"""Which addresses this server connects to when somebody else names them: those that the whole Internet reaches.

What is behind the same firewall as this server, or on the same machine, is none of a stranger's business. An address
that stands for one of IPv4 is taken for that one.
"""

import ipaddress
from collections.abc import Sequence
from typing import Final

from pixelhost.notations import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052, 2.1
_UNICAST: Final = ipaddress.IPv6Network("2000::/3")  # all that is given out of IPv6 (RFC 4291, 2.4)


def may_reach(text: str, allowed: Sequence[Network]) -> bool:
    """`text` is an address, `allowed` are networks that may be reached although they aren't public."""
    try:
        address = _as_ipv4(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return False
    return any(address in network for network in allowed) or _is_public(address)


def _is_public(address: Address) -> bool:
    if address.version == 6 and address not in _UNICAST:
        return False
    return address.is_global and not address.is_multicast


def _as_ipv4(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
