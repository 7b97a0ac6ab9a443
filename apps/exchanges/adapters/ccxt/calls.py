"""Calls to one exchange: guarded, judged, with markets that are loaded once."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager, suppress
from threading import RLock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import ccxt

from apps.core.errors import ApplicationError
from apps.exchanges.adapters.ccxt.client import client_make
from apps.exchanges.adapters.ccxt.deadline import deadline
from apps.exchanges.adapters.ccxt.listing import said_nothing
from apps.exchanges.adapters.ccxt.markets import markets_from
from apps.exchanges.adapters.ccxt.numbers import NS_PER_SECOND
from apps.exchanges.adapters.ccxt.table import NOT_KNOWN, Intent, judged, misread
from apps.exchanges.errors import (
    ExchangeAnswerInvalid,
    OutcomeUnknown,
    SymbolUnknown,
)
from apps.exchanges.guard import Guard, Rate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from apps.exchanges.config import ExchangeConfig
    from apps.exchanges.contracts import Market
    from apps.exchanges.guard import GuardPolicy

logger = logging.getLogger(__name__)

# A market that was listed since is looked for again, but not at each wrong name.
_RELOAD_SECONDS = 60.0
# What ccxt's parsers raise on an answer of another shape than they expect.
_MISREADINGS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def rate_of(client: Any, config: ExchangeConfig) -> Rate:
    """Return what an exchange states about its rate, and under which name it is shared.

    Args:
        client: A ccxt client, synchronous or not.
        config: How the exchange is reached: what stands in for it has its own rate.
    """
    host = "" if config.endpoint is None else f"@{urlsplit(config.endpoint).netloc}"
    return Rate(f"{client.id}{host}", float(client.rateLimit))


class Calls:
    """One client of an exchange and the guard before it; threads may share it.

    Args:
        exchange: ccxt's id.
        config: How it is reached.
        policy: How often and how long it is tried; the usual one where None.
    """

    def __init__(
        self,
        exchange: str,
        config: ExchangeConfig,
        policy: GuardPolicy | None = None,
    ) -> None:
        self.exchange = exchange
        self.client = client_make(exchange, config)
        rate = rate_of(self.client, config)
        self.guard = Guard(exchange, rate, config.redis_url, policy)
        self.client.pace = self.guard.pace
        self._sending_seconds = config.sending_seconds
        self._loading = RLock()
        self._loaded_at = 0.0

    def read[T](self, ask: Callable[[], T]) -> T:
        """Call what changes nothing; after an outage, again, unless an order waits.

        Args:
            ask: Calls ccxt and reads its answer.
        """
        if deadline.left is not None:
            return self.once(ask)
        return self.guard.read(lambda: self._judged(ask, Intent.READ))

    def once[T](self, ask: Callable[[], T]) -> T:
        """Call what changes nothing, once."""
        return self.guard.once(lambda: self._judged(ask, Intent.READ))

    @contextmanager
    def sending(self, before_ns: int | None = None) -> Iterator[None]:
        """Prepare and send what changes something: all of it leaves in time, or nothing.

        Whatever is asked within, markets for instance, is asked once, and nothing leaves
        later than `ExchangeConfig.sending_seconds` from now.

        Args:
            before_ns: Nor after this time, int64 nanoseconds UTC.
        """
        seconds = self._sending_seconds
        if before_ns is not None:
            seconds = min(seconds, (before_ns - time.time_ns()) / NS_PER_SECOND)
        with deadline.within(seconds):
            yield

    def write[T](self, ask: Callable[[], T]) -> T:
        """Call what changes something, once; it leaves in time, or not at all.

        Time is bounded by three things: it is not sent once `sending_seconds` have
        passed, whether a turn, a name or a connection took them; the exchange may be
        silent for `timeout_seconds`; and its whole answer may take as long.

        Raises:
            ExchangeUnavailable: It was not sent: no connection, or the circuit is open.
            ExchangeRateLimited: It was not sent, or the exchange turned it away.
            OutcomeUnknown: It was sent, and what became of it was not told.
        """
        with deadline.within(self._sending_seconds):
            return self.guard.once(lambda: self._judged(ask, Intent.WRITE))

    def listed[T](self, raw: list[T]) -> list[T]:
        """Return what ccxt made of an answer, if that is not nothing of something.

        Raises:
            ExchangeAnswerInvalid: It is empty, and the exchange did not say so.
        """
        if not raw and not said_nothing(self.client.wire.now.answer):
            message = "a list was asked for, and the answer has none"
            raise ExchangeAnswerInvalid(message)
        return raw

    def markets_load(self) -> tuple[Market, ...]:
        """Fetch the markets anew and return them."""
        with self._loading:
            markets = self.read(self._markets_fetch)
            self._loaded_at = time.monotonic()
            return markets

    def loaded(self) -> None:
        """Make sure that markets are known; they are fetched where they are not."""
        with self._loading:
            if not self.client.markets:
                self.markets_load()

    def market(self, symbol: str) -> Mapping[str, Any]:
        """Return ccxt's description of a market.

        Raises:
            SymbolUnknown: There is none of this name; near ones are offered.
        """
        with self._loading:
            known = self.client.markets or {}
            old = time.monotonic() - self._loaded_at > _RELOAD_SECONDS
            if not known or (old and symbol not in known):
                self.markets_load()
        found = self.client.markets.get(symbol)
        if found is None:
            raise SymbolUnknown.among(symbol, self.client.markets, venue=self.exchange)
        market: Mapping[str, Any] = found
        return market

    def clock_skew(self) -> float | None:
        """Return the exchange's clock less ours, in seconds; None where it tells none.

        Raises:
            ApplicationError: As any call.
        """
        if not self.client.has.get("fetchTime"):
            return None
        asked = time.time()
        told = self.client.fetch_time()
        return float(told) / 1000 - (asked + time.time()) / 2 if told else None

    def close(self) -> None:
        """Let go of all connections."""
        self.client.close()
        self.guard.close()

    def _markets_fetch(self) -> tuple[Market, ...]:
        self.client.load_markets(reload=True)
        return markets_from(self.client)

    def _judged[T](self, ask: Callable[[], T], intent: Intent) -> T:
        exchanged = self.client.wire.fresh(silence=intent is Intent.WRITE)
        try:
            return ask()
        except ccxt.BaseError as error:
            self.client.scrub.error(error)
            skew = self._skew_after(error)
            raise judged(
                error, exchanged, exchange=self.exchange, intent=intent, skew=skew
            ) from error
        except ExchangeAnswerInvalid as error:
            self.client.scrub.error(error)
            if intent is Intent.READ:
                raise
            message = f"{self.exchange}: {error.message}; {NOT_KNOWN}"
            raise OutcomeUnknown(message) from error
        except _MISREADINGS as error:
            self.client.scrub.error(error)
            if intent is Intent.WRITE and exchanged.sent:
                # Ours or ccxt's: either way nobody has read what the exchange said.
                logger.exception("%s: an answer to a write was not read", self.exchange)
                message = f"{self.exchange}: {error!r}; {NOT_KNOWN}"
                raise OutcomeUnknown(message) from error
            wrong = misread(error, exchanged, exchange=self.exchange, intent=intent)
            if wrong is None:
                raise
            raise wrong from error

    def _skew_after(self, error: ccxt.BaseError) -> float | None:
        """Measure the clocks where a call was refused for its time.

        That call stays refused; the next ones are stamped by the exchange's clock, so
        that orders can be cancelled while this machine's is wrong.
        """
        if not isinstance(error, ccxt.InvalidNonce):
            return None
        # What the refused call got is still to be judged.
        self.client.wire.fresh()
        with suppress(ccxt.BaseError, ApplicationError):
            skew = self.clock_skew()
            if skew is not None and "timeDifference" in self.client.options:
                self.client.options["timeDifference"] = round(-1000 * skew)
            return skew
        return None
