"""What vectorbt can honour under the fill contract."""

from __future__ import annotations

from apps.engines.contracts import Capabilities, SizingKind

CAPABILITIES = Capabilities(
    # With signals of both sides, whether an order buys or sells depends on the position,
    # which vectorbt's arrays of prices per row cannot know.
    shorts=False,
    stop_loss=True,
    take_profit=True,
    # Its trailing stop moves inside the bar, on the high that it has not yet survived.
    trailing_stop=False,
    # Its sizes are given per row before the run, so none can depend on equity.
    sizing=(SizingKind.FIXED_QUOTE,),
    fees=True,
    slippage=True,
    partial_fills=False,
    latency=False,
    data_kinds=("bars",),
    native_indicators=(
        "atr",
        "bollinger",
        "ema",
        "macd",
        "obv",
        "rsi",
        "sma",
        "stddev",
        "stoch",
    ),
)
