"""Which files the rows name, for backups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.core.backup import NamedFile
from apps.market.models import BookCapture, CandleSeries

if TYPE_CHECKING:
    from collections.abc import Iterator


def files_named() -> Iterator[NamedFile]:
    """Yield the file of each candle series and of each capture."""
    for model in (CandleSeries, BookCapture):
        rows = model._default_manager.order_by("pk").values_list("path", "sha256")
        for path, sha256 in rows.iterator():
            yield NamedFile(path, sha256)
