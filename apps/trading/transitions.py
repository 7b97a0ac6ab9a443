"""What may become of an order: the one table, for the service and for the database."""

from __future__ import annotations

from apps.trading.enums import OrderState

_S = OrderState

# An execution proves itself: an order that the venue called cancelled or expired may
# still turn out to have been filled. A rejection is told by the venue, never concluded.
ALLOWED: dict[OrderState, frozenset[OrderState]] = {
    # Never sent: withdrawn before it was, or refused by us at the last moment.
    _S.INTENT: frozenset({_S.SENT, _S.CANCELLED, _S.EXPIRED}),
    _S.SENT: frozenset(
        {
            _S.OPEN,
            _S.PARTIALLY_FILLED,
            _S.FILLED,
            _S.CANCELLED,
            _S.REJECTED,
            _S.EXPIRED,
            _S.UNKNOWN,
        }
    ),
    _S.UNKNOWN: frozenset(
        {
            _S.OPEN,
            _S.PARTIALLY_FILLED,
            _S.FILLED,
            _S.CANCELLED,
            _S.REJECTED,
            _S.EXPIRED,
        }
    ),
    _S.OPEN: frozenset(
        {_S.PARTIALLY_FILLED, _S.FILLED, _S.CANCELLED, _S.REJECTED, _S.EXPIRED}
    ),
    _S.PARTIALLY_FILLED: frozenset({_S.FILLED, _S.CANCELLED, _S.EXPIRED}),
    _S.CANCELLED: frozenset({_S.FILLED}),
    _S.EXPIRED: frozenset({_S.FILLED}),
    _S.FILLED: frozenset(),
    _S.REJECTED: frozenset(),
}

# Nothing is expected of these any more.
FINAL = frozenset({_S.FILLED, _S.CANCELLED, _S.REJECTED, _S.EXPIRED})
# May be at the venue, or on its way there.
LIVE = frozenset({_S.SENT, _S.UNKNOWN, _S.OPEN, _S.PARTIALLY_FILLED})
# Nobody knows yet what became of it.
UNSETTLED = frozenset({_S.SENT, _S.UNKNOWN})
# Rests at the venue, as far as we were told.
WORKING = frozenset({_S.OPEN, _S.PARTIALLY_FILLED})


def allowed(before: OrderState, after: OrderState) -> bool:
    """Return whether an order may go from one state to another."""
    return after in ALLOWED[before]


def pairs() -> tuple[tuple[str, str], ...]:
    """Return every allowed step, for constraints and triggers."""
    return tuple(
        (before.value, after.value)
        for before, afters in ALLOWED.items()
        for after in sorted(afters)
    )
