"""What holds for every rule, against a second, slow reading of the language."""

from __future__ import annotations

import math
import operator
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings, strategies as st

from apps.strategies.rules import (
    FUNCTIONS,
    RuleScope,
    ScopeParameter,
    rule_lookback,
    rule_parse,
    rule_unparse,
)
from apps.strategies.rules.evaluate import rule_evaluate
from apps.strategies.rules.tree import (
    Arithmetic,
    Call,
    Comparison,
    Logic,
    Negative,
    Not,
    Number,
    Parameter,
    Series,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from apps.strategies.rules import Node

    type Value = float | bool | None
    type Bars = dict[str, NDArray[np.float64]]

SCOPE = RuleScope(
    parameters={"n": ScopeParameter(minimum=1, maximum=4, is_integer=True)},
    indicators={"ma": ("value",), "bands": ("upper", "lower")},
)
SERIES = ("close", "ma", "bands.upper", "bands.lower")
EXAMPLES = settings(max_examples=50, deadline=None)


def _numeric(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    # `+ 0 * close` makes a series of anything, as windows need one.
    series = children.map(lambda x: f"({x} + 0 * close)")
    counts = st.sampled_from(["1", "2", "3", "n"])
    return st.one_of(
        st.builds("({} {} {})".format, children, st.sampled_from("+-*"), children),
        st.builds("{} / ({} - 1)".format, children, series),
        st.builds("-{}".format, children),
        st.builds("abs({})".format, children),
        st.builds(
            "{}({}, {})".format, st.sampled_from(["min", "max"]), children, children
        ),
        st.builds(
            "{}({}, {})".format,
            st.sampled_from(["shift", "highest", "lowest", "mean", "change"]),
            series,
            counts,
        ),
    )


NUMERIC = st.recursive(
    st.sampled_from([*SERIES, "n", "0", "1", "2.5"]), _numeric, max_leaves=5
)
AS_SERIES = NUMERIC.map(lambda x: f"({x} + close)")
CONDITIONS = st.recursive(
    st.one_of(
        st.builds(
            "{} {} {}".format,
            NUMERIC,
            st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
            NUMERIC,
        ),
        st.builds("{} < {} <= {}".format, NUMERIC, NUMERIC, NUMERIC),
        st.builds("crosses_above({}, {})".format, AS_SERIES, NUMERIC),
        st.builds("crosses_below({}, {})".format, NUMERIC, AS_SERIES),
        st.builds("rising({}, {})".format, AS_SERIES, st.sampled_from(["1", "2", "n"])),
        st.builds("falling({}, {})".format, AS_SERIES, st.sampled_from(["1", "3"])),
        st.builds("between({}, {}, {})".format, NUMERIC, NUMERIC, NUMERIC),
    ),
    lambda c: st.one_of(
        st.builds("({} and {})".format, c, c),
        st.builds("({} or {})".format, c, c),
        st.builds("not ({})".format, c),
        st.builds(
            "shift({} and ma == ma, {})".format, c, st.sampled_from(["0", "1", "n"])
        ),
    ),
    max_leaves=4,
)
# Whole numbers, so that sums are exact in whatever order they are added.
VALUES = st.one_of(st.integers(-4, 4).map(float), st.just(math.nan))
COUNTS = st.integers(1, 4)


@st.composite
def bars(draw: st.DrawFn) -> Bars:
    """Return a few bars in which values repeat, cross, and are missing."""
    length = draw(st.integers(1, 12))
    column = st.lists(VALUES, min_size=length, max_size=length).map(np.array)
    return {name: draw(column) for name in SERIES}


_OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def _slow(  # noqa: PLR0911 - one return for each kind of node
    node: Node, i: int, series: Bars, n: int
) -> Value:
    """Say what a part is on bar i, one bar at a time; None where it is undefined."""

    def at(part: Node, bar: int) -> Value:
        return _slow(part, bar, series, n)

    match node:
        case Number():
            return node.value
        case Parameter():
            return float(n)
        case Series():
            return _defined(float(series[node.name][i])) if i >= 0 else None
        case Call():
            return _slow_call(node, i, series, n)
        case Negative():
            value = at(node.operand, i)
            return None if value is None else -value
        case Not():
            value = at(node.operand, i)
            return None if value is None else not value
        case Arithmetic():
            left, right = at(node.left, i), at(node.right, i)
            if left is None or right is None:
                return None
            if node.operator == "/":
                return _defined(left / right) if right else None
            return _defined(_OPERATORS[node.operator](left, right))
        case Comparison() | Logic():
            values = [at(operand, i) for operand in node.operands]
            if None in values:
                return None
            if isinstance(node, Logic):
                return all(values) if node.operator == "and" else any(values)
            pairs = zip(node.operators, pairwise(values), strict=True)
            return all(_OPERATORS[sign](a, b) for sign, (a, b) in pairs)


def _slow_call(  # noqa: PLR0911 - one return for each kind of function
    node: Call, i: int, series: Bars, n: int
) -> Value:
    name, arguments = node.function, node.arguments

    def at(position: int, bar: int) -> Value:
        return _slow(arguments[position], bar, series, n)

    if name in ("crosses_above", "crosses_below"):
        a0, a1, b0, b1 = at(0, i - 1), at(0, i), at(1, i - 1), at(1, i)
        if a0 is None or a1 is None or b0 is None or b1 is None:
            return None
        above = name == "crosses_above"
        return (a0 <= b0 and a1 > b1) if above else (a0 >= b0 and a1 < b1)
    if FUNCTIONS[name].bars_minimum is None:
        return _slow_plain(name, [at(k, i) for k in range(len(arguments))])
    count = int(_slow(arguments[-1], i, series, n) or 0)
    if name == "shift":
        return at(0, i - count)
    if name == "change":
        now, before = at(0, i), at(0, i - count)
        return None if now is None or before is None else _defined(now - before)
    first = i - count + (name in ("highest", "lowest", "mean"))
    window = [at(0, bar) for bar in range(first, i + 1)]
    known = [value for value in window if value is not None]
    if len(known) < len(window):
        return None
    steps = list(pairwise(known))
    results: dict[str, Value] = {
        "highest": max(known),
        "lowest": min(known),
        "mean": sum(known) / count,
        "rising": all(a < b for a, b in steps),
        "falling": all(a > b for a, b in steps),
    }
    return _defined(results[name])


def _slow_plain(name: str, values: list[Value]) -> Value:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    if name == "abs":
        return abs(known[0])
    if name == "between":
        return known[1] <= known[0] <= known[2]
    return min(known) if name == "min" else max(known)


def _defined(value: Value) -> Value:
    return value if value is not None and math.isfinite(value) else None


def _evaluated(rule: Node, series: Bars, n: int) -> list[bool]:
    scalars: Mapping[str, float] = {"n": n}
    return [bool(bar) for bar in rule_evaluate(rule, series, scalars)]


@EXAMPLES
@given(text=CONDITIONS, series=bars(), n=COUNTS)
def test_all_bars_at_once_say_what_one_bar_at_a_time_says(
    text: str, series: Bars, n: int
) -> None:
    rule = rule_parse(text, SCOPE)

    expected = [_slow(rule, i, series, n) is True for i in range(len(series["close"]))]

    assert _evaluated(rule, series, n) == expected


@EXAMPLES
@given(text=CONDITIONS, series=bars(), n=COUNTS, data=st.data())
def test_cutting_off_the_future_changes_no_earlier_bar(
    text: str, series: Bars, n: int, data: st.DataObject
) -> None:
    rule = rule_parse(text, SCOPE)
    cut = data.draw(st.integers(1, len(series["close"])))

    past = {name: column[:cut] for name, column in series.items()}

    assert _evaluated(rule, past, n) == _evaluated(rule, series, n)[:cut]


@EXAMPLES
@given(text=CONDITIONS, series=bars(), n=COUNTS)
def test_a_rule_never_holds_within_its_lookback(
    text: str, series: Bars, n: int
) -> None:
    rule = rule_parse(text, SCOPE)
    lookback = rule_lookback(rule, {}, {"n": n})

    assert not any(_evaluated(rule, series, n)[:lookback])


@EXAMPLES
@given(text=CONDITIONS)
def test_writing_a_rule_back_and_reading_it_again_gives_the_same_tree(
    text: str,
) -> None:
    rule = rule_parse(text, SCOPE)
    canonical = rule_unparse(rule)

    assert rule_parse(canonical, SCOPE) == rule
    assert rule_unparse(rule_parse(canonical, SCOPE)) == canonical
