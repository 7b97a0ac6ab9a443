"""The catalogue: complete, consistent with the code, and free of numerical libraries."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from apps.indicators.catalogue import (
    indicator_get,
    indicator_list,
    parameters_resolve,
)
from apps.indicators.contracts import INPUT_NAMES, Category
from apps.indicators.errors import IndicatorNotFound, IndicatorParameterInvalid

if TYPE_CHECKING:
    from apps.indicators.contracts import IndicatorSpec

_ROOT = Path(__file__).resolve().parents[3]

every_indicator = pytest.mark.parametrize(
    "spec", indicator_list(), ids=lambda spec: spec.name
)


def modules_after(statements: str) -> set[str]:
    """Return which numerical libraries a new interpreter has loaded after a program."""
    program = (
        f"import json, sys\n{statements}\n"
        "print(json.dumps([m for m in ('numpy', 'numba', 'talib') if m in sys.modules]))"
    )
    run = subprocess.run(  # noqa: S603 - this interpreter, on a program written here
        [sys.executable, "-c", program],
        cwd=_ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return set(json.loads(run.stdout))


def test_there_are_at_least_55_indicators_and_each_category_has_some() -> None:
    counts = Counter(spec.category for spec in indicator_list())
    assert counts.total() >= 55
    assert set(counts) == set(Category)


def test_names_are_unique_and_in_order() -> None:
    names = [spec.name for spec in indicator_list()]
    assert names == sorted(set(names))


def test_serving_the_catalogue_loads_no_numerical_library() -> None:
    program = (
        "from apps.indicators.catalogue import *\n"
        "[parameters_resolve(spec, {}) for spec in indicator_list()]\n"
        "[spec.warmup(parameters_resolve(spec, {})) for spec in indicator_list()]"
    )
    assert modules_after(program) == set()


def test_numba_is_loaded_by_a_recursive_indicator_only() -> None:
    program = (
        "import numpy\n"
        "from apps.indicators.compute import indicator_compute\n"
        "indicator_compute({!r}, {{'close': numpy.arange(1.0, 99.0)}}, {{}})"
    )
    assert "numba" not in modules_after(program.format("kama"))
    assert "numba" in modules_after(program.format("vidya"))


@every_indicator
def test_an_entry_names_a_function_that_takes_what_it_declares(
    spec: IndicatorSpec,
) -> None:
    module, _, name = spec.function.partition(":")
    signature = inspect.signature(getattr(import_module(module), name))
    kinds = {parameter.kind for parameter in signature.parameters.values()}
    assert tuple(signature.parameters) == (
        *spec.inputs,
        *(parameter.name for parameter in spec.parameters),
    )
    assert kinds <= {
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        inspect.Parameter.KEYWORD_ONLY,
    }


@every_indicator
def test_an_entry_is_fit_to_be_served(spec: IndicatorSpec) -> None:
    assert spec.name.isidentifier()
    assert spec.name == spec.name.lower()
    assert set(spec.inputs) <= set(INPUT_NAMES)
    assert len(set(spec.inputs)) == len(spec.inputs) > 0
    texts = [spec.title, spec.source, spec.description]
    texts += [parameter.description for parameter in spec.parameters]
    texts += [output.description for output in spec.outputs]
    assert all(text.strip() for text in texts)
    assert spec.description.endswith(".")
    assert len({output.name for output in spec.outputs}) == len(spec.outputs) > 0


@every_indicator
def test_only_a_single_output_is_called_value(spec: IndicatorSpec) -> None:
    names = [output.name for output in spec.outputs]
    assert (names == ["value"]) == (len(names) == 1)
    assert len(names) == 1 or "value" not in names


@every_indicator
def test_defaults_are_allowed_and_of_their_kind(spec: IndicatorSpec) -> None:
    resolved = parameters_resolve(spec, {})
    assert list(resolved) == [parameter.name for parameter in spec.parameters]
    for parameter in spec.parameters:
        assert parameter.minimum <= resolved[parameter.name] <= parameter.maximum
        assert type(resolved[parameter.name]).__name__ == parameter.kind
    # The defaults given back are as good as none.
    assert parameters_resolve(spec, resolved) == resolved


@pytest.mark.parametrize(
    ("name", "parameters", "outputs"),
    [
        ("sma", ["period"], ["value"]),
        ("ema", ["period"], ["value"]),
        ("rsi", ["period"], ["value"]),
        ("atr", ["period"], ["value"]),
        ("macd", ["fast", "slow", "signal"], ["macd", "signal", "histogram"]),
        ("bollinger", ["period", "deviations"], ["upper", "middle", "lower"]),
        ("donchian", ["period"], ["upper", "middle", "lower"]),
        (
            "keltner",
            ["period", "atr_period", "multiplier"],
            ["upper", "middle", "lower"],
        ),
        ("supertrend", ["period", "multiplier"], ["line", "direction"]),
    ],
)
def test_names_that_strategies_are_written_with_stay(
    name: str, parameters: list[str], outputs: list[str]
) -> None:
    spec = indicator_get(name)
    assert [parameter.name for parameter in spec.parameters] == parameters
    assert [output.name for output in spec.outputs] == outputs


def test_an_unknown_indicator_is_answered_with_near_names() -> None:
    with pytest.raises(IndicatorNotFound, match="Did you mean supertrend") as caught:
        indicator_get("super_trend")
    assert caught.value.code == "indicator_not_found"


def test_an_indicator_unlike_any_other_is_answered_without_a_guess() -> None:
    with pytest.raises(IndicatorNotFound, match="The catalogue lists all there are"):
        indicator_get("qqqqqqqq")


def test_an_unknown_parameter_is_answered_with_near_names_and_all_of_them() -> None:
    with pytest.raises(
        IndicatorParameterInvalid, match=r"it has: period\. Did you mean period\?"
    ) as caught:
        parameters_resolve(indicator_get("sma"), {"perod": 3})
    assert caught.value.code == "indicator_parameter_invalid"
    assert caught.value.attr == "perod"


@pytest.mark.parametrize(
    "value",
    [0, -1, 5001, 2.5, float("nan"), float("inf"), True, "14", None, 10**400],
    ids=str,
)
def test_what_is_no_period_is_refused_with_the_allowed_range(value: object) -> None:
    with pytest.raises(
        IndicatorParameterInvalid, match=r"period is .* a whole number from 1 to 5000"
    ) as caught:
        parameters_resolve(indicator_get("sma"), {"period": value})  # type: ignore[dict-item]
    assert caught.value.attr == "period"


@pytest.mark.parametrize("value", [0.0, -2.0, float("nan"), float("-inf"), False])
def test_what_is_no_width_is_refused_with_the_allowed_range(value: float) -> None:
    with pytest.raises(
        IndicatorParameterInvalid, match=r"deviations is .* a number from 0\.1 to 100"
    ):
        parameters_resolve(indicator_get("bollinger"), {"deviations": value})


def test_a_whole_number_may_come_as_a_float_and_leaves_as_an_int() -> None:
    resolved = parameters_resolve(indicator_get("bollinger"), {"period": 20.0})
    assert resolved == {"period": 20, "deviations": 2.0}
    assert type(resolved["period"]) is int


@pytest.mark.parametrize("fast", [26, 30])
def test_a_fast_period_that_is_not_below_the_slow_one_is_refused(fast: int) -> None:
    with pytest.raises(
        IndicatorParameterInvalid, match="fast must be less than slow"
    ) as caught:
        parameters_resolve(indicator_get("macd"), {"fast": fast})
    assert caught.value.attr == "fast"
