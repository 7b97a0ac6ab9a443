"""What the metrics tell of trading."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.portfolio.models import Credential
from apps.portfolio.tests.world import account_make, market_make
from apps.trading.gauges import trading_collect
from apps.trading.models import Reconciliation
from apps.trading.tests.orders import order_left

pytestmark = pytest.mark.django_db


def told(seconds: int = 0) -> dict[str, float]:
    """Return what is told so long from now, by name and labels."""
    found = trading_collect(timezone.now() + timedelta(seconds=seconds))
    return {
        "/".join((one.name, *one.labels.values())): one.value
        for metric in found
        for one in metric.samples
    }


def test_where_nothing_is_nought_is_told() -> None:
    found = told()
    assert found["parallax_orders/live/unknown"] == 0
    assert set(found.values()) == {0}


def test_the_age_is_that_of_the_account_that_waits_longest() -> None:
    market_make()
    now = timezone.now()
    for minutes in (1, 2):
        account = account_make(mode="live")
        Credential.objects.create(account=account, sealed="x", key_hint="y")
        order_left(account)
        # Older ones, and one that failed, say nothing of how far behind it is.
        for state, ago in (("done", 9), ("done", minutes), ("failed", 0)):
            Reconciliation.objects.create(
                owner=account.owner,
                account=account,
                trigger="schedule",
                state=state,
                started_at=now - timedelta(minutes=ago),
            )

    found = told()

    assert 120 <= found["parallax_reconciliation_age_seconds"] < 150
    assert found["parallax_orders/live/unknown"] == 2
    assert found["parallax_orders_unknown_age_seconds/live"] >= 120
