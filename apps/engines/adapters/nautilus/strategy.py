"""The fill contract as a strategy of NautilusTrader.

It decides; NautilusTrader's venue fills, and its account pays. At a bar's close, what is
then known is prepared: protection is withdrawn before an exit, a trailing stop moves. At
the next open the entry or exit is sent. Stop and target rest at the venue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.trading.strategy import Strategy

from apps.engines.adapters.nautilus.config import BAR_TYPE, INSTRUMENT_ID, decimals_of
from apps.engines.adapters.nautilus.feed import NOT_YET
from apps.engines.adapters.nautilus.holding import OFF, holding_of
from apps.engines.adapters.nautilus.limits import order_check
from apps.engines.contracts import ExitReason
from apps.engines.errors import EngineCrashed

if TYPE_CHECKING:
    from nautilus_trader.model.data import Bar, TradeTick
    from nautilus_trader.model.events import OrderEvent, OrderFilled
    from nautilus_trader.model.orders import Order

    from apps.engines.adapters.nautilus.feed import Feed
    from apps.engines.adapters.nautilus.holding import Holding
    from apps.engines.adapters.nautilus.levels import Levels


class Fill(NamedTuple):
    """One fill, as NautilusTrader reported it.

    Attributes:
        time: Of the venue, nanoseconds.
        price: What it filled at, before slippage.
        quantity: Base units.
        charge: What the account paid beside the price, quote units.
        reason: Why it was sold; None for what was bought.
    """

    time: int
    price: float
    quantity: float
    charge: float
    reason: ExitReason | None


class ContractStrategy(Strategy):  # type: ignore[misc]  # a class without type hints
    """Trades one request by the fill contract.

    Args:
        feed: What will be played.
        levels: The contract's arithmetic for the request.
    """

    def __init__(self, feed: Feed, levels: Levels) -> None:
        super().__init__(StrategyConfig(log_events=False, log_commands=False))
        request = levels.request
        self.fills: list[Fill] = []
        self.unaffordable = 0
        self.too_small = 0
        self._request, self._levels = request, levels
        self._opens, self._closes = iter(feed.opens), iter(feed.closes)
        self._last = len(request.bars) - 1
        self._decimals = decimals_of(request.market.price_tick)
        self._size_decimals = decimals_of(request.market.quantity_step)
        self._cash = request.capital
        self._holding: Holding | None = None
        self._sold_at = -1  # when the last position ended, nanoseconds
        self._why_sold = ExitReason.SIGNAL
        self._stop: Order | None = None
        self._target: Order | None = None
        self._stop_is_due = False

    def on_start(self) -> None:
        """Ask for the opens, and for the bars' closes where something rests."""
        protection = self._request.protection
        self.subscribe_trade_ticks(INSTRUMENT_ID)
        if protection.stop_loss or protection.take_profit or protection.trailing_stop:
            self.subscribe_bars(BAR_TYPE)

    def on_trade_tick(self, tick: TradeTick) -> None:
        """Act at an open, or at the last close."""
        bar = next(self._opens)
        signals = self._request.signals
        if self._holding is None:
            # Nothing is bought at the open at which a stop or target has sold (rule 5).
            free = bar < self._last and tick.ts_event != self._sold_at
            if free and signals.entry_long[bar - 1]:
                self._enter(float(self._request.bars.open[bar]))
        elif bar > self._last:
            self._sell(self._holding, ExitReason.END_OF_DATA)
        elif signals.exit_long[bar - 1]:
            self._sell(self._holding, ExitReason.SIGNAL)
        elif self._stop_is_due:
            self._stop_send(self._holding)

    def on_bar(self, _: Bar) -> None:
        """Prepare at a bar's close what is then known."""
        bar = next(self._closes)
        if self._holding is None or bar == NOT_YET:
            return
        trailing = self._request.protection.trailing_stop
        if self._request.signals.exit_long[bar] and bar < self._last:
            self._withdraw()
        elif trailing:
            before = self._holding.level
            high, close = self._request.bars.high[bar], self._request.bars.close[bar]
            self._holding.close_at(float(high), trailing, self._levels)
            if self._holding.level > before:
                self._stop_move(self._holding.level, float(close))
        if bar < self._last and self._falls_to_stop(self._holding, bar + 1):
            self.cancel_order(self._target)

    def on_order_filled(self, event: OrderFilled) -> None:
        """Keep the fill; protect what was bought, withdraw what protected the sold."""
        bought = event.order_side == OrderSide.BUY
        fill = Fill(
            time=event.ts_event,
            price=self._levels.price(event.last_px.as_double()),
            quantity=self._levels.size(event.last_qty.as_double()),
            charge=event.commission.as_double(),
            reason=None if bought else self._reason(event),
        )
        self.fills.append(fill)
        price = float(self._levels.filled(fill.price, 1.0 if bought else -1.0))
        fee = self._request.costs.fee_rate * fill.quantity * price
        if bought:
            self._cash -= fill.quantity * price + fee
            self._holding = holding_of(fill.quantity, price, self._levels)
            self._protect(self._holding, fill.price)
        else:
            self._cash += fill.quantity * price - fee
            self._holding, self._sold_at = None, fill.time
            self._withdraw()

    def on_order_rejected(self, event: OrderEvent) -> None:
        """Fail: no order of the contract is one to be refused.

        Raises:
            EngineCrashed: Always.
        """
        msg = f"nautilus refused an order: {event.reason}"[:500]
        raise EngineCrashed(msg)

    on_order_denied = on_order_rejected
    on_order_modify_rejected = on_order_rejected

    def _enter(self, open_: float) -> None:
        price = float(self._levels.filled(open_, 1.0))
        quantity = self._levels.quantity(open_, price, self._cash)
        notional = quantity * price
        fee = self._request.costs.fee_rate * quantity * price
        if self._levels.too_small(quantity, notional):
            self.too_small += 1
        elif notional + fee > self._cash:
            self.unaffordable += 1
        else:
            order_check(quantity)
            self.submit_order(
                self.order_factory.market(
                    INSTRUMENT_ID, OrderSide.BUY, self._sized(quantity)
                )
            )

    def _sell(self, holding: Holding, reason: ExitReason) -> None:
        self._why_sold = reason
        self.submit_order(
            self.order_factory.market(
                INSTRUMENT_ID,
                OrderSide.SELL,
                self._sized(holding.quantity),
                reduce_only=True,
            )
        )

    def _protect(self, holding: Holding, open_: float) -> None:
        """Send stop and target; a stop that the open has reached sells at once."""
        if holding.level > OFF:
            self._stop_send(holding)
        if holding.target > OFF and holding.level < open_:
            self._target = self.order_factory.market_if_touched(
                INSTRUMENT_ID,
                OrderSide.SELL,
                self._sized(holding.quantity),
                Price(holding.target, self._decimals),
                reduce_only=True,
            )
            self.submit_order(self._target)

    def _stop_send(self, holding: Holding) -> None:
        self._stop_is_due = False
        self._stop = self.order_factory.stop_market(
            INSTRUMENT_ID,
            OrderSide.SELL,
            self._sized(holding.quantity),
            Price(holding.level, self._decimals),
            reduce_only=True,
        )
        self.submit_order(self._stop)

    def _stop_move(self, level: float, close: float) -> None:
        """Move the resting stop; one that the close has passed waits for the open."""
        if level < close:
            self.modify_order(self._stop, trigger_price=Price(level, self._decimals))
        else:
            self.cancel_order(self._stop)
            self._stop_is_due = True

    def _falls_to_stop(self, holding: Holding, bar: int) -> bool:
        """Return whether a bar opens beyond the target and falls to the stop.

        Such a bar is the stop's (rule 4), but a target that rests would fill at its open.
        """
        if self._target is None or self._target.is_closed:
            return False
        bars = self._request.bars
        beyond = bars.open[bar] >= holding.target
        return bool(beyond and bars.low[bar] <= holding.level)

    def _withdraw(self) -> None:
        for order in (self._stop, self._target):
            if order is not None and not order.is_closed:
                self.cancel_order(order)
        self._stop, self._target, self._stop_is_due = None, None, False

    def _reason(self, event: OrderFilled) -> ExitReason:
        sold, stop, target = event.client_order_id, self._stop, self._target
        if target is not None and sold == target.client_order_id:
            return ExitReason.TAKE_PROFIT
        if self._holding and stop is not None and sold == stop.client_order_id:
            return self._holding.reason
        return self._why_sold

    def _sized(self, quantity: float) -> Quantity:
        return Quantity(quantity, self._size_decimals)
