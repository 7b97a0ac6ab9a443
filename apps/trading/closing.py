"""What keeps an account from being closed: orders that may still be executed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.trading.models import Order

if TYPE_CHECKING:
    from apps.portfolio.models import Account


def orders_not_ended(account: Account) -> str:
    """Say that orders have not ended; a hindrance to closing."""
    count = Order.objects.filter(account=account, ended_at__isnull=True).count()
    if not count:
        return ""
    return (
        f"{count} orders have not ended; cancel them, and wait until the venue has "
        "confirmed it"
    )
