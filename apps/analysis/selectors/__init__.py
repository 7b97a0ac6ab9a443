"""Every read about backtests, parity runs and market making."""

from apps.analysis.selectors.backtests import (
    CHART,
    TablePage,
    backtest_get,
    backtest_list,
    chart_get,
    engine_run_get,
    equity_page,
    results_folder,
    results_of,
    trades_page,
)
from apps.analysis.selectors.data import results_check
from apps.analysis.selectors.market_making import (
    market_making_equity,
    market_making_fills,
    market_making_folder,
    market_making_get,
    market_making_list,
)
from apps.analysis.selectors.parity import (
    REPORT,
    matches_file,
    matches_page,
    parity_folder,
    parity_get,
    parity_list,
    report_get,
)

__all__ = [
    "CHART",
    "REPORT",
    "TablePage",
    "backtest_get",
    "backtest_list",
    "chart_get",
    "engine_run_get",
    "equity_page",
    "market_making_equity",
    "market_making_fills",
    "market_making_folder",
    "market_making_get",
    "market_making_list",
    "matches_file",
    "matches_page",
    "parity_folder",
    "parity_get",
    "parity_list",
    "report_get",
    "results_check",
    "results_folder",
    "results_of",
    "trades_page",
]
