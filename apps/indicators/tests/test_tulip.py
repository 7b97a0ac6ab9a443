"""The catalogue against reference values that others made.

Tulip Indicators publishes them: numbers printed in Achelis' Technical Analysis from A
to Z, spreadsheets, and its own output. They end where the input ends, and what is
compared is every value that both sides have. They are no part of the repository; the
tests look for them beside it and are skipped where they are absent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from apps.indicators.catalogue import indicator_get
from apps.indicators.compute import indicator_compute

if TYPE_CHECKING:
    from apps.indicators.contracts import FloatArray

_REPOSITORY = Path(__file__).resolve().parents[3]
_FILE = _REPOSITORY.parent / "shared" / "cases" / "indicators_tulip.json"
_CASES: list[dict[str, Any]] = (
    json.loads(_FILE.read_text())["cases"] if _FILE.is_file() else []
)

_TOLERANCE = 1e-3
_FLAT_BARS = 200


@dataclass(frozen=True)
class Ours:
    """How Tulip's indicator is called here.

    Attributes:
        name: In the catalogue.
        parameters: Its names for Tulip's options, in their order.
        outputs: Its names for Tulip's outputs, in their order.
        fixed: Parameters that Tulip has no option for.
        factor: Between units, ours over Tulip's.
    """

    name: str
    parameters: str = ""
    outputs: str = "value"
    fixed: tuple[tuple[str, float], ...] = ()
    factor: float = 1.0


def _same(names: str, parameters: str = "") -> dict[str, Ours]:
    return {name: Ours(name, parameters) for name in names.split()}


INDICATORS = {
    **_same("ad obv nvi pvi wad tr medprice typprice wcprice avgprice bop ao"),
    **_same("adx adxr dx atr cci cmo cvi dema dpo ema fosc mass mfi qstick", "period"),
    **_same("rocr rsi sma stddev tema trima trix vhf willr wma wilders", "period"),
    **_same("aroonosc kama linreg md mom stderr sum tsf vwma zlema hma", "period"),
    **_same("adosc kvo vosc apo ppo", "fast slow"),
    "aroon": Ours("aroon", "period", "down up"),
    "bbands": Ours("bollinger", "period deviations", "lower middle upper"),
    "di": Ours("di", "period", "plus minus"),
    "dm": Ours("dm", "period", "plus minus"),
    "emv": Ours("emv", fixed=(("period", 1),)),
    "fisher": Ours("fisher", "period", "fisher signal"),
    "linregintercept": Ours("linreg_intercept", "period"),
    "linregslope": Ours("linreg_slope", "period"),
    "macd": Ours("macd", "fast slow signal", "macd signal histogram"),
    "max": Ours("highest", "period"),
    "min": Ours("lowest", "period"),
    "msw": Ours("msw", "period", "sine lead"),
    "natr": Ours("atr_percent", "period"),
    "psar": Ours("psar", "acceleration maximum"),
    "roc": Ours("roc", "period", factor=100.0),
    "stoch": Ours("stoch", "period slowing smoothing", "k d"),
    "stochrsi": Ours(
        "stochrsi", "period", fixed=(("stochastic_period", 5),), factor=100.0
    ),
    "ultosc": Ours("ultosc", "short medium long"),
    "var": Ours("variance", "period"),
    "vidya": Ours("vidya", "short long alpha"),
    "volatility": Ours("volatility", "period", fixed=(("bars_per_year", 252.0),)),
}

_FIRST_VALUE = (
    "Tulip begins an exponential average at the first value, we at the mean of the "
    "first period. After a flat past at the first value both begin alike."
)
FLAT_PAST = {
    ("ema", "atoz.txt"): _FIRST_VALUE,
    ("ema", "untest.txt"): _FIRST_VALUE,
    ("apo", "extra.txt"): _FIRST_VALUE,
    ("apo", "untest.txt"): _FIRST_VALUE,
    ("ppo", "extra.txt"): _FIRST_VALUE,
    ("ppo", "untest.txt"): _FIRST_VALUE,
    ("psar", "atoz.txt"): "Tulip takes its first direction from the bars' middles, "
    "TA-Lib from their directional movement; after a flat past both begin long.",
}
"""Compared after bars that repeat the first one, so that both begin alike."""

CONSTANT_APART = {
    "obv": "Tulip begins at 0, we (as TA-Lib) at the first volume; only differences of "
    "this line mean anything.",
}
"""Compared by their steps from bar to bar."""

_STAGES = (
    "Each further smoothing begins where the one before has its first value: at another "
    "bar, with another value, so the starts cannot be made alike; the series is too "
    "short for them to fade. See test_composition for our form of it."
)
_FIRST_RANGE = (
    "Tulip counts the first bar's range as a true range, we begin with the second."
)
NOT_COMPARABLE = {
    ("adx", "atoz.txt"): "Tulip averages from the DX of one bar earlier than Wilder.",
    ("adx", "extra.txt"): "As atoz.",
    ("adx", "untest.txt"): "As atoz.",
    ("adxr", "atoz.txt"): "As adx, of which it is made.",
    ("adxr", "untest.txt"): "As adx, of which it is made.",
    ("atr", "untest.txt"): _FIRST_RANGE,
    ("natr", "untest.txt"): _FIRST_RANGE,
    ("dema", "atoz.txt"): _STAGES,
    ("dema", "untest.txt"): _STAGES,
    ("tema", "atoz.txt"): _STAGES,
    ("tema", "untest.txt"): _STAGES,
    ("trix", "atoz.txt"): _STAGES,
    ("trix", "untest.txt"): _STAGES,
    ("macd", "atoz.txt"): "Achelis rounds the weights to 0.15 and 0.075 for 12 and 26.",
    ("macd", "untest.txt"): _STAGES,
}
"""Left out, and held to differ, so that an entry cannot outlive its reason."""

TOO_SHORT = {
    ("kvo", "atoz.txt"): "14 bars; our slow average of 55 has no value before bar 55.",
    ("ao", "untest.txt"): "15 bars; the vector is empty.",
    ("mass", "untest.txt"): "15 bars; the vector is empty.",
}
"""Nothing to compare."""

needs_cases = pytest.mark.skipif(
    not _CASES, reason="shared/cases/indicators_tulip.json is not beside the repository"
)


def _key(case: dict[str, Any]) -> tuple[str, str]:
    return case["indicator"], case["file"]


def _name(case: dict[str, Any]) -> str:
    return "-".join([*_key(case), *(f"{option:g}" for option in case["options"])])


def _cases(*, comparable: bool) -> list[Any]:
    """Return the cases to parametrise over, or one that is skipped with the reason."""
    chosen = [
        pytest.param(case, id=_name(case))
        for case in _CASES
        if _key(case) not in TOO_SHORT
        and (_key(case) not in NOT_COMPARABLE) == comparable
    ]
    return chosen or [pytest.param(None, marks=needs_cases, id="absent")]


def _differences(case: dict[str, Any]) -> list[FloatArray]:
    """Return ours less Tulip's, in Tulip's unit, where both have a value."""
    ours = INDICATORS[case["indicator"]]
    flat = _FLAT_BARS if _key(case) in FLAT_PAST else 0
    inputs = {
        name: np.concatenate((np.full(flat, values[0]), values))
        for name, values in case["inputs"].items()
    }
    # Where Tulip takes no close, the result does not depend on where it lies.
    if "close" in indicator_get(ours.name).inputs and "close" not in inputs:
        inputs["close"] = 0.5 * (inputs["high"] + inputs["low"])
    params = dict(zip(ours.parameters.split(), case["options"], strict=True))
    outputs = indicator_compute(ours.name, inputs, {**params, **dict(ours.fixed)})
    found = []
    for name, expected in zip(ours.outputs.split(), case["outputs"], strict=True):
        values = outputs[name][flat:] / ours.factor
        values = values[np.isfinite(values)]
        length = min(len(values), len(expected))
        assert length > 0, "there is nothing to compare"
        found.append(values[-length:] - np.array(expected[-length:]))
    if case["indicator"] in CONSTANT_APART:
        return [np.diff(values) for values in found]
    return found


@pytest.mark.parametrize("case", _cases(comparable=True))
def test_our_values_are_the_published_ones(case: dict[str, Any]) -> None:
    for values in _differences(case):
        np.testing.assert_allclose(values, 0.0, atol=_TOLERANCE)


@pytest.mark.parametrize("case", _cases(comparable=False))
def test_a_case_that_is_left_out_does_differ(case: dict[str, Any]) -> None:
    largest = max(float(np.abs(values).max()) for values in _differences(case))
    assert largest > _TOLERANCE, "it agrees after all: take it off NOT_COMPARABLE"


@needs_cases
def test_every_published_indicator_is_in_the_catalogue() -> None:
    published = {case["indicator"] for case in _CASES}
    assert published == set(INDICATORS)
    assert all(indicator_get(ours.name) for ours in INDICATORS.values())


@needs_cases
def test_more_than_60_published_indicators_are_compared() -> None:
    compared = {
        case["indicator"]
        for case in _CASES
        if _key(case) not in NOT_COMPARABLE and _key(case) not in TOO_SHORT
    }
    assert len(compared) > 60


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=_name(case)) for case in _CASES if _key(case) in TOO_SHORT]
    or [pytest.param(None, marks=needs_cases, id="absent")],
)
def test_a_case_called_too_short_has_nothing_to_compare(case: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="nothing to compare"):
        _differences(case)


@needs_cases
def test_every_exception_is_of_a_published_case() -> None:
    keys = {_key(case) for case in _CASES}
    assert {*FLAT_PAST, *NOT_COMPARABLE, *TOO_SHORT} <= keys
