"""Health probes, where `/` leads, and Django's own errors in the API's shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import JsonResponse
from django.views.generic import RedirectView, View
from rest_framework.status import is_server_error

from apps.core.health import OK, health_check

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
    """Answer for an error of ours; the cause is in the log."""
    message = "An error of ours; quote X-Request-ID when you report it."
    return _error("error", message, 500)


def _error(code: str, detail: str, status: int) -> JsonResponse:
    kind = "server_error" if is_server_error(status) else "client_error"
    error = {"code": code, "detail": detail, "attr": None}
    return JsonResponse({"type": kind, "errors": [error]}, status=status)
