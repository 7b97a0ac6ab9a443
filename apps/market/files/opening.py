"""Find out by its bytes what a file is, and open it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from apps.market.enums import CandleFormat
from apps.market.errors import FileEmpty, FormatMismatch, FormatUnknown, UploadMissing
from apps.market.files.columnar import columnar_file_open
from apps.market.files.csv_file import csv_file_open
from apps.market.files.packing import GZIP_MAGIC, ZIP_MAGIC, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from apps.market.enums import TimeUnit
    from apps.market.files.contracts import CandleFile, FileLimits

_SNIFF_BYTES = 65_536
_BINARY = {
    b"PAR1": CandleFormat.PARQUET,
    b"ARROW1": CandleFormat.FREQTRADE_FEATHER,
}
_FEATHER_1_MAGIC = b"FEA1"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@contextmanager
def candle_file_open(
    path: Path,
    *,
    stated: CandleFormat = CandleFormat.AUTO,
    time_unit: TimeUnit | None = None,
    limits: FileLimits,
    scratch: Path,
) -> Iterator[CandleFile]:
    """Open a candle file, unpacked if it is packed, for as long as the block lasts.

    Args:
        path: The file; its name says nothing to us.
        stated: The caller's word on the format, or `auto`.
        time_unit: The caller's word on the unit of time, or None to find it.
        limits: How much it may hold.
        scratch: A folder for what it unpacks to.

    Raises:
        UploadMissing: There is no such file.
        FormatUnknown: The bytes are of no known format.
        FormatMismatch: They are of another format than stated.
        CandleFileInvalid: Whatever else is wrong with it; see the readers.
        TooLarge: It holds more than allowed.
        StorageFull: There is no room to unpack it.
    """
    if not path.is_file():
        msg = f"There is no file {path.name!r} to import; give it again."
        raise UploadMissing(msg, attr="file")
    with unpacked(path, scratch=scratch, max_bytes=limits.max_unpacked_bytes) as plain:
        found = _format_of(plain)
        if found is None:
            if stated in {CandleFormat.PARQUET, CandleFormat.FREQTRADE_FEATHER}:
                raise _mismatch("a text file", stated)
            yield csv_file_open(plain, stated, time_unit)
            return
        if stated not in {CandleFormat.AUTO, found}:
            raise _mismatch(f"a {found} file", stated)
        yield columnar_file_open(plain, found, time_unit, limits)


def _format_of(path: Path) -> CandleFormat | None:
    """Return the format of a binary file, None for text."""
    with path.open("rb") as file:
        head = file.read(_SNIFF_BYTES)
    if not head.strip():
        msg = "The file is empty; give a file with candles."
        raise FileEmpty(msg, attr="file")
    for magic, found in _BINARY.items():
        if head.startswith(magic):
            return found
    if head.startswith(_FEATHER_1_MAGIC):
        msg = "The file is Feather version 1; write it again as version 2."
    elif head.startswith((GZIP_MAGIC, ZIP_MAGIC)):
        msg = "The file is packed twice; pack it once."
    elif head.startswith(_UTF_16_MARKS):
        msg = "The file is UTF-16 text; save it as UTF-8."
    elif b"\x00" in head:
        msg = "The file is neither text nor Parquet nor Feather."
    else:
        return None
    raise FormatUnknown(msg, attr="file")


def _mismatch(what: str, stated: CandleFormat) -> FormatMismatch:
    msg = (
        f"The bytes are those of {what}, not of {stated}; state the right one or auto."
    )
    return FormatMismatch(msg, attr="format")
