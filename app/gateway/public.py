"""Whether an address that a client names may be on the public internet, as far as that shows without asking anybody.

The gateway fetches no such address. But it hands addresses of images on to models, and one that runs within our own
network would fetch from there what the client cannot reach. What a public name resolves to is not looked up here: that
may change until it is fetched, and asking would itself be a request that a client made us send.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Final
from urllib.parse import urlsplit

_OWN: Final = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "private", "localdomain", "arpa")
"""Ends of names that mean something within a network only."""
_TRANSLATED: Final = ipaddress.ip_network("64:ff9b::/96")
"""IPv6 addresses that stand for IPv4 ones (RFC 6052)."""


def is_public(url: str) -> bool:
    """Whether the host of an address is a public IP address, or a name that may be public."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port  # ValueError when it is none
    except ValueError:
        return False
    # Readers of addresses differ in what these mean: what one takes for a path is another one's host.
    if "\\" in url or "@" in parts.netloc or "%" in parts.netloc or not parts.netloc.isascii():
        return False
    ip = _ip(host)
    if ip is not None:
        return _is_global(ip)
    name = host.rstrip(".").split(".")
    return len(name) > 1 and all(name) and name[-1] not in _OWN


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address that a host is, also in the forms that only the C library still reads: 127.1, 0x7f000001."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host.rstrip(".")))
    except OSError:
        return None


def _is_global(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is not None:
            return _is_global(inner)
        if ip in _TRANSLATED:
            return _is_global(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
    return ip.is_global and not ip.is_multicast
