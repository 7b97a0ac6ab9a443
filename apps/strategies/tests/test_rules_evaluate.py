"""What a rule says on each bar, above all where something is not defined."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from apps.strategies.rules import FUNCTIONS, RuleScope, ScopeParameter, rule_parse
from apps.strategies.rules.evaluate import rule_evaluate
from apps.strategies.rules.operations import IMPLEMENTATIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

NAN = float("nan")
SCOPE = RuleScope(
    parameters={
        "n": ScopeParameter(minimum=0, maximum=9, is_integer=True),
        "divisor": ScopeParameter(minimum=0, maximum=9, is_integer=False),
    },
    indicators={"a": ("value",), "b": ("value",)},
)


def said(
    text: str,
    a: Sequence[float],
    b: Sequence[float] | None = None,
    scalars: dict[str, float] | None = None,
) -> str:
    """Return one character per bar: T where the rule holds, a dot elsewhere."""
    series = {"a": np.array(a, float), "b": np.array(a if b is None else b, float)}
    result = rule_evaluate(rule_parse(text, SCOPE), series, scalars or {})
    assert result.dtype == np.bool_
    return "".join("T" if bar else "." for bar in result)


def test_a_cross_needs_a_bar_on_the_other_side_or_on_the_line() -> None:
    assert said("crosses_above(a, b)", [0, 2, 3, 1, 1, 2], [1] * 6) == ".T...T"
    assert said("crosses_below(a, b)", [2, 0, 0, 1, 1, 0], [1] * 6) == ".T...T"


def test_a_series_that_starts_above_has_not_crossed() -> None:
    assert said("crosses_above(a, 1)", [5, 6, 7]) == "..."


def test_a_number_can_be_crossed() -> None:
    assert said("crosses_above(30, a)", [40, 31, 30, 29]) == "...T"


def test_not_says_nothing_during_the_warm_up() -> None:
    assert said("not (a < 30)", [NAN, NAN, 20, 40]) == "...T"


def test_or_says_nothing_while_either_side_is_undefined() -> None:
    assert said("a > 0 or b > 0", [1, 1, 1], [NAN, 1, NAN]) == ".T."


def test_not_equal_is_not_true_of_what_is_undefined() -> None:
    assert said("a != 1", [NAN, 2, 1]) == ".T."


def test_not_of_a_cross_says_nothing_on_the_first_bar() -> None:
    assert said("not crosses_above(a, 1)", [0, 0, 2]) == ".T."


def test_a_cross_is_undefined_next_to_an_undefined_bar() -> None:
    assert said("crosses_above(a, 1)", [0, NAN, 2, 0, 2]) == "....T"
    assert said("not crosses_above(a, 1)", [0, NAN, 2, 0, 0]) == "...TT"


def test_a_shift_moves_the_undefined_bars_too() -> None:
    assert said("not (shift(a, 1) > 5)", [1, NAN, 9, 1]) == ".T.."


def test_a_shift_beyond_the_series_is_undefined_everywhere() -> None:
    assert said("not (shift(a, 99) > 5)", [1, 2, 3]) == "..."


def test_a_condition_can_be_shifted() -> None:
    assert said("shift(a > 1, 2)", [2, 0, 2, 0, 0]) == "..T.T"


def test_a_window_is_undefined_until_full_and_while_it_holds_an_undefined_bar() -> None:
    values = [1, 1, NAN, 1, 1, 1]
    for function in ("highest", "lowest", "mean"):
        assert said(f"{function}(a, 2) > 0", values) == ".T..TT", function


def test_a_window_longer_than_the_series_is_undefined() -> None:
    assert said("highest(a, 1000000) > 0", [1, 2, 3]) == "..."


def test_highest_lowest_and_mean_take_the_bar_itself_in() -> None:
    values = [1, 5, 2, 2, 8]
    assert said("highest(a, 3) == 5", values) == "..TT."
    assert said("lowest(a, 3) == 2", values) == "...TT"
    assert said("mean(a, 3) == 3", values) == "...T."


def test_one_huge_value_does_not_spoil_later_means() -> None:
    assert said("mean(a, 2) == 1", [1, 1, 1e300, 1, 1]) == ".T..T"


def test_rising_and_falling_need_every_step() -> None:
    assert said("rising(a, 2)", [1, 2, 3, 3, 4, 5, 6]) == "..T..TT"
    assert said("falling(a, 2)", [6, 5, 4, 4, 3, 2, 1]) == "..T..TT"


def test_change_is_the_difference_over_n_bars() -> None:
    assert said("change(a, 2) == 3", [1, 2, 4, 5, 5]) == "..TT."


def test_change_reads_the_two_ends_only() -> None:
    assert said("change(a, 2) == 3", [1, NAN, 4, 5, 6]) == "..T.."
    assert said("not (change(a, 2) == 9)", [1, NAN, 4, 5, 6]) == "..T.T"


def test_between_takes_both_ends_in() -> None:
    assert said("between(a, 1, 2)", [0, 1, 1.5, 2, 3]) == ".TTT."


def test_a_chain_is_each_comparison_of_neighbours() -> None:
    assert said("0 < a < b <= 3", [1, 1, -1, 3], [2, 4, 2, 3]) == "T..."


def test_abs_min_and_max_work_bar_by_bar() -> None:
    assert said("abs(a) == 2", [-2, 2, 1]) == "TT."
    assert said("min(a, b) == 1", [1, 3], [2, 1]) == "TT"
    assert said("max(a, 2) == 2", [1, 3]) == "T."


@pytest.mark.parametrize(
    "rule",
    [
        "min(a, b) > 5",
        "min(b, a) > 5",
        "max(a, b) > 5",
        "max(b, a) > 5",
        "abs(b) > 5",
        "-b > 5",
        "a + b > 5",
        "b + a > 5",
        "a > 5 or b > 5",
        "between(b, 2, 3)",
        "between(a, b, 0)",
        "between(a, 2, b)",
        "5 < b < a",
        "5 < a < b",
    ],
)
def test_the_opposite_of_a_rule_is_silent_where_any_operand_is_undefined(
    rule: str,
) -> None:
    assert said(f"not ({rule})", [1, 1, 1], [1, NAN, 1]) == "T.T"


def test_division_by_zero_makes_a_bar_undefined_not_infinite() -> None:
    assert said("1 / a > 0", [1, 0, 2]) == "T.T"
    assert said("not (1 / a < 0)", [1, 0, 2]) == "T.T"
    assert said("a / b != 7", [0, 0], [0, 1]) == ".T"


def test_division_by_a_zero_parameter_makes_every_bar_undefined() -> None:
    assert said("not (a / divisor > 0)", [1, 2], scalars={"divisor": 0}) == ".."


def test_an_overflow_makes_a_bar_undefined() -> None:
    assert said("a * 1e308 > 0", [1, 10]) == "T."


def test_an_infinite_input_is_undefined() -> None:
    assert said("a > 0", [float("inf"), 1]) == ".T"


def test_a_rule_of_numbers_alone_holds_on_all_bars_or_none() -> None:
    assert said("n < 5", [1, 2, 3], scalars={"n": 4}) == "TTT"
    assert said("n < 5", [1, 2, 3], scalars={"n": 6}) == "..."


def test_a_parameter_can_count_bars() -> None:
    assert said("shift(a, n) == 1", [1, 2, 1], scalars={"n": 2}) == "..T"
    assert said("shift(a, n) == 1", [1, 2, 1], scalars={"n": 0}) == "T.T"


def test_a_series_without_bars_gives_no_signals() -> None:
    assert said("mean(a, 3) > 0 and crosses_above(a, 1)", []) == ""


def test_inputs_are_not_written_to_and_the_result_is_a_new_array() -> None:
    a = np.array([1.0, NAN, 3.0])
    a.flags.writeable = False

    result = rule_evaluate(rule_parse("a > 0", SCOPE), {"a": a}, {})
    result[:] = False

    assert a[0] == 1.0


@pytest.mark.filterwarnings("error")
def test_no_numerical_warning_leaks() -> None:
    said("a * 1e308 / b > 1 and mean(a * 1e308, 2) < 0", [9, 0, NAN, 5], [0, 0, 1, 2])


def test_every_function_has_one_implementation() -> None:
    assert IMPLEMENTATIONS.keys() == FUNCTIONS.keys()


def test_reading_rules_loads_no_numerical_library() -> None:
    code = (
        "import sys; import apps.strategies.rules as r;"
        "r.rule_unparse(r.rule_parse('mean(close, 3) > 1', r.RuleScope()));"
        "print({'numpy', 'numba', 'talib', 'django'} & sys.modules.keys())"
    )
    root = Path(__file__).parents[3]

    done = subprocess.run(  # noqa: S603 - our own interpreter and our own text
        [sys.executable, "-c", code],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "set()"
