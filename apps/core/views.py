"""Health probes, metrics, where `/` leads, and Django's own errors in the API's shape."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from django.http import HttpResponse, JsonResponse
from django.views.generic import RedirectView, View
from rest_framework.status import is_server_error

from apps.core.exceptions import outage_of
from apps.core.health import OK, health_check
from apps.core.metrics.access import metrics_allowed
from apps.core.metrics.scrape import CONTENT_TYPE, metrics_scrape

if TYPE_CHECKING:
    from django.http import HttpRequest


class RootView(RedirectView):
    """`/` leads to the interactive documentation."""

    pattern_name = "docs"


class HealthView(View):
    """Asks database and cache; async, because it only waits."""

    async def get(self, request: HttpRequest) -> JsonResponse:
        """Answer 200 when all is well, else 503 naming what failed."""
        checks = await health_check()
        healthy = all(outcome == OK for outcome in checks.values())
        body = {"status": "healthy" if healthy else "unhealthy", **checks}
        response = JsonResponse(body, status=200 if healthy else 503)
        response["Cache-Control"] = "no-store"
        return response


class LiveView(View):
    """Says that the process runs; asks nothing else."""

    async def get(self, request: HttpRequest) -> JsonResponse:
        """Answer 200."""
        return JsonResponse({"status": "alive"})


class MetricsView(View):
    """Tells Prometheus; not async, because it adds up what all workers counted."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer 200 with all that is known, or 403 to a stranger's address."""
        if not metrics_allowed(request):
            message = "Metrics are told only to the networks that METRICS_ALLOW names."
            return _error("permission_denied", message, 403)
        response = HttpResponse(metrics_scrape(), content_type=CONTENT_TYPE)
        response["Cache-Control"] = "no-store"
        return response


def bad_request(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Answer for a request that Django itself could not read."""
    return _error("invalid", "The request could not be read.", 400)


def permission_denied(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Answer for what Django itself refuses."""
    return _error("permission_denied", "You may not do this.", 403)


def csrf_failure(request: HttpRequest, reason: str = "") -> JsonResponse:
    """Answer for a form without its CSRF token."""
    return _error("csrf_failed", f"CSRF check failed: {reason}", 403)


def page_not_found(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Answer for an address that leads nowhere."""
    message = f"There is nothing at {request.path[:200]}; see /api/docs/."
    return _error("not_found", message, 404)


def server_error(request: HttpRequest) -> JsonResponse:
    """Answer for an error outside of the API's views; the cause is in the log."""
    outage = outage_of(sys.exception())
    if outage:
        # Sessions are read and written by middleware, and the admin has its own views.
        response = _error(
            outage.default_code, str(outage.default_detail), outage.status_code
        )
        response["Retry-After"] = str(outage.wait)
        return response
    message = "An error of ours; quote X-Request-ID when you report it."
    return _error("error", message, 500)


def _error(code: str, detail: str, status: int) -> JsonResponse:
    kind = "server_error" if is_server_error(status) else "client_error"
    error = {"code": code, "detail": detail, "attr": None}
    return JsonResponse({"type": kind, "errors": [error]}, status=status)
