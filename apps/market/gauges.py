"""How what is held fresh stands, for the metrics: as the feed told it last."""

from __future__ import annotations

import json
import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

from apps.core.errors import Unavailable
from apps.market.enums import LiveKind, RecordingState
from apps.market.models import FeedLease, Recording
from apps.market.selectors.prices import STATUS_CHANNEL
from apps.stream.latest import latest_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import Metric

logger = logging.getLogger(__name__)

COUNTERS = {
    "received": "Updates that came from an exchange and were to be published.",
    "published": "Those that were written; the others were overtaken by newer ones.",
    "reconnects": "Connections to an exchange that were opened anew.",
    "resyncs": "Order books that were read anew.",
    "dropped": "Tickers and trades that could not be believed.",
}
_KINDS = (LiveKind.TICKERS, LiveKind.BOOKS, LiveKind.TRADES)


def live_collect(now: datetime) -> Iterator[Metric]:
    """Yield what the feed counts, and how old what is wanted is."""
    told = _told()
    for name, text in COUNTERS.items():
        counter = CounterMetricFamily(
            f"parallax_live_{name}", text, labels=("exchange",)
        )
        for exchange, body in told.items():
            counter.add_metric((exchange,), float(body["feed"][name]))
        yield counter
    yield from _ages(told, now)
    yield GaugeMetricFamily(
        "parallax_live_feeds",
        "Processes that hold an exchange fresh.",
        FeedLease.objects.filter(until__gt=now).values("holder").distinct().count(),
    )
    yield GaugeMetricFamily(
        "parallax_live_recordings",
        "Recordings that run.",
        Recording.objects.filter(state=RecordingState.RECORDING).count(),
    )


def _ages(told: dict[str, dict[str, Any]], now: datetime) -> Iterator[Metric]:
    seen = GaugeMetricFamily(
        "parallax_live_status_age_seconds",
        "How long ago the feed told how an exchange is.",
        labels=("exchange",),
    )
    reachable = GaugeMetricFamily(
        "parallax_live_exchange_up",
        "Whether an exchange answers.",
        labels=("exchange",),
    )
    oldest = GaugeMetricFamily(
        "parallax_live_oldest_seconds",
        "Age of the oldest that is wanted of a kind; 0: nothing is.",
        labels=("exchange", "kind"),
    )
    for exchange, body in told.items():
        seen.add_metric((exchange,), _age(body["at"], now))
        reachable.add_metric((exchange,), body["reachable"])
        for kind in _KINDS:
            at = body["feed"]["channels"][kind.value]["oldest_received_at"]
            oldest.add_metric((exchange, kind.value), _age(at, now) if at else 0.0)
    yield from (seen, reachable, oldest)


def _age(text: str, now: datetime) -> float:
    return max(0.0, (now - datetime.fromisoformat(text)).total_seconds())


def _told() -> dict[str, dict[str, Any]]:
    """Return the bodies of the exchanges that a feed holds fresh, or held until it fell.

    Raises:
        OSError: They cannot be read at the moment.
    """
    try:
        found = latest_store().read_channel(STATUS_CHANNEL)
    except Unavailable as error:
        raise OSError(error.message) from error
    held = FeedLease.objects.values_list("exchange", flat=True)
    return {one: json.loads(found[one]) for one in sorted(held) if one in found}
