"""What a fill costs, as a fee model of NautilusTrader's.

NautilusTrader fills at the book's price and knows no rate of slippage. Here its account
is charged what the slippage costs, beside the fee, so that its cash is the contract's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nautilus_trader.backtest.models import FeeModel
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.objects import Money

if TYPE_CHECKING:
    from nautilus_trader.model.instruments import Instrument
    from nautilus_trader.model.objects import Price, Quantity
    from nautilus_trader.model.orders import Order

    from apps.engines.adapters.nautilus.levels import Levels


class ContractFees(FeeModel):  # type: ignore[misc]  # a class of a library without types
    """Charges the fee of the slipped price, and the slippage.

    Args:
        levels: The contract's arithmetic for the request.
    """

    def __init__(self, levels: Levels) -> None:
        self._levels = levels
        self._rate = levels.request.costs.fee_rate

    def get_commission(
        self, order: Order, fill_qty: Quantity, fill_px: Price, instrument: Instrument
    ) -> Money:
        """Return what the account pays beside the price that it was filled at."""
        quantity, price = fill_qty.as_double(), fill_px.as_double()
        direction = 1.0 if order.side == OrderSide.BUY else -1.0
        slipped = self._levels.filled(price, direction)
        cost = self._rate * quantity * slipped + quantity * abs(slipped - price)
        return Money(cost, instrument.quote_currency)
