"""API keys for tests, and programs that send them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from rest_framework.test import APIClient

from apps.users.services import api_key_create

if TYPE_CHECKING:
    from apps.users.models import ApiKey, User

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
KEYS = "/api/v1/api-keys/"
HERE = "127.0.0.1"


def key_make(user: User, *scopes: str, **changes: Any) -> tuple[ApiKey, str]:
    """Make a key as its owner would, and return it with its text."""
    given: dict[str, Any] = {
        "name": "night job",
        "scopes": scopes or ("read",),
        "expires_at": None,
        "allowed_addresses": (),
        "now": timezone.now(),
        "by": None,
    }
    return api_key_create(actor=user, **given | changes)


def program(text: str, scheme: str = "Bearer", **surroundings: str) -> APIClient:
    """Return a program that sends a key, held to CSRF checks where they apply."""
    client = APIClient(enforce_csrf_checks=True, raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"{scheme} {text}", **surroundings)
    return client
