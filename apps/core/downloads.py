"""Files as answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async
from django.http import FileResponse, StreamingHttpResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


class FileAnswer(FileResponse):
    """Sends a file piece by piece, whichever server asks.

    Django's own would read the whole file into memory under ASGI.
    """

    block_size = 256 * 1024

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the file's pieces; a thread reads them."""
        async for piece in _by_threads(iter(self)):
            yield piece


class PiecesAnswer(StreamingHttpResponse):
    """Sends what is made piece by piece, whichever server asks."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the pieces; a thread makes each when the one before is sent."""
        async for piece in _by_threads(iter(self)):
            yield piece


async def _by_threads(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    def read() -> bytes | None:
        return next(pieces, None)

    while (piece := await sync_to_async(read, thread_sensitive=False)()) is not None:
        yield piece
