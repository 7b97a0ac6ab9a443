"""Exchanges, what is held fresh from them, and who may listen."""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
)
from pydantic_settings import BaseSettings, NoDecode

from config.sections.kinds import CommaSeparated


def _pairs(value: object) -> object:
    """Split `binance=http://127.0.0.1:9000,kraken=…`."""
    if not isinstance(value, str):
        return value
    pairs = [one.strip().partition("=") for one in value.split(",") if one.strip()]
    return {name.strip(): address.strip() for name, _, address in pairs}


def _addresses(value: dict[str, str]) -> dict[str, str]:
    for name, address in value.items():
        if not address.startswith(("http://", "https://")):
            msg = f"give {name}=https://host, not {name}={address}"
            raise ValueError(msg)
    return value


Endpoints = Annotated[
    dict[str, str], NoDecode, BeforeValidator(_pairs), AfterValidator(_addresses)
]


class ExchangesSection(BaseSettings):
    """How exchanges are asked."""

    exchanges_allowed: CommaSeparated = Field(
        default=(), description="Ids of the exchanges that may be asked; unset: all."
    )
    exchange_endpoints: Endpoints = Field(
        default={},
        description="id=https://host of a gateway that stands in for an exchange.",
    )
    exchange_timeout_seconds: PositiveFloat = Field(
        default=10, description="The longest that one call to an exchange may take."
    )
    exchange_rate_limits: bool = Field(
        default=True, description="Keep to the rate limits that exchanges state."
    )


class StreamSection(BaseSettings):
    """What is held fresh, and who may listen."""

    live_stale_seconds: PositiveFloat = Field(
        default=10, description="A price older than this is not traded on."
    )
    live_symbols_per_exchange: PositiveInt = Field(
        default=500, description="Markets of one exchange that are held fresh at most."
    )
    live_exchanges: PositiveInt = Field(
        default=12, description="Exchanges that one process holds fresh at most."
    )
    recordings_per_user: PositiveInt = Field(
        default=5, description="Recordings of one user that run at the same time."
    )
    recording_max_seconds: PositiveInt = Field(
        default=86_400, description="The longest that one recording may run."
    )
    stream_connections_per_user: PositiveInt = Field(
        default=20, description="Open streams of one user in one process."
    )
    stream_topics_per_connection: PositiveInt = Field(
        default=200, description="Topics that one stream may follow."
    )
    stream_topics_per_user: PositiveInt = Field(
        default=250,
        description="Topics of prices that one user may follow in one process.",
    )
    stream_buffer_bytes: PositiveInt = Field(
        default=256 * 1024,
        description="A reader that leaves more than this unread is cut off.",
    )
    stream_heartbeat_seconds: PositiveFloat = Field(
        default=15, description="A silent stream says that it lives this often."
    )
    outbox_keep_seconds: PositiveInt = Field(
        default=7 * 86_400, description="For so long a reader may come back for events."
    )
    scheduler_grace_seconds: NonNegativeInt = Field(
        default=5, description="Work that is due waits at most so long for a scheduler."
    )
