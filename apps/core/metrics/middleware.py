"""Middleware that counts each request by its route."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from apps.core.metrics.requests import in_flight, request_count

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse


class MetricsMiddleware:
    """Counts answers and how long they took; first of all, so that it sees every one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve one request."""
        started = time.perf_counter()
        in_flight.inc()
        try:
            response = self.get_response(request)
        finally:
            in_flight.dec()
        match = request.resolver_match
        request_count(
            method=request.method,
            route=match.route if match else None,
            status=response.status_code,
            seconds=time.perf_counter() - started,
        )
        return response
