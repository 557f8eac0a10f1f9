"""Which network addresses a list of URLs may lead to. Pure.

Rule: only what is anybody's on the internet; an IPv6 address that stands for an IPv4 one is judged as that one. A list
is other people's text: it must not make a worker read its own machine, its network, or its cloud's metadata service.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_AZURE = IPv4Address("168.63.129.16")  # Azure's agent: a public address that only the machine's own host answers
_PROTOCOLS = IPv4Network("192.0.0.0/24")  # IETF's own; 192.0.0.192 is Oracle's metadata service
_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")  # RFC 8215: of one's own network
_TRANSLATED = IPv6Network("::ffff:0:0:0/96")  # RFC 2765


def is_public(address: str) -> bool:
    """Whether `address`, as the resolver gives it, is on the public internet. Raises ValueError for what is none."""
    found = ip_address(address.partition("%")[0])
    inner = _inside(found) if isinstance(found, IPv6Address) else None
    if inner is not None:
        found = inner
    site_local = isinstance(found, IPv6Address) and found.is_site_local
    known = found == _AZURE or found in _PROTOCOLS or found in _LOCAL_NAT64
    return found.is_global and not found.is_multicast and not site_local and not known


def _inside(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one carries: mapped, 6to4, Teredo, NAT64, compatible."""
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if address in _NAT64 or address in _TRANSLATED or (address in _COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None
