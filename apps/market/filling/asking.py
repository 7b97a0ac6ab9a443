"""One page of an exchange's data, asked for until it comes or patience ends.

The adapter repeats a call that failed by chance a few times. What is done here is for
outages and limits that last: to wait, and to ask again. A page that can never be believed
is asked for in smaller and smaller parts, until the bar that spoils it is found.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from apps.exchanges.errors import (
    ExchangeAnswerInvalid,
    ExchangeRateLimited,
    ExchangeUnavailable,
)
from apps.market.enums import Timeframe

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.exchanges.contracts import Candles
    from apps.exchanges.ports import MarketDataPort

_PASSING = (ExchangeUnavailable, ExchangeRateLimited, ExchangeAnswerInvalid)
# A page that cannot be believed is asked for in parts: each that cannot either is worth
# several seconds of the adapter's patience, so there should be few of these.
_PARTS = 8


class Stopped(Exception):  # noqa: N818 - control flow of a backfill
    """Whoever wanted the data does not want it any more."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an exchange is waited for.

    Attributes:
        tries: How often one call is made before it is given up.
        first_seconds: The wait after the first failure; it doubles with each.
        longest_seconds: The longest single wait.
    """

    tries: int = 6
    first_seconds: float = 1.0
    longest_seconds: float = 60.0

    def wait(self, failures: int, error: Exception) -> float:
        """Return how long to wait after so many failures in a row."""
        seconds = self.first_seconds * 2.0 ** (failures - 1)
        told = getattr(error, "retry_after", None)
        return float(min(max(seconds, told or 0.0), self.longest_seconds))


@dataclass(frozen=True, slots=True)
class Page:
    """What a call gave.

    Attributes:
        candles: The page; None where not even one bar could be believed.
        size: How many bars were asked for; fewer than wanted where longer pages could
            not be believed. None: as many as the exchange gives.
    """

    candles: Candles | None
    size: int | None


@dataclass(slots=True)
class Asker:
    """Asks one exchange, for one backfill.

    Attributes:
        port: The exchange.
        patience: How long it is waited for.
        stop: Set when nobody waits for the answers any more.
        asked: Calls that were made.
        failed: Calls that failed and were made again.
    """

    port: MarketDataPort
    patience: Patience = field(default_factory=Patience)
    stop: threading.Event = field(default_factory=threading.Event)
    asked: int = 0
    failed: int = 0
    _outage: bool = False
    # Of which series, and up to when, a bar that cannot be believed is being looked for.
    _spoilt: tuple[tuple[str, str], int] | None = None

    def call[T](self, ask: Callable[[], T], *, believed: int | None = None) -> T:
        """Make a call until it succeeds.

        Args:
            ask: Makes it.
            believed: How often it is made where answers come that cannot be believed;
                None: as often as where none comes.

        Raises:
            Stopped: Nobody waits for the answer any more.
            ExchangeUnavailable, ExchangeRateLimited, ExchangeAnswerInvalid: It failed to
                the end.
            ApplicationError: It cannot succeed.
        """
        # After an outage that outlasted all patience, the next markets ask once each.
        patience = 1 if self._outage else self.patience.tries
        failures = 0
        while True:
            if self.stop.is_set():
                raise Stopped
            self.asked += 1
            try:
                answer = ask()
            except _PASSING as error:
                failures += 1
                self.failed += 1
                answered = isinstance(error, ExchangeAnswerInvalid)
                if failures >= (believed if answered and believed else patience):
                    self._outage = not answered
                    raise
                if self.stop.wait(self.patience.wait(failures, error)):
                    raise Stopped from error
            else:
                self._outage = False
                return answer

    def candles(
        self, symbol: str, timeframe: str, since: int, limit: int | None
    ) -> Page:
        """Return a page of candles, a shorter one where a long one cannot be believed.

        Args:
            symbol: The market.
            timeframe: In ccxt's notation.
            since: First open time, int64 nanoseconds UTC.
            limit: The most bars; None for as many as the exchange gives.
        """
        step = Timeframe(timeframe).nanoseconds
        where = (symbol, timeframe)
        size = limit
        if size is not None and self._spoilt is not None:
            known, end = self._spoilt
            if known == where and since < end:
                size = max(1, min(size, -(-(end - since) // step) // _PARTS))
            else:
                self._spoilt = None
        while True:
            ask = partial(self.port.candles_page, symbol, timeframe, since, size)
            try:
                # The adapter has asked several times before it says that an answer
                # cannot be believed.
                return Page(self.call(ask, believed=1), size)
            except ExchangeAnswerInvalid:
                if size is None:
                    raise
                self._spoilt = where, since + size * step
                if size == 1:
                    return Page(None, 1)
                size = max(1, size // _PARTS)
