"""Rules about the order itself: its market, its prices, its stop, and its funds."""

from __future__ import annotations

from decimal import Decimal
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from apps.core.exact import WIDE, plain
from apps.risk.judging.amounts import share_of
from apps.risk.judging.facts import ZERO
from apps.risk.judging.pricing import BUY, FAR, SELL, entry_price, limit_of
from apps.risk.judging.telling import judged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.risk.contracts import RuleResult
    from apps.risk.judging.facts import Facts, ScopeFacts


def order_rules(facts: Facts) -> Iterator[RuleResult]:
    """Judge what is the same for the account's limits and the user's."""
    yield _price_age(facts)
    if facts.draft.reduce_only:
        yield _reduce_only(facts)
    if facts.draft.stop_loss is not None or facts.draft.target is not None:
        yield from _sides(facts)
    yield _funds(facts)
    if facts.locked:
        passed = facts.reduces
        yield judged("lock", passed=passed, message=facts.locked)


def scope_order_rules(facts: Facts, scope: ScopeFacts) -> Iterator[RuleResult]:
    """Judge an order by the state and the limits of one scope."""
    yield _state(facts, scope)
    yield from _instruments(facts, scope)
    if facts.fresh:
        # By an old price nobody knows what is far from the market.
        yield from _collar(facts, scope)
    if not facts.reduces:
        yield from _stops(facts, scope)


def _state(facts: Facts, scope: ScopeFacts) -> RuleResult:
    whose = "the account" if scope.scope == "account" else "all accounts of the user"
    because = f" ({scope.reason})" if scope.reason else ""
    passed = scope.state == "active" or (scope.state == "reducing" and facts.reduces)
    may = {
        "active": "Orders may be placed",
        "reducing": "Only orders that make a position smaller may be placed",
    }.get(scope.state, "The kill switch is engaged: no order may be placed")
    message = f"{may} for {whose}{because}."
    return judged(
        "state",
        passed=passed,
        message=message,
        value=scope.state,
        limit="active",
        scope=scope.scope,
    )


def _instruments(facts: Facts, scope: ScopeFacts) -> Iterator[RuleResult]:
    symbol, limits = facts.draft.symbol, scope.limits
    if limits.allowed_instruments is not None:
        listed = any(_matches(symbol, one) for one in limits.allowed_instruments)
        only = ", ".join(limits.allowed_instruments[:5])
        yield judged(
            "allowed_instruments",
            passed=listed or facts.reduces,
            message=f"{symbol} is {'' if listed else 'not '}among those allowed: {only}.",
            value=symbol,
            limit=only,
            scope=scope.scope,
        )
    if limits.forbidden_instruments is not None:
        by = [one for one in limits.forbidden_instruments if _matches(symbol, one)]
        yield judged(
            "forbidden_instruments",
            passed=not by or facts.reduces,
            message=f"{symbol} is {f'forbidden by {by[0]}' if by else 'not forbidden'}.",
            value=symbol,
            limit=by[0] if by else None,
            scope=scope.scope,
        )


def _matches(symbol: str, pattern: str) -> bool:
    # However either is written: a limit that matches nothing would limit nothing.
    return fnmatchcase(symbol.upper(), pattern.upper())


def _price_age(facts: Facts) -> RuleResult:
    symbol, most = facts.draft.symbol, facts.max_age_seconds
    may = f"it may be at most {plain(most)} s old to trade on"
    let_out = facts.reduces and facts.let_out
    if let_out and not facts.fresh:
        may += f", but what reduces a position is let out, {_reducing_price(facts)}"
    if facts.quote is None:
        message = f"There is no price of {symbol}; {may}."
        return judged(
            "price_age",
            passed=let_out,
            message=message,
            limit=most,
            unit="seconds",
        )
    age = Decimal(str(round(facts.quote.age_seconds, 3)))
    return judged(
        "price_age",
        passed=facts.fresh or let_out,
        message=f"The price of {symbol} is {plain(age)} s old; {may}.",
        value=age,
        limit=most,
        unit="seconds",
    )


def _reducing_price(facts: Facts) -> str:
    if facts.price is None:
        return "at no price that is known"
    by = "the last known price" if limit_of(facts.draft) is None else "its limit"
    return f"valued at {plain(facts.price)} by {by}"


def _collar(facts: Facts, scope: ScopeFacts) -> Iterator[RuleResult]:
    quote, draft, collar = facts.quote, facts.draft, scope.limits.price_collar
    if quote is None or (collar is None and scope.scope != "account"):
        return
    limit = limit_of(draft)
    named = [one for one in (limit, draft.stop_price) if one is not None]
    if collar is None:
        # Without a limit of their own, what would trade far worse than the market.
        named = [] if limit is None else [limit]
    for price in named:
        difference = WIDE.subtract(price, quote.last)
        far = share_of(abs(difference), quote.last) or ZERO
        away = -far if difference < 0 else far
        if collar is None:
            distance = max(away if draft.side == BUY else -away, ZERO)
        else:
            distance = abs(away)
        most = FAR if collar is None else collar
        message = (
            f"{plain(price)} is {plain(abs(away))} of the last price {plain(quote.last)} "
            f"{'below' if away < 0 else 'above'} it; allowed is {plain(most)}."
        )
        yield judged(
            "price_collar",
            passed=distance <= most,
            message=message,
            value=distance,
            limit=most,
            unit="fraction",
            scope=scope.scope,
        )


def _reduce_only(facts: Facts) -> RuleResult:
    draft = facts.draft
    message = (
        f"It may only make a position smaller; {plain(max(facts.covered, ZERO))} "
        f"{draft.base} are held that no open order sells, and it would {draft.side} "
        f"{plain(draft.quantity)}."
    )
    return judged(
        "reduce_only",
        passed=facts.reduces,
        message=message,
        value=draft.quantity,
        limit=max(facts.covered, ZERO) if draft.side == SELL else ZERO,
        unit=draft.base,
    )


def _funds(facts: Facts) -> RuleResult:
    needed, free, unit = facts.needed, max(facts.free, ZERO), facts.spends
    if needed is None:
        message = f"What it needs of {unit} cannot be told without a price."
        return judged("funds", passed=False, message=message, limit=free, unit=unit)
    message = (
        f"It needs {plain(needed)} {unit}; {plain(free)} {unit} are held that no open "
        "order needs."
    )
    return judged(
        "funds",
        passed=needed <= free,
        message=message,
        value=needed,
        limit=free,
        unit=unit,
    )


def _sides(facts: Facts) -> Iterator[RuleResult]:
    draft = facts.draft
    entry = entry_price(draft, facts.quote)
    if entry is None:
        return
    up = draft.side == BUY
    told = (("stop_side", draft.stop_loss, not up), ("target_side", draft.target, up))
    for rule, price, above in told:
        if price is None:
            continue
        right = price > entry if above else price < entry
        what = "stop" if rule == "stop_side" else "target"
        message = (
            f"The {what} of a {draft.side} at {plain(entry)} belongs "
            f"{'above' if above else 'below'} it; it is {plain(price)}."
        )
        yield judged(
            rule,
            passed=right,
            message=message,
            value=price,
            limit=entry,
            unit=draft.quote,
        )


def _stops(facts: Facts, scope: ScopeFacts) -> Iterator[RuleResult]:
    draft, limits = facts.draft, scope.limits
    stop, target = draft.stop_loss, draft.target
    entry = entry_price(draft, facts.quote)
    if limits.require_stop:
        message = "A stop_loss is told." if stop else "A stop_loss has to be told."
        yield judged(
            "require_stop",
            passed=stop is not None,
            message=message,
            value=stop,
            scope=scope.scope,
        )
    if stop is None or entry is None or entry <= 0:
        return
    risk = abs(WIDE.subtract(entry, stop))
    distance = share_of(risk, entry) or ZERO
    for rule, bound, word in (
        ("min_stop_distance", limits.min_stop_distance, "at least"),
        ("max_stop_distance", limits.max_stop_distance, "at most"),
    ):
        if bound is None:
            continue
        yield judged(
            rule,
            passed=distance >= bound if word == "at least" else distance <= bound,
            message=(
                f"The stop is {plain(distance)} of the entry {plain(entry)} away; "
                f"allowed is {word} {plain(bound)}."
            ),
            value=distance,
            limit=bound,
            unit="fraction",
            scope=scope.scope,
        )
    if limits.min_reward_to_risk is not None and target is not None and risk > 0:
        ratio = share_of(abs(WIDE.subtract(target, entry)), risk) or ZERO
        least = limits.min_reward_to_risk
        yield judged(
            "min_reward_to_risk",
            passed=ratio >= least,
            message=(
                f"What may be won is {plain(ratio)} of what may be lost; "
                f"allowed is at least {plain(least)}."
            ),
            value=ratio,
            limit=least,
            unit="fraction",
            scope=scope.scope,
        )
