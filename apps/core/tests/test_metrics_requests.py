"""Each request is counted once, by its route, and by nothing that a caller chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from apps.core.metrics.middleware import MetricsMiddleware
from apps.core.metrics.requests import REQUESTS

if TYPE_CHECKING:
    from django.http import HttpRequest
    from pytest_django import Settings

LIVE = "/api/health/live/"


def counted(route: str, status: int, method: str = "GET") -> float:
    """Return how many answers were counted so far."""
    labels = {"method": method, "route": route, "status": str(status)}
    return REQUESTS.get_sample_value("parallax_http_requests_total", labels) or 0


def routes() -> set[str]:
    return {
        sample.labels["route"]
        for family in REQUESTS.collect()
        for sample in family.samples
        if "route" in sample.labels
    }


def test_a_request_is_counted_once_by_its_route_and_status() -> None:
    before = counted(LIVE, 200)

    Client().get(f"{LIVE}?key=private")

    assert counted(LIVE, 200) == before + 1


def test_the_time_of_each_request_is_in_the_histogram() -> None:
    labels = {"method": "GET", "route": LIVE}
    name = "parallax_http_request_seconds"
    count = REQUESTS.get_sample_value(f"{name}_count", labels) or 0
    total = REQUESTS.get_sample_value(f"{name}_sum", labels) or 0

    Client().get(LIVE)

    assert REQUESTS.get_sample_value(f"{name}_count", labels) == count + 1
    assert 0 < (REQUESTS.get_sample_value(f"{name}_sum", labels) or 0) - total < 10


@pytest.mark.django_db
def test_two_objects_of_one_route_are_counted_as_one() -> None:
    route = "/api/v1/jobs/<uuid:job_id>/"
    before = counted(route, 401)

    for digit in "12":
        Client().get(f"/api/v1/jobs/{digit * 8}-0000-4000-8000-000000000000/")

    assert counted(route, 401) == before + 2


def test_unknown_addresses_are_one_series_however_many_are_tried() -> None:
    Client().get("/nowhere/")
    known, before = routes(), counted("unmatched", 404)

    for number in range(5):
        Client().get(f"/nowhere/{number}/wp-login.php")

    assert routes() == known
    assert counted("unmatched", 404) == before + 5


def test_a_method_that_http_does_not_know_is_no_label() -> None:
    before = counted("unmatched", 404, "other")

    Client().generic("BREW", "/nowhere/")

    assert counted("unmatched", 404, "other") == before + 1


def test_a_redirect_to_https_is_counted(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    before = counted("unmatched", 301)

    Client().get("/api/v1/jobs/")

    assert counted("unmatched", 301) == before + 1


def in_flight() -> float | None:
    return REQUESTS.get_sample_value("parallax_http_requests_in_flight")


def test_a_request_is_in_flight_while_it_is_served() -> None:
    seen = []

    def serve(request: HttpRequest) -> HttpResponse:
        seen.append(in_flight())
        return HttpResponse()

    before = in_flight() or 0
    MetricsMiddleware(serve)(RequestFactory().get("/"))

    assert (seen, in_flight()) == ([before + 1], before)


def test_a_request_that_is_broken_off_is_no_longer_in_flight() -> None:
    def serve(request: HttpRequest) -> HttpResponse:
        raise SystemExit

    before = in_flight()
    with pytest.raises(SystemExit):
        MetricsMiddleware(serve)(RequestFactory().get("/"))

    assert in_flight() == before
