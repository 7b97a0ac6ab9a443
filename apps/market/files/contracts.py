"""What every reader of candle files promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.market.batches import CandleBatch
    from apps.market.enums import CandleFormat, TimeUnit


@dataclass(frozen=True, slots=True)
class FileLimits:
    """How much one file may hold.

    Attributes:
        max_rows: The most rows.
        max_unpacked_bytes: The most bytes that a packed file may unpack to.
    """

    max_rows: int
    max_unpacked_bytes: int


class CandleFile(Protocol):
    """One file, ready to be read, from its start, as often as wanted."""

    @property
    def format(self) -> CandleFormat:
        """The layout that was found or stated."""
        ...

    @property
    def time_unit(self) -> TimeUnit:
        """The unit of its times that was found or stated."""
        ...

    @property
    def line_word(self) -> str:
        """What a row's place is called: `line` in text, `row` elsewhere."""
        ...

    @property
    def expected_rows(self) -> int:
        """The number of rows; for text an estimate by the file's size."""
        ...

    def batches(self) -> Iterator[CandleBatch]:
        """Yield the rows in the file's own order.

        Raises:
            CandleFileInvalid: A row cannot be read; the message says which.
        """
        ...
