"""The words of the market room, without Django, so that every room can use them."""

from __future__ import annotations

from enum import StrEnum

_UNIT_NANOSECONDS = {
    "m": 60 * 1_000_000_000,
    "h": 3_600 * 1_000_000_000,
    "d": 86_400 * 1_000_000_000,
    "w": 7 * 86_400 * 1_000_000_000,
}


class Timeframe(StrEnum):
    """The length of one bar, in the notation that exchanges and ccxt share."""

    M1 = "1m"
    M3 = "3m"
    M5 = "5m"
    M15 = "15m"
    M30 = "30m"
    H1 = "1h"
    H2 = "2h"
    H4 = "4h"
    H6 = "6h"
    H8 = "8h"
    H12 = "12h"
    D1 = "1d"
    D3 = "3d"
    W1 = "1w"

    @property
    def nanoseconds(self) -> int:
        """The bar's nominal length in nanoseconds."""
        return int(self.value[:-1]) * _UNIT_NANOSECONDS[self.value[-1]]

    @classmethod
    def from_nanoseconds(cls, step: int) -> Timeframe | None:
        """Return the timeframe whose bars are `step` nanoseconds long, if any."""
        return next((one for one in cls if one.nanoseconds == step), None)


class CandleFormat(StrEnum):
    """The layouts of candle files that are read."""

    AUTO = "auto"
    CSV = "csv"
    BINANCE_CSV = "binance_csv"
    KRAKEN_CSV = "kraken_csv"
    FREQTRADE_FEATHER = "freqtrade_feather"
    PARQUET = "parquet"


class TimeUnit(StrEnum):
    """How a file writes its times: a count since the epoch, or ISO 8601 text."""

    SECONDS = "s"
    MILLISECONDS = "ms"
    MICROSECONDS = "us"
    NANOSECONDS = "ns"
    ISO = "iso"

    @property
    def nanoseconds(self) -> int:
        """The length of one unit in nanoseconds; ISO text counts nanoseconds."""
        return {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000}.get(self.value, 1)


class RulesSource(StrEnum):
    """Where an instrument's tick, step and minimums come from."""

    GIVEN = "given"
    INFERRED = "inferred"
    VENUE = "venue"


class GapKind(StrEnum):
    """Where a confirmed gap lies: within a series, or before what the venue has."""

    HOLE = "hole"
    LEADING = "leading"


class TradeDoubt(StrEnum):
    """Why trades of a day may be missing.

    `head`: nothing proves that the first trade is the first there was. `gap`: a page that
    should begin with a known trade did not have it. `crowded`: one moment had more
    trades than a page holds.
    """

    HEAD = "head"
    GAP = "gap"
    CROWDED = "crowded"


class QualityVerdict(StrEnum):
    """How good stored candles are, by the service's own thresholds."""

    GOOD = "good"
    DOUBTFUL = "doubtful"
    BAD = "bad"


class QualityTrigger(StrEnum):
    """What had the candles of a series looked at."""

    IMPORT = "import"
    BACKFILL = "backfill"
    CHECK = "check"
    SCHEDULE = "schedule"


class LiveKind(StrEnum):
    """What can be held fresh of a market; the status is of its exchange."""

    TICKERS = "tickers"
    BOOKS = "books"
    TRADES = "trades"
    STATUS = "status"


class RecordingState(StrEnum):
    """How far a recording is: asked for, being written, read as a capture, or ended."""

    WAITING = "waiting"
    RECORDING = "recording"
    IMPORTING = "importing"
    DONE = "done"
    FAILED = "failed"
