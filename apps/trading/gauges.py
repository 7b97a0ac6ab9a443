"""How trading stands, for the metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count, Min, OuterRef, Subquery
from prometheus_client.metrics_core import GaugeMetricFamily

from apps.portfolio.enums import AccountMode
from apps.risk.enums import TradingState
from apps.risk.models import RiskScope
from apps.trading.enums import OrderState, ReconciliationState
from apps.trading.models import Order, Reconciliation
from apps.trading.selectors.due import accounts_unexplained, accounts_watched
from apps.trading.transitions import FINAL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from prometheus_client import Metric

_MODES = tuple(AccountMode.values)
_STATES = tuple(state.value for state in OrderState if state not in FINAL)


def trading_collect(now: datetime) -> Iterator[Metric]:
    """Yield orders that have not ended, and how far behind agreement is."""
    yield from _orders(now)
    yield GaugeMetricFamily(
        "parallax_reconciliation_age_seconds",
        "How long ago the live account that waits longest was compared with its venue.",
        _reconciliation_age(now),
    )
    yield GaugeMetricFamily(
        "parallax_accounts_unexplained",
        "Accounts whose balances differ from their venue's by what nothing explains.",
        len(accounts_unexplained()),
    )
    halts = GaugeMetricFamily(
        "parallax_halts",
        "Kill switches that are engaged, by whether the venue has nothing open any more.",
        labels=("cleared",),
    )
    engaged = RiskScope.objects.filter(state=TradingState.HALTED.value)
    open_still = engaged.filter(cleared_at__isnull=True).count()
    halts.add_metric(("no",), open_still)
    halts.add_metric(("yes",), engaged.count() - open_still)
    yield halts


def _orders(now: datetime) -> Iterator[Metric]:
    # Nought is told too: an alert cannot tell a missing series from a calm one.
    numbers = {(mode, state): 0 for mode in _MODES for state in _STATES}
    oldest: dict[str, float] = dict.fromkeys(_MODES, 0.0)
    rows = (
        Order.objects.filter(ended_at__isnull=True)
        .order_by()
        .values("account__mode", "state")
        .annotate(number=Count("pk"), since=Min("unknown_at"))
    )
    for row in rows:
        mode, state = row["account__mode"], row["state"]
        numbers[mode, state] = row["number"]
        if state == OrderState.UNKNOWN.value and row["since"] is not None:
            oldest[mode] = max(0.0, (now - row["since"]).total_seconds())
    orders = GaugeMetricFamily(
        "parallax_orders",
        "Orders that have not ended.",
        labels=("mode", "state"),
    )
    for labels, number in numbers.items():
        orders.add_metric(labels, number)
    yield orders
    ages = GaugeMetricFamily(
        "parallax_orders_unknown_age_seconds",
        "For how long the oldest order is unknown; 0: none is.",
        labels=("mode",),
    )
    for mode, age in oldest.items():
        ages.add_metric((mode,), age)
    yield ages


def _reconciliation_age(now: datetime) -> float:
    newest = (
        Reconciliation.objects.filter(
            account=OuterRef("pk"), state=ReconciliationState.DONE.value
        )
        .order_by("-created_at", "-id")
        .values("started_at")[:1]
    )
    live = accounts_watched().filter(mode=AccountMode.LIVE.value)
    rows = live.annotate(last=Subquery(newest)).values_list("last", "created_at")
    ages = ((now - (last or made)).total_seconds() for last, made in rows)
    return max([0.0, *ages])
