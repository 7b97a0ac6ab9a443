"""What the reference engine can honour: all that the contract knows."""

from __future__ import annotations

from apps.engines.contracts import Capabilities, SizingKind

CAPABILITIES = Capabilities(
    shorts=True,
    stop_loss=True,
    take_profit=True,
    trailing_stop=True,
    sizing=tuple(SizingKind),
    fees=True,
    slippage=True,
    partial_fills=False,
    latency=False,
    data_kinds=("bars",),
)
