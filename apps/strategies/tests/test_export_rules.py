"""Exported rules and indicators say what ours say, bar by bar."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given

from apps.indicators.catalogue import indicator_get, indicator_list
from apps.indicators.compute import indicator_compute
from apps.indicators.contracts import FREE_INPUT
from apps.strategies.export.rules import Names, rule_code
from apps.strategies.export.script import (
    assigned,
    columns_of,
    constants_of,
    decisions_of,
    functions_of,
    signals_of,
)
from apps.strategies.export.source import pieces_of
from apps.strategies.rules import rule_parse, series_name
from apps.strategies.rules.evaluate import rule_evaluate
from apps.strategies.signals import signals_compute
from apps.strategies.templates import template_list
from apps.strategies.tests.exporting import code_run, definition_of
from apps.strategies.tests.test_rules_properties import (
    CONDITIONS,
    COUNTS,
    EXAMPLES,
    SCOPE,
    SERIES,
    bars,
)
from apps.strategies.tests.test_templates import wandering_bars

if TYPE_CHECKING:
    from apps.engines.contracts import Bars
    from apps.indicators.contracts import IndicatorSpec
    from apps.strategies.definition import StrategyDefinition

# It comes with every engine that is exported to.
pd = pytest.importorskip("pandas")

LENGTH = 260


def rule_run(text: str, series: dict[str, Any], n: int) -> list[bool]:
    """Run an exported rule on a frame of series."""
    names = Names(
        frame="candles",
        time="time",
        columns={name: name for name in SERIES},
        parameters={"n": "N"},
    )
    code = rule_code(rule_parse(text, SCOPE), names)
    pieces = pieces_of([("rules", name) for name in sorted(code.functions)])
    body = "\n".join(assigned("entry", code, "    "))
    with tempfile.TemporaryDirectory() as folder:
        module = code_run(
            Path(folder),
            f"N = {n}\n\n{functions_of(pieces)}\n\n"
            f"def decide(candles):\n{body}\n    return np.asarray(entry)",
        )
    return [bool(bar) for bar in module["decide"](pd.DataFrame(series))]


@EXAMPLES
@given(text=CONDITIONS, series=bars(), n=COUNTS)
def test_an_exported_rule_says_what_the_rule_says(
    text: str, series: dict[str, Any], n: int
) -> None:
    expected = rule_evaluate(rule_parse(text, SCOPE), series, {"n": n})

    assert rule_run(text, series, n) == [bool(bar) for bar in expected]


@pytest.mark.parametrize(
    "text",
    [
        # What becomes infinite on the way, or is divided by nothing, is not known.
        "close / (ma - ma) > 1 or ma > 0",
        "not (ma / bands.upper > 1)",
        "close * 1e300 * 1e300 > 1 or close > 0",
        "-(close * 1e200) * 1e200 < 0",
        "ma != bands.upper",
        "rising(close, n) or falling(ma, 2)",
        "not crosses_above(ma, bands.lower)",
        "shift(close > ma or ma > 1, n)",
        "mean(close, 3) != mean(ma, n)",
        "n > 2 and close > 0",
    ],
)
def test_what_is_not_known_stays_silent(text: str) -> None:
    unknown = float("nan")
    series = {
        "close": np.array([1.0, 2.0, 3.0, 2.0, 1.0, 4.0, 5.0, 6.0]),
        "ma": np.array([unknown, unknown, 1.0, 2.0, 0.0, 3.0, 4.0, 5.0]),
        "bands.upper": np.array([unknown, 3.0, 3.0, 0.0, 0.0, 2.0, 2.0, 1.0]),
        "bands.lower": np.array([unknown, 1.0, 1.0, 3.0, 0.0, 1.0, 6.0, 1.0]),
    }
    expected = rule_evaluate(rule_parse(text, SCOPE), series, {"n": 3})

    assert rule_run(text, series, 3) == [bool(bar) for bar in expected]


def frame_of(chosen: Bars) -> Any:
    """Return bars as exported scripts read them."""
    names = ("open", "high", "low", "close", "volume")
    columns = {name: getattr(chosen, name) for name in names}
    return pd.DataFrame({"time": pd.to_datetime(chosen.time, utc=True), **columns})


def decisions_run(
    folder: Path, definition: StrategyDefinition
) -> tuple[dict[str, Any], Names]:
    """Return the functions of a strategy's indicators and rules, ready to be called."""
    constants = constants_of(definition, ())
    names = Names(
        frame="candles",
        time="time",
        columns=columns_of(definition, ("time",)),
        parameters=constants,
    )
    decisions = decisions_of(definition, names)
    values = "\n".join(
        f"{constants[name]} = {parameter.default}"
        for name, parameter in definition.parameters.items()
    )
    parts = (values, functions_of(decisions.pieces), signals_of(decisions, names))
    return code_run(folder, "\n\n".join(parts)), names


@pytest.mark.parametrize("template", template_list(), ids=lambda one: one.key)
def test_a_template_decides_on_the_same_bars_as_its_export(
    template: Any, tmp_path: Path
) -> None:
    chosen = wandering_bars(1_500)
    module, _ = decisions_run(tmp_path, template.definition)
    frame = frame_of(chosen)

    module["add_indicators"](frame)
    entry, leave = module["find_signals"](frame)

    expected = signals_compute(template.definition, {}, chosen)
    np.testing.assert_array_equal(entry, expected.entry_long)
    np.testing.assert_array_equal(leave, expected.exit_long)
    assert entry.any()


def uses(spec: IndicatorSpec, **more: object) -> StrategyDefinition:
    """Return a strategy whose indicator `it` is one of the catalogue, by its defaults."""
    first = series_name("it", spec.outputs[0].name)
    return definition_of(
        indicators={
            "base": {"indicator": "rsi", "parameters": {"period": 5}},
            "it": {"indicator": spec.name, **more},
        },
        entry={"long": f"{first} > shift({first}, 1)", "short": None},
        exit={"long": "base > 50", "short": None},
    )


@pytest.mark.parametrize("spec", indicator_list(), ids=lambda one: one.name)
def test_every_indicator_is_the_same_in_an_export(
    spec: IndicatorSpec, tmp_path: Path
) -> None:
    chosen = wandering_bars(LENGTH)
    inputs = {
        name: getattr(chosen, name)
        for name in ("open", "high", "low", "close", "volume", "time")
    }
    module, names = decisions_run(tmp_path, uses(spec))
    frame = frame_of(chosen)

    module["add_indicators"](frame)

    for output, values in indicator_compute(spec.name, inputs, {}).items():
        column = frame[names.columns[series_name("it", output)]].to_numpy()
        np.testing.assert_allclose(column, values, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "spec",
    [spec for spec in indicator_list() if FREE_INPUT in spec.inputs],
    ids=lambda one: one.name,
)
def test_an_indicator_of_an_indicator_begins_where_that_one_does(
    spec: IndicatorSpec, tmp_path: Path
) -> None:
    chosen = wandering_bars(LENGTH)
    base = indicator_compute("rsi", {"close": chosen.close}, {"period": 5})["value"]
    first = int(np.argmax(np.isfinite(base)))
    inputs = {
        name: getattr(chosen, name)[first:]
        for name in ("open", "high", "low", "close", "volume", "time")
    }
    module, names = decisions_run(tmp_path, uses(spec, input="base"))
    frame = frame_of(chosen)

    module["add_indicators"](frame)

    inputs[FREE_INPUT] = base[first:]
    for output, values in indicator_compute(spec.name, inputs, {}).items():
        column = frame[names.columns[series_name("it", output)]].to_numpy()
        expected = np.append(np.full(first, np.nan), values)
        np.testing.assert_allclose(column, expected, rtol=1e-12, atol=1e-12)


def test_fewer_bars_than_an_indicator_needs_are_no_error(tmp_path: Path) -> None:
    definition = uses(indicator_get("macd"))
    module, _ = decisions_run(tmp_path, definition)
    frame = frame_of(wandering_bars(5))

    module["add_indicators"](frame)
    entry, leave = module["find_signals"](frame)

    assert not entry.any()
    assert not leave.any()
