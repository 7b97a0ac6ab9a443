from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from apps.core.downloads import FileAnswer

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = bytes(range(256)) * 4_000


def test_a_file_is_sent_in_pieces_whichever_server_asks(tmp_path: Path) -> None:
    path = tmp_path / "candles.parquet"
    path.write_bytes(CONTENT)

    async def asked(answer: FileAnswer) -> list[bytes]:
        return [piece async for piece in answer]

    for read in (list[bytes], lambda answer: asyncio.run(asked(answer))):
        with path.open("rb") as file:
            answer = FileAnswer(file)
            pieces = read(answer)
        assert b"".join(pieces) == CONTENT
        assert max(map(len, pieces)) <= FileAnswer.block_size < len(CONTENT)
        assert answer.headers["Content-Length"] == str(len(CONTENT))
