"""What a key's scopes allow: asked of every operation that there is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.permissions import SAFE_METHODS, AllowAny
from rest_framework.views import APIView

from apps.core.tests.answers import error_of
from apps.users.authentication import AUTHENTICATION, scope_needed
from apps.users.enums import ApiKeyScope
from apps.users.tests.factories import UserFactory
from apps.users.tests.keys import KEYS, key_make, program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.users.models import User

MISSING = str(UUID(int=7))
READ, TRADE, ADMIN = ApiKeyScope

pytestmark = pytest.mark.django_db


def _views(resolver: Any = None, where: str = "/") -> Iterator[tuple[str, Any]]:
    """Yield every address below `/api/v1/`, and what answers there."""
    for entry in (resolver or get_resolver()).url_patterns:
        path = f"{where}{entry.pattern}"
        if isinstance(entry, URLResolver):
            yield from _views(entry, path)
        elif isinstance(entry, URLPattern) and path.startswith("/api/v1/"):
            yield path, entry.callback


def _operations() -> Iterator[tuple[str, str, type[APIView]]]:
    for path, callback in _views():
        view = getattr(callback, "cls", None)
        if view is None or not view.authentication_classes:
            continue
        where = re.sub(r"<(\w+:)?\w+>", MISSING, re.sub(r"<int:\w+>", "1", path))
        for method in view.http_method_names:
            if hasattr(view, method):
                yield method, where, view


OPERATIONS = sorted(_operations(), key=lambda one: (one[1], one[0]))
WRITES = [one for one in OPERATIONS if one[0].upper() not in SAFE_METHODS]
READS = [one for one in OPERATIONS if one[0].upper() in SAFE_METHODS]


def name_of(value: Any) -> str:
    # A function's own words name its address, which differs from run to run.
    return value if isinstance(value, str) else value.__name__


@pytest.fixture
def user() -> User:
    return UserFactory.create()


@pytest.mark.parametrize(("path", "callback"), list(_views()), ids=name_of)
def test_every_view_asks_who_it_is_in_the_one_way_or_is_open_to_all(
    path: str, callback: Any
) -> None:
    view = callback.cls

    assert issubclass(view, APIView)
    if view.authentication_classes:
        assert view.authentication_classes == AUTHENTICATION
        assert view.get_authenticators is APIView.get_authenticators
        assert view.perform_authentication is APIView.perform_authentication
    else:
        # Nobody in particular writes there, whatever is sent as a key.
        assert view.permission_classes == (AllowAny,)
        assert path.startswith("/api/v1/auth/")


@pytest.mark.parametrize(("method", "where", "view"), WRITES, ids=name_of)
def test_a_read_key_can_write_nowhere(
    user: User, method: str, where: str, view: type[APIView]
) -> None:
    _, text = key_make(user, READ)

    finding = error_of(getattr(program(text), method)(where, {}), 403)

    assert finding.code == "api_key_scope_missing"
    assert scope_needed(method.upper(), view()) in finding.detail


@pytest.mark.parametrize(("method", "where", "view"), READS, ids=name_of)
def test_a_read_key_is_kept_from_no_read_where_no_admin_is_needed(
    user: User, method: str, where: str, view: type[APIView]
) -> None:
    _, text = key_make(user, READ)

    response = getattr(program(text), method)(where)

    assert response.status_code != 401
    needs_admin = scope_needed(method.upper(), view()) == ADMIN
    assert (response.status_code == 403) == needs_admin


@pytest.mark.parametrize(("method", "where", "view"), WRITES, ids=name_of)
def test_a_trade_key_can_write_where_no_admin_is_needed(
    user: User, method: str, where: str, view: type[APIView]
) -> None:
    _, text = key_make(user, TRADE)

    response = getattr(program(text), method)(where, {})

    needs_admin = scope_needed(method.upper(), view()) == ADMIN
    assert (response.status_code == 403) == needs_admin
    assert response.status_code != 401


@pytest.mark.parametrize(
    ("scopes", "method", "where", "status"),
    [
        ((READ,), "get", KEYS, 403),
        ((TRADE,), "get", KEYS, 403),
        ((TRADE,), "post", KEYS, 403),
        ((ADMIN,), "get", KEYS, 200),
        ((ADMIN,), "get", "/api/v1/strategies/", 200),
        # Managing keys is no licence to trade.
        ((ADMIN,), "post", "/api/v1/strategies/", 403),
        ((TRADE, ADMIN), "post", "/api/v1/strategies/", 400),
        ((TRADE,), "post", "/api/v1/auth/token/revoke/", 403),
        ((TRADE,), "post", "/api/v1/me/password/", 403),
        ((ADMIN,), "post", "/api/v1/auth/token/revoke/", 204),
    ],
)
def test_each_scope_opens_its_own(
    user: User, scopes: tuple[str, ...], method: str, where: str, status: int
) -> None:
    _, text = key_make(user, *scopes)

    response = getattr(program(text), method)(where, {} if method == "post" else None)

    assert response.status_code == status, response.content


def test_a_read_key_writes_nothing_by_another_name_of_the_method(user: User) -> None:
    _, text = key_make(user, READ)
    client = program(text)

    sent = {"name": "x", "_method": "PATCH", "last_name": "Changed"}
    client.get("/api/v1/me/", sent, headers={"X-HTTP-Method-Override": "PATCH"})
    client.generic("patch", "/api/v1/me/", '{"last_name": "Changed"}')

    user.refresh_from_db()
    assert user.last_name == ""


def test_no_operation_is_missing_here() -> None:
    assert len(WRITES) >= 20
    assert len(READS) >= 40
