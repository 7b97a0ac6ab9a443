"""Indicators by vectorbt's own classes and their defaults.

They differ from ours on purpose: its RSI is of simple means, its MACD of simple averages,
its ATR smooths with a span instead of Wilder's weight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import vectorbt as vbt

from apps.engines.adapters.vectorbt.errors import RAISED, error_from
from apps.engines.errors import UnsupportedByEngine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from apps.engines.contracts import FloatArray, IndicatorRequest

    type Series = Mapping[str, FloatArray]
    type Parameters = Mapping[str, float]


def _average(series: Any, bars: float, *, ewm: bool = False) -> Any:
    return vbt.MA.run(series, window=int(bars), ewm=ewm).ma


def _bands(given: Series, chosen: Parameters) -> Any:
    return vbt.BBANDS.run(
        given["real"], window=int(chosen["period"]), alpha=chosen["deviations"]
    )


def _bollinger(given: Series, chosen: Parameters) -> dict[str, Any]:
    found = _bands(given, chosen)
    return {"upper": found.upper, "middle": found.middle, "lower": found.lower}


def _range(given: Series, chosen: Parameters) -> Any:
    return vbt.ATR.run(
        given["high"], given["low"], given["close"], window=int(chosen["period"])
    )


def _macd(given: Series, chosen: Parameters) -> dict[str, Any]:
    found = vbt.MACD.run(
        given["real"],
        fast_window=int(chosen["fast"]),
        slow_window=int(chosen["slow"]),
        signal_window=int(chosen["signal"]),
    )
    return {"macd": found.macd, "signal": found.signal, "histogram": found.hist}


def _stoch(given: Series, chosen: Parameters) -> dict[str, Any]:
    # Its own knows no slowing; it is one more of its averages.
    fast = vbt.STOCH.run(
        given["high"], given["low"], given["close"], k_window=int(chosen["period"])
    )
    slow = _average(fast.percent_k, chosen["slowing"])
    return {"k": slow, "d": _average(slow, chosen["smoothing"])}


NATIVES: dict[str, Callable[[Series, Parameters], dict[str, Any]]] = {
    "sma": lambda given, chosen: {"value": _average(given["real"], chosen["period"])},
    "ema": lambda given, chosen: {
        "value": _average(given["real"], chosen["period"], ewm=True)
    },
    "rsi": lambda given, chosen: {
        "value": vbt.RSI.run(given["real"], window=int(chosen["period"])).rsi
    },
    "stddev": lambda given, chosen: {
        "value": vbt.MSTD.run(given["real"], window=int(chosen["period"])).mstd
    },
    "bollinger": _bollinger,
    "macd": _macd,
    "stoch": _stoch,
    "atr": lambda given, chosen: {"value": _range(given, chosen).atr},
    "obv": lambda given, _: {"value": vbt.OBV.run(given["close"], given["volume"]).obv},
}


def indicator_native(request: IndicatorRequest) -> dict[str, FloatArray]:
    """Compute one indicator by vectorbt's own class.

    Args:
        request: One of `NATIVES`, with the series and parameters of our catalogue.

    Raises:
        UnsupportedByEngine: There is none of this name.
        EngineCrashed: Its code failed.

    Returns:
        Its outputs by our names, float64, (n,); NaN while a window is not full.
    """
    compute = NATIVES.get(request.name)
    if compute is None:
        msg = f"vectorbt has no {request.name!r} of its own; it has: {', '.join(NATIVES)}."
        raise UnsupportedByEngine(msg, attr="indicators")
    try:
        found = compute(request.inputs, request.parameters)
    except RAISED as error:
        raise error_from(error) from error
    return {
        name: np.array(values, dtype=np.float64).reshape(-1)
        for name, values in found.items()
    }
