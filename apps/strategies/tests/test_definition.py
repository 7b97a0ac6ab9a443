"""What a strategy definition may hold, how faults are told, and its canonical form."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from apps.core.errors import ErrorKind
from apps.market.enums import Timeframe
from apps.strategies.definition import (
    StrategyDefinition,
    definition_canonical_json,
    definition_check,
    definition_hash,
    definition_integer_parameters,
    definition_parse,
    parameters_apply,
)
from apps.strategies.errors import StrategyInvalid

EXAMPLES = settings(max_examples=50, deadline=None)

type Data = dict[str, Any]


def strategy(**changes: object) -> Data:
    """Return a valid strategy, with some of its fields replaced."""
    data: Data = {
        "name": "SMA cross",
        "description": "",
        "timeframe": "1h",
        "parameters": {
            "fast": {"default": 20, "minimum": 2, "maximum": 200},
            "slow": {"default": 50, "minimum": 5, "maximum": 500},
            "level": {"default": 30.5, "minimum": 10, "maximum": 90},
        },
        "indicators": {
            "fast_ma": {"indicator": "sma", "parameters": {"period": "fast"}},
            "slow_ma": {"indicator": "sma", "parameters": {"period": "slow"}},
            "bands": {"indicator": "bollinger", "parameters": {"period": 20}},
            "strength": {"indicator": "rsi", "parameters": {"period": 14}},
        },
        "entry": {"long": "crosses_above(fast_ma, slow_ma)", "short": None},
        "exit": {"long": "strength > level or close > bands.upper", "short": None},
        "stop_loss": "0.05",
        "take_profit": None,
        "trailing_stop": None,
        "sizing": {"kind": "fixed_quote", "amount": "1000"},
        "fees": "0.001",
        "slippage": "0.0005",
    }
    return data | changes


def changed(path: str, value: object) -> Data:
    """Return a valid strategy with one place, dotted, set to a value."""
    data = copy.deepcopy(strategy())
    *parents, last = path.split(".")
    place: Any = data
    for parent in parents:
        place = place[parent]
    place[last] = value
    return data


def findings(data: Any) -> dict[str | None, str]:
    """Return the code of the finding at each place of an invalid strategy."""
    with pytest.raises(StrategyInvalid) as caught:
        definition_parse(data)
    assert caught.value.kind is ErrorKind.INVALID
    assert caught.value.code == "strategy_invalid"
    return {detail.attr: detail.code for detail in caught.value.details}


def message(data: Any) -> str:
    with pytest.raises(StrategyInvalid) as caught:
        definition_parse(data)
    return caught.value.details[0].message


def test_a_strategy_is_read_with_exact_decimals_and_its_timeframe() -> None:
    definition = definition_parse(strategy())

    assert definition.stop_loss == Decimal("0.05")
    assert definition.timeframe is Timeframe.H1
    assert definition.indicators["fast_ma"].input == "close"


def test_reading_does_not_change_the_data() -> None:
    data = strategy()
    before = copy.deepcopy(data)

    definition_parse(data)

    assert data == before


@pytest.mark.parametrize(
    "field", ["name", "timeframe", "entry", "sizing", "fees", "slippage"]
)
def test_what_decides_the_outcome_must_be_given(field: str) -> None:
    data = strategy()
    del data[field]

    assert findings(data) == {field: "strategy_field_missing"}


@pytest.mark.parametrize(
    ("path", "wrong", "near"),
    [
        ("stoploss", "0.05", "did you mean 'stop_loss'?"),
        ("entry.longs", None, "did you mean 'long'?"),
        ("parameters.fast.min", 1, "did you mean 'minimum'?"),
        ("indicators.fast_ma.inputs", "close", "did you mean 'input'?"),
        ("sizing.amonut", "1", "did you mean 'amount'?"),
    ],
)
def test_an_unknown_field_is_refused_with_the_nearest_known_one(
    path: str, wrong: object, near: str
) -> None:
    data = changed(path, wrong)

    assert findings(data) == {path: "strategy_field_unknown"}
    assert near in message(data)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", ""),
        ("name", "  "),
        ("name", "x" * 101),
        ("name", "nul\0"),
        ("name", "\ud800"),
        ("description", "bell\x07"),
        ("description", 7),
        ("timeframe", "7m"),
        ("timeframe", None),
        ("parameters", []),
        ("parameters.fast", None),
        ("indicators.fast_ma", "sma"),
        ("indicators.fast_ma.indicator", 3),
        ("indicators.fast_ma.input", None),
        ("entry", "close > 1"),
        ("entry.long", True),
        ("sizing", None),
        ("sizing.kind", "all_in"),
    ],
)
def test_a_field_of_the_wrong_shape_is_refused_where_it_is(
    path: str, value: object
) -> None:
    assert findings(changed(path, value)) == {path: "strategy_field_invalid"}


@pytest.mark.parametrize("data", [None, [], "strategy", 7])
def test_what_is_not_an_object_is_refused(data: object) -> None:
    assert findings(data) == {None: "strategy_invalid"}


@pytest.mark.parametrize("kind", ["parameters", "indicators"])
def test_at_most_fifty_parameters_and_fifty_indicators_are_taken(kind: str) -> None:
    one = {
        "parameters": {"default": 1, "minimum": 1, "maximum": 1},
        "indicators": {"indicator": "sma"},
    }[kind]
    rule = {"long": "close > 1"}
    fifty = {f"x{number}": one for number in range(50)}
    base = strategy(parameters={}, indicators={}, entry=rule, exit={})

    definition_parse(base | {kind: fifty})

    assert findings(base | {kind: fifty | {"more": one}}) == {
        kind: "strategy_field_invalid"
    }


BAD_DECIMALS = [
    *("NaN", "sNaN", "Infinity", "-Infinity", "inf", "1e400", "1e-400", "1e9999999999"),
    *("-0.05", "", " ", "abc", "0x1", "1_0", "0,05", "\uff11", "0.1\0", "9" * 50),
    *("0." + "1" * 19, 0.05, float("nan"), True, [], {}, 10**400),
]


@pytest.mark.parametrize("value", BAD_DECIMALS, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("path", ["stop_loss", "fees", "sizing.amount"])
def test_what_is_not_a_plain_finite_decimal_is_refused(
    path: str, value: object
) -> None:
    data = changed(path, value)

    assert findings(data) == {path: "strategy_number_invalid"}
    assert "written as in" in message(data)


@pytest.mark.parametrize(
    ("path", "taken", "refused"),
    [
        ("stop_loss", ["0.0001", "0.9999"], ["0", "1", "5"]),
        ("trailing_stop", ["0.0001", "0.9999"], ["0", "1"]),
        ("take_profit", ["0.0001", "1", "2.5"], ["0", "1001"]),
        ("fees", ["0", "0.5"], ["1", "2"]),
        ("slippage", ["0", "-0", "0.0005"], ["1"]),
        ("sizing.amount", ["0.01", "1000000000000"], ["0", "1000000000001"]),
    ],
)
def test_decimals_have_the_ranges_that_make_sense(
    path: str, taken: list[str], refused: list[str]
) -> None:
    for value in taken:
        definition_parse(changed(path, value))
    for value in refused:
        assert findings(changed(path, value)) == {path: "strategy_number_invalid"}


@pytest.mark.parametrize("kind", ["percent_of_equity", "risk_per_trade"])
def test_a_fraction_of_equity_is_above_zero_and_at_most_one(kind: str) -> None:
    definition_parse(strategy(sizing={"kind": kind, "fraction": "1"}))

    for fraction in ("0", "1.01"):
        data = strategy(sizing={"kind": kind, "fraction": fraction})
        assert findings(data) == {"sizing.fraction": "strategy_number_invalid"}


def test_sizing_takes_the_fields_of_its_kind_only() -> None:
    data = strategy(sizing={"kind": "fixed_quote", "fraction": "0.5"})

    assert findings(data) == {
        "sizing.amount": "strategy_field_missing",
        "sizing.fraction": "strategy_field_unknown",
    }


def test_sizing_without_a_kind_is_told_the_kinds_there_are() -> None:
    data = strategy(sizing={"amount": "1000"})

    assert findings(data) == {"sizing.kind": "strategy_field_invalid"}
    assert "percent_of_equity" in message(data)


def test_sizing_by_risk_needs_a_stop() -> None:
    sizing = {"kind": "risk_per_trade", "fraction": "0.01"}

    definition_parse(strategy(sizing=sizing))

    data = strategy(sizing=sizing, stop_loss=None, trailing_stop="0.05")
    assert findings(data) == {"stop_loss": "sizing_needs_stop"}


def test_a_short_cannot_gain_its_whole_price() -> None:
    both = {"long": "close > 1", "short": "close < 1"}

    definition_parse(strategy(entry=both, take_profit="0.99"))

    data = strategy(entry=both, take_profit="1")
    assert findings(data) == {"take_profit": "take_profit_unreachable"}


def test_a_strategy_that_could_never_enter_is_refused() -> None:
    assert findings(strategy(entry={})) == {"entry": "strategy_without_entry"}


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), 1e400, 10**400, 1e13, "20", True, None, []]
)
def test_a_parameter_that_is_not_a_finite_number_is_refused(value: object) -> None:
    place = "parameters.fast.default"

    assert findings(changed(place, value)) == {place: "strategy_number_invalid"}


@pytest.mark.parametrize(("low", "default", "high"), [(3, 2, 4), (1, 5, 4), (4, 4, 3)])
def test_a_default_outside_its_bounds_is_refused(
    low: int, default: int, high: int
) -> None:
    bounds = {"default": default, "minimum": low, "maximum": high}
    data = changed("parameters.level", bounds)

    assert findings(data) == {"parameters.level": "parameter_bounds_invalid"}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("2fast", "strategy_name_invalid"),
        ("fast ma", "strategy_name_invalid"),
        ("fast-ma", "strategy_name_invalid"),
        ("a.b", "strategy_name_invalid"),
        ("", "strategy_name_invalid"),
        ("größe", "strategy_name_invalid"),
        ("x" * 41, "strategy_name_invalid"),
        ("fast ", "strategy_name_invalid"),
        ("x\n", "strategy_name_invalid"),
        ("close", "strategy_name_taken"),
        ("mean", "strategy_name_taken"),
        ("and", "strategy_name_taken"),
        ("lambda", "strategy_name_taken"),
        ("True", "strategy_name_taken"),
    ],
)
def test_a_name_that_a_rule_could_not_use_is_refused(name: str, code: str) -> None:
    parameter = {"default": 1, "minimum": 1, "maximum": 1}
    data = strategy()
    data["parameters"] |= {name: parameter}
    assert set(findings(data).values()) == {code}

    data = strategy()
    data["indicators"] |= {name: {"indicator": "sma"}}
    assert set(findings(data).values()) == {code}


def test_a_parameter_and_an_indicator_of_one_name_are_refused() -> None:
    data = strategy()
    data["indicators"]["level"] = {"indicator": "sma"}

    assert findings(data) == {"indicators.level": "strategy_name_taken"}


@pytest.mark.parametrize(
    ("path", "value", "place", "code"),
    [
        ("indicator", "smma_", "indicator", "indicator_not_found"),
        ("parameters", {"perod": 3}, "parameters.perod", "indicator_parameter_invalid"),
        (
            "parameters",
            {"period": 0},
            "parameters.period",
            "indicator_parameter_invalid",
        ),
        (
            "parameters",
            {"period": 2.5},
            "parameters.period",
            "indicator_parameter_invalid",
        ),
        ("parameters", {"period": "fats"}, "parameters.period", "parameter_unknown"),
        (
            "parameters",
            {"period": "level"},
            "parameters.period",
            "parameter_not_integer",
        ),
        (
            "parameters",
            {"period": "wide"},
            "parameters.period",
            "parameter_out_of_range",
        ),
        ("input", "clse", "input", "indicator_input_invalid"),
        ("input", "fast", "input", "indicator_input_invalid"),
        ("input", "bands", "input", "indicator_input_invalid"),
        ("input", "bands.uper", "input", "indicator_input_invalid"),
        ("input", "slow_ma.value", "input", "indicator_input_invalid"),
        ("input", "fast_ma", "input", "indicator_cycle"),
    ],
)
def test_an_indicator_that_cannot_be_computed_is_refused_where_it_fails(
    path: str, value: object, place: str, code: str
) -> None:
    data = changed(f"indicators.fast_ma.{path}", value)
    data["parameters"]["wide"] = {"default": 5, "minimum": 0, "maximum": 10}

    assert findings(data) == {f"indicators.fast_ma.{place}": code}


@pytest.mark.parametrize("chosen", [{"fast": 30}, {"slow": 5}])
def test_indicator_parameters_that_do_not_go_together_are_refused(
    chosen: dict[str, int],
) -> None:
    data = strategy()
    data["indicators"]["momentum"] = {"indicator": "macd", "parameters": chosen}

    assert findings(data) == {
        "indicators.momentum.parameters.fast": "indicator_parameter_invalid"
    }


def test_an_unknown_indicator_is_told_once_not_by_all_that_read_it() -> None:
    data = strategy(entry={"long": "smooth > bands.upper"}, exit={})
    data["indicators"]["bands"] = {"indicator": "bolinger"}
    data["indicators"]["smooth"] = {"indicator": "sma", "input": "bands.upper"}

    assert findings(data) == {"indicators.bands.indicator": "indicator_not_found"}
    assert "bollinger" in message(data)


def test_an_indicator_of_fixed_columns_takes_no_input() -> None:
    data = strategy()
    data["indicators"]["range_"] = {"indicator": "atr", "input": "open"}

    assert findings(data) == {"indicators.range_.input": "indicator_input_invalid"}


def test_indicators_may_read_each_other_in_whatever_order_they_are_written() -> None:
    data = strategy()
    data["indicators"] = {
        "smooth": {"indicator": "sma", "input": "bands.upper"},
        "bands": {"indicator": "bollinger", "input": "mid"},
        "mid": {"indicator": "medprice"},
    }
    data |= {"entry": {"long": "close > smooth"}, "exit": {}}

    definition_parse(data)


def test_a_circle_of_indicators_is_named() -> None:
    data = strategy()
    for name, source in (("a", "b"), ("b", "c"), ("c", "a")):
        data["indicators"][name] = {"indicator": "sma", "input": source}

    circles = "a reads b reads c reads a", "b reads c reads a", "c reads a reads b"
    assert list(findings(data).values()) == ["indicator_cycle"]
    assert any(circle in message(data) for circle in circles)


def test_all_findings_are_told_at_once_each_where_it_is() -> None:
    data = strategy(
        entry={"long": "clse > opn", "short": "shift(close, -1) > 1"},
        exit={"long": "bands.uper > 1", "short": "close / 0 > 1"},
        take_profit="1",
        stop_loss=None,
        sizing={"kind": "risk_per_trade", "fraction": "0.01"},
    )
    data["parameters"]["fast"]["minimum"] = 100
    data["indicators"]["slow_ma"]["indicator"] = "nothing"

    with pytest.raises(StrategyInvalid) as caught:
        definition_parse(data)

    assert [(d.attr, d.code) for d in caught.value.details] == [
        ("parameters.fast", "parameter_bounds_invalid"),
        ("indicators.slow_ma.indicator", "indicator_not_found"),
        ("entry.long", "rule_unknown_name"),
        ("entry.long", "rule_unknown_name"),
        ("entry.short", "rule_future_reference"),
        ("exit.long", "rule_unknown_name"),
        ("exit.short", "rule_division_by_zero"),
        ("stop_loss", "sizing_needs_stop"),
        ("take_profit", "take_profit_unreachable"),
    ]
    assert "(and 8 more)" in str(caught.value)


def test_the_check_can_be_run_on_its_own_after_the_shape() -> None:
    definition = StrategyDefinition.model_validate(strategy(entry={"long": "close"}))

    with pytest.raises(StrategyInvalid, match=r"entry\.long: column 1"):
        definition_check(definition)


def test_parameters_that_count_bars_are_known_as_integers() -> None:
    data = strategy(exit={"long": "close < lowest(low, look)"})
    data["parameters"]["look"] = {"default": 5, "minimum": 1, "maximum": 9}

    found = definition_integer_parameters(definition_parse(data))

    assert found == {"fast", "slow", "look"}


def test_a_run_takes_the_defaults_and_what_it_chooses() -> None:
    values = parameters_apply(definition_parse(strategy()), {"fast": 10})

    assert values == {"fast": 10, "slow": 50, "level": 30.5}


def test_a_run_may_not_choose_what_the_strategy_forbids() -> None:
    chosen = {
        "fats": 3,
        "fast": 1,
        "slow": 7.5,
        "level": float("nan"),
    }

    with pytest.raises(StrategyInvalid) as caught:
        parameters_apply(definition_parse(strategy()), chosen)

    assert {d.attr: d.code for d in caught.value.details} == {
        "parameters.fats": "parameter_unknown",
        "parameters.fast": "parameter_out_of_range",
        "parameters.slow": "parameter_not_integer",
        "parameters.level": "strategy_number_invalid",
    }


def test_a_whole_number_may_be_written_as_a_float() -> None:
    values = parameters_apply(definition_parse(strategy()), {"fast": 10.0})

    assert values["fast"] == 10
    assert isinstance(values["fast"], int)


REWRITTEN = strategy(
    name="  SMA cross ",
    entry={"long": "crosses_above( (fast_ma),slow_ma )"},
    exit={"long": "(strength>level) or (close > bands.upper)"},
    stop_loss="0.0500",
    sizing={"amount": "1000.000", "kind": "fixed_quote"},
    fees="1e-3",
)
REWRITTEN["parameters"] = {
    "slow": {"maximum": 500.0, "minimum": 5, "default": 50},
    "level": {"default": 30.50, "minimum": 10, "maximum": 90, "description": ""},
    "fast": {"default": 20, "minimum": 2, "maximum": 200},
}
REWRITTEN["indicators"]["bands"] = {
    "indicator": "bollinger",
    "parameters": {"deviations": 2.0, "period": 20},
    "input": "close",
}
del REWRITTEN["description"]


def test_the_same_strategy_written_differently_has_one_hash() -> None:
    first, second = definition_parse(strategy()), definition_parse(REWRITTEN)

    assert definition_hash(first) == definition_hash(second)
    assert len(definition_hash(first)) == 64


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", "Another"),
        ("timeframe", "4h"),
        ("parameters.fast.default", 21),
        ("indicators.fast_ma.input", "open"),
        ("indicators.bands.parameters", {"period": 21}),
        ("entry.long", "crosses_below(fast_ma, slow_ma)"),
        ("stop_loss", "0.051"),
        ("sizing.amount", "1000.01"),
        ("fees", "0.0011"),
    ],
)
def test_another_strategy_has_another_hash(path: str, value: object) -> None:
    other = definition_parse(changed(path, value))

    assert definition_hash(other) != definition_hash(definition_parse(strategy()))


def test_the_canonical_form_is_a_strategy_with_the_same_canonical_form() -> None:
    canonical = definition_canonical_json(definition_parse(REWRITTEN))

    again = definition_canonical_json(definition_parse(json.loads(canonical)))

    assert again == canonical
    assert '"stop_loss":"0.05"' in canonical
    assert '"amount":"1000"' in canonical


@EXAMPLES
@given(digits=st.integers(1, 10**6 - 1), zeros=st.integers(0, 5))
def test_trailing_zeros_of_a_decimal_never_matter(digits: int, zeros: int) -> None:
    plain = f"0.{digits:06d}"

    first = definition_parse(strategy(stop_loss=plain))
    second = definition_parse(strategy(stop_loss=plain + "0" * zeros))

    assert first == second
    assert definition_canonical_json(first) == definition_canonical_json(second)


JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(max_size=9), inner, max_size=3),
    ),
    max_leaves=5,
)
PLACES = [
    *strategy(),
    *("parameters.fast", "parameters.fast.default", "parameters.fast.minimum"),
    *(
        "indicators.fast_ma",
        "indicators.fast_ma.parameters",
        "indicators.fast_ma.input",
    ),
    *(
        "indicators.fast_ma.indicator",
        "entry.long",
        "exit.short",
        "sizing.kind",
        "more",
    ),
]


@settings(max_examples=150, deadline=None)
@given(place=st.sampled_from(PLACES), value=JSON)
def test_any_json_anywhere_is_a_strategy_or_a_strategy_error(
    place: str, value: object
) -> None:
    try:
        definition = definition_parse(changed(place, value))
    except StrategyInvalid as error:
        assert error.details
        json.dumps([d.message for d in error.details]).encode()
    else:
        definition_hash(definition)


def _described(schema: Data) -> list[str]:
    models = [schema, *schema["$defs"].values()]
    return [
        f"{model['title']}.{name}"
        for model in models
        for name, field in model.get("properties", {}).items()
        if not (field.get("description") and "examples" in field)
    ]


def test_every_field_has_a_description_and_an_example_in_the_schema() -> None:
    schema = StrategyDefinition.model_json_schema(mode="serialization")

    assert _described(schema) == []
    assert schema["properties"]["fees"]["type"] == "string"


@pytest.mark.parametrize("frame", list(Timeframe))
def test_every_timeframe_can_be_used_and_knows_its_length(frame: Timeframe) -> None:
    assert definition_parse(strategy(timeframe=str(frame))).timeframe is frame
    assert frame.nanoseconds % 60_000_000_000 == 0


def test_timeframes_are_ordered_by_their_length() -> None:
    lengths = [frame.nanoseconds for frame in Timeframe]

    assert lengths == sorted(set(lengths))
    assert Timeframe.W1.nanoseconds == 7 * 24 * 60 * Timeframe.M1.nanoseconds


def test_reading_and_hashing_a_strategy_loads_no_numerical_library() -> None:
    code = (
        "import json, sys; from apps.strategies.definition import *;"
        "definition_hash(definition_parse(json.load(sys.stdin)));"
        "print({'numpy', 'numba', 'talib', 'django'} & sys.modules.keys())"
    )
    root = Path(__file__).parents[3]

    done = subprocess.run(  # noqa: S603 - our own interpreter and our own text
        [sys.executable, "-c", code],
        cwd=root,
        input=json.dumps(strategy()),
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "set()"
