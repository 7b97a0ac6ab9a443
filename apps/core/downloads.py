"""Files as answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async
from django.http import FileResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class FileAnswer(FileResponse):
    """Sends a file piece by piece, whichever server asks.

    Django's own would read the whole file into memory under ASGI.
    """

    block_size = 256 * 1024

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the file's pieces; a thread reads them."""
        pieces = iter(self)

        def read() -> bytes:
            return next(pieces, b"")

        while piece := await sync_to_async(read, thread_sensitive=False)():
            yield piece
