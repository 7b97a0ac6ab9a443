"""What is particular to Bitget's streams: ccxt goes on with a book that it should not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import ccxt

from apps.exchanges.adapters.ccxt.telling import TellingClient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

UNSUBSCRIBE_SECONDS = 5.0


class BitgetTelling(TellingClient):
    """Goes before ccxt.pro's class of Bitget."""

    safe_market: Callable[..., dict[str, Any]]

    def handle_order_book(self, ws: Any, message: Any) -> None:
        """Take a snapshot for the whole book, and a change only where there is one.

        ccxt adds the levels of a snapshot to those that it has, and changes to nothing.
        """
        argument = message.get("arg") or {}
        if argument.get("channel", argument.get("topic")) == "books":
            symbol = self._symbol(argument)
            if message.get("action") == "snapshot":
                self.orderbooks.pop(symbol, None)
            elif symbol not in self.orderbooks:
                return
        super().handle_order_book(ws, message)  # type: ignore[misc]

    def handle_check_sum_error(
        self, ws: Any, symbol: str, message_hash: str
    ) -> Awaitable[None]:
        """Let go of a book at once, then have it subscribed to anew.

        ccxt would go on with it until the exchange has confirmed.
        """
        self.orderbooks.pop(symbol, None)
        ask = super().handle_check_sum_error  # type: ignore[misc]
        return _resubscribed(ws, ask(ws, symbol, message_hash))

    def _symbol(self, argument: dict[str, Any]) -> Any:
        spot = str(argument.get("instType")).lower() == "spot"
        name = argument.get("instId", argument.get("symbol"))
        kind = "spot" if spot else "contract"
        return self.safe_market(name, None, None, kind)["symbol"]


async def _resubscribed(ws: Any, asking: Awaitable[None]) -> None:
    """Wait for the end of a subscription; where it does not come, end the connection."""
    try:
        async with asyncio.timeout(UNSUBSCRIBE_SECONDS):
            await asking
    except (ccxt.BaseError, OSError) as error:
        ws.on_error(ccxt.NetworkError(f"a book is not let go: {error!r}"))
