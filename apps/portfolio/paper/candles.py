"""The prices of a paper account that replays a stored candle series.

The replay began at `replay_from` when the account was made and runs `replay_speed` times
as fast as the clock. Only candles that are closed at replay time are ever read. Their
times are told on the clock's own scale, so that orders and candles can be compared.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from apps.core.errors import ApplicationError
from apps.exchanges.adapters.paper.amounts import times
from apps.exchanges.adapters.paper.contracts import Bar, Level, Quote
from apps.market.enums import Timeframe
from apps.market.models import CandleSeries
from apps.market.moments import datetime_from_ns, iso_from_ns, ns_from_datetime
from apps.market.selectors.candles import bars_get
from apps.portfolio.paper.seen import Priced

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from apps.engines.contracts import Bars
    from apps.portfolio.models import Account

# How much of a candle's volume an order may take part in: more would have moved it.
VOLUME_SHARE = Decimal("0.1")
# What is read at once; a replay that is far behind catches up step by step.
MOST_BARS = 2000
_MICROSECOND = timedelta(microseconds=1)


def series_of(account: Account) -> CandleSeries | None:
    """Return the series that an account replays, with its instrument."""
    if account.series_id is None:
        return None
    return (
        CandleSeries.objects.select_related("instrument")
        .filter(pk=account.series_id, owner_id=account.owner_id)
        .first()
    )


class CandlePrices:
    """Quotes and candles of a replay.

    Args:
        account: Whose replay it is.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._series: CandleSeries | None = None
        self._begun = account.replay_from or account.created_at

    def quote(self, symbol: str, now: datetime) -> Priced:
        """Return the close of the newest closed candle, unless one is missing since.

        Args:
            symbol: The market.
            now: The moment, UTC.
        """
        series = self._own(symbol)
        if series is None:
            return Priced(None, f"There are no candles of {symbol} to replay.")
        at, length = self._replayed(now), _length(series)
        try:
            found = self._bars(series, at - 2 * length, at)
        except ApplicationError as error:
            return Priced(None, error.message)
        told = iso_from_ns(ns_from_datetime(at))
        if not found or found[-1].time_ns <= self._clock_ns(at - length):
            msg = (
                f"The replay has no candle of {symbol} that was just closed at {told}."
            )
            return Priced(None, msg)
        level = (Level(found[-1].close, None),)
        return Priced(Quote(found[-1].time_ns, level, level, found[-1].close), "")

    def since(self, symbol: str, after: datetime, now: datetime) -> Sequence[Bar]:
        """Return the candles that were closed after a moment, oldest first.

        Args:
            symbol: The market.
            after: From when on, exclusive, UTC.
            now: The moment, UTC.
        """
        series = self._own(symbol)
        if series is None:
            return ()
        found = self._bars(series, self._replayed(after), self._replayed(now))
        known_ns = ns_from_datetime(after)
        return [one for one in found if one.time_ns > known_ns]

    def _own(self, symbol: str) -> CandleSeries | None:
        if self._series is None:
            self._series = series_of(self._account)
        series = self._series
        return series if series and series.instrument.symbol == symbol else None

    def _bars(
        self, series: CandleSeries, closed_from: datetime, closed_to: datetime
    ) -> list[Bar]:
        """Return the candles that were closed within a range of replay time."""
        length = _length(series)
        start = max(closed_from - length, series.first)
        last = closed_to - length + _MICROSECOND
        while start < last:
            end = min(last, start + MOST_BARS * length)
            found = bars_get(series=series, start=start, end=end)
            if len(found.time):
                return self._told(series, found)
            # A long gap.
            start = end
        return []

    def _told(self, series: CandleSeries, bars: Bars) -> list[Bar]:
        decimals = series.price_decimals
        length_ns = int(bars.timeframe_ns)

        def price(value: float) -> Decimal:
            return Decimal(f"{value:.{decimals}f}")

        columns = (bars.open, bars.high, bars.low, bars.close, bars.volume)
        rows = zip(bars.time.tolist(), *(one.tolist() for one in columns), strict=True)
        return [
            Bar(
                open_ns=self._clock_ns(datetime_from_ns(time)),
                time_ns=self._clock_ns(datetime_from_ns(time + length_ns)),
                open=price(open_),
                high=price(high),
                low=price(low),
                close=price(close),
                quantity=_share(volume, moved=high > low),
            )
            for time, open_, high, low, close, volume in rows
        ]

    def _replayed(self, now: datetime) -> datetime:
        passed = (now - self._account.created_at) * self._account.replay_speed
        return self._begun + passed

    def _clock_ns(self, replayed: datetime) -> int:
        passed = (replayed - self._begun) / self._account.replay_speed
        return ns_from_datetime(self._account.created_at + passed)


def _length(series: CandleSeries) -> timedelta:
    return timedelta(microseconds=Timeframe(series.timeframe).nanoseconds // 1_000)


def _share(volume: float, *, moved: bool) -> Decimal | None:
    # A price that moved without a volume: the series does not tell volumes.
    if not volume > 0 and moved:
        return None
    return times(Decimal(repr(max(volume, 0.0))), VOLUME_SHARE)
