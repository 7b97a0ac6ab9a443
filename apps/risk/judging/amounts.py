"""Rules about how much: the order, the position, everything together, and losses."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from apps.core.exact import UNIT, WIDE, exact, over, plain
from apps.risk.judging.facts import ZERO
from apps.risk.judging.telling import at_most, judged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from apps.risk.contracts import RuleResult
    from apps.risk.judging.facts import Facts, ScopeFacts

ONE = Decimal(1)
# What is told of a sum that is more than an amount can be; it is above every limit.
MOST = Decimal(10) ** 18 - UNIT


def scope_amount_rules(facts: Facts, scope: ScopeFacts) -> Iterator[RuleResult]:
    """Judge how much an order would bring, by the limits of one scope."""
    limits = scope.limits
    if limits.max_order_notional is not None:
        yield at_most(
            "max_order_notional",
            scope,
            value=_valued(facts, scope, facts.draft.quantity),
            limit=limits.max_order_notional,
            unit=scope.currency,
            what="The order",
        )
    yield from _counts(scope)
    if not facts.reduces:
        yield from _exposure_rules(facts, scope)
        yield from loss_rules(scope)


def exposures_after(facts: Facts, scope: ScopeFacts) -> dict[str, Decimal] | None:
    """Return the exposure by symbol with the order's; None where it is unknown."""
    added = _valued(facts, scope, max(facts.adds, ZERO))
    if added is None or scope.why:
        return None
    symbol = facts.draft.symbol
    here = exposure_sum([scope.exposures.get(symbol, ZERO), added])
    return {**scope.exposures, symbol: here}


def loss_rules(scope: ScopeFacts) -> Iterator[RuleResult]:
    """Judge what was lost today, and since the peak."""
    limits, worth = scope.limits, scope.worth
    lost = None
    if worth.equity is not None and worth.day_start is not None:
        lost = exact(WIDE.subtract(worth.day_start, worth.equity))
    if limits.max_daily_loss is not None:
        most, unit = limits.max_daily_loss, scope.currency
        yield _lost("max_daily_loss", scope, lost, most, unit, "Today's loss")
    if limits.max_daily_loss_share is not None:
        share = None
        if lost is not None and worth.day_start is not None:
            share = share_of(max(lost, ZERO), worth.day_start)
        most = limits.max_daily_loss_share
        what = "Today's loss"
        yield _lost("max_daily_loss_share", scope, share, most, "fraction", what)
    if limits.max_drawdown is not None:
        fall = None
        if worth.equity is not None and worth.peak is not None:
            fallen = max(WIDE.subtract(worth.peak, worth.equity), ZERO)
            fall = share_of(fallen, worth.peak)
        most = limits.max_drawdown
        what = "The fall from the highest equity"
        yield _lost("max_drawdown", scope, fall, most, "fraction", what)


def correlated(
    exposures: Mapping[str, Decimal], correlations: Mapping[tuple[str, str], Decimal]
) -> Decimal:
    """Return `sqrt(w' C w)`: what exposures come to, as far as they move together.

    The standard deviation of a sum, with each exposure in place of a deviation:
    Markowitz, "Portfolio Selection", *Journal of Finance* 7 (1952), 77-91. A pair
    whose correlation is unknown counts as moving together fully.
    """
    held = [(symbol, amount) for symbol, amount in exposures.items() if amount]
    total = ZERO
    for one, amount in held:
        for other, beside in held:
            known = correlations.get((one, other), correlations.get((other, one), ONE))
            together = ONE if one == other else known
            product = WIDE.multiply(WIDE.multiply(amount, beside), together)
            total = WIDE.add(total, product)
    return min(WIDE.sqrt(max(total, ZERO)), MOST).quantize(UNIT, context=WIDE)


def _exposure_rules(facts: Facts, scope: ScopeFacts) -> Iterator[RuleResult]:
    limits, symbol = scope.limits, facts.draft.symbol
    after = exposures_after(facts, scope)
    here = None if after is None else after[symbol]
    if limits.max_position_notional is not None:
        yield at_most(
            "max_position_notional",
            scope,
            value=here,
            limit=limits.max_position_notional,
            unit=scope.currency,
            what=f"Position and open orders of {symbol}",
        )
    equity = scope.worth.equity
    if limits.max_share_of_equity is not None:
        yield at_most(
            "max_share_of_equity",
            scope,
            value=None if here is None else share_of(here, equity),
            limit=limits.max_share_of_equity,
            unit="fraction",
            what=f"The share of {symbol} in the equity",
        )
    gross = None if after is None else exposure_sum(after.values())
    if limits.max_leverage is not None:
        yield at_most(
            "max_leverage",
            scope,
            value=None if gross is None else share_of(gross, equity),
            limit=limits.max_leverage,
            unit="fraction",
            what="All exposure by the equity",
        )
    if limits.max_correlated_exposure is not None:
        yield at_most(
            "max_correlated_exposure",
            scope,
            value=None if after is None else correlated(after, scope.correlations),
            limit=limits.max_correlated_exposure,
            unit=scope.currency,
            what="Exposure, as far as it moves together,",
        )


def _counts(scope: ScopeFacts) -> Iterator[RuleResult]:
    limits = scope.limits
    if limits.max_open_orders is not None:
        yield at_most(
            "max_open_orders",
            scope,
            value=scope.open_orders + 1,
            limit=limits.max_open_orders,
            unit="orders",
            what="Open orders",
        )
    if limits.max_orders_per_minute is not None:
        yield at_most(
            "max_orders_per_minute",
            scope,
            value=scope.last_minute + 1,
            limit=limits.max_orders_per_minute,
            unit="orders",
            what="Orders of the last 60 seconds",
        )


def _valued(facts: Facts, scope: ScopeFacts, quantity: Decimal) -> Decimal | None:
    if facts.price is None or scope.rate is None:
        return None
    try:
        paid = WIDE.multiply(quantity, facts.price)
        return exact(WIDE.multiply(paid, scope.rate))
    except OverflowError:
        return None


def exposure_sum(amounts: Iterable[Decimal]) -> Decimal:
    """Return the sum of amounts, exactly, at most what can be told."""
    total = ZERO
    for one in amounts:
        total = WIDE.add(total, one)
    return min(total, MOST)


def share_of(amount: Decimal, whole: Decimal | None) -> Decimal | None:
    """Return an amount as a fraction of another; None where that is unknown."""
    if whole is None:
        return None
    if amount <= 0:
        return ZERO
    if whole <= 0:
        # Something of nothing: more than any limit.
        return MOST
    try:
        return over(amount, whole)
    except OverflowError:
        return MOST


def _lost(
    rule: str,
    scope: ScopeFacts,
    value: Decimal | None,
    limit: Decimal,
    unit: str,
    what: str,
) -> RuleResult:
    if value is None:
        return at_most(rule, scope, value=None, limit=limit, unit=unit, what=what)
    passed = value < limit
    message = (
        f"{what} is {plain(value)} {unit}; {'below' if passed else 'allowed is below'} "
        f"{plain(limit)} {unit}."
    )
    return judged(
        rule,
        passed=passed,
        message=message,
        value=value,
        limit=limit,
        unit=unit,
        scope=scope.scope,
    )
