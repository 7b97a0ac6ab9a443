"""What hftbacktest can honour under the fill contract."""

from __future__ import annotations

from apps.engines.contracts import Capabilities, SizingKind

CAPABILITIES = Capabilities(
    shorts=True,
    # It has no stop orders, and a resting target fills at its own price even where the
    # bar opens beyond it; neither can be the contract's.
    stop_loss=False,
    take_profit=False,
    trailing_stop=False,
    # Risk per trade is measured from a stop.
    sizing=(SizingKind.FIXED_QUOTE, SizingKind.PERCENT_OF_EQUITY),
    fees=True,
    slippage=True,
    # Its exchange with partial fills does not carry them to the position.
    partial_fills=False,
    latency=True,
    data_kinds=("bars", "order_book"),
)
