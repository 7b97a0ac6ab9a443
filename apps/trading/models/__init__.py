"""What the trading room remembers, by what it is about."""

from __future__ import annotations

from apps.trading.models.executions import Execution
from apps.trading.models.orders import Order, OrderTransition
from apps.trading.models.reconciliations import Reconciliation

__all__ = ("Execution", "Order", "OrderTransition", "Reconciliation")
