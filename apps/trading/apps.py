from __future__ import annotations

from django.apps import AppConfig

from apps.core.metrics.registry import metrics_collector
from apps.portfolio.closing import account_hindrance
from apps.portfolio.preflight_checks import account_check
from apps.risk.halt_followers import halt_follower
from apps.trading.topics import topics_register


class TradingConfig(AppConfig):
    """Orders, their executions, and agreement with the venue."""

    name = "apps.trading"

    def ready(self) -> None:
        """Say what is told of orders, what they keep open, and what follows a halt."""
        topics_register()
        metrics_collector("trading", "apps.trading.gauges.trading_collect")
        account_check(
            "reconciliation", "apps.trading.account_preflight.reconciliation_check"
        )
        account_hindrance("orders", "apps.trading.closing.orders_not_ended")
        halt_follower("apps.trading.services.halting.halt_follow")
