"""The synthetic venue behind the exchange port."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apps.exchanges.adapters.simulated.config import (
    DAY_NS,
    EPOCH_NS,
    HORIZON_DAYS,
    INSTRUMENTS,
    MINUTE_NS,
    VENUE_ID,
    SimulatedConfig,
)
from apps.exchanges.adapters.simulated.daily_path import daily_path
from apps.exchanges.adapters.simulated.minute_bars import (
    Grids,
    coarsen,
    from_grid,
    minute_grids,
)
from apps.exchanges.contracts import Candles
from apps.exchanges.errors import (
    CandleRangeInvalid,
    SymbolUnknown,
    TimeframeUnsupported,
)

if TYPE_CHECKING:
    from apps.exchanges.adapters.simulated.config import Instrument
    from apps.exchanges.contracts import Market

HORIZON_NS = EPOCH_NS + HORIZON_DAYS * DAY_NS
MAX_CANDLES = 2_000_000
# A block of minutes that stays in the processor's cache.
_BLOCK_DAYS = 16


class SimulatedVenue:
    """A venue whose markets are invented: seeded, repeatable, never traded.

    One tape of minutes underlies every timeframe, so an hour's candle is that of its
    minutes, and a part of a range has the same candles as the whole. The history is a
    pure function of seed, symbol and time; nothing is kept between calls. Equal on every
    platform but for the last bit of `exp` and `log`, which rounding to the tick hides
    except where a price lies within that bit of the middle between two ticks.

    Args:
        config: The seed; the default one where None.
    """

    def __init__(self, config: SimulatedConfig | None = None) -> None:
        self._config = config or SimulatedConfig()
        self._instruments = {each.market.symbol: each for each in INSTRUMENTS}

    def markets(self) -> tuple[Market, ...]:
        """Return the synthetic markets, sorted by symbol."""
        return tuple(
            self._instruments[name].market for name in sorted(self._instruments)
        )

    def candles(
        self, symbol: str, timeframe_ns: int, start_ns: int, end_ns: int
    ) -> Candles:
        """Return the synthetic candles that open within `[start_ns, end_ns)`.

        Args:
            symbol: One of `markets`.
            timeframe_ns: Whole minutes that divide a day, nanoseconds.
            start_ns: First open time, inclusive, nanoseconds UTC.
            end_ns: Last open time, exclusive.

        Raises:
            SymbolUnknown: There is no such market here.
            TimeframeUnsupported: The length is no whole number of minutes, or does not
                divide a day.
            CandleRangeInvalid: The range is empty or turned round, reaches outside of
                2020-01-01 to 2040-01-01, or holds more than `MAX_CANDLES`.

        Returns:
            Candles without gaps, prices on the tick, volumes on the quantity step.
        """
        instrument = self._instrument(symbol)
        _check_timeframe(timeframe_ns)
        _check_range(timeframe_ns, start_ns, end_ns)
        first = -(-(start_ns - EPOCH_NS) // timeframe_ns)
        after = -(-(end_ns - EPOCH_NS) // timeframe_ns)
        grids = self._grids(instrument, timeframe_ns, first, after)
        tick, step = instrument.market.price_tick, instrument.market.quantity_step
        return Candles(
            time=EPOCH_NS + np.arange(first, after, dtype=np.int64) * timeframe_ns,
            open=from_grid(grids.open, tick),
            high=from_grid(grids.high, tick),
            low=from_grid(grids.low, tick),
            close=from_grid(grids.close, tick),
            volume=from_grid(grids.volume, step),
            timeframe_ns=timeframe_ns,
        )

    def _instrument(self, symbol: str) -> Instrument:
        instrument = self._instruments.get(symbol)
        if instrument is None:
            raise SymbolUnknown.among(symbol, self._instruments, venue=VENUE_ID)
        return instrument

    def _grids(
        self, instrument: Instrument, timeframe_ns: int, first: int, after: int
    ) -> Grids:
        """Make candles `first` to `after`, counted from the epoch, as flat arrays."""
        if first == after:
            return Grids(*(np.empty(0) for _ in Grids._fields))
        path = daily_path(self._config.seed, instrument)
        per_day = DAY_NS // timeframe_ns
        days = range(first // per_day, (after - 1) // per_day + 1)
        blocks = [
            coarsen(
                minute_grids(
                    self._config.seed,
                    instrument,
                    path,
                    day,
                    min(_BLOCK_DAYS, days.stop - day),
                ),
                timeframe_ns // MINUTE_NS,
            )
            for day in range(days.start, days.stop, _BLOCK_DAYS)
        ]
        wanted = slice(first - days.start * per_day, after - days.start * per_day)
        return Grids(
            *(
                np.concatenate([block.ravel() for block in column])[wanted]
                for column in zip(*blocks, strict=True)
            )
        )


def _check_timeframe(timeframe_ns: int) -> None:
    whole = timeframe_ns > 0 and timeframe_ns % MINUTE_NS == 0
    if not whole or DAY_NS % timeframe_ns:
        message = (
            f"venue {VENUE_ID} has no candles of {timeframe_ns} ns; their length is a "
            "whole number of minutes that divides a day, such as 1m, 15m, 1h, 4h, 1d"
        )
        raise TimeframeUnsupported(message, attr="timeframe_ns")


def _check_range(timeframe_ns: int, start_ns: int, end_ns: int) -> None:
    if start_ns >= end_ns:
        message = f"start {start_ns} is not before end {end_ns}"
        raise CandleRangeInvalid(message, attr="start_ns")
    for attr, moment in (("start_ns", start_ns), ("end_ns", end_ns)):
        if not EPOCH_NS <= moment <= HORIZON_NS:
            message = (
                f"{attr} {moment} is outside of the synthetic history, which reaches "
                f"from {EPOCH_NS} (2020-01-01) to {HORIZON_NS} (2040-01-01)"
            )
            raise CandleRangeInvalid(message, attr=attr)
    count = (end_ns - start_ns) // timeframe_ns
    if count > MAX_CANDLES:
        message = f"the range holds {count} candles; ask for {MAX_CANDLES} at most"
        raise CandleRangeInvalid(message, attr="end_ns")
