"""A strategy as NautilusTrader's users write one: it acts in `on_bar`.

Its shape is that of the library's own examples: buy when flat, close when long, size by
`make_qty`, stop and target as a bracket, protection of other kinds sent at the fill.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.enums import OrderSide, TrailingOffsetType, TriggerType
from nautilus_trader.trading.strategy import Strategy

from apps.engines.adapters.nautilus.config import BAR_TYPE, INSTRUMENT_ID, VENUE
from apps.engines.adapters.nautilus.limits import order_check
from apps.engines.contracts import SizingKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from nautilus_trader.model.data import Bar
    from nautilus_trader.model.events import (
        OrderDenied,
        OrderFilled,
        OrderRejected,
        PositionClosed,
    )
    from nautilus_trader.model.instruments import CurrencyPair
    from nautilus_trader.model.objects import Quantity
    from nautilus_trader.model.orders import Order

    from apps.engines.contracts import RunRequest

BASIS_POINTS = 10_000
AT_THE_END = "end"  # the tag of what closes a position at the end


class NativeStrategy(Strategy):  # type: ignore[misc]  # a class of a library without types
    """Trades one request's signals by NautilusTrader's defaults.

    Args:
        request: What to trade.
        instrument: What it is traded in.
    """

    def __init__(self, request: RunRequest, instrument: CurrencyPair) -> None:
        super().__init__(StrategyConfig(log_events=False, log_commands=False))
        self.unaffordable = 0
        self.too_small = 0
        self.refused = 0
        self._request, self._instrument = request, instrument
        self._bar = -1

    def on_start(self) -> None:
        """Ask for the bars."""
        self.subscribe_bars(BAR_TYPE)

    def on_bar(self, bar: Bar) -> None:
        """Act at once on what is known at this close."""
        self._bar += 1
        signals = self._request.signals
        if self.portfolio.is_flat(INSTRUMENT_ID):
            if signals.entry_long[self._bar]:
                self.cancel_all_orders(INSTRUMENT_ID)
                self._buy(bar.close.as_double())
        elif signals.exit_long[self._bar]:
            self.cancel_all_orders(INSTRUMENT_ID)
            self.close_all_positions(INSTRUMENT_ID)

    def on_order_filled(self, event: OrderFilled) -> None:
        """Protect what was bought, once all of it is, where no bracket does."""
        entry = self.cache.order(event.client_order_id)
        if not (entry.is_buy and entry.is_closed):
            return
        protection, price = self._request.protection, entry.avg_px
        bracket = protection.stop_loss and protection.take_profit
        if protection.stop_loss and not bracket:
            level = self._instrument.make_price(price * (1 - protection.stop_loss))
            self._protect(self.order_factory.stop_market, entry, trigger_price=level)
        if protection.take_profit and not bracket:
            level = self._instrument.make_price(price * (1 + protection.take_profit))
            self._protect(self.order_factory.limit, entry, price=level)
        if protection.trailing_stop:
            self._protect(
                self.order_factory.trailing_stop_market,
                entry,
                trailing_offset=Decimal(repr(protection.trailing_stop)) * BASIS_POINTS,
                trailing_offset_type=TrailingOffsetType.BASIS_POINTS,
                trigger_type=TriggerType.LAST_PRICE,
            )

    def on_position_closed(self, _: PositionClosed) -> None:
        """Withdraw what protected the position."""
        self.cancel_all_orders(INSTRUMENT_ID)

    def on_order_denied(self, event: OrderDenied) -> None:
        """Count an order that the risk engine did not let pass."""
        if not self.cache.order(event.client_order_id).is_buy:
            self.refused += 1
        elif "FREE_BALANCE" in event.reason:
            self.unaffordable += 1
        else:
            self.too_small += 1

    def on_order_rejected(self, _: OrderRejected) -> None:
        """Count an order that the venue did not take."""
        self.refused += 1

    def on_stop(self) -> None:
        """Leave nothing open at the end."""
        self.cancel_all_orders(INSTRUMENT_ID)
        self.close_all_positions(INSTRUMENT_ID, tags=[AT_THE_END])

    def _protect(self, kind: Callable[..., Order], entry: Order, **levels: Any) -> None:
        order = kind(
            INSTRUMENT_ID, OrderSide.SELL, entry.quantity, reduce_only=True, **levels
        )
        self.submit_order(order)

    def _buy(self, close: float) -> None:
        quantity = self._quantity(close)
        if quantity is None:
            self.too_small += 1
            return
        protection = self._request.protection
        if not (protection.stop_loss and protection.take_profit):
            order = self.order_factory.market(INSTRUMENT_ID, OrderSide.BUY, quantity)
            self.submit_order(order)
            return
        self.submit_order_list(
            self.order_factory.bracket(
                instrument_id=INSTRUMENT_ID,
                order_side=OrderSide.BUY,
                quantity=quantity,
                sl_trigger_price=self._instrument.make_price(
                    close * (1 - protection.stop_loss)
                ),
                tp_price=self._instrument.make_price(
                    close * (1 + protection.take_profit)
                ),
            )
        )

    def _quantity(self, close: float) -> Quantity | None:
        """Return the size to the nearest step, or None where that is nothing."""
        sizing, stop = self._request.sizing, self._request.protection.stop_loss
        stake = sizing.value
        if sizing.kind is not SizingKind.FIXED_QUOTE:
            account = self.portfolio.account(VENUE)
            cash = account.balance_free(self._instrument.quote_currency).as_double()
            stake *= cash
            if sizing.kind is SizingKind.RISK_PER_TRADE and stop:
                stake = min(stake / stop, cash)
        order_check(stake / close)
        try:
            return self._instrument.make_qty(stake / close)
        except ValueError:  # it says that the size was rounded to zero
            return None
