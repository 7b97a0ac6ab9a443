"""How markets move together, for the rule about correlated exposure."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from apps.risk.selectors.correlations import correlations

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from apps.portfolio.models import Account

_PLACES = 9


def correlations_known(
    *, account: Account, symbols: Iterable[str], now: datetime
) -> dict[tuple[str, str], Decimal]:
    """Return the correlations of pairs of markets that are known; others count as 1.

    Args:
        account: At whose exchange, and computed for whose owner.
        symbols: The markets; of one alone nothing is read.
        now: The moment, UTC.
    """
    asked = set(symbols)
    if len(asked) < 2:  # noqa: PLR2004 - a pair
        return {}
    known = correlations(
        owner=account.owner, symbols=asked, exchange=account.exchange, now=now
    )
    return {pair: Decimal(str(round(value, _PLACES))) for pair, value in known.items()}
