"""Where the files of series and captures are kept."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from apps.market.enums import Timeframe

CANDLES = "candles"
CAPTURES = "captures"
TRADES = "trades"
UPLOADS = "uploads"
RECORDINGS = "recordings"
PARTIAL_SUFFIX = ".partial"
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")
_LONGEST_NAME = 60


def candles_folder(venue: str, symbol: str, timeframe: Timeframe) -> PurePosixPath:
    """Return the folder of a series, relative to the data directory.

    Venue and symbol become names of a-z, 0-9 and hyphens, so that nothing in them can
    lead elsewhere. Different symbols may share a folder; files are named by series.
    """
    return PurePosixPath(CANDLES, _slug(venue), _slug(symbol), str(timeframe))


def series_file(folder: PurePosixPath, series_id: UUID, revision: int) -> PurePosixPath:
    """Return a path for one revision of a series, relative to the data directory.

    It is another one at each call: of two imports that build upon the same revision, none
    writes over the other's file.
    """
    return folder / f"{series_id}-{revision}-{uuid4().hex[:8]}.parquet"


def trades_file(venue: str, symbol: str, day: date, row_id: UUID) -> PurePosixPath:
    """Return a path for a day of trades, relative to the data directory.

    It is another one at each call, as with series.
    """
    name = f"{day:%Y-%m-%d}-{row_id}-{uuid4().hex[:8]}.parquet"
    return PurePosixPath(TRADES, _slug(venue), _slug(symbol), name)


def capture_file(capture_id: UUID) -> PurePosixPath:
    """Return the path of a capture, relative to the data directory."""
    return PurePosixPath(CAPTURES, str(capture_id), "book.npz")


def _slug(text: str) -> str:
    slug = _NOT_IN_NAMES.sub("-", text.lower()).strip("-")[:_LONGEST_NAME]
    return slug or "unnamed"
