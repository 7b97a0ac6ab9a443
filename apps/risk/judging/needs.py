"""What limits need to be read; what they do not is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apps.risk.limit_set import LimitSet


@dataclass(frozen=True, slots=True)
class Needs:
    """What limits need.

    Attributes:
        amounts: What an order is worth in their currency.
        exposure: Positions and reservations of the order's market.
        every_symbol: Of every market.
        worth: What the accounts are worth.
        past: What they were worth before.
        book: Other accounts' reservations, where the limits are a user's.
    """

    amounts: bool
    exposure: bool
    every_symbol: bool
    worth: bool
    past: bool
    book: bool


def needs_of(limits: LimitSet) -> Needs:
    """Return what limits need."""
    every = limits.max_leverage or limits.max_correlated_exposure
    here = limits.max_position_notional or limits.max_share_of_equity
    past = (
        limits.max_daily_loss or limits.max_daily_loss_share or limits.max_drawdown
    ) is not None
    worth = past or (limits.max_share_of_equity or limits.max_leverage) is not None
    exposure = (every or here) is not None
    counted = limits.max_open_orders or limits.max_orders_per_minute
    return Needs(
        amounts=exposure or limits.max_order_notional is not None,
        exposure=exposure,
        every_symbol=every is not None,
        worth=worth,
        past=past,
        book=exposure or counted is not None,
    )
