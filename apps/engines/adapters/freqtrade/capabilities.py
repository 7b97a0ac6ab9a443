"""What freqtrade can honour under the fill contract."""

from __future__ import annotations

from apps.engines.contracts import Capabilities, SizingKind

CAPABILITIES = Capabilities(
    # It sells short on futures alone, with leverage, liquidation and funding rates, none
    # of which a contract run has.
    shorts=False,
    stop_loss=True,
    take_profit=True,
    trailing_stop=True,
    sizing=tuple(SizingKind),
    fees=True,
    slippage=True,
    partial_fills=False,
    latency=False,
    data_kinds=("bars",),
    # It has none of its own: its users call TA-Lib, as we do.
    native_indicators=(),
)
