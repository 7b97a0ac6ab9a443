"""How rules tell what they found."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from apps.core.exact import plain
from apps.risk.contracts import RuleResult

if TYPE_CHECKING:
    from apps.risk.judging.facts import ScopeFacts


def told(value: Decimal | int | str | None) -> str | None:
    """Return a value as text."""
    if value is None or isinstance(value, str):
        return value
    return plain(Decimal(value))


def judged(
    rule: str,
    *,
    passed: bool,
    message: str,
    value: Decimal | int | str | None = None,
    limit: Decimal | int | str | None = None,
    unit: str = "",
    scope: str = "account",
) -> RuleResult:
    """Return what a rule said."""
    return RuleResult(
        rule=rule,
        scope=scope,
        passed=passed,
        value=told(value),
        limit=told(limit),
        unit=unit,
        message=message,
    )


def at_most(
    rule: str,
    facts: ScopeFacts,
    *,
    value: Decimal | int | None,
    limit: Decimal | int,
    unit: str,
    what: str,
) -> RuleResult:
    """Return what a rule says that a value may not be above its limit.

    Args:
        rule: Its name.
        facts: Whose limit it is.
        value: What the order would bring; None where it is unknown, which refuses.
        limit: What is allowed.
        unit: Of both.
        what: What the value is, as the subject of a sentence.
    """
    most = f"{told(limit)} {unit}".strip()
    if value is None:
        why = facts.why or facts.worth.why or "a price is missing"
        message = f"{what} cannot be judged against {most}: {why}."
        return judged(
            rule,
            passed=False,
            message=message,
            limit=limit,
            unit=unit,
            scope=facts.scope,
        )
    passed = value <= limit
    is_now = f"{what} would be {told(value)} {unit}".strip()
    message = f"{is_now}; {'at most' if passed else 'allowed is at most'} {most}."
    return judged(
        rule,
        passed=passed,
        message=message,
        value=value,
        limit=limit,
        unit=unit,
        scope=facts.scope,
    )
