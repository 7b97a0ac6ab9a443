"""A market's grid and smallest amounts: what is off them is refused, never rounded."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from apps.core.exact import WIDE, plain, times
from apps.exchanges.contracts import MarketKind
from apps.trading.errors.orders import (
    NotionalTooSmall,
    PriceOffTick,
    QuantityOffStep,
    QuantityTooSmall,
    SymbolNotTraded,
)

if TYPE_CHECKING:
    from apps.core.errors import Unprocessable
    from apps.market.models import VenueMarket
    from apps.trading.contracts import PlaceRequest

_ZERO = Decimal(0)


def market_rules_check(market: VenueMarket, request: PlaceRequest) -> None:
    """Refuse an order that the market would not take.

    Raises:
        SymbolNotTraded: The market is closed, gone, or no spot market.
        QuantityTooSmall: Below the smallest quantity.
        QuantityOffStep, PriceOffTick: Off the grid; the nearest values are named.
        NotionalTooSmall: An order with a price is worth less than the smallest.
    """
    _traded_check(market)
    least = market.min_quantity or _ZERO
    if request.quantity < least:
        msg = (
            f"{market.symbol} takes {plain(least)} {market.base} at least, "
            f"not {plain(request.quantity)}."
        )
        raise QuantityTooSmall(msg, attr="quantity")
    off = (
        f"{plain(request.quantity)} {market.base} is no multiple of {market.symbol}'s "
        f"step {plain(market.quantity_step or _ZERO)}"
    )
    _grid_check(
        request.quantity,
        market.quantity_step,
        least,
        QuantityOffStep(off, attr="quantity"),
    )
    for name in ("price", "stop_price"):
        value: Decimal | None = getattr(request, name)
        if value is not None:
            _price_check(market, name, value)
    price = request.price if request.price is not None else request.stop_price
    if price is not None:
        notional_check(market, request.quantity, price)


def notional_check(market: VenueMarket, quantity: Decimal, price: Decimal) -> None:
    """Refuse an order that is worth less than the market's smallest.

    Args:
        market: The market.
        quantity: Base units.
        price: Its limit, or what it is valued at; quote per base.

    Raises:
        NotionalTooSmall: It is.
    """
    least = market.min_notional
    worth = times(quantity, price)
    if least is None or worth >= least:
        return
    enough = _quantity_for(market, least, price)
    msg = (
        f"{market.symbol} takes orders of {plain(least)} {market.quote} at least; "
        f"{plain(quantity)} at {plain(price)} is {plain(worth)}. "
        f"{plain(enough)} {market.base} would be enough."
    )
    raise NotionalTooSmall(msg, attr="quantity")


def _traded_check(market: VenueMarket) -> None:
    if market.gone_at is not None:
        why = f"was dropped by {market.exchange}"
    elif market.kind != MarketKind.SPOT:
        why = f"is a {market.kind}, and orders are for spot markets"
    elif not market.active:
        why = f"is not traded at {market.exchange} at the moment"
    else:
        return
    raise SymbolNotTraded(f"{market.symbol} {why}.", attr="symbol")


def _price_check(market: VenueMarket, name: str, value: Decimal) -> None:
    off = (
        f"{plain(value)} {market.quote} is no multiple of {market.symbol}'s tick "
        f"{plain(market.price_tick or _ZERO)}"
    )
    least = market.price_tick or _ZERO
    _grid_check(value, market.price_tick, least, PriceOffTick(off, attr=name))


def _grid_check(
    value: Decimal, step: Decimal | None, least: Decimal, error: Unprocessable
) -> None:
    if not step:
        return
    rest = WIDE.remainder(value, step)
    if not rest:
        return
    below = WIDE.subtract(value, rest)
    above = WIDE.add(below, step)
    near = [plain(one) for one in (below, above) if one >= least and one > 0]
    msg = f"{error.message}; the nearest are {' and '.join(near)}."
    raise type(error)(msg, attr=error.attr)


def _quantity_for(market: VenueMarket, least: Decimal, price: Decimal) -> Decimal:
    """Return the smallest quantity on the grid that is worth enough."""
    exactly = WIDE.divide(least, price)
    step = market.quantity_step
    if not step:
        return exactly
    steps = WIDE.divide_int(exactly, step)
    enough = WIDE.multiply(steps, step)
    if WIDE.multiply(enough, price) < least:
        enough = WIDE.add(enough, step)
    return max(enough, market.min_quantity or _ZERO)
