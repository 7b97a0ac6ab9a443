"""What a caller is told when something goes wrong, whoever noticed it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import SuspiciousOperation, ValidationError
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.test import Client
from django.urls import path
from redis.exceptions import ConnectionError as RedisConnectionError, RedisError
from rest_framework.permissions import AllowAny
from rest_framework.views import APIView

from apps.core import errors
from apps.core.errors import ApplicationError, ErrorDetail
from apps.core.tests.answers import error_of, findings_of
from config import urls as config_urls

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from rest_framework.request import Request

SECRET = "hunter2-in-the-stack"  # noqa: S105
RAISED: dict[str, Exception] = {}


class RaisingView(APIView):
    """Raises what the test has laid down."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()

    def get(self, request: Request) -> None:  # noqa: ARG002
        """Raise it."""
        raise RAISED["next"]


def plain(request: HttpRequest) -> HttpResponse:
    """Raise it from a view that DRF knows nothing of."""
    raise RAISED["next"]


handler400, handler403 = config_urls.handler400, config_urls.handler403
handler404, handler500 = config_urls.handler404, config_urls.handler500
urlpatterns = [path("drf/", RaisingView.as_view()), path("plain/", plain)]
pytestmark = pytest.mark.urls(__name__)


def answer(error: Exception, where: str = "/drf/") -> Any:
    """Return the answer of a view that raises this."""
    RAISED["next"] = error
    return Client(raise_request_exception=False).get(where)


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (errors.Invalid("No."), 400, "validation_error"),
        (errors.Forbidden("No."), 403, "client_error"),
        (errors.NotFound("No."), 404, "client_error"),
        (errors.Conflict("No."), 409, "client_error"),
        (errors.PreconditionFailed("No."), 412, "client_error"),
        (errors.TooLarge("No."), 413, "client_error"),
        (errors.Unprocessable("No."), 422, "client_error"),
        (errors.RateLimited("No."), 429, "client_error"),
        (errors.BadUpstream("No."), 502, "server_error"),
        (errors.Unavailable("No."), 503, "server_error"),
        (ApplicationError("No."), 500, "server_error"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_a_kind_decides_the_status_and_whose_error_it_is(
    error: ApplicationError, status: int, kind: str
) -> None:
    response = answer(error)

    assert error_of(response, status).code == error.code
    assert response.json()["type"] == kind


def test_an_error_is_told_with_its_sentence_and_its_place() -> None:
    finding = error_of(answer(errors.Conflict("It is done.", attr="state")), 409)

    assert (finding.detail, finding.attr) == ("It is done.", "state")


def test_all_findings_are_told_at_once() -> None:
    found = (ErrorDetail("invalid", "One.", "a"), ErrorDetail("required", "Two.", "b"))

    findings = findings_of(answer(errors.Invalid("One.", details=found)), 400)

    assert [(one.code, one.attr) for one in findings] == [
        ("invalid", "a"),
        ("required", "b"),
    ]


@pytest.mark.parametrize(
    "error", [errors.Unavailable("Down."), errors.RateLimited("Slower.")]
)
def test_what_may_be_tried_again_says_when(error: ApplicationError) -> None:
    assert int(answer(error)["Retry-After"]) > 0


def test_a_locked_database_is_503_to_be_tried_again() -> None:
    response = answer(OperationalError("database is locked"))

    finding = error_of(response, 503)
    assert finding.code == "database_unavailable"
    assert "locked" not in finding.detail
    assert int(response["Retry-After"]) > 0


def test_a_cache_out_of_reach_is_503_to_be_tried_again() -> None:
    response = answer(RedisConnectionError(f"redis://:{SECRET}@cache:6379 refused"))

    assert error_of(response, 503).code == "cache_unavailable"
    assert SECRET not in response.content.decode()
    assert int(response["Retry-After"]) > 0


def test_a_model_that_does_not_validate_names_the_field() -> None:
    finding = error_of(answer(ValidationError({"name": ["Too long."]})), 400)

    assert (finding.attr, finding.detail) == ("name", "Too long.")


def test_an_unforeseen_error_is_500_without_its_internals() -> None:
    response = answer(RuntimeError(f"password={SECRET} in /srv/app/models.py"))

    error_of(response, 500)
    text = response.content.decode()
    assert SECRET not in text
    assert "models.py" not in text
    assert "RuntimeError" not in text


def test_what_a_caller_wrote_can_always_be_quoted() -> None:
    lone = json.loads('"\\ud800"')

    finding = error_of(answer(errors.Invalid(f"Not {lone}.", attr=lone)), 400)

    assert (finding.detail, finding.attr) == ("Not \\ud800.", "\\ud800")


@pytest.mark.parametrize("where", ["/drf/", "/plain/"])
def test_a_404_of_djangos_own_has_the_same_shape(where: str) -> None:
    assert error_of(answer(Http404("nothing"), where), 404).code == "not_found"


def test_an_address_that_leads_nowhere_has_the_same_shape() -> None:
    response = Client().get("/api/v1/nowhere/")

    finding = error_of(response, 404)
    assert "/api/v1/nowhere/" in finding.detail
    assert response["X-Request-ID"]


def test_a_500_of_djangos_own_has_the_same_shape_and_no_internals() -> None:
    response = answer(RuntimeError(SECRET), "/plain/")

    finding = error_of(response, 500)
    assert "X-Request-ID" in finding.detail
    assert SECRET not in response.content.decode()
    assert response["X-Request-ID"]


def test_a_request_that_django_cannot_read_has_the_same_shape() -> None:
    assert (
        error_of(answer(SuspiciousOperation("odd"), "/plain/"), 400).code == "invalid"
    )


@pytest.mark.parametrize(
    "error", [OperationalError("locked"), InterfaceError("closed"), RedisError("away")]
)
def test_an_outage_outside_of_the_apis_views_is_503_too(error: Exception) -> None:
    response = answer(error, "/plain/")

    assert error_of(response, 503).code in {"database_unavailable", "cache_unavailable"}
    assert int(response["Retry-After"]) > 0


@pytest.mark.urls("config.urls")
@pytest.mark.parametrize("where", ["/api/v1/auth/session/", "/api/health/live/", "/"])
@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "localhost@evil", "a b", ""]
)
def test_a_host_that_is_not_ours_has_the_same_shape(host: str, where: str) -> None:
    response = Client().get(where, HTTP_HOST=host)

    assert error_of(response, 400).code == "invalid"
    assert "evil" not in response.content.decode()


@pytest.mark.urls("config.urls")
def test_a_host_in_another_header_is_not_heeded() -> None:
    forged = {"X-Forwarded-Host": "evil.example", "X-Host": "evil.example"}
    response = Client().get("/", headers=forged)

    assert response.status_code == 302
    assert "evil" not in response["Location"]


@pytest.mark.urls("config.urls")
def test_a_form_without_its_csrf_token_has_the_same_shape() -> None:
    response = Client(enforce_csrf_checks=True).post("/api/v1/auth/login/")

    assert error_of(response, 403).code == "csrf_failed"
