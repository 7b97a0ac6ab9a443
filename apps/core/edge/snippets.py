"""The parts of nginx's configuration that follow from the settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

HTTPS_PORT = 443
# A multipart upload carries its form's own few lines beside the file.
UPLOAD_OVERHEAD_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeSettings:
    """What an installation says of its edge.

    Attributes:
        hosts: Names that the service answers to, as in ALLOWED_HOSTS; never empty.
        https_port: The port that callers use.
        admin_allow: Networks that may reach the admin.
        metrics_allow: Networks that may reach the metrics through the edge.
        requests_per_second: Of one address, over a burst.
        body_bytes: The largest ordinary body.
        upload_bytes: The largest file.
    """

    hosts: Sequence[str]
    https_port: int
    admin_allow: Sequence[str]
    metrics_allow: Sequence[str]
    requests_per_second: int
    body_bytes: int
    upload_bytes: int


def snippets_make(settings: EdgeSettings) -> dict[str, str]:
    """Return the files that nginx includes, by name."""
    upload = settings.upload_bytes + UPLOAD_OVERHEAD_BYTES
    return {
        "http.conf": _http(settings),
        "body.conf": f"client_max_body_size {settings.body_bytes};\n",
        "upload.conf": f"client_max_body_size {upload};\n",
        "admin.conf": _allow(settings.admin_allow),
        "metrics.conf": _allow(settings.metrics_allow),
    }


def _http(settings: EdgeSettings) -> str:
    port = "" if settings.https_port == HTTPS_PORT else f":{settings.https_port}"
    # A redirect never leads to a name that a caller made up. nginx takes no name twice,
    # and one with a dot in front for the name itself as well.
    hosts = list(dict.fromkeys(host.lower() for host in settings.hosts))
    names = [host for host in hosts if not host.startswith((".", "*"))]
    exact = "".join(
        f'    "{host}" "{host}";\n' for host in names if f".{host}" not in hosts
    )
    below = "".join(f'    "{host}" $host;\n' for host in hosts if host.startswith("."))
    rate = settings.requests_per_second
    return (
        f"limit_req_zone $binary_remote_addr zone=api:10m rate={rate}r/s;\n"
        "limit_req_zone $binary_remote_addr zone=login:10m rate=30r/m;\n"
        "map $host $edge_host {\n"
        "    hostnames;\n"
        f'    default "{(names or ["localhost"])[0]}";\n'
        f"{exact}{below}"
        "}\n"
        f'map "" $edge_https_port {{ default "{port}"; }}\n'
    )


def _allow(networks: Sequence[str]) -> str:
    return "".join(f"allow {network};\n" for network in networks) + "deny all;\n"
