"""What the rule language takes, what it refuses, and how it says so."""

from __future__ import annotations

import re

import pytest

from apps.strategies.errors import (
    RuleArguments,
    RuleDivisionByZero,
    RuleFutureReference,
    RuleInvalid,
    RuleNotAllowed,
    RuleSyntax,
    RuleTooDeep,
    RuleTooLong,
    RuleType,
    RuleUnknownName,
)
from apps.strategies.rules import (
    RuleScope,
    ScopeParameter,
    rule_parse,
    rule_unparse,
)

SCOPE = RuleScope(
    parameters={
        "n": ScopeParameter(minimum=1, maximum=50, is_integer=True),
        "back": ScopeParameter(minimum=-2, maximum=50, is_integer=True),
        "level": ScopeParameter(minimum=10.5, maximum=90, is_integer=False),
        "vast": ScopeParameter(minimum=1, maximum=10**12, is_integer=True),
    },
    indicators={
        "fast_ma": ("value",),
        "slow_ma": ("value",),
        "bands": ("upper", "middle", "lower"),
        "broken": None,
    },
)


def refused(text: str) -> RuleInvalid:
    with pytest.raises(RuleInvalid) as caught:
        rule_parse(text, SCOPE)
    return caught.value


def column(error: RuleInvalid) -> int:
    found = re.match(r"column (\d+): ", error.message)
    assert found, error.message
    return int(found[1])


@pytest.mark.parametrize(
    "text",
    [
        "crosses_above(fast_ma, slow_ma)",
        "close > bands.upper and not rising(volume, 3)",
        "1 < close <= level < 90",
        "close > 1 and\n  open < 2",
        "\tclose > 1  ",
        "between(close, bands.lower, bands.upper)",
        "shift(close > open, 1)",
        "-close < -(1 + 2) * .5e1",
        "change(close, n) / shift(close, n) > 0.05",
        "max(abs(close - open), 1) == min(high, low)",
        "n < level and close != open",
        "between(n, 1, level) and abs(n) > 1",
        "highest(high, 1e1) > lowest(low, n)",
        "broken.anything > broken",
    ],
)
def test_rules_that_people_write_are_read(text: str) -> None:
    rule = rule_parse(text, SCOPE)

    assert rule_parse(rule_unparse(rule), SCOPE) == rule


@pytest.mark.parametrize(
    ("text", "kind", "at", "said"),
    [
        ("crosses_above(clse, open)", RuleUnknownName, 15, "did you mean 'close'?"),
        ("Close > 1", RuleUnknownName, 1, "did you mean 'close'?"),
        ("bands > 1", RuleUnknownName, 1, "bands.upper, bands.middle, bands.lower"),
        ("1 < bands.uper", RuleUnknownName, 5, "did you mean 'upper'?"),
        ("fast_ma.value > 1", RuleUnknownName, 1, "write fast_ma"),
        ("higest(close, 3) > 1", RuleUnknownName, 1, "did you mean 'highest'?"),
        ("shift(close, m) > 1", RuleUnknownName, 14, "not a parameter"),
        ("shift(close, fast_ma) > 1", RuleUnknownName, 14, "not a parameter"),
        ("shift(close, -1) > 1", RuleFutureReference, 14, "use n >= 0"),
        ("mean(close, -3) > 1", RuleFutureReference, 13, "use n >= 1"),
        ("shift(close, back) > 1", RuleFutureReference, 14, "'back' a minimum of 0"),
        ("mean(close, 0) > 1", RuleArguments, 13, "at least 1"),
        ("mean(close, 1.5) > 1", RuleArguments, 13, "whole numbers"),
        ("mean(close, level) > 1", RuleArguments, 13, "whole numbers"),
        ("mean(close, n + 1) > 1", RuleArguments, 13, "known before the run"),
        ("mean(close, 1e300) > 1", RuleArguments, 13, "at most 1,000,000"),
        ("mean(close, vast) > 1", RuleArguments, 13, "at most 1,000,000"),
        ("mean(close) > 1", RuleArguments, 1, "write mean(x, n)"),
        ("abs(close, open) > 1", RuleArguments, 1, "takes 1 argument,"),
        ("close", RuleType, 1, "must be a condition"),
        ("  level", RuleType, 3, "this is a number"),
        ("close and open > 1", RuleType, 1, "'and' works on conditions"),
        ("not fast_ma", RuleType, 5, "'not' works on conditions"),
        ("(close > 1) + 1 > 2", RuleType, 2, "'+' works on numbers and series"),
        ("1 < (close > 1)", RuleType, 6, "works on numbers and series"),
        ("-(close > 1) > 0", RuleType, 3, "works on numbers and series"),
        ("mean(close > 1, 3) > 0", RuleType, 6, "works on numbers and series"),
        ("crosses_above(n, 30)", RuleType, 15, "needs a series"),
        ("shift(1 < n, 3)", RuleType, 7, "the same on every bar"),
        ("close > mean", RuleType, 9, "write mean(x, n)"),
        ("2 < close(1)", RuleType, 5, "to multiply, write *"),
        ("close / 0 > 1", RuleDivisionByZero, 9, "division by zero"),
        ("close / -0.0 > 1", RuleDivisionByZero, 9, "division by zero"),
        ("close / (2 - 4 / 2) > 1", RuleDivisionByZero, 10, "division by zero"),
        ("close >", RuleSyntax, 8, "ends too early"),
        ("close > 1 open", RuleSyntax, 11, "cannot be read"),
        ("close <> open", RuleSyntax, 7, "cannot be read"),
        ("(close > 1", RuleSyntax, 1, "never closed"),
        ("close > 1)", RuleSyntax, 10, "unmatched"),
        ("close > 1e400", RuleSyntax, 9, "too large"),
        ("close > 007", RuleSyntax, 9, "leading zeros"),
        ("close > 1and open > 1", RuleSyntax, 10, "runs into"),
        ("close > 0x10", RuleSyntax, 10, "runs into"),
        ("close > 1j", RuleSyntax, 10, "runs into"),
        ("close > 1_000", RuleSyntax, 10, "runs into"),
        ("close > 1\0", RuleSyntax, 10, "U+0000"),
        ("сlose > 1", RuleSyntax, 1, "CYRILLIC SMALL LETTER ES"),  # noqa: RUF001
        ("close > \uff11", RuleSyntax, 9, "FULLWIDTH DIGIT ONE"),
        ("close > 1 \ud800", RuleSyntax, 11, "U+D800"),
    ],
)
def test_a_fault_is_told_with_its_kind_its_column_and_the_remedy(
    text: str, kind: type[RuleInvalid], at: int, said: str
) -> None:
    error = refused(text)

    assert type(error) is kind
    assert error.code == kind.code
    assert column(error) == at
    assert said in error.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("True", "leave the condition out"),
        ("False", "send null"),
        ("None", "send null"),
        ("lambda: close > 1", "lambda"),
        ("close > 1 if open > 1 else low > 1", "no if/else"),
        ("(x for x in close)", "loops"),
        ("close in open", "between"),
        ("close is open", "use =="),
        ("(await close) > 1", "await"),
        ("close[0] > 1", "shift(x, n)"),
        ("[close > 1]", "shift(x, n)"),
        ("{close}", "braces"),
        ("'close' > 1", "quotes"),
        ('f"{close}" > 1', "quotes"),
        ("close ** 2 > 1", "x * x"),
        ("close // 2 > 1", "use /"),
        ("close % 2 > 1", "remainders"),
        ("close > 1 & open > 1", "use 'and'"),
        ("close > 1 | open > 1", "use 'or'"),
        ("~(close > 1)", "use 'not'"),
        ("!close > 1", "use 'not'"),
        ("close << 2 > 1", "bit operators"),
        ("close @ open > 1", "'@'"),
        ("(x := close) > 1", "cannot assign"),
        ("close = 1", "use =="),
        ("mean(x=close, n=3) > 1", "use =="),
        ("close > 1; open > 1", "'and' or 'or'"),
        ("close > 1 # why", "no comments"),
        ("close > \\\n 1", "not needed"),
        ("+close > 1", "leave it out"),
        ("max(*close, 1) > 1", "'*' before an argument"),
        ("close > 1, open > 1", "join them with 'and'"),
        ("()", "join them with 'and'"),
        ("close.real > 1", "write close"),
        ("n.real > 1", "write n"),
        ("bands.upper.real > 1", "bands.upper"),
        ("(close).__class__ > 1", "without outputs"),
        ("close.shift(1) > 1", "only the functions"),
        ("mean(close, 3)(4) > 1", "only the functions"),
    ],
)
def test_python_that_is_not_a_rule_is_refused_with_what_to_write_instead(
    text: str, said: str
) -> None:
    error = refused(text)

    assert isinstance(error, RuleNotAllowed)
    assert said in error.message


def test_the_caret_stands_under_the_column_also_far_into_a_long_rule() -> None:
    text = "close > 1 and " * 20 + "clse > 1 and close > 2" + " and close > 3" * 5

    _, excerpt, caret = refused(text).message.split("\n")

    assert excerpt[caret.index("^") :].startswith("clse")
    assert len(excerpt) < 100


def test_all_unknown_names_of_a_rule_are_told_at_once() -> None:
    error = refused("clse > 1 and crosses_above(fast, slow)")

    assert [detail.code for detail in error.details] == ["rule_unknown_name"] * 3


@pytest.mark.parametrize(
    "text",
    [
        "(" * 900 + "close" + ")" * 900,
        "-" * 1_900 + "close > 1",
        "not " * 480 + "close > 1",
        "close" + "+1" * 900 + " > 1",
        "abs(" * 390 + "close" + ")" * 390,
        "(" * 1_999,
    ],
    ids=["brackets", "signs", "nots", "sum", "calls", "open"],
)
def test_deep_nesting_is_refused_as_too_deep(text: str) -> None:
    assert isinstance(refused(text), RuleTooDeep)


@pytest.mark.parametrize("failure", [RecursionError, MemoryError])
def test_a_parser_that_is_overrun_is_told_as_too_deep(
    failure: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def overrun(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr("ast.parse", overrun)

    assert isinstance(refused("close > 1"), RuleTooDeep)


def test_sixty_levels_of_brackets_are_not_too_deep() -> None:
    rule = rule_parse("(" * 60 + "close > 1" + ")" * 60, SCOPE)

    assert rule_unparse(rule) == "close > 1"


@pytest.mark.parametrize("text", ["(" * 10_000, "close > 1 " * 10**6, "\0" * 3_000])
def test_a_huge_text_is_refused_by_its_length(text: str) -> None:
    assert isinstance(refused(text), RuleTooLong)


def test_a_rule_whose_canonical_form_is_too_long_is_refused() -> None:
    text = "close>1" + " and close>1" * 160

    assert len(text) < 2_000
    assert isinstance(refused(text), RuleTooLong)


@pytest.mark.parametrize("text", ["", " ", "\n\t "])
def test_an_empty_rule_is_refused(text: str) -> None:
    assert "send null" in refused(text).message
