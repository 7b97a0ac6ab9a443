"""Texts that nobody meant as a rule: nothing but rule errors may come of them."""

from __future__ import annotations

from hypothesis import example, given, settings, strategies as st

from apps.strategies.errors import RuleInvalid
from apps.strategies.rules import (
    RuleScope,
    ScopeParameter,
    rule_parse,
    rule_unparse,
)

SCOPE = RuleScope(
    parameters={"n": ScopeParameter(minimum=1, maximum=4, is_integer=True)},
    indicators={"ma": ("value",), "bands": ("upper", "lower")},
)
EXAMPLES = settings(max_examples=50, deadline=None)
RULES = (
    "crosses_above(close, ma) and not rising(volume, 3)",
    "0 < change(close, n) / shift(close, n) <= 0.05",
    "between(close, bands.lower, bands.upper) or shift(open > low, 2)",
    "-(close - 1.5e3) * 2 != max(abs(ma), 7) + mean(high, 4)",
)


def _only_rule_errors(text: str) -> None:
    try:
        rule = rule_parse(text, SCOPE)
    except RuleInvalid as error:
        assert error.message.encode().isascii()
        assert len(error.message) < 500
    else:
        assert rule_parse(rule_unparse(rule), SCOPE) == rule


ALPHABET = st.characters(exclude_categories=[])


@EXAMPLES
@given(text=st.text(ALPHABET, max_size=80))
@example("\ud800")
@example("close > 1 \x0c")
def test_any_text_is_a_rule_or_a_rule_error(text: str) -> None:
    _only_rule_errors(text)


TOKENS = st.sampled_from(
    [
        *("close", "open", "ma", "bands", "bands.upper", "n", "x", "and", "or", "not"),
        *("mean(", "shift(", "crosses_above(", "min(", "abs(", "(", ")", ",", "."),
        *("+", "-", "*", "/", "**", "<", "<=", ">", ">=", "==", "!=", "=", "1", "0"),
        *("1.5", "1e9", ".5", "-1", "[", "]", "{", "}", ":", ";", "'", '"', "#", "\\"),
        *("if", "else", "lambda", "for", "in", "is", "True", "None", "@", "&", "|"),
        *("~", ":=", "async", "await", "yield", "import", "f'", "...", "0x1", "1_0"),
    ]
)


@settings(max_examples=200, deadline=None)
@given(tokens=st.lists(TOKENS, max_size=14), glue=st.sampled_from([" ", "", "\n"]))
def test_any_heap_of_tokens_is_a_rule_or_a_rule_error(
    tokens: list[str], glue: str
) -> None:
    _only_rule_errors(glue.join(tokens))


@EXAMPLES
@given(text=st.sampled_from(RULES), noise=st.text(ALPHABET, max_size=3), data=st.data())
def test_any_mutation_of_a_rule_is_a_rule_or_a_rule_error(
    text: str, noise: str, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 4)))

    _only_rule_errors(text[:start] + noise + text[end:])


@EXAMPLES
@given(
    unit=st.sampled_from(
        ["(", "-", "not ", "abs(", "1+", "close<", "a.", ",", ")", "*"]
    ),
    count=st.integers(1, 10_000),
)
def test_any_repetition_is_a_rule_or_a_rule_error(unit: str, count: int) -> None:
    _only_rule_errors(unit * count + "close > 1")
