"""Public trades: the last ones, from a number on, or of an hour at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.exchange_server.asking import limited, whole
from tests.exchange_server.markets import HOUR_MS
from tests.exchange_server.refusals import refusal
from tests.exchange_server.tape import trades_listed

if TYPE_CHECKING:
    from tests.exchange_server.exchange import Exchange
    from tests.exchange_server.markets import ServedMarket
    from tests.exchange_server.tape import Trade


def _last(exchange: Exchange, market: ServedMarket, limit: int) -> list[Trade]:
    """Return the last trades, scripted ones included."""
    now = exchange.clock.past_ms()
    history = exchange.history(market)
    found: list[Trade] = []
    end = now
    first = max(market.listed_ms, now - 30 * 24 * HOUR_MS)
    while len(found) < limit and end > first:
        found = trades_listed(history.trades(end - HOUR_MS, end)) + found
        end -= HOUR_MS
    return (found + exchange.tape(market).scripted())[-limit:]


def _from(
    exchange: Exchange, market: ServedMarket, number: int, limit: int
) -> list[Trade]:
    """Return the trades from a number on."""
    history, now = exchange.history(market), exchange.clock.past_ms()
    start = history.trade_time(number)
    found: list[Trade] = []
    while len(found) < limit and start < now:
        end = min(start + HOUR_MS, now)
        known = history.trades(start, end)
        wanted = known.pick(known.id >= number).pick(slice(0, limit - len(found)))
        found += trades_listed(wanted)
        start = _onwards(exchange, market, end)
    return found


def _onwards(exchange: Exchange, market: ServedMarket, end_ms: int) -> int:
    """Return where to look next: a market may rest for weeks."""
    history, now = exchange.history(market), exchange.clock.past_ms()
    if len(history.bars("1h", end_ms, end_ms + HOUR_MS)):
        return end_ms
    later = history.bars("1h", end_ms, now)
    return int(later.time[0]) if len(later) else max(end_ms, now)


def trades(exchange: Exchange, query: dict[str, str]) -> object:
    """Answer the last trades."""
    market = exchange.market(query.get("symbol"))
    found = _last(exchange, market, limited(query, 1000))
    return [each.described() for each in found]


def historical_trades(exchange: Exchange, query: dict[str, str]) -> object:
    """Answer trades from a number on, or the last ones."""
    market = exchange.market(query.get("symbol"))
    limit, number = limited(query, 1000), whole(query, "fromId")
    if number is None:
        return trades(exchange, query)
    return [each.described() for each in _from(exchange, market, number, limit)]


def agg_trades(exchange: Exchange, query: dict[str, str]) -> object:
    """Answer gathered trades: from a number, of a span, or the last ones."""
    market = exchange.market(query.get("symbol"))
    limit, number = limited(query, 1000), whole(query, "fromId")
    start, end = whole(query, "startTime"), whole(query, "endTime")
    if number is not None:
        if start is not None or end is not None:
            raise refusal(
                -1128,
                "Combination of optional parameters invalid. Recommendation: "
                "'fromId' alone, or 'startTime' and 'endTime'.",
            )
        found = _from(exchange, market, number, limit)
    elif start is not None and end is not None:
        if end < start:
            raise refusal(-1102, "Start time is greater than end time.")
        if end - start > HOUR_MS:
            raise refusal(-1127)
        found = _between(exchange, market, start, end + 1)[:limit]
    elif start is not None:
        found = _between(exchange, market, start, start + HOUR_MS)[:limit]
    elif end is not None:
        found = _between(exchange, market, end - HOUR_MS, end + 1)[-limit:]
    else:
        found = _last(exchange, market, limit)
    return [each.gathered() for each in found]


def _between(
    exchange: Exchange, market: ServedMarket, start: int, end: int
) -> list[Trade]:
    until = min(end, exchange.clock.past_ms())
    if until <= start:
        return []
    return trades_listed(exchange.history(market).trades(start, until))
