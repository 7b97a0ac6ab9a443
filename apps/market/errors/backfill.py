"""What can go wrong when data is fetched from exchanges, or made of other data."""

from __future__ import annotations

from apps.core.errors import Conflict, NotFound, Unprocessable


class BackfillFailed(Unprocessable):
    """None of the markets could be fetched."""

    code = "backfill_failed"


class CandlesAbsent(NotFound):
    """The exchange has no candles of this market in this range."""

    code = "candles_absent"


class TradesAbsent(NotFound):
    """There are no trades of this market in this range."""

    code = "trades_absent"


class TradeDayNotFound(NotFound):
    """There is no such day of trades, or it is not yours."""

    code = "trade_day_not_found"


class TradeDayChanged(Conflict):
    """Somebody else stored the same day of trades at the same moment."""

    code = "trade_day_changed"


class ResampleImpossible(Unprocessable):
    """Bars of this length cannot be made of these."""

    code = "resample_impossible"
