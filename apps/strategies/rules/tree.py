"""The typed tree of a rule: what is left when the text has been read and checked.

A tree is a plain value. Two rules that differ only in spaces, brackets or the way a
number is written have equal trees.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Literal

from apps.strategies.rules.functions import FUNCTIONS
from apps.strategies.rules.values import ValueType, joined

type ArithmeticOperator = Literal["+", "-", "*", "/"]
type ComparisonOperator = Literal["<", "<=", ">", ">=", "==", "!="]


class LogicOperator(StrEnum):
    """How conditions are put together."""

    AND = "and"
    OR = "or"


@dataclass(frozen=True, slots=True)
class Number:
    """A literal, finite and not negative; the sign is a node of its own."""

    value: float
    type: ClassVar[ValueType] = ValueType.SCALAR


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the strategy, one number for the whole run."""

    name: str
    type: ClassVar[ValueType] = ValueType.SCALAR


@dataclass(frozen=True, slots=True)
class Series:
    """A price column or an indicator's output (`close`, `fast_ma`, `bands.upper`)."""

    name: str
    type: ClassVar[ValueType] = ValueType.SERIES


@dataclass(frozen=True, slots=True)
class Negative:
    """A change of sign."""

    operand: Node

    @property
    def type(self) -> ValueType:
        """That of the operand."""
        return self.operand.type


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Two numbers or series, bar by bar."""

    operator: ArithmeticOperator
    left: Node
    right: Node

    @property
    def type(self) -> ValueType:
        """A series as soon as one side is one."""
        return joined((self.left.type, self.right.type))


@dataclass(frozen=True, slots=True)
class Comparison:
    """A chain: `a < b <= c` has three operands and two operators."""

    operands: tuple[Node, ...]
    operators: tuple[ComparisonOperator, ...]
    type: ClassVar[ValueType] = ValueType.CONDITION


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a condition, where the condition is defined."""

    operand: Node
    type: ClassVar[ValueType] = ValueType.CONDITION


@dataclass(frozen=True, slots=True)
class Logic:
    """Two or more conditions under one operator; `a and (b and c)` is one node."""

    operator: LogicOperator
    operands: tuple[Node, ...]
    type: ClassVar[ValueType] = ValueType.CONDITION


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the language; a count of bars is its last argument."""

    function: str
    arguments: tuple[Node, ...]

    @property
    def type(self) -> ValueType:
        """What the function gives for these arguments."""
        gives = FUNCTIONS[self.function].gives
        if gives is not None:
            return gives
        return joined(tuple(argument.type for argument in self.arguments))


type Node = (
    Number
    | Parameter
    | Series
    | Negative
    | Arithmetic
    | Comparison
    | Not
    | Logic
    | Call
)


def children(node: Node) -> tuple[Node, ...]:
    """Return what a node is made of, left to right."""
    match node:
        case Negative() | Not():
            return (node.operand,)
        case Arithmetic():
            return (node.left, node.right)
        case Comparison() | Logic():
            return node.operands
        case Call():
            return node.arguments
        case _:
            return ()


def reads_bars(node: Node) -> bool:
    """Whether a part names a series, and so may differ from bar to bar."""
    return isinstance(node, Series) or any(reads_bars(c) for c in children(node))


def constant_value(node: Node) -> float | None:
    """Return the value of a part that is made of literals only, otherwise None."""
    match node:
        case Number():
            return node.value
        case Negative():
            value = constant_value(node.operand)
            return None if value is None else -value
        case Arithmetic():
            left, right = constant_value(node.left), constant_value(node.right)
            if left is None or right is None:
                return None
            # Zero as a divisor was refused when that division was built.
            results = {"+": left + right, "-": left - right, "*": left * right}
            return results[node.operator] if node.operator in results else left / right
        case _:
            return None
