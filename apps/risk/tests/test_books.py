"""Random orders, executions and releases, against a plain model of the limits."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from apps.portfolio.tests.world import NOW, account_make, deposit, price_put
from apps.risk.models import Reservation
from apps.risk.services.gate import exposure_release
from apps.risk.tests.world import ask, draft_make, fill, limit

if TYPE_CHECKING:
    from uuid import UUID

    from apps.users.models import User

pytestmark = pytest.mark.usefixtures("live_store")

MOST_POSITION = Decimal(500)
MOST_ORDER = Decimal(220)
MOST_OPEN = 4
MARK = Decimal(100)

_quantities = st.decimals("0.01", "3", places=2)
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("buy"), _quantities, st.sampled_from(["95", "100", None])),
        st.tuples(st.just("sell"), _quantities, st.sampled_from(["100", "105", None])),
        st.tuples(st.just("fill"), st.integers(0, 3), _quantities),
        st.tuples(st.just("release"), st.integers(0, 3), st.just(None)),
    ),
    max_size=25,
)


class _Plain:
    """What is held and open, in the simplest way; knows nothing of the gate."""

    def __init__(self) -> None:
        self.position = Decimal(0)
        self.open: dict[UUID, tuple[str, Decimal, Decimal]] = {}

    def exposure(self) -> Decimal:
        """Return what buys have bought and may still buy."""
        buys = sum(
            left * price for side, left, price in self.open.values() if side == "buy"
        )
        return max(self.position, Decimal(0)) * MARK + buys

    def selling(self) -> Decimal:
        """Return what open sells may still sell."""
        return sum(
            (left for side, left, _ in self.open.values() if side == "sell"), Decimal(0)
        )


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=_steps)
def test_whatever_was_allowed_is_within_the_limits(actor: User, steps: list) -> None:  # type: ignore[type-arg]
    account = account_make(actor)
    deposit(account, "USDT", 100_000, NOW)
    price_put("binance", "BTC/USDT", "100", "100", at=NOW)
    limit(
        account,
        max_position_notional=MOST_POSITION,
        max_order_notional=MOST_ORDER,
        max_open_orders=MOST_OPEN,
    )
    plain = _Plain()
    for what, first, second in steps:
        if what in {"buy", "sell"}:
            order_id, verdict = ask(
                account, draft_make(side=what, quantity=first, price=second)
            )
            # What the gate must hold at the least: the limit, or the market.
            price = MARK if second is None else Decimal(second)
            if verdict.allowed:
                plain.open[order_id] = (what, first, price)
                assert first * price <= MOST_ORDER
                assert what == "sell" or plain.exposure() <= MOST_POSITION
                assert plain.selling() <= plain.position
                assert len(plain.open) <= MOST_OPEN
        elif plain.open:
            order_id = list(plain.open)[first % len(plain.open)]
            side, left, price = plain.open[order_id]
            if what == "release":
                exposure_release(order_id=order_id, now=NOW)
                del plain.open[order_id]
                continue
            part = min(second, left)
            fill(account, order_id, part, min(price, MARK) if side == "buy" else price)
            plain.position += part if side == "buy" else -part
            plain.open[order_id] = (side, left - part, price)
            if left == part:
                exposure_release(order_id=order_id, now=NOW)
                del plain.open[order_id]
    held = Reservation.objects.filter(account=account, released_at=None)
    assert {one.pk: one.quantity for one in held} == {
        key: left for key, (_, left, _) in plain.open.items()
    }
    assert all(one.quantity >= 0 for one in held)
