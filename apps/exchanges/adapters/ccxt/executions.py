"""An account's executions, whichever way an exchange turns its pages.

Binance tells the oldest since a time first. Most others tell the newest first, a hundred
or fifty at once: what lies between the time and the oldest of them would be missed.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from apps.exchanges.adapters.ccxt.numbers import NS_PER_MS
from apps.exchanges.adapters.ccxt.orders import fills_from, fills_sorted
from apps.exchanges.errors import ExchangeAnswerInvalid, ExchangeUnsupported

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.exchanges.account_port import VenueFill
    from apps.exchanges.adapters.ccxt.calls import Calls

_MOST_PER_PAGE = 1000
_MOST_PAGES = 1000
_SECOND_MS = 1000

type Ask = Callable[..., list[Any]]


class Executions:
    """Asks for an account's executions.

    Args:
        calls: Of the account.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._client = calls.client
        told = self._client.feature_value_by_type("spot", None, "fetchMyTrades") or {}
        limit = told.get("limit")
        self._size_told = bool(limit)
        self._per_page = min(int(limit or _MOST_PER_PAGE), _MOST_PER_PAGE)
        # Its executions are numbered in their order, and asked for from a number on.
        self._numbered = self._client.id.startswith("binance")

    def after(
        self, symbol: str, since_ms: int, after_id: str | None
    ) -> tuple[VenueFill, ...]:
        """Return executions from a time on, or those after one, oldest first, each once.

        Args:
            symbol: The market.
            since_ms: From this time on.
            after_id: Only those after it, where the exchange can be asked so; others tell
                it again.
        """
        ask = self._client.fetch_my_trades
        if not self._numbered:
            return self._since(ask, symbol, since_ms)
        if after_id is None:
            return self._page(ask, symbol, since_ms, {})
        return self._page(ask, symbol, None, _behind(after_id))

    def of_order(
        self, symbol: str, order_id: str, since_ms: int
    ) -> tuple[VenueFill, ...]:
        """Return all executions of one order, oldest first, each once.

        Args:
            symbol: The market.
            order_id: The exchange's name of the order.
            since_ms: From when on executions are looked through where they cannot be
                asked for by their order.
        """
        if self._client.has.get("fetchOrderTrades") is True:
            ask: Ask = partial(self._client.fetch_order_trades, order_id)
            walk = self._walked_by_id if self._numbered else self._since
            found = walk(ask, symbol, None)
        else:
            ask = self._client.fetch_my_trades
            walk = self._walked_by_id if self._numbered else self._walked_by_time
            found = walk(ask, symbol, since_ms)
        return tuple(each for each in found if each.order_id == order_id)

    def _walked_by_id(
        self, ask: Ask, symbol: str, since_ms: int | None
    ) -> tuple[VenueFill, ...]:
        by_id: dict[str, VenueFill] = {}
        place: dict[str, Any] = {}
        while True:
            page = self._page(ask, symbol, since_ms, place)
            fresh = {each.id: each for each in page if each.id not in by_id}
            by_id |= fresh
            if not fresh or len(page) < self._per_page:
                return tuple(by_id.values())
            place = _behind(page[-1].id)

    def _walked_by_time(
        self, ask: Ask, symbol: str, since_ms: int | None
    ) -> tuple[VenueFill, ...]:
        by_id: dict[str, VenueFill] = {}
        while True:
            page = self._since(ask, symbol, since_ms)
            fresh = {each.id: each for each in page if each.id not in by_id}
            by_id |= fresh
            if not fresh:
                return tuple(by_id.values())
            since_ms = _ms(page[-1])

    def _page(
        self, ask: Ask, symbol: str, since_ms: int | None, place: dict[str, Any]
    ) -> tuple[VenueFill, ...]:
        """Return what one request brings, oldest first, each once.

        Args:
            ask: ccxt's method.
            symbol: The market.
            since_ms: From this time on; None where `ask` or `place` says it.
            place: Further parameters.
        """

        def asked() -> tuple[VenueFill, ...]:
            raw = ask(symbol, since_ms, self._per_page, place)
            return fills_from(self._calls.listed(raw), symbol)

        return self._calls.read(asked)

    def _since(
        self, ask: Ask, symbol: str, since_ms: int | None
    ) -> tuple[VenueFill, ...]:
        """Return executions from a time on without a gap, oldest first, each once.

        The exchange may end them before now: it is asked again from the last one on.

        Raises:
            ExchangeUnsupported: It holds back some, and cannot be asked for them.
        """
        if self._client.id == "kraken":
            return self._by_offset(ask, symbol, since_ms)
        page = self._page(ask, symbol, since_ms, {})
        by_id = {each.id: each for each in page}
        for _ in range(_MOST_PAGES):
            if not page or (self._size_told and len(page) < self._per_page):
                return fills_sorted(by_id.values())
            # Whole seconds: some exchanges cut the rest off.
            until_ms = (_ms(page[0]) // _SECOND_MS + 1) * _SECOND_MS
            page = self._page(ask, symbol, since_ms, {"until": until_ms})
            if any(_ms(each) > until_ms for each in page):
                raise self._refusal("only the newest or the oldest of them")
            fresh = {each.id: each for each in page if each.id not in by_id}
            if not fresh:
                if self._size_told and len(page) >= self._per_page:
                    raise self._refusal(f"no more than {self._per_page} of a second")
                return fills_sorted(by_id.values())
            by_id |= fresh
        raise self._refusal(f"{len(by_id)} of them, and has still more")

    def _by_offset(
        self, ask: Ask, symbol: str, since_ms: int | None
    ) -> tuple[VenueFill, ...]:
        """Walk through Kraken's pages, which hold fifty of all markets, newest first."""
        by_id: dict[str, VenueFill] = {}
        place: dict[str, Any] = {"ofs": 0}
        if since_ms is not None:
            # It leaves out what is of that very second.
            place["start"] = since_ms // _SECOND_MS - 1
        for _ in range(_MOST_PAGES):
            page = self._page(ask, symbol, since_ms, place)
            by_id |= {each.id: each for each in page}
            here, count = self._counted()
            place = place | {"ofs": place["ofs"] + here}
            if not here or place["ofs"] >= count:
                return fills_sorted(by_id.values())
        raise self._refusal(f"{len(by_id)} of them, and has still more")

    def _counted(self) -> tuple[int, int]:
        result = (self._client.wire.now.answer or {}).get("result") or {}
        try:
            return len(result["trades"]), int(result["count"])
        except (LookupError, TypeError, ValueError) as error:
            message = "executions were asked for, and their number is not told"
            raise ExchangeAnswerInvalid(message, attr="count") from error

    def _refusal(self, tells: str) -> ExchangeUnsupported:
        message = (
            f"{self._client.id} was asked for all executions and tells {tells}; the "
            "account cannot be compared without them"
        )
        return ExchangeUnsupported(message)


def _ms(fill: VenueFill) -> int:
    return fill.time_ns // NS_PER_MS


def _behind(fill_id: str) -> dict[str, Any]:
    return {"fromId": int(fill_id) + 1}
