"""The kinds of job of this room."""

from __future__ import annotations

RUN_KIND = "backtest.run"
CHART_KIND = "backtest.chart"
PARITY_KIND = "parity.run"
COMPARE_KIND = "parity.compare"
REPORT_KIND = "parity.report"
REPRODUCE_KIND = "backtest.reproduce"
MARKET_MAKING_KIND = "market_making.run"
