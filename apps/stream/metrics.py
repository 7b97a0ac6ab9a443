"""What streams count, in each process."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from apps.core.metrics.requests import REQUESTS

open_streams = Gauge(
    "parallax_streams_open",
    "Streams that are open.",
    ("kind",),
    registry=REQUESTS,
    # What a killed process held is open no more.
    multiprocess_mode="livesum",
)
frames_sent = Counter(
    "parallax_stream_messages",
    "Messages that were sent to readers.",
    ("kind",),
    registry=REQUESTS,
)
readers_dropped = Counter(
    "parallax_stream_readers_dropped",
    "Streams that this side ended.",
    ("reason",),
    registry=REQUESTS,
)
event_lag = Histogram(
    "parallax_stream_event_lag_seconds",
    "From an event until a process with a reader of it has read it.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60),
    registry=REQUESTS,
)

# Nought is told too: an alert cannot tell a missing series from a calm one.
for _kind in ("websocket", "sse"):
    open_streams.labels(_kind)
for _kind in ("event", "latest", "heartbeat"):
    frames_sent.labels(_kind)
for _reason in ("slow_reader", "authentication_failed", "database_unavailable"):
    readers_dropped.labels(_reason)
