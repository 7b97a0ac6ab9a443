"""Files that were published by a transaction which then failed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import Error as DatabaseError

if TYPE_CHECKING:
    from apps.market.models import BookCapture, CandleSeries


def orphan_remove(path: str, rows: type[CandleSeries | BookCapture]) -> None:
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
        (Path(settings.DATA_DIR) / path).unlink(missing_ok=True)
