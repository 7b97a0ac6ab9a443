"""What a ccxt.pro client asks over REST: paced, checked, and silent during a pause."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import ccxt

from apps.exchanges.adapters.ccxt.endpoints import endpoint_check
from apps.exchanges.adapters.ccxt.table import judged
from apps.exchanges.adapters.ccxt.wire import Exchanged, body_check
from apps.exchanges.errors import ExchangeRateLimited

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

# Many requests are under way in one thread: each task has its own.
_exchanged: ContextVar[Exchanged | None] = ContextVar("exchanged", default=None)


class RestAsker:
    """The part of a client that is about single requests.

    Attributes:
        only_host: What stands in for the exchange; None for the exchange itself.
        pace: Waits until a request of this cost may go; None to send at once.
        admit: Sends a request unless the exchange wants none now, and remembers the
            pause that it is answered with; None to send at once.
    """

    id: str
    only_host: str | None = None
    pace: Callable[[float], Awaitable[None]] | None = None
    admit: Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]] | None = None

    async def fetch(
        self, url: str, method: str = "GET", headers: Any = None, body: Any = None
    ) -> Any:
        """Send one request and return the answer, parsed and believable as JSON.

        Raises:
            ExchangeRateLimited: The exchange wants no calls, or fewer.
        """
        endpoint_check(url, self.only_host, exchange=self.id)
        send = super().fetch  # type: ignore[misc]

        async def ask() -> Any:
            exchanged = Exchanged()
            exchanged.begin()
            held = _exchanged.set(exchanged)
            try:
                answer = await send(url, method, headers, body)
                body_check(answer, self.id)
            except ccxt.BaseError as error:
                meant = judged(error, exchanged, exchange=self.id)
                if isinstance(meant, ExchangeRateLimited):
                    raise meant from error
                raise
            finally:
                _exchanged.reset(held)
            return answer

        return await (ask() if self.admit is None else self.admit(ask))

    async def throttle(self, cost: float | None = None) -> None:
        """Wait for the rate that all processes share, in place of ccxt's own."""
        if self.pace is not None:
            await self.pace(1.0 if cost is None else float(cost))

    def on_rest_response(
        self,
        code: int,
        reason: str,
        url: str,
        method: str,
        response_headers: Mapping[str, str],
        response_body: str,
        *request: Any,
    ) -> Any:
        """Keep the answer before ccxt judges it."""
        exchanged = _exchanged.get()
        if exchanged is not None:
            exchanged.answered(code, response_headers, response_body)
        return super().on_rest_response(  # type: ignore[misc]
            code, reason, url, method, response_headers, response_body, *request
        )
