"""A rule over all bars at once.

Every part of a rule has values and a mask of the bars on which it is defined. The mask
only ever narrows: what a part reads, at this bar or before, must be defined there. At
the end the rule is False wherever it is not defined, so that `not (rsi < 30)` says
nothing while rsi warms up. A value that is not finite (a warm-up's NaN, a division by
zero, an overflow) is not defined.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

import numpy as np

from apps.strategies.rules.operations import IMPLEMENTATIONS, Part, finite
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
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from numpy.typing import NDArray

    from apps.strategies.rules.tree import (
        Node,
    )

    type AnyArray = NDArray[Any]
    type BoolArray = NDArray[np.bool_]
    type FloatArray = NDArray[np.float64]


_ARITHMETIC: dict[str, Callable[[AnyArray, AnyArray], AnyArray]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_COMPARISONS: dict[str, Callable[[AnyArray, AnyArray], AnyArray]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def rule_evaluate(
    rule: Node, series: Mapping[str, FloatArray], scalars: Mapping[str, float]
) -> BoolArray:
    """Say on which bars a rule holds.

    Args:
        rule: The tree of a condition, from `rule_parse`.
        series: The price columns and the indicator outputs that the rule names,
            float64, shape (bars,); NaN where undefined. At least one is needed, to
            tell how many bars there are.
        scalars: The value of each strategy parameter that the rule names.

    Returns:
        Shape (bars,). True where the rule holds and everything that it reads is
        defined; bar i depends on bars 0 to i only.
    """
    bars = len(next(iter(series.values())))
    with np.errstate(all="ignore"):
        part = _Evaluation(series, scalars).part(rule)
    return np.array(np.broadcast_to(part.values & part.defined, (bars,)), dtype=bool)


class _Evaluation:
    def __init__(
        self, series: Mapping[str, FloatArray], scalars: Mapping[str, float]
    ) -> None:
        self._series = series
        self._scalars = scalars

    def part(self, node: Node) -> Part:
        match node:
            case Number():
                return finite(np.asarray(node.value))
            case Parameter():
                return finite(np.asarray(float(self._scalars[node.name])))
            case Series():
                return finite(np.asarray(self._series[node.name], dtype=np.float64))
            case Negative():
                part = self.part(node.operand)
                return Part(-part.values, part.defined)
            case Not():
                part = self.part(node.operand)
                return Part(~part.values, part.defined)
            case _:
                return self._composed(node)

    def _composed(self, node: Arithmetic | Comparison | Logic | Call) -> Part:
        match node:
            case Arithmetic():
                left, right = self.part(node.left), self.part(node.right)
                values = _ARITHMETIC[node.operator](left.values, right.values)
                return finite(values, left.defined & right.defined)
            case Comparison():
                return _compared(node, [self.part(o) for o in node.operands])
            case Logic():
                parts = [self.part(operand) for operand in node.operands]
                is_and = node.operator is LogicOperator.AND
                combine = np.logical_and if is_and else np.logical_or
                values, defined = parts[0]
                for part in parts[1:]:
                    values = combine(values, part.values)
                    defined = defined & part.defined
                return Part(values, defined)
            case Call():
                arguments = [self.part(argument) for argument in node.arguments]
                return IMPLEMENTATIONS[node.function](*arguments)


def _compared(node: Comparison, parts: list[Part]) -> Part:
    values: AnyArray = np.ones((), dtype=np.bool_)
    defined = parts[0].defined
    for name, left, right in zip(node.operators, parts, parts[1:], strict=False):
        values = values & _COMPARISONS[name](left.values, right.values)
        defined = defined & right.defined
    return Part(values, defined)
