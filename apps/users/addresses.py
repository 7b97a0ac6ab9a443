"""Which addresses a key may be used from."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

from apps.users.errors import ApiKeyInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from ipaddress import IPv4Address, IPv6Address

type Network = IPv4Network | IPv6Network


def networks_parse(texts: Iterable[str]) -> list[str]:
    """Return addresses and networks in their one form, sorted, each once.

    Raises:
        ApiKeyInvalid: One is neither; it is named.
    """
    networks = {_network(text) for text in texts}
    return [
        str(one) for one in sorted(networks, key=lambda one: (one.version, str(one)))
    ]


def address_parse(text: str) -> IPv4Address | IPv6Address | None:
    """Return a caller's address; None: it is not known, as behind a Unix socket.

    An IPv4 address that a dual-stack server gives as `::ffff:a.b.c.d` is that IPv4 one.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def address_allowed(text: str, networks: Sequence[str]) -> bool:
    """Return whether a caller's address is in one of the networks; none: everywhere."""
    if not networks:
        return True
    address = address_parse(text)
    return address is not None and any(
        address in ip_network(network) for network in networks
    )


def networks_within(inner: Sequence[str], outer: Sequence[str]) -> bool:
    """Return whether every address of one list is also in the other; none: everywhere."""
    if not outer:
        return True
    return bool(inner) and all(
        any(_within(ip_network(one), ip_network(other)) for other in outer)
        for one in inner
    )


def _within(inner: Network, outer: Network) -> bool:
    return (
        inner.version == outer.version
        and inner.network_address in outer
        and inner.prefixlen >= outer.prefixlen
    )


def _network(text: str) -> Network:
    try:
        network = ip_network(text)
    except ValueError:
        network = None
    mapped = isinstance(network, IPv6Network) and network.network_address.ipv4_mapped
    if network is not None and not mapped and "%" not in text:
        return network
    msg = (
        f"{text!r} is no address or network, such as 192.0.2.7, 10.0.0.0/8 or "
        "2001:db8::/32, with all bits after the mask 0."
    )
    raise ApiKeyInvalid(msg, attr="allowed_addresses")
