"""What a paper account's market asks of orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.exchanges.adapters.paper.contracts import Rules
from apps.exchanges.contracts import MarketKind
from apps.exchanges.errors import ExchangeRejected, ExchangeUnsupported, SymbolUnknown
from apps.market.models import VenueMarket
from apps.market.selectors.venues import symbols_check
from apps.portfolio.enums import PriceSource
from apps.portfolio.paper.candles import series_of

if TYPE_CHECKING:
    from apps.market.models import CandleSeries
    from apps.portfolio.models import Account


def rules_get(
    account: Account, symbol: str, listed: VenueMarket | None = None
) -> Rules:
    """Return the rules of a market that a paper account may trade.

    Where the exchange's markets were never read, any `BASE/QUOTE` is taken, and nothing
    is known of its rules.

    Args:
        account: On paper.
        symbol: The market.
        listed: Its row, where it was just read.

    Raises:
        SymbolUnknown: The exchange lists no such market, or the replay is of another.
        ExchangeUnsupported: It is no spot market.
        ExchangeRejected: It is not traded at the moment.
    """
    if account.price_source == PriceSource.CANDLES.value:
        return _replayed(account, symbol)
    named = (account.exchange, symbol)
    market = listed
    if market is None or (market.exchange, market.symbol) != named:
        found = VenueMarket.objects.filter(exchange=account.exchange, symbol=symbol)
        market = found.first()
    if market is None or market.gone_at is not None:
        symbols_check(exchange=account.exchange, symbols=[symbol])
        return _unlisted(symbol)
    if market.kind != MarketKind.SPOT.value:
        msg = f"{symbol} of {account.exchange} is no spot market"
        raise ExchangeUnsupported(msg, attr="symbol")
    if not market.active:
        msg = f"{account.exchange} does not trade {symbol} at the moment"
        raise ExchangeRejected(msg, attr="symbol")
    return Rules(
        symbol=symbol,
        base=market.base,
        quote=market.quote,
        price_tick=market.price_tick,
        quantity_step=market.quantity_step,
        min_quantity=market.min_quantity,
        min_notional=market.min_notional,
    )


def steps_of(account: Account, symbols: set[str]) -> dict[str, Rules]:
    """Return rules to match open orders by; a market that is gone has none."""
    if account.price_source == PriceSource.CANDLES.value:
        series = series_of(account)
        return {} if series is None else {series.instrument.symbol: _rules(series)}
    found = VenueMarket.objects.filter(exchange=account.exchange, symbol__in=symbols)
    return {
        one.symbol: Rules(
            one.symbol, one.base, one.quote, quantity_step=one.quantity_step
        )
        for one in found
    }


def _unlisted(symbol: str) -> Rules:
    base, _, quote = symbol.partition("/")
    if not base or not quote or ":" in quote:
        msg = f"{symbol[:60]!r} is no spot market; one is named as in BTC/USDT"
        error = SymbolUnknown(msg, attr="symbol")
        error.symbol = symbol
        raise error
    return Rules(symbol, base, quote)


def _replayed(account: Account, symbol: str) -> Rules:
    series = series_of(account)
    if series is None:
        msg = (
            f"The candle series {account.series_id} that this account replays is gone."
        )
        raise SymbolUnknown(msg, attr="symbol")
    if series.instrument.symbol != symbol:
        raise SymbolUnknown.among(
            symbol, [series.instrument.symbol], venue=f"replay {account.name!r}"
        )
    return _rules(series)


def _rules(series: CandleSeries) -> Rules:
    market = series.instrument
    return Rules(
        symbol=market.symbol,
        base=market.base,
        quote=market.quote,
        price_tick=market.price_tick,
        quantity_step=market.quantity_step,
        min_quantity=market.min_quantity,
        min_notional=market.min_notional,
    )
