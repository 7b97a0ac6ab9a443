"""How markets move together, as it was last computed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from apps.risk.models import Correlation

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from apps.users.models import User

# What was computed longer ago is not known any more.
VALID = timedelta(days=7)


def correlations(
    *, owner: User | UUID, symbols: Iterable[str], exchange: str, now: datetime
) -> dict[tuple[str, str], float]:
    """Return the correlations of pairs of markets that are known, in one query.

    Args:
        owner: Whose candles they were computed from; a person or their id.
        symbols: The markets.
        exchange: Their exchange.
        now: The moment, UTC.

    Returns:
        By pair, the lesser symbol first. A pair that is missing is not known: take it
        as 1, as if both were one market.
    """
    asked = set(symbols)
    rows = correlation_list(owner=owner, exchange=exchange).filter(
        one__in=asked, other__in=asked, made_at__gt=now - VALID
    )
    return {
        (one, other): value
        for one, other, value in rows.order_by().values_list("one", "other", "value")
    }


def correlation_list(
    *, owner: User | UUID, exchange: str | None = None
) -> QuerySet[Correlation]:
    """Return somebody's correlations, by exchange and market."""
    rows = Correlation.objects.filter(owner=owner)
    if exchange is not None:
        rows = rows.filter(exchange=exchange)
    return rows.order_by("exchange", "one", "other")
