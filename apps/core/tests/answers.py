"""Reading answers in tests: every error has the one shape, and a code that is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rest_framework.test import APIClient

from apps.core.errors import error_codes
from apps.core.schema import FRAMEWORK_CODES

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of an error's answer."""

    code: str
    detail: str
    attr: str | None


def client_of(user: AbstractBaseUser) -> APIClient:
    """Return a client that is signed in, and shows a 500 as a caller would see it."""
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(user)
    return client


def findings_of(response: Any, status: int) -> list[Finding]:
    """Return the findings of an error, after holding it to status and shape."""
    body = response.json()
    assert response.status_code == status, body
    assert response["Content-Type"].startswith("application/json")
    assert set(body) == {"type", "errors"}
    kinds = {"server_error"} if status >= 500 else {"client_error", "validation_error"}
    assert body["type"] in kinds
    assert body["errors"]
    assert all(set(error) == {"code", "detail", "attr"} for error in body["errors"])
    findings = [Finding(**error) for error in body["errors"]]
    # The codes are an enum in the OpenAPI document.
    assert {one.code for one in findings} <= {*error_codes(), *FRAMEWORK_CODES}
    return findings


def error_of(response: Any, status: int) -> Finding:
    """Return the only finding of an error."""
    findings = findings_of(response, status)
    assert len(findings) == 1, findings
    return findings[0]
