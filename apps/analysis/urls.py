from __future__ import annotations

from django.urls import path

from apps.analysis.views import backtests, catalogue, market_making, parity

urlpatterns = [
    path("engines/", catalogue.EngineListView.as_view(), name="engine_list"),
    path("metrics/", catalogue.MetricListView.as_view(), name="metric_list"),
    path(
        "backtests/", backtests.BacktestListCreateView.as_view(), name="backtest_list"
    ),
    path(
        "backtests/<uuid:backtest_id>/",
        backtests.BacktestDetailView.as_view(),
        name="backtest_detail",
    ),
    path(
        "backtests/<uuid:backtest_id>/trades/",
        backtests.BacktestTradesView.as_view(),
        name="backtest_trades",
    ),
    path(
        "backtests/<uuid:backtest_id>/equity/",
        backtests.BacktestEquityView.as_view(),
        name="backtest_equity",
    ),
    path(
        "backtests/<uuid:backtest_id>/chart/",
        backtests.BacktestChartView.as_view(),
        name="backtest_chart",
    ),
    path(
        "backtests/<uuid:backtest_id>/reproduce/",
        backtests.BacktestReproduceView.as_view(),
        name="backtest_reproduce",
    ),
    path(
        "backtests/<uuid:backtest_id>/compare/",
        parity.BacktestCompareView.as_view(),
        name="backtest_compare",
    ),
    path("parity/", parity.ParityListCreateView.as_view(), name="parity_list"),
    path(
        "parity/<uuid:parity_id>/",
        parity.ParityDetailView.as_view(),
        name="parity_detail",
    ),
    path(
        "parity/<uuid:parity_id>/matches/",
        parity.ParityMatchesView.as_view(),
        name="parity_matches",
    ),
    path(
        "parity/<uuid:parity_id>/report/",
        parity.ParityReportView.as_view(),
        name="parity_report",
    ),
    path(
        "market-making/",
        market_making.MarketMakingListCreateView.as_view(),
        name="market_making_list",
    ),
    path(
        "market-making/<uuid:market_making_id>/",
        market_making.MarketMakingDetailView.as_view(),
        name="market_making_detail",
    ),
    path(
        "market-making/<uuid:market_making_id>/fills/",
        market_making.MarketMakingFillsView.as_view(),
        name="market_making_fills",
    ),
    path(
        "market-making/<uuid:market_making_id>/equity/",
        market_making.MarketMakingEquityView.as_view(),
        name="market_making_equity",
    ),
]
