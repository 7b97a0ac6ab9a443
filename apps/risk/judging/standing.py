"""How much of its limits is used, without an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.risk.judging.amounts import correlated, exposure_sum, loss_rules, share_of
from apps.risk.judging.facts import ZERO
from apps.risk.judging.telling import at_most

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.risk.contracts import RuleResult
    from apps.risk.judging.facts import ScopeFacts


def standing_rules(scope: ScopeFacts) -> Iterator[RuleResult]:
    """Say of each limit that is used up bit by bit how much of it is."""
    limits, known = scope.limits, not scope.why
    most = max(scope.exposures.values(), default=ZERO)
    gross = exposure_sum(scope.exposures.values())
    equity = scope.worth.equity
    values = (
        ("max_position_notional", most, scope.currency, "The largest exposure"),
        (
            "max_share_of_equity",
            share_of(most, equity),
            "fraction",
            "The largest share of the equity",
        ),
        ("max_leverage", share_of(gross, equity), "fraction", "All exposure by equity"),
        (
            "max_correlated_exposure",
            correlated(scope.exposures, scope.correlations),
            scope.currency,
            "Exposure, as far as it moves together,",
        ),
    )
    for rule, value, unit, what in values:
        limit = getattr(limits, rule)
        if limit is not None:
            told = value if known else None
            yield at_most(rule, scope, value=told, limit=limit, unit=unit, what=what)
    for rule, count, what in (
        ("max_open_orders", scope.open_orders, "Open orders"),
        ("max_orders_per_minute", scope.last_minute, "Orders of the last 60 seconds"),
    ):
        limit = getattr(limits, rule)
        if limit is not None:
            yield at_most(
                rule, scope, value=count, limit=limit, unit="orders", what=what
            )
    yield from loss_rules(scope)
