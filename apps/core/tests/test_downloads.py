from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from apps.core.downloads import FileAnswer, PiecesAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator
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


def test_pieces_are_made_one_by_one_whichever_server_asks() -> None:
    made = 0

    def pieces() -> Iterator[bytes]:
        nonlocal made
        for piece in (b"a", b"", b"b"):
            made += 1
            yield piece

    async def asked() -> None:
        found = []
        async for piece in PiecesAnswer(pieces()):
            found.append(piece)
            assert made == len(found)
        assert found == [b"a", b"", b"b"]

    assert list(PiecesAnswer(pieces())) == [b"a", b"", b"b"]
    made = 0
    asyncio.run(asked())
