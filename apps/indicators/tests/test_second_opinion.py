"""Our own implementations against TA-Lib's, where it has come to have the same one.

These are indicators that are written here although TA-Lib has a function for them:
because its start, its unit or its answer to an empty denominator is another one (see
each docstring), or because it came to have it only lately. On a market that trades all
the time both must agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import talib
from talib._ta_lib import MA_Type

from apps.indicators.compute import indicator_compute
from apps.indicators.tests.bars import bars_make

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.indicators.contracts import FloatArray

    type Result = FloatArray | tuple[FloatArray, ...]

_BARS = bars_make(seed=9, length=1_200)
_OPEN, _HIGH, _LOW, _CLOSE, _VOLUME = (
    _BARS[name].astype(np.float64)
    for name in ("open", "high", "low", "close", "volume")
)

THEIRS: dict[str, Callable[[], Result]] = {
    "ao": lambda: talib.AO(_HIGH, _LOW),
    "apo": lambda: talib.APO(_CLOSE, 12, 26, MA_Type.EMA),
    "atr_percent": lambda: talib.NATR(_HIGH, _LOW, _CLOSE, 14),
    "bollinger": lambda: talib.BBANDS(_CLOSE, 20, 2.0, 2.0),
    "cmf": lambda: talib.CMF(_HIGH, _LOW, _CLOSE, _VOLUME, 20),
    "coppock": lambda: talib.COPPOCK(_CLOSE, 10, 11, 14),
    "donchian": lambda: talib.DONCHIAN(_HIGH, _LOW, 20),
    "dpo": lambda: talib.DPO(_CLOSE, 20),
    "efficiency_ratio": lambda: talib.ER(_CLOSE, 10),
    "elder_ray": lambda: talib.ERI(_HIGH, _LOW, _CLOSE, 13),
    "force_index": lambda: talib.EFI(_CLOSE, _VOLUME, 13),
    "fosc": lambda: talib.FOSC(_CLOSE, 14),
    "hma": lambda: talib.HMA(_CLOSE, 20),
    "mfi": lambda: talib.MFI(_HIGH, _LOW, _CLOSE, _VOLUME, 14),
    "midpoint": lambda: talib.MIDPOINT(_CLOSE, 14),
    "nvi": lambda: talib.NVI(_CLOSE, _VOLUME),
    "percent_rank": lambda: talib.PERCENTRANK(_CLOSE, 100),
    "ppo": lambda: talib.PPO(_CLOSE, 12, 26, MA_Type.EMA),
    "pvi": lambda: talib.PVI(_CLOSE, _VOLUME),
    "pvo": lambda: talib.PVO(_VOLUME, 12, 26, 1),
    "pvt": lambda: talib.PVT(_CLOSE, _VOLUME),
    "qstick": lambda: talib.QSTICK(_OPEN, _CLOSE, 8),
    "rocr": lambda: talib.ROCR(_CLOSE, 10),
    "rsi": lambda: talib.RSI(_CLOSE, 14),
    "stoch": lambda: talib.STOCH(
        _HIGH, _LOW, _CLOSE, 14, 3, MA_Type.SMA, 3, MA_Type.SMA
    ),
    "stochrsi": lambda: talib.STOCHRSI(_CLOSE, 14, 14, 1, MA_Type.SMA)[0],
    "sum": lambda: talib.SUM(_CLOSE, 20),
    "ultosc": lambda: talib.ULTOSC(_HIGH, _LOW, _CLOSE, 7, 14, 28),
    "vhf": lambda: talib.VHF(_CLOSE, 28),
    "vortex": lambda: talib.VORTEX(_HIGH, _LOW, _CLOSE, 14),
    "vwma": lambda: talib.VWMA(_CLOSE, _VOLUME, 20),
    "willr": lambda: talib.WILLR(_HIGH, _LOW, _CLOSE, 14),
}

OTHER_START: dict[str, Callable[[], Result]] = {
    "cvi": lambda: talib.CVI(_HIGH, _LOW, 10, 10),
    "mass": lambda: talib.MASSI(_HIGH, _LOW, 9, 25),
    "zlema": lambda: talib.ZLEMA(_CLOSE, 20),
}
"""Begun at the first value here and at a mean there: alike once that has faded."""


def assert_alike(name: str, theirs: Result, start: int) -> None:
    ours = list(indicator_compute(name, _BARS, {}).values())
    expected = theirs if isinstance(theirs, tuple) else (theirs,)
    for mine, other in zip(ours, expected, strict=True):
        np.testing.assert_allclose(mine[start:], other[start:], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", sorted(THEIRS))
def test_ours_and_talibs_agree_from_the_first_value_on(name: str) -> None:
    theirs = THEIRS[name]()
    first = theirs[0] if isinstance(theirs, tuple) else theirs
    assert_alike(name, theirs, int(np.isnan(first).sum()))


@pytest.mark.parametrize("name", sorted(OTHER_START))
def test_ours_and_talibs_agree_once_the_start_has_faded(name: str) -> None:
    assert_alike(name, OTHER_START[name](), 600)


def test_keltner_is_talibs_channel_moved_to_the_close_once_its_start_has_faded() -> (
    None
):
    ours = indicator_compute("keltner", _BARS, {})
    upper, middle, lower = talib.KC(_HIGH, _LOW, _CLOSE, 20, 10, 2.0)
    moved = talib.EMA(_CLOSE, 20) - middle
    for name, theirs in (("upper", upper), ("middle", middle), ("lower", lower)):
        expected = (theirs + moved)[600:]
        np.testing.assert_allclose(ours[name][600:], expected, rtol=1e-9)
