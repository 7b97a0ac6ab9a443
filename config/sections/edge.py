"""The edge: who may ask for what, how often, how much."""

from __future__ import annotations

from pydantic import Field, PositiveInt
from pydantic_settings import BaseSettings

from config.sections.kinds import Networks, Port, Rate

PRIVATE = (
    "127.0.0.0/8",
    "::1/128",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "fc00::/7",
)


class EdgeSection(BaseSettings):
    """Limits, of the service and of nginx in front of it."""

    throttle_anon: Rate = Field(default="100/hour", description="Per address.")
    throttle_user: Rate = Field(default="1000/hour", description="Per user.")
    throttle_login: Rate = Field(default="10/minute", description="Per address.")
    throttle_orders: Rate = Field(
        default="1200/minute", description="Placing, replacing, cancelling; per user."
    )
    body_max_bytes: PositiveInt = Field(
        default=2 * 1024**2, description="The largest body of an ordinary request."
    )
    upload_max_bytes: PositiveInt = Field(
        default=1024**3, description="The largest candle file that may be uploaded."
    )
    https_port: Port = Field(
        default=443, description="The port of the edge, as callers see it."
    )
    edge_admin_allow: Networks = Field(
        default=PRIVATE, description="Networks that may reach the admin."
    )
    edge_metrics_allow: Networks = Field(
        default=(), description="Networks that may read /metrics through the edge."
    )
    edge_requests_per_second: PositiveInt = Field(
        default=100, description="Of one address, at the edge."
    )
    metrics_allow: Networks = Field(
        default=PRIVATE, description="Networks that may read /metrics of a process."
    )
