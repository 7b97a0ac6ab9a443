"""Which names a rule may use: what the strategy around it declares."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from apps.indicators.contracts import SINGLE_OUTPUT

if TYPE_CHECKING:
    from collections.abc import Mapping

    type Outputs = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScopeParameter:
    """What a rule must know of a strategy parameter to count bars with it.

    Attributes:
        minimum: The least value that it can take.
        maximum: The greatest value that it can take.
        is_integer: Default and bounds are whole numbers.
    """

    minimum: float
    maximum: float
    is_integer: bool


@dataclass(frozen=True, slots=True)
class RuleScope:
    """The names around a rule.

    Attributes:
        parameters: Strategy parameters by name.
        indicators: The outputs of each declared indicator. None where they are not
            known, because the indicator itself is at fault: then any output is taken,
            so that one fault is reported once.
    """

    parameters: Mapping[str, ScopeParameter] = field(default_factory=dict)
    indicators: Mapping[str, Outputs | None] = field(default_factory=dict)


def series_name(indicator: str, output: str) -> str:
    """Return how a rule names an output: `fast_ma` or `bands.upper`."""
    return indicator if output == SINGLE_OUTPUT else f"{indicator}.{output}"
