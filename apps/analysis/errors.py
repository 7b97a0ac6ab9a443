"""What can go wrong with backtests."""

from __future__ import annotations

from apps.core.errors import Conflict, Invalid, NotFound, Unavailable, Unprocessable


class BacktestNotFound(NotFound):
    """There is no such backtest for this user."""

    code = "backtest_not_found"


class BacktestNotFinished(Conflict):
    """The backtest has no result yet, or never will; its job says which."""

    code = "backtest_not_finished"


class BacktestRunning(Conflict):
    """The backtest's job has not ended."""

    code = "backtest_running"


class EngineRunNotFound(NotFound):
    """This engine has no result in this backtest."""

    code = "engine_run_not_found"


class ChartNotReady(Conflict):
    """The picture is still being drawn, or its job failed."""

    code = "chart_not_ready"


class EnginesInvalid(Invalid):
    """No engine is named, or one twice."""

    code = "engines_invalid"


class RangeEmpty(Unprocessable):
    """The series has no candles in the range."""

    code = "range_empty"


class RangeTooShort(Unprocessable):
    """The strategy would need more candles before it can speak."""

    code = "range_too_short"


class TimeframeMismatch(Unprocessable):
    """The strategy decides on bars of another length than the series has."""

    code = "timeframe_mismatch"


class ResultMissing(Unavailable):
    """A result's file is gone or damaged; the backtest can be run again."""

    code = "result_missing"


class AllEnginesFailed(Unprocessable):
    """No engine gave a result; each run says why."""

    code = "all_engines_failed"


class BacktestInUse(Conflict):
    """A parity run stands on this backtest."""

    code = "backtest_in_use"


class ParityNotFound(NotFound):
    """There is no such parity run for this user."""

    code = "parity_not_found"


class ParityNotFinished(Conflict):
    """The parity run has no result yet, or never will; its job says which."""

    code = "parity_not_finished"


class ParityRunning(Conflict):
    """The parity run's job has not ended."""

    code = "parity_running"


class ParityPairNotFound(NotFound):
    """These two were not compared in this parity run."""

    code = "parity_pair_not_found"


class NothingToCompare(Unprocessable):
    """Fewer than two sides have trades to compare; each run says why."""

    code = "nothing_to_compare"


class ReportNotReady(Conflict):
    """The report is still being made, or its job failed."""

    code = "report_not_ready"


class TradeListInvalid(Unprocessable):
    """A list of trades from elsewhere cannot be read; the message says where."""

    code = "trade_list_invalid"


class NotReproducible(Conflict):
    """What a backtest was made of is not there any more."""

    code = "not_reproducible"


class MarketMakingNotFound(NotFound):
    """There is no such market-making run for this user."""

    code = "market_making_not_found"


class MarketMakingNotFinished(Conflict):
    """The market-making run has no result yet, or never will; its job says which."""

    code = "market_making_not_finished"


class MarketMakingRunning(Conflict):
    """The market-making run's job has not ended."""

    code = "market_making_running"


class OptionWithoutEffect(Invalid):
    """An option is given that the chosen model does not have."""

    code = "option_without_effect"


class QuotingInvalid(Unprocessable):
    """Quotes that cannot be made in this market, or over this capture."""

    code = "quoting_invalid"
