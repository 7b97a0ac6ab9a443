"""Files that were published by a transaction which then failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import Error as DatabaseError

from apps.core.files import file_delete

if TYPE_CHECKING:
    from apps.market.models import BookCapture, CandleSeries, TradeDay


def orphan_remove(path: str, rows: type[CandleSeries | BookCapture | TradeDay]) -> None:
    """Remove a published file whose transaction failed, if no row speaks of it.

    Args:
        path: The file, relative to the data directory.
        rows: The model whose rows would speak of it.
    """
    try:
        kept = rows._default_manager.filter(path=path).exists()
    except DatabaseError:
        # The commit may have happened; check_data tells when the database answers.
        kept = True
    if not kept:
        file_delete(path)
