"""Indicators by NautilusTrader's own classes, by its defaults where it has any.

They differ from ours on purpose: its RSI smooths by an EMA, its ATR is a simple mean, its
EMA begins at the first value. Left out is what has the same name and measures another
thing, or takes what our catalogue does not give: its directional movement is not Wilder's
sum, its Klinger oscillator leaves the volume force out, its balance of volume compares a
close with the bar's own open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from nautilus_trader import indicators as own

from apps.engines.adapters.nautilus.composed import (
    ClosesOnly,
    DayAverage,
    KeltnerLines,
    MacdLines,
    macd_of,
)
from apps.engines.adapters.nautilus.errors import RAISED, error_from
from apps.engines.errors import UnsupportedByEngine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from apps.engines.contracts import FloatArray, IndicatorRequest

    type Parameters = Mapping[str, float]

REAL, HIGH_LOW, RANGE = ("real",), ("high", "low"), ("high", "low", "close")
PERCENT = 100.0


@dataclass(frozen=True, slots=True)
class Native:
    """How one of its indicators takes the place of ours.

    Attributes:
        inputs: Our names, in the order of its `update_raw`.
        make: From our parameters to its indicator.
        outputs: From our names to its values.
    """

    inputs: tuple[str, ...]
    make: Callable[[Parameters], Any]
    outputs: Mapping[str, Callable[[Any], float]]


def _value(scale: float = 1.0) -> dict[str, Callable[[Any], float]]:
    return {"value": lambda found: found.value * scale}


def _period(kind: Callable[..., Any]) -> Callable[[Parameters], Any]:
    return lambda given: kind(int(given["period"]))


def _wma(given: Parameters) -> Any:
    # Without weights, all bars weigh the same in it.
    period = int(given["period"])
    return own.WeightedMovingAverage(period, np.arange(1.0, period + 1.0))


def _stoch(given: Parameters) -> Any:
    return own.Stochastics(
        int(given["period"]), int(given["smoothing"]), int(given["slowing"])
    )


def _ichimoku(given: Parameters) -> Any:
    names = ("tenkan", "kijun", "senkou", "displacement")
    return own.IchimokuCloud(*(int(given[name]) for name in names))


def _line(name: str) -> Callable[[Any], float]:
    # Its lines are 0 until they begin.
    return lambda found: getattr(found, name) or np.nan


NATIVES: dict[str, Native] = {
    "sma": Native(REAL, _period(own.SimpleMovingAverage), _value()),
    "ema": Native(REAL, _period(own.ExponentialMovingAverage), _value()),
    "dema": Native(REAL, _period(own.DoubleExponentialMovingAverage), _value()),
    "wma": Native(REAL, _wma, _value()),
    "hma": Native(REAL, _period(own.HullMovingAverage), _value()),
    "wilders": Native(REAL, _period(own.WilderMovingAverage), _value()),
    "kama": Native(
        REAL,
        lambda given: own.AdaptiveMovingAverage(int(given["period"]), 2, 30),
        _value(),
    ),
    "rsi": Native(REAL, _period(own.RelativeStrengthIndex), _value(PERCENT)),
    "roc": Native(REAL, _period(own.RateOfChange), _value(PERCENT)),
    "cmo": Native(REAL, _period(own.ChandeMomentumOscillator), _value()),
    "apo": Native(REAL, macd_of, _value()),
    "macd": Native(
        REAL,
        MacdLines,
        {
            "macd": lambda found: found.macd.value,
            "signal": lambda found: found.signal.value,
            "histogram": lambda found: found.macd.value - found.signal.value,
        },
    ),
    "stoch": Native(
        RANGE,
        _stoch,
        {"k": lambda found: found.value_k, "d": lambda found: found.value_d},
    ),
    "cci": Native(RANGE, _period(own.CommodityChannelIndex), _value()),
    "efficiency_ratio": Native(REAL, _period(own.EfficiencyRatio), _value()),
    "aroon": Native(
        HIGH_LOW,
        _period(own.AroonOscillator),
        {"down": lambda found: found.aroon_down, "up": lambda found: found.aroon_up},
    ),
    "aroonosc": Native(HIGH_LOW, _period(own.AroonOscillator), _value()),
    "ichimoku": Native(
        # In the close's place, of which it makes a line that we leave out.
        (*HIGH_LOW, "high"),
        _ichimoku,
        {
            "tenkan": _line("tenkan_sen"),
            "kijun": _line("kijun_sen"),
            "senkou_a": _line("senkou_span_a"),
            "senkou_b": _line("senkou_span_b"),
        },
    ),
    "donchian": Native(
        HIGH_LOW,
        _period(own.DonchianChannel),
        {
            "upper": lambda found: found.upper,
            "middle": lambda found: found.middle,
            "lower": lambda found: found.lower,
        },
    ),
    "atr": Native(RANGE, _period(own.AverageTrueRange), _value()),
    "bollinger": Native(
        REAL,
        ClosesOnly,
        {
            "upper": lambda found: found.bands.upper,
            "middle": lambda found: found.bands.middle,
            "lower": lambda found: found.bands.lower,
        },
    ),
    "keltner": Native(
        RANGE,
        KeltnerLines,
        {
            "upper": lambda found: found.at(1.0),
            "middle": lambda found: found.at(0.0),
            "lower": lambda found: found.at(-1.0),
        },
    ),
    "vwap": Native(
        ("time", *RANGE, "volume"),
        DayAverage,
        {"value": lambda found: found.average.value},
    ),
}


def indicator_native(request: IndicatorRequest) -> dict[str, FloatArray]:
    """Compute one indicator by NautilusTrader's own class.

    Args:
        request: One of `NATIVES`, with the series and parameters of our catalogue.

    Raises:
        UnsupportedByEngine: There is none of this name, or not with these parameters.
        EngineCrashed: Its code failed on a value.

    Returns:
        Its outputs by our names, float64, (n,); NaN while it is not initialized, and
        where an input is NaN, which it is not shown.
    """
    native = NATIVES.get(request.name)
    if native is None:
        msg = f"nautilus has no {request.name!r} of its own; it has: {', '.join(NATIVES)}."
        raise UnsupportedByEngine(msg, attr="indicators")
    try:
        found = native.make(request.parameters)
    except ValueError as error:
        msg = f"nautilus cannot compute {request.name}: {error}."
        raise UnsupportedByEngine(msg, attr="indicators") from error
    columns = [request.inputs[name] for name in native.inputs]
    defined = ~np.isnan(np.stack([np.asarray(one, np.float64) for one in columns]))
    bars = np.flatnonzero(defined.all(axis=0))
    outputs: dict[str, FloatArray] = {
        name: np.full(len(columns[0]), np.nan) for name in native.outputs
    }
    rows = zip(*(np.asarray(one)[bars].tolist() for one in columns), strict=True)
    try:
        for bar, row in zip(bars.tolist(), rows, strict=True):
            found.update_raw(*row)
            if found.initialized:
                for name, value in native.outputs.items():
                    outputs[name][bar] = value(found)
    except RAISED as error:
        raise error_from(error) from error
    return outputs
