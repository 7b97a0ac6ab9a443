"""Who may read the metrics: those who ask from an allowed network."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest


def metrics_allowed(request: HttpRequest) -> bool:
    """Return whether the caller's address is in METRICS_ALLOW.

    A request that came through proxies is allowed only when every address that they
    name is: a proxy in our own network must not lend its own to the world.
    """
    forwarded = request.headers.get("X-Forwarded-For", "")
    addresses = [request.META.get("REMOTE_ADDR", "")]
    addresses += forwarded.split(",") if forwarded else []
    return all(_allowed(address.strip()) for address in addresses)


def _allowed(text: str) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    # A socket that listens to both kinds names IPv4 callers in this form.
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in settings.METRICS_ALLOW)
