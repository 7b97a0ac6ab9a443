"""A file that somebody gives, as a list of trades."""

from __future__ import annotations

import io
import json
import lzma
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

from apps.analysis.errors import TradeListInvalid
from apps.analysis.trade_lists.contracts import TradeList
from apps.analysis.trade_lists.csv_table import csv_trades
from apps.analysis.trade_lists.freqtrade_export import freqtrade_trades

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MOST_BYTES = 64 * 1024**2
# freqtrade packs five.
MOST_MEMBERS = 100
BOM = b"\xef\xbb\xbf"
ZIP_MAGIC = b"PK\x03\x04"
# What the library raises on archives that are cut off, damaged, locked or too new; the
# last is a RuntimeError.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    RuntimeError,
)


def trade_list_read(path: Path) -> TradeList:
    """Read a list of trades: CSV, or freqtrade's export as `.json` or `.zip`.

    Args:
        path: The file; what it is, is told by what it holds.

    Raises:
        TradeListInvalid: It cannot be read, or a trade in it is impossible; says where.
    """
    content = _unpacked(path).removeprefix(BOM)
    stripped = content.lstrip()
    if not stripped:
        raise TradeListInvalid("The file is empty.", attr="file")
    if stripped[:1] in {b"{", b"["}:
        source, trades = freqtrade_trades(_json(stripped))
    else:
        source, trades = "csv", csv_trades(content)
    ordered = sorted(trades, key=lambda trade: (trade.entry_ns, trade.exit_ns))
    return TradeList(source, tuple(ordered))


def _unpacked(path: Path) -> bytes:
    _size_check(path.stat().st_size)
    content = path.read_bytes()
    if not content.startswith(ZIP_MAGIC):
        return content
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            info = _results_in(archive.infolist())
            _size_check(info.file_size)
            with archive.open(info) as inner:
                # The size that a file declares need not be its own.
                unpacked = inner.read(MOST_BYTES + 1)
    except BROKEN as error:
        msg = f"The file looks like a zip and cannot be unpacked: {error}."
        raise TradeListInvalid(msg[:300], attr="file") from error
    _size_check(len(unpacked))
    return unpacked


def _results_in(files: Sequence[zipfile.ZipInfo]) -> zipfile.ZipInfo:
    """Return the results out of what freqtrade packs with them.

    Beside them lie the settings, the strategy's code and its parameters, named after
    them with something appended.
    """
    if len(files) > MOST_MEMBERS:
        msg = f"The archive holds {len(files):,} files; an export has a handful."
        raise TradeListInvalid(msg, attr="file")
    found = [
        info
        for info in files
        if info.filename.endswith(".json")
        and not info.filename.endswith(("_config.json", ".meta.json"))
    ]
    stems = {info.filename.removesuffix(".json") for info in found}
    results = [
        info
        for info in found
        if not any(info.filename.startswith(f"{stem}_") for stem in stems)
    ]
    if len(results) == 1:
        return results[0]
    names = ", ".join(info.filename[:60] for info in results)[:200] or "none"
    msg = f"A packed export holds one file of results (.json); here there are: {names}."
    raise TradeListInvalid(msg, attr="file")


def _size_check(size: int) -> None:
    if size > MOST_BYTES:
        mib = MOST_BYTES // 1024**2
        msg = f"The file has {size:,} bytes or more; at most {mib} MiB are read."
        raise TradeListInvalid(msg, attr="file")


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        msg = f"The file begins like JSON and is none: {error}."
        raise TradeListInvalid(msg[:300], attr="file") from error
