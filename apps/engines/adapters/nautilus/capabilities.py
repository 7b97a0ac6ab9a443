"""What NautilusTrader can honour under the fill contract."""

from __future__ import annotations

from apps.engines.contracts import Capabilities, SizingKind

CAPABILITIES = Capabilities(
    # A spot account sells what it holds. It could be let borrow, but then the path inside
    # a bar would have to be chosen by the side that is held, and it is fed beforehand.
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
    native_indicators=(
        "apo",
        "aroon",
        "aroonosc",
        "atr",
        "bollinger",
        "cci",
        "cmo",
        "dema",
        "donchian",
        "efficiency_ratio",
        "ema",
        "hma",
        "ichimoku",
        "kama",
        "keltner",
        "macd",
        "roc",
        "rsi",
        "sma",
        "stoch",
        "vwap",
        "wilders",
        "wma",
    ),
)
