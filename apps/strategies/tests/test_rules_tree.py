"""What a rule's tree tells: its canonical text, how far it reads back, what it counts."""

from __future__ import annotations

import pytest

from apps.strategies.rules import (
    FUNCTIONS,
    RuleScope,
    ScopeParameter,
    rule_bar_counts,
    rule_lookback,
    rule_parse,
    rule_unparse,
)

SCOPE = RuleScope(
    parameters={
        "n": ScopeParameter(minimum=1, maximum=50, is_integer=True),
        "level": ScopeParameter(minimum=10.5, maximum=90, is_integer=False),
    },
    indicators={
        "fast_ma": ("value",),
        "slow_ma": ("value",),
        "bands": ("upper", "middle", "lower"),
    },
)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("close>1.0", "close > 1"),
        ("(((close)) > (1e0))", "close > 1"),
        ("close > 0.10", "close > 0.1"),
        ("(close>1 and open>2) and low>3", "close > 1 and open > 2 and low > 3"),
        ("close>1 or (open>2 and low>3)", "close > 1 or open > 2 and low > 3"),
        ("(close>1 or open>2) and low>3", "(close > 1 or open > 2) and low > 3"),
        ("close-(open-low)>0", "close - (open - low) > 0"),
        ("(close-open)-low>0", "close - open - low > 0"),
        ("-(close*2)>0", "-(close * 2) > 0"),
        ("not(close>1)", "not close > 1"),
        ("shift( close,2.0 )>1", "shift(close, 2) > 1"),
        ("bands . upper>1", "bands.upper > 1"),
        ("close > 1E+22", "close > 1e+22"),
    ],
)
def test_equal_rules_are_written_back_in_one_way(written: str, canonical: str) -> None:
    assert rule_unparse(rule_parse(written, SCOPE)) == canonical


@pytest.mark.parametrize(
    ("text", "bars"),
    [
        ("close > 1", 0),
        ("fast_ma > slow_ma", 49),
        ("shift(fast_ma, 3) > 1", 22),
        ("highest(close, 5) > 1", 4),
        ("rising(close, 5)", 5),
        ("change(fast_ma, n) > 1", 26),
        ("crosses_above(fast_ma, slow_ma)", 50),
        ("shift(mean(bands.upper, 3), 2) > 1 or close > 1", 13),
    ],
)
def test_the_lookback_adds_up_what_a_rule_reads(text: str, bars: int) -> None:
    warmups = {"fast_ma": 19, "slow_ma": 49, "bands.upper": 9}

    assert rule_lookback(rule_parse(text, SCOPE), warmups, {"n": 7}) == bars


def test_only_parameters_that_count_bars_are_counted_as_such() -> None:
    rule = rule_parse("shift(close, n) > level and mean(close, 3) > n", SCOPE)

    assert rule_bar_counts(rule) == {"n"}


def test_every_function_is_documented_by_how_it_is_written() -> None:
    for name, function in FUNCTIONS.items():
        assert function.signature.startswith(f"{name}(")
        assert function.signature.count(",") + 1 == function.arity
        assert function.meaning.endswith(".")
