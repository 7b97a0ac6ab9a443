"""Counting requests as they are served; imports nothing of Django.

In a gunicorn worker the counts lie in files that all workers' scrapes add up, see
`config.metrics_files`; elsewhere in this process alone.
"""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

# What reached no route: an unknown address, a static file, a redirect to HTTPS, a body
# over its limit. Callers choose paths, so a path is never a label.
UNMATCHED = "unmatched"
OTHER_METHOD = "other"
METHODS = frozenset(("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"))
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

# Files have no room for when a series began, so nowhere is it told.
disable_created_metrics()  # type: ignore[no-untyped-call]

REQUESTS = CollectorRegistry()
_total = Counter(
    "parallax_http_requests",
    "Requests that were answered.",
    ("method", "route", "status"),
    registry=REQUESTS,
)
_seconds = Histogram(
    "parallax_http_request_seconds",
    "From a request's arrival at Django until its answer began.",
    ("method", "route"),
    buckets=SECONDS,
    registry=REQUESTS,
)
in_flight = Gauge(
    "parallax_http_requests_in_flight",
    "Requests that are being served.",
    registry=REQUESTS,
    # What a killed worker was serving is served no more.
    multiprocess_mode="livesum",
)


def request_count(
    *, method: str | None, route: str | None, status: int, seconds: float
) -> None:
    """Count one answer.

    Args:
        method: As it was sent; one that HTTP does not know is `other`.
        route: The pattern that matched; None where none did.
        status: Of the answer.
        seconds: How long it took.
    """
    known = method if method in METHODS else OTHER_METHOD
    where = UNMATCHED if route is None else f"/{route}"
    _total.labels(known, where, status).inc()
    _seconds.labels(known, where).observe(seconds)
