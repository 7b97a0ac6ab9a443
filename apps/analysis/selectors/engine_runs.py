"""How engines have been doing, over everybody's backtests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q, Sum

from apps.analysis.models import EngineRun

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import QuerySet


def engine_runs_summary(
    *, since: datetime, bounds: Sequence[float]
) -> QuerySet[EngineRun, Any]:
    """Return how many runs were written down since then, and how long they took.

    Args:
        since: The start of the window, UTC.
        bounds: Seconds.

    Returns:
        Rows of `engine`, `state`, `number`, `seconds` (their sum), and for each bound by
        its index `within_0`, … : how many runs took no longer.
    """
    within: dict[str, Any] = {
        f"within_{index}": Count("pk", filter=Q(total_seconds__lte=bound))
        for index, bound in enumerate(bounds)
    }
    return (
        EngineRun.objects.filter(created_at__gte=since)
        .order_by()
        .values("engine", "state")
        .annotate(number=Count("pk"), seconds=Sum("total_seconds"), **within)
    )
