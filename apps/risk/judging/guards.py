"""Which locks follow from what executions realised."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from apps.core.exact import WIDE, plain
from apps.risk.judging.amounts import share_of
from apps.risk.judging.facts import ZERO

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from decimal import Decimal

    from apps.risk.limit_set import (
        CooldownGuard,
        DrawdownGuard,
        LockRules,
        StopGuard,
        StreakGuard,
    )


@dataclass(frozen=True, slots=True)
class Result:
    """What one execution realised.

    Attributes:
        symbol: The market.
        profit: Net of fees; below zero: a loss. In the account's currency where known.
        by_stop: Whether a stop order was executed.
        at: When.
    """

    symbol: str
    profit: Decimal
    by_stop: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """A lock that follows from results.

    Attributes:
        kind: A `LockKind`.
        symbol: The market; empty: all.
        begins_at: When the last of the results was realised.
        until: When it ends.
        reason: For a person.
    """

    kind: str
    symbol: str
    begins_at: datetime
    until: datetime
    reason: str


def locks_wanted(
    results: Sequence[Result],
    guards: LockRules,
    *,
    equity: Decimal | None,
    now: datetime,
) -> list[Wanted]:
    """Return the locks that results call for and that are not over yet.

    The guard of the fall is not judged without the equity: see `fall_of`.

    Args:
        results: Oldest first, as far back as any guard looks.
        guards: When trading locks itself.
        equity: What the account is worth now, for the fall; None where unknown.
        now: The moment, UTC.
    """
    found: list[Wanted] = []
    if guards.cooldown is not None:
        found += _cooldown(results, guards.cooldown)
    if guards.stop is not None:
        found += _stops(results, guards.stop, now)
    if guards.loss_streak is not None:
        found += _streak(results, guards.loss_streak, now)
    if guards.drawdown is not None and equity is not None:
        found += _fall(results, guards.drawdown, equity, now)
    return [one for one in found if one.until > now]


def _groups(
    results: Sequence[Result], *, per_symbol: bool, seconds: int, now: datetime
) -> Iterator[tuple[str, list[Result]]]:
    since = now - timedelta(seconds=seconds)
    recent = [one for one in results if one.at > since]
    if not per_symbol:
        yield "", recent
        return
    for symbol in dict.fromkeys(one.symbol for one in recent):
        yield symbol, [one for one in recent if one.symbol == symbol]


def _cooldown(results: Sequence[Result], guard: CooldownGuard) -> Iterator[Wanted]:
    last: dict[str, Result] = {}
    for one in results:
        if one.profit < 0 and (one.by_stop or not guard.only_stops):
            last[one.symbol] = one
    for symbol, one in last.items():
        reason = f"a loss of {plain(-one.profit)} in {symbol}"
        yield _lock("cooldown", symbol, one, guard.lock_seconds, reason)


def _stops(
    results: Sequence[Result], guard: StopGuard, now: datetime
) -> Iterator[Wanted]:
    groups = _groups(
        results,
        per_symbol=guard.per_symbol,
        seconds=guard.lookback_seconds,
        now=now,
    )
    for symbol, recent in groups:
        lost = [
            one
            for one in recent
            if one.profit < 0 and (one.by_stop or not guard.only_stops)
        ]
        if len(lost) >= guard.count:
            what = "stopped losses" if guard.only_stops else "losses"
            reason = f"{len(lost)} {what} within {guard.lookback_seconds} s"
            yield _lock("stop", symbol, lost[-1], guard.lock_seconds, reason)


def _streak(
    results: Sequence[Result], guard: StreakGuard, now: datetime
) -> Iterator[Wanted]:
    groups = _groups(
        results,
        per_symbol=guard.per_symbol,
        seconds=guard.lookback_seconds,
        now=now,
    )
    for symbol, recent in groups:
        lost = 0
        for one in reversed(recent):
            if one.profit >= 0:
                break
            lost += 1
        if lost >= guard.count:
            reason = f"{lost} losses in a row within {guard.lookback_seconds} s"
            yield _lock("loss_streak", symbol, recent[-1], guard.lock_seconds, reason)


def _fall(
    results: Sequence[Result], guard: DrawdownGuard, equity: Decimal, now: datetime
) -> Iterator[Wanted]:
    fall = fall_of(results, guard, now)
    if fall is None:
        return
    fallen, last, since = fall
    # What the account was worth at the height: now, without what was realised since.
    share = share_of(fallen, WIDE.add(equity, since))
    if share is not None and share >= guard.share:
        reason = (
            f"realised profits fell by {plain(share)} of the equity within "
            f"{guard.lookback_seconds} s"
        )
        yield _lock("drawdown", "", last, guard.lock_seconds, reason)


def fall_of(
    results: Sequence[Result], guard: DrawdownGuard, now: datetime
) -> tuple[Decimal, Result, Decimal] | None:
    """Return how far realised profits fell from their height, whatever that was a share of.

    Args:
        results: Oldest first.
        guard: How far back it looks, and from how many results on.
        now: The moment, UTC.

    Returns:
        The fall, the result that made it, and what was lost since the height; None
        where nothing fell, or the lock that it calls for would be over.
    """
    ((_, recent),) = _groups(
        results, per_symbol=False, seconds=guard.lookback_seconds, now=now
    )
    if len(recent) < guard.min_results:
        return None
    total = height = ZERO
    worst: tuple[Decimal, Result] | None = None
    for one in recent:
        total = WIDE.add(total, one.profit)
        height = max(height, total)
        fallen = WIDE.subtract(height, total)
        if fallen > 0 and (worst is None or fallen > worst[0]):
            worst = (fallen, one)
    if worst is None or worst[1].at + timedelta(seconds=guard.lock_seconds) <= now:
        return None
    return worst[0], worst[1], WIDE.subtract(height, total)


def _lock(kind: str, symbol: str, last: Result, seconds: int, reason: str) -> Wanted:
    until = last.at + timedelta(seconds=seconds)
    return Wanted(kind, symbol, last.at, until, reason)
