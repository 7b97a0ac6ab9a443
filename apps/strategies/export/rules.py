"""A rule of the language as an expression over a pandas DataFrame.

A number that is not known is NaN. Comparisons with NaN are False, so most rules need no
more; where `or`, `not` or `!=` could make something of a NaN, the rule is joined with
`known(...)`, which holds where all that the rule reads has a value (see
`apps.strategies.rules.evaluate` for what a rule means).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from apps.strategies.rules import rule_unparse
from apps.strategies.rules.tree import (
    Arithmetic,
    Call,
    Comparison,
    Logic,
    LogicOperator,
    Negative,
    Not,
    Number,
    Parameter,
    Series,
    children,
    reads_bars,
)
from apps.strategies.rules.unparse import number_text
from apps.strategies.rules.values import ValueType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from apps.strategies.rules import Node

# How tightly Python binds, loosest first; & and | bind tighter than comparisons.
_COMPARISON, _OR, _AND, _SUM, _PRODUCT, _SIGN, _ATOM = range(7)

# Powers of ten. Prices, volumes and indicators are taken to be 0 or within these of 1;
# a product that could leave the range of a float64 is checked where it is made.
_SERIES_POWER, _PARAMETER_POWER, _POWER_LIMIT = 60.0, 12.0, 300.0

_EMBEDDED: Final = frozenset({"crosses_above", "crosses_below", "rising", "falling"})


@dataclass(frozen=True, slots=True)
class Names:
    """How generated code calls what a rule reads.

    Attributes:
        frame: The variable that holds the DataFrame.
        time: The column of the bars' open times.
        columns: The column of each series, by its name in rules.
        parameters: An expression for each strategy parameter.
    """

    frame: str
    time: str
    columns: Mapping[str, str]
    parameters: Mapping[str, str]

    def series(self, name: str) -> str:
        """Return the expression that reads a series."""
        return f"{self.frame}[{quoted(self.columns[name])}]"


@dataclass(frozen=True, slots=True)
class RuleCode:
    """A rule in Python.

    Attributes:
        comment: The rule as the strategy has it.
        lines: An expression, broken where its parts are joined.
        guard: Numbers that must be known for the rule to hold; none where a comparison
            of the rule would fail in any case.
        functions: Functions of `text/rules.py.txt` that it calls.
    """

    comment: str
    lines: tuple[str, ...]
    guard: tuple[str, ...]
    functions: frozenset[str]


def quoted(text: str) -> str:
    """Return a text as a literal in double quotes, as formatters want it."""
    literal = repr(text)
    plain = literal[0] == "'" and not set(text) & set("\"'\\")
    return f'"{literal[1:-1]}"' if plain else literal


def rule_code(rule: Node, names: Names) -> RuleCode:
    """Return a rule as Python code.

    Args:
        rule: The tree of a condition.
        names: How its series and parameters are called.
    """
    writer = _Writer(names)
    lines, guard = tuple(writer.lines(rule)), tuple(writer.guard(rule))
    called = writer.functions | ({"known"} if guard else set())
    return RuleCode(rule_unparse(rule), lines, guard, frozenset(called))


class _Writer:
    def __init__(self, names: Names) -> None:
        self._names = names
        self.functions: set[str] = set()

    def lines(self, rule: Node) -> list[str]:
        if not reads_bars(rule):
            return [f"np.full(len({self._names.frame}), {self.text(rule)})"]
        return self._joined(rule)

    def guard(self, rule: Node) -> list[str]:
        if not _needs_guard(rule) or not reads_bars(rule):
            return []
        return list(dict.fromkeys(text for text, _ in self._guarded(rule)))

    def _joined(self, rule: Node) -> list[str]:
        if not isinstance(rule, Logic):
            return [self.text(rule)]
        sign = "&" if rule.operator is LogicOperator.AND else "|"
        parts = [self._bracketed(part, _level(rule) + 1) for part in rule.operands]
        return [parts[0], *(f"{sign} {part}" for part in parts[1:])]

    def text(self, node: Node) -> str:  # noqa: PLR0911 - one for each kind of node
        match node:
            case Number():
                return number_text(node.value)
            case Parameter():
                return self._names.parameters[node.name]
            case Series():
                return self._names.series(node.name)
            case Negative():
                return "-" + self._bracketed(node.operand, _SIGN)
            case Not() if reads_bars(node.operand):
                return "~" + self._bracketed(node.operand, _SIGN)
            case Not():
                return f"(not {self._bracketed(node.operand, _ATOM)})"
            case Arithmetic():
                return self._arithmetic(node)
            case Comparison():
                return self._comparison(node)
            case Logic():
                return " ".join(self._joined(node))
            case Call():
                return self._call(node)

    def _bracketed(self, node: Node, level: int) -> str:
        text = self.text(node)
        return text if _level(node) >= level else f"({text})"

    def _number(self, node: Node, level: int = 0) -> str:
        """Return a number whose overflow, if it can have one, has become NaN."""
        if _overflows(node):
            self.functions.add("finite")
            return f"finite({self.text(node)})"
        return self._bracketed(node, level)

    def _arithmetic(self, node: Arithmetic) -> str:
        if node.operator == "/":
            self.functions.add("ratio")
            return f"ratio({self._number(node.left)}, {self._number(node.right)})"
        level = _level(node)
        left, right = (
            self._float(part)
            # Whole numbers of Python have no end; all numbers of a rule are floats.
            if node.type is ValueType.SCALAR and isinstance(part, Number | Parameter)
            else self._bracketed(part, least)
            for part, least in ((node.left, level), (node.right, level + 1))
        )
        return f"{left} {node.operator} {right}"

    def _float(self, node: Number | Parameter) -> str:
        if isinstance(node, Number):
            return repr(node.value)
        return f"float({self.text(node)})"

    def _comparison(self, node: Comparison) -> str:
        texts = [self._number(part, _SUM) for part in node.operands]
        pairs = [
            f"{left} {operator} {right}"
            for left, operator, right in zip(
                texts, node.operators, texts[1:], strict=False
            )
        ]
        return pairs[0] if len(pairs) == 1 else " & ".join(f"({p})" for p in pairs)

    def _call(self, node: Call) -> str:
        name, (first, *rest) = node.function, node.arguments
        if name in _EMBEDDED or name == "mean":
            self.functions.add(name)
            arguments = (self._number(part) for part in node.arguments)
            return f"{name}({', '.join(arguments)})"
        if name == "between":
            low, x, high = (
                self._number(part, _SUM) for part in (rest[0], first, rest[1])
            )
            return f"({low} <= {x}) & ({x} <= {high})"
        if name in {"min", "max"}:
            texts = (self._number(part) for part in node.arguments)
            return f"np.{name}imum({', '.join(texts)})"
        if name == "abs":
            return f"abs({self._number(first)})"
        count = self.text(rest[0])
        if first.type is ValueType.CONDITION:
            return f"{self._bracketed(first, _ATOM)}.shift({count}, fill_value=False)"
        method = {
            "shift": f"shift({count})",
            "change": f"diff({count})",
            "highest": f"rolling({count}).max()",
            "lowest": f"rolling({count}).min()",
        }[name]
        return f"{self._number(first, _ATOM)}.{method}"

    def _guarded(self, node: Node) -> Iterator[tuple[str, bool]]:
        """Yield the numbers that must be known, and whether each is a series."""
        match node:
            case Not() | Logic():
                for part in children(node):
                    yield from self._guarded(part)
            case Call(function="shift", arguments=(condition, count)):
                for item, is_series in self._guarded(condition):
                    moved = f"{item}.shift({self.text(count)})"
                    yield moved if is_series else item, is_series
            case Call(function="rising" | "falling", arguments=(x, count)):
                # One more than its steps, and none of them unknown.
                bars = f"{self.text(count)} + 1"
                if isinstance(count, Number):
                    bars = number_text(count.value + 1)
                yield f"{self._number(x, _ATOM)}.rolling({bars}).min()", True
            case Call(function="crosses_above" | "crosses_below"):
                for item, is_series in self._known(children(node)):
                    yield f"{item}.rolling(2).min()" if is_series else item, is_series
            case _:
                yield from self._known(children(node))

    def _known(self, numbers: Iterable[Node]) -> Iterator[tuple[str, bool]]:
        for number in numbers:
            if not isinstance(number, Number | Parameter):
                yield self._number(number, _ATOM), reads_bars(number)


def _overflows(node: Node) -> bool:
    is_made = isinstance(node, Arithmetic | Negative)
    is_made = is_made or (isinstance(node, Call) and node.function == "change")
    return is_made and _power(node) > _POWER_LIMIT


def _level(node: Node) -> int:
    match node:
        case Comparison():
            level = _COMPARISON if len(node.operators) == 1 else _AND
        case Call(function="between"):
            level = _AND
        case Logic():
            level = _OR if node.operator is LogicOperator.OR else _AND
        case Not():
            level = _SIGN if reads_bars(node.operand) else _ATOM
        case Arithmetic(operator="+" | "-"):
            level = _SUM
        case Arithmetic(operator="*"):
            level = _PRODUCT
        case Negative():
            level = _SIGN
        case _:
            level = _ATOM
    return level


def _needs_guard(node: Node) -> bool:
    match node:
        case Not() | Logic(operator=LogicOperator.OR):
            return True
        case Comparison():
            return "!=" in node.operators
        case _:
            return any(_needs_guard(part) for part in children(node))


def _power(node: Node) -> float:
    """Return a bound of a number's power of ten."""
    match node:
        case Number():
            return math.log10(max(node.value, 1.0))
        case Parameter():
            return _PARAMETER_POWER
        case Series():
            return _SERIES_POWER
        case Arithmetic(operator="*"):
            return _power(node.left) + _power(node.right)
        case Arithmetic(operator="/"):
            return _power(node.left) + _SERIES_POWER
        case _:
            return max(map(_power, children(node))) + 1.0
