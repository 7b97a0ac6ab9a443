"""Pages that everybody may see, and the headers of every answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml
from django.test import Client

if TYPE_CHECKING:
    from pytest_django import Settings

PAGES = ["/api/docs/", "/api/redoc/"]
ANSWERS = ["/", "/nowhere/", "/api/health/live/", "/api/v1/strategies/", *PAGES]
YEAR = 31_536_000


def policy(header: str) -> dict[str, list[str]]:
    """Return a Content-Security-Policy by directive."""
    parts = [directive.split() for directive in header.split(";")]
    return {name: sources for name, *sources in parts}


def test_the_root_leads_to_the_documentation() -> None:
    response = Client().get("/", follow=True)

    assert response.redirect_chain == [("/api/docs/", 302)]
    assert response.status_code == 200


def test_the_document_is_openapi_3_for_this_service() -> None:
    response = Client().get("/api/schema/")

    document = yaml.safe_load(response.content)
    assert document["openapi"].startswith("3.")
    assert "/api/v1/backtests/" in document["paths"]


def test_the_document_is_json_for_programs() -> None:
    response = Client().get("/api/schema/", headers={"Accept": "application/json"})

    assert response.json()["info"]["title"] == "Parallax"


@pytest.mark.parametrize("where", PAGES)
def test_a_page_of_documentation_names_the_document(where: str) -> None:
    response = Client().get(where)

    script = Client().get(f"{where}?script=")
    assert response["Content-Type"].startswith("text/html")
    assert "/api/schema/" in response.content.decode() + script.content.decode()


@pytest.mark.parametrize("where", PAGES)
def test_a_page_of_documentation_runs_within_its_own_policy(where: str) -> None:
    response = Client().get(where)

    page = response.content.decode()
    allowed = policy(response["Content-Security-Policy"])["script-src"]
    inline = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", page)
    assert "'unsafe-inline'" not in allowed
    assert inline == []


@pytest.mark.parametrize("where", PAGES)
def test_a_page_of_documentation_asks_no_other_host(where: str) -> None:
    page = Client().get(where).content.decode()

    assert re.findall(r"""(?:src|href)=["'](?:https?:)?//""", page) == []


@pytest.mark.parametrize("where", PAGES)
def test_every_file_of_a_page_of_documentation_is_served(where: str) -> None:
    page = Client().get(where).content.decode()

    files = re.findall(r"""(?:src|href)=["']([^"']+)["']""", page)
    assert files
    for file in files:
        response = Client().get(file)
        assert response.status_code == 200, file
        assert int(response["Content-Length"]) > 0


@pytest.mark.parametrize("where", ANSWERS)
def test_every_answer_is_closed_to_sniffing_and_framing(where: str) -> None:
    response = Client().get(where)

    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("where", ANSWERS)
def test_every_answer_may_only_load_what_is_ours(where: str) -> None:
    allowed = policy(Client().get(where)["Content-Security-Policy"])

    assert allowed["default-src"] == ["'self'"]
    assert allowed["object-src"] == ["'none'"]
    assert allowed["frame-ancestors"] == ["'none'"]
    assert "'unsafe-inline'" not in allowed["script-src"]


def test_plain_http_is_sent_to_https(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True

    response = Client().get("/api/docs/")

    assert response.status_code == 301
    assert response["Location"] == "https://testserver/api/docs/"


def test_browsers_are_told_to_stay_on_https(settings: Settings) -> None:
    settings.SECURE_HSTS_SECONDS = YEAR
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True

    response = Client().get("/api/docs/", secure=True)

    told = response["Strict-Transport-Security"]
    assert f"max-age={YEAR}" in told
    assert "includeSubDomains" in told


def test_a_proxy_that_ended_tls_is_believed(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True

    response = Client().get("/api/docs/", headers={"X-Forwarded-Proto": "https"})

    assert response.status_code == 200
