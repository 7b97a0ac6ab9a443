"""What streams may, and how long they are waited for."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings


@dataclass(frozen=True, slots=True)
class HubLimits:
    """What streams may, and how long they are waited for.

    Attributes:
        connections: Open streams of one user.
        topics: Topics of one stream.
        topics_of_user: Topics of prices of one user, each counted once.
        buffer_bytes: What is written for one stream at once.
        heartbeat_seconds: How often a silent stream says that it lives.
        stall_seconds: How long a stream may leave a message unread.
    """

    connections: int
    topics: int
    topics_of_user: int
    buffer_bytes: int
    heartbeat_seconds: float
    stall_seconds: float = 15.0


def hub_limits() -> HubLimits:
    """Return the limits of the installation."""
    return HubLimits(
        connections=settings.STREAM_CONNECTIONS_PER_USER,
        topics=settings.STREAM_TOPICS_PER_CONNECTION,
        topics_of_user=settings.STREAM_TOPICS_PER_USER,
        buffer_bytes=settings.STREAM_BUFFER_BYTES,
        heartbeat_seconds=settings.STREAM_HEARTBEAT_SECONDS,
    )
