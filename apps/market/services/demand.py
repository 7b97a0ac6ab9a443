"""Say what is to be held fresh, and for how long."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from apps.market.enums import LiveKind
from apps.market.errors.live import LiveSymbolsTooMany
from apps.market.models import LiveDemand

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

WANTED_SECONDS = 60


@transaction.atomic
def demand_want(
    *,
    exchange: str,
    kind: str,
    symbols: Sequence[str],
    now: datetime,
    seconds: float = WANTED_SECONDS,
) -> dict[str, LiveSymbolsTooMany]:
    """Have a channel of some markets held fresh; say so again before the time is over.

    What is held fresh already stays so; others are added while there is room.

    Args:
        exchange: Its id; not checked here.
        kind: `tickers`, `books` or `trades`.
        symbols: Markets of it; one that it does not have is passed over by the feed.
        now: The moment, UTC.
        seconds: For how long.

    Returns:
        By symbol, why it is not held fresh: LIVE_SYMBOLS_PER_EXCHANGE others are.
    """
    asked = sorted(set(symbols))
    wanted = LiveDemand.objects.filter(
        exchange=exchange, kind=LiveKind(kind), until__gt=now
    )
    known = set(wanted.values_list("symbol", flat=True))
    most = int(settings.LIVE_SYMBOLS_PER_EXCHANGE)
    new = [one for one in asked if one not in known]
    refused = set(new[max(0, most - len(known)) :])
    until = now + timedelta(seconds=seconds)
    LiveDemand.objects.bulk_create(
        [
            LiveDemand(exchange=exchange, kind=kind, symbol=symbol, until=until)
            for symbol in asked
            if symbol not in refused
        ],
        update_conflicts=True,
        unique_fields=["exchange", "kind", "symbol"],
        update_fields=["until"],
    )
    msg = (
        f"As many {kind} of {exchange} are held fresh as may be, {most:,} "
        f"(LIVE_SYMBOLS_PER_EXCHANGE); ask again in {seconds:.0f} s."
    )
    return {one: LiveSymbolsTooMany(msg, attr="symbol") for one in sorted(refused)}


def demand_forget(*, now: datetime) -> int:
    """Remove what nobody wants any more; return how many rows there were."""
    removed, _ = LiveDemand.objects.filter(until__lte=now).delete()
    return removed
