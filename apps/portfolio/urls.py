from __future__ import annotations

from django.urls import path

from apps.portfolio.views import (
    accounts,
    credentials,
    ledger,
    paper,
    performance,
    worth,
)

urlpatterns = [
    # --- accounts and their keys
    path("accounts/", accounts.AccountListCreateView.as_view(), name="account_list"),
    path(
        "accounts/<uuid:account_id>/",
        accounts.AccountDetailView.as_view(),
        name="account_detail",
    ),
    path(
        "accounts/<uuid:account_id>/close/",
        accounts.AccountCloseView.as_view(),
        name="account_close",
    ),
    path(
        "accounts/<uuid:account_id>/credentials/",
        credentials.CredentialsView.as_view(),
        name="account_credentials",
    ),
    path(
        "accounts/<uuid:account_id>/credentials/test/",
        credentials.CredentialsTestView.as_view(),
        name="account_credentials_test",
    ),
    path(
        "accounts/<uuid:account_id>/preflight/",
        credentials.AccountPreflightView.as_view(),
        name="account_preflight",
    ),
    # --- money of paper accounts
    path(
        "accounts/<uuid:account_id>/deposits/",
        paper.PaperDepositView.as_view(),
        name="account_deposits",
    ),
    path(
        "accounts/<uuid:account_id>/withdrawals/",
        paper.PaperWithdrawalView.as_view(),
        name="account_withdrawals",
    ),
    # --- what accounts are worth
    path(
        "accounts/<uuid:account_id>/valuation/",
        worth.AccountValuationView.as_view(),
        name="account_valuation",
    ),
    path(
        "accounts/<uuid:account_id>/allocation/",
        worth.AccountAllocationView.as_view(),
        name="account_allocation",
    ),
    path(
        "accounts/<uuid:account_id>/equity/",
        worth.AccountEquityView.as_view(),
        name="account_equity",
    ),
    path(
        "accounts/<uuid:account_id>/positions/valued/",
        worth.AccountPositionsValuedView.as_view(),
        name="account_positions_valued",
    ),
    path(
        "accounts/<uuid:account_id>/performance/",
        performance.AccountPerformanceView.as_view(),
        name="account_performance",
    ),
    path(
        "portfolio/allocation/",
        worth.PortfolioAllocationView.as_view(),
        name="portfolio_allocation",
    ),
    # --- the ledger
    path(
        "accounts/<uuid:account_id>/balances/",
        ledger.BalancesView.as_view(),
        name="account_balances",
    ),
    path(
        "accounts/<uuid:account_id>/positions/",
        ledger.PositionsView.as_view(),
        name="account_positions",
    ),
    path(
        "accounts/<uuid:account_id>/ledger/",
        ledger.LedgerView.as_view(),
        name="account_ledger",
    ),
    path(
        "accounts/<uuid:account_id>/adjustments/",
        ledger.AdjustmentsView.as_view(),
        name="account_adjustments",
    ),
    path(
        "accounts/<uuid:account_id>/transfers/",
        ledger.TransfersView.as_view(),
        name="account_transfers",
    ),
]
