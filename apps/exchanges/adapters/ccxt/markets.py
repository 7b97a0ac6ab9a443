"""ccxt's markets into ours: grids, minimums and fees, exact."""

from __future__ import annotations

import decimal
import logging
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import ccxt

from apps.exchanges.adapters.ccxt.numbers import NS_PER_MS, exact
from apps.exchanges.contracts import Market, MarketKind
from apps.exchanges.errors import ExchangeAnswerInvalid, ExchangeRejected

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

logger = logging.getLogger(__name__)

# Where a venue states no grid: finer than any that is quoted, so that nothing is lost.
FINEST_PRICE = Decimal("1E-12")
FINEST_QUANTITY = Decimal("1E-8")
_KINDS = {kind.value: kind for kind in MarketKind}


def markets_from(client: Any) -> tuple[Market, ...]:
    """Return a loaded client's markets, sorted by symbol.

    Args:
        client: A ccxt client whose markets are loaded.

    Raises:
        ExchangeAnswerInvalid: There is not one market that can be read.
    """
    found = []
    left_out = 0
    for raw in _values(client.markets):
        market = market_from(raw, client.precisionMode)
        if market is None:
            left_out += 1
        else:
            found.append(market)
    if not found:
        message = f"{client.id} answered with no market that can be read"
        raise ExchangeAnswerInvalid(message, attr="markets")
    if left_out:
        logger.info("%s: %s markets of other kinds are left out", client.id, left_out)
    return tuple(sorted(found, key=lambda market: market.symbol))


def _values(markets: Mapping[str, Any] | None) -> Iterable[Mapping[str, Any]]:
    return () if markets is None else markets.values()


def market_from(raw: Mapping[str, Any], mode: int) -> Market | None:
    """Return one market, or None where it is of a kind that we do not trade.

    A quantity of a contract is told in base units where one contract stands for a fixed
    quantity of the base; inverse contracts and options are counted in contracts.

    Args:
        raw: ccxt's market.
        mode: ccxt's precision mode of the exchange.
    """
    kind = _KINDS.get(str(raw.get("type")))
    names = [raw.get(name) for name in ("symbol", "base", "quote")]
    if kind is None or not all(isinstance(each, str) and each for each in names):
        return None
    symbol, base, quote = (str(each) for each in names)
    precision = raw.get("precision") or {}
    limits = raw.get("limits") or {}
    size = _contract_size(raw)
    step = _grid(precision.get("amount"), mode) or FINEST_QUANTITY
    settle = raw.get("settle")
    created = raw.get("created")
    return Market(
        symbol=symbol,
        base=base,
        quote=quote,
        price_tick=_grid(precision.get("price"), mode) or FINEST_PRICE,
        quantity_step=step * size,
        min_quantity=max(_least(limits, "amount"), step) * size,
        min_notional=_least(limits, "cost"),
        maker_fee=_figure(raw.get("maker")) or Decimal(0),
        taker_fee=_figure(raw.get("taker")) or Decimal(0),
        kind=kind,
        settle=settle if isinstance(settle, str) else None,
        active=raw.get("active") is not False,
        listed_ns=int(created) * NS_PER_MS if created else None,
    )


def _contract_size(raw: Mapping[str, Any]) -> Decimal:
    """Return the base units of one unit of quantity."""
    if not raw.get("contract") or not raw.get("linear"):
        return Decimal(1)
    return _figure(raw.get("contractSize")) or Decimal(1)


def _grid(precision: Any, mode: int) -> Decimal | None:
    """Return the step of a grid, or None where the venue states none.

    Significant digits are no grid of their own: how fine it is depends on the price.
    """
    value = _figure(precision)
    if value is None or mode == ccxt.SIGNIFICANT_DIGITS:
        return None
    if mode == ccxt.DECIMAL_PLACES:
        return Decimal(1).scaleb(-int(value))
    return value.normalize() if value > 0 else None


def _least(limits: Mapping[str, Any], name: str) -> Decimal:
    found = _figure((limits.get(name) or {}).get("min"))
    return found if found is not None and found > 0 else Decimal(0)


def _figure(value: Any) -> Decimal | None:
    try:
        return exact(value)
    except ValueError:
        return None


def rounded(client: Any, symbol: str, value: Decimal, *, of: str) -> Decimal:
    """Return a price or quantity on the market's grid, by ccxt's own rules.

    Prices go to the nearest step, quantities down: never more than was asked.

    Args:
        client: A ccxt client whose markets are loaded.
        symbol: The market.
        value: Above 0.
        of: `price` or `amount`.

    Raises:
        ExchangeRejected: Nothing is left of it.
    """
    rule = client.price_to_precision if of == "price" else client.amount_to_precision
    with decimal.localcontext():
        # ccxt changes the thread's rounding and traps, and does not change them back.
        try:
            text = rule(symbol, format(value, "f"))
        except ccxt.InvalidOrder as error:
            message = f"{client.id}: {value} is below the smallest {of} of {symbol}"
            raise ExchangeRejected(message, attr=of) from error
    return Decimal(text)
