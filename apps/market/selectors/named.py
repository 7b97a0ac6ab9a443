"""Which files the rows name, for backups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.core.backup import NamedFile
from apps.market.models import BookCapture, CandleSeries, TradeDay

if TYPE_CHECKING:
    from collections.abc import Iterator


def files_named() -> Iterator[NamedFile]:
    """Yield the file of each candle series, each capture and each day of trades."""
    for model in (CandleSeries, BookCapture, TradeDay):
        rows = model._default_manager.order_by("pk").values_list("path", "sha256")
        for path, sha256 in rows.iterator():
            yield NamedFile(path, sha256)
