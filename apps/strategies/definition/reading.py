"""The first step of reading a strategy: its shape, with faults in our own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import ValidationError

from apps.strategies.definition.findings import Findings
from apps.strategies.definition.shape import (
    FixedQuoteSizing,
    IndicatorUse,
    PercentOfEquitySizing,
    RiskPerTradeSizing,
    SideRules,
    StrategyDefinition,
    StrategyParameter,
)
from apps.strategies.errors import (
    StrategyFieldInvalid,
    StrategyFieldMissing,
    StrategyFieldUnknown,
    StrategyInvalid,
    StrategyNumberInvalid,
)
from apps.strategies.rules.findings import near_names, shown

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

    type Location = tuple[int | str, ...]

_SIZINGS: dict[int | str, type[BaseModel]] = {
    "fixed_quote": FixedQuoteSizing,
    "percent_of_equity": PercentOfEquitySizing,
    "risk_per_trade": RiskPerTradeSizing,
}
_PARTS: dict[int | str, type[BaseModel]] = {
    "parameters": StrategyParameter,
    "indicators": IndicatorUse,
    "entry": SideRules,
    "exit": SideRules,
}
_KINDS: dict[str, type[StrategyInvalid]] = {
    "missing": StrategyFieldMissing,
    "extra_forbidden": StrategyFieldUnknown,
    StrategyNumberInvalid.code: StrategyNumberInvalid,
}
_FINDINGS_MAXIMUM = 100
"""A body with more faults than this is not a strategy; the rest would tell nothing."""


def definition_read(data: object) -> StrategyDefinition:
    """Read the shape of a strategy, without asking what it means.

    Args:
        data: What `json.loads` gives for a strategy.

    Raises:
        StrategyInvalid: `details` holds every fault of shape.
    """
    findings = Findings()
    if not isinstance(data, Mapping):
        message = "a strategy is a JSON object with name, timeframe, entry and so on"
        raise StrategyInvalid(message)
    try:
        return StrategyDefinition.model_validate(dict(data))
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False)[
            :_FINDINGS_MAXIMUM
        ]:
            kind = _KINDS.get(fault["type"], StrategyFieldInvalid)
            location = _location(fault)
            findings.add(kind, _attr(location), _message(kind, fault, location))
        findings.raise_if_any()
        raise


def _location(fault: ErrorDetails) -> Location:
    """Return where a fault is in the data, without pydantic's own markers."""
    location = fault["loc"]
    if location[:1] == ("sizing",):
        is_tagged = len(location) > 1 and location[1] in _SIZINGS
        location = ("sizing", *location[2:]) if is_tagged else location
        if fault["type"].startswith("union_tag"):
            location = ("sizing", "kind")
    return location


def _attr(location: Location) -> str:
    return ".".join(shown(str(part)) for part in location)


def _message(
    kind: type[StrategyInvalid], fault: ErrorDetails, location: Location
) -> str:
    name = shown(str(location[-1])) if location else "strategy"
    if kind is StrategyFieldMissing:
        return f"'{name}' is required"
    if kind is StrategyFieldUnknown:
        known = _model(fault["loc"]).model_fields
        near = near_names(name, known)
        return f"there is no field '{name}' here{near}; there are {', '.join(known)}"
    if fault["type"].startswith("union_tag"):
        return f"'kind' is required, and is one of {', '.join(map(str, _SIZINGS))}"
    return fault["msg"][:300]


def _model(location: Location) -> type[BaseModel]:
    """Return the model whose field a location names."""
    if location[0] == "sizing" and len(location) > 1:
        return _SIZINGS[location[1]]
    return _PARTS[location[0]] if len(location) > 1 else StrategyDefinition
