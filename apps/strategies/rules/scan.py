"""The first look at a rule's text, before Python's parser sees it.

Whatever passes holds only names, plain numbers, brackets and the operators of the
language, so the parser can neither be overrun nor warn, and what is foreign is told
with its column and with what to write instead.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import TYPE_CHECKING

from apps.strategies.errors import (
    RuleNotAllowed,
    RuleSyntax,
    RuleTooDeep,
    RuleTooLong,
)
from apps.strategies.rules.findings import rule_finding, shown

if TYPE_CHECKING:
    from apps.strategies.errors import (
        RuleInvalid,
    )

RULE_LENGTH_MAXIMUM = 2_000
RULE_DEPTH_MAXIMUM = 64

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r\n]+)
  | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<foreign>\*\*|//|<<|>>|:=|->)
  | (?P<operator><=|>=|==|!=|[-+*/<>(),.])
    """,
    re.VERBOSE,
)

_FOREIGN = {
    "**": "powers are not part of the rule language; write x * x",
    "//": "whole-number division is not part of the rule language; use /",
    "<<": "bit operators are not part of the rule language",
    ">>": "bit operators are not part of the rule language",
    ":=": "a rule cannot assign; declare a parameter or an indicator instead",
    "->": "'->' is not part of the rule language",
    "=": "a rule cannot assign; to compare, use ==",
    "&": "bit operators are not part of the rule language; use 'and'",
    "|": "bit operators are not part of the rule language; use 'or'",
    "~": "bit operators are not part of the rule language; use 'not'",
    "!": "'!' alone is not an operator; use 'not', or != for unequal",
    "^": "bit operators are not part of the rule language; write x * x for a square",
    "%": "remainders are not part of the rule language",
    "@": "'@' is not part of the rule language",
    "[": "subscripts and lists are not part of the rule language; "
    "for an earlier bar, use shift(x, n)",
    "]": "subscripts and lists are not part of the rule language; "
    "for an earlier bar, use shift(x, n)",
    "{": "braces are not part of the rule language; use ( and )",
    "}": "braces are not part of the rule language; use ( and )",
    '"': "text in quotes is not part of the rule language; write names without quotes",
    "'": "text in quotes is not part of the rule language; write names without quotes",
    "`": "text in quotes is not part of the rule language; write names without quotes",
    ":": "':' is not part of the rule language",
    ";": "a rule is one expression; join conditions with 'and' or 'or'",
    "#": "a rule has no comments; use the strategy's description",
    "\\": "'\\' is not needed; a rule may go over several lines as it is",
}

_FOREIGN_WORDS = {
    "True": "True is not a value of the rule language; leave the condition out",
    "False": "False is not a value of the rule language; "
    "for a rule that never fires, send null",
    "None": "None is not a value of the rule language; for no rule, send null",
    "if": "a rule has no if/else; join conditions with 'and', 'or' and 'not'",
    "else": "a rule has no if/else; join conditions with 'and', 'or' and 'not'",
    "for": "loops are not part of the rule language; use highest, lowest or mean",
    "in": "'in' is not part of the rule language; use between(x, lo, hi)",
    "is": "'is' is not part of the rule language; use ==",
    "lambda": "lambda is not part of the rule language",
    "await": "await is not part of the rule language",
    "yield": "yield is not part of the rule language",
    "async": "async is not part of the rule language",
}


def rule_scan(text: str) -> str:
    """Check a rule's characters and words, and return it as one line of equal length.

    Args:
        text: The rule as it was given.

    Raises:
        RuleInvalid: Too long, not ASCII, or something that no rule may hold; each kind
            is a subclass.

    Returns:
        The text with every kind of white space replaced by a space, so that a column
        in it is a column in the text that was given.
    """
    if len(text) > RULE_LENGTH_MAXIMUM:
        raise RuleTooLong(
            f"the rule has {len(text):,} characters, and at most "
            f"{RULE_LENGTH_MAXIMUM:,} are allowed; move parts of it into indicators"
        )
    if not text.strip():
        raise RuleSyntax("the rule is empty; write a condition, or send null for none")
    position = depth = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup == "foreign":
            raise _foreign_character(text, position)
        _check_word(text, match)
        depth += {"(": 1, ")": -1}.get(match.group(), 0)
        if depth > RULE_DEPTH_MAXIMUM:
            raise too_deep(text, position)
        position = match.end()
    return re.sub(r"\s", " ", text)


def too_deep(text: str, position: int) -> RuleInvalid:
    """Return the error of nesting beyond the limit."""
    return rule_finding(
        RuleTooDeep,
        text,
        position,
        f"nested deeper than {RULE_DEPTH_MAXIMUM} levels; "
        "remove brackets, or move parts of the rule into indicators",
    )


def _check_word(text: str, match: re.Match[str]) -> None:
    word, position = match.group(), match.start()
    if match.lastgroup == "name" and word in _FOREIGN_WORDS:
        raise rule_finding(RuleNotAllowed, text, position, _FOREIGN_WORDS[word])
    if match.lastgroup != "number":
        return
    if re.match(r"[A-Za-z0-9_.]", text[match.end() : match.end() + 1]):
        message = "a number runs into what follows; put a space or an operator between"
        raise rule_finding(RuleSyntax, text, match.end(), message)
    if re.match(r"0[0-9]", word):
        message = f"write the number '{shown(word)}' without leading zeros"
        raise rule_finding(RuleSyntax, text, position, message)
    if math.isinf(float(word)):
        message = f"the number '{shown(word)}' is too large; use one below 1e308"
        raise rule_finding(RuleSyntax, text, position, message)


def _foreign_character(text: str, position: int) -> RuleInvalid:
    """Return the error for a character that no rule may hold."""
    for length in (2, 1):
        hint = _FOREIGN.get(text[position : position + length])
        if hint is not None:
            return rule_finding(RuleNotAllowed, text, position, hint)
    character = text[position]
    name = unicodedata.name(character, "a control character")
    message = f"U+{ord(character):04X} ({name}) cannot be used; a rule is plain ASCII"
    return rule_finding(RuleSyntax, text, position, message)
