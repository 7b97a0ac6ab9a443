"""The same as a WebSocket tells, as server-sent events."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from apps.stream import metrics
from apps.stream.hub import hub

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from uuid import UUID

    from apps.stream.frames import Frame
    from apps.stream.requests import Request

# Who reads on connects again, and shows again that they may: a key that was revoked
# meanwhile is refused then.
LONGEST_SECONDS = 60.0
RETRY_MS = 1000


async def sse_events(*, owner: UUID, request: Request) -> AsyncGenerator[str]:
    """Yield what there is to tell, as server-sent events.

    Each names the last number that was told, so that a reader who was cut off goes on
    after it: also a silent stream does, and also before its first event.

    Args:
        owner: Who reads.
        request: What they follow.
    """
    common = hub()
    async with common.joined(owner, None, "sse") as reader:
        common.follow(reader, request)
        ends = asyncio.get_running_loop().call_later(
            LONGEST_SECONDS, reader.end, "renew", "Connect again and resume."
        )
        try:
            yield f"retry: {RETRY_MS}\n{_id(reader.position)}\n"
            async with aclosing(reader.frames()) as frames:
                async for frame in frames:
                    yield _event(frame, reader.position)
                    metrics.frames_sent.labels(frame.kind).inc()
        finally:
            ends.cancel()


def _event(frame: Frame, position: int | None) -> str:
    if frame.kind == "heartbeat":
        return f"{_id(position)}: heartbeat\n\n"
    # Values have no number, and leave the last one as it was.
    number = "" if frame.kind == "latest" else _id(position)
    return f"{number}event: {frame.kind}\ndata: {frame.text}\n\n"


def _id(position: int | None) -> str:
    return "" if position is None else f"id: {position}\n"
