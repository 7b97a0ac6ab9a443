from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings

from apps.core.preflight.registry import preflight_check
from apps.jobs.schedules import periodic
from apps.portfolio.closing import account_hindrance


class PortfolioConfig(AppConfig):
    """Accounts, their keys, an exact ledger, and what follows from it."""

    name = "apps.portfolio"

    def ready(self) -> None:
        """Say what is looked at before going live, and before an account is closed."""
        preflight_check("live accounts", "apps.portfolio.preflight.live_accounts_check")
        account_hindrance(
            "paper orders", "apps.portfolio.services.accounts.paper_orders_open"
        )
        periodic(
            "equity",
            settings.EQUITY_EVERY_SECONDS,
            "apps.portfolio.services.equity.equity_record",
        )
