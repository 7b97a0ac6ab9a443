"""Writes that may be sent twice and happen once, shown on storing a strategy."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, OperationalError
from django.db.models import F

from apps.core import idempotency
from apps.core.models import IdempotencyRecord
from apps.core.tests.answers import client_of, error_of, findings_of
from apps.strategies import services
from apps.strategies.definition import definition_parse
from apps.strategies.models import Strategy
from apps.users.tests.factories import UserFactory

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from apps.users.models import User

STRATEGIES = "/api/v1/strategies/"
BODY = {"template": "sma_cross"}
OTHER = {"template": "ema_rsi"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return UserFactory.create()


@pytest.fixture
def client(user: User) -> APIClient:
    return client_of(user)


def post(client: APIClient, key: str | None, body: Any = BODY) -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post(STRATEGIES, body, headers=headers)


def test_a_repeat_gets_the_first_answer_byte_for_byte(client: APIClient) -> None:
    first, second = post(client, "k1"), post(client, "k1")

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert first["Content-Type"] == second["Content-Type"]


def test_a_repeat_does_nothing_a_second_time(client: APIClient) -> None:
    post(client, "k1")
    post(client, "k1")

    assert Strategy.objects.count() == 1


def test_only_a_repeat_is_marked_as_one(client: APIClient) -> None:
    first, second = post(client, "k1"), post(client, "k1")

    assert "Idempotent-Replayed" not in first
    assert second["Idempotent-Replayed"] == "true"


def test_the_first_answer_is_what_it_would_be_without_a_key(client: APIClient) -> None:
    plain, keyed = post(client, None).json(), post(client, "k1").json()

    unlike = {"id", "created_at", "updated_at", "_links"}
    assert {name: plain[name] for name in plain.keys() - unlike} == {
        name: keyed[name] for name in keyed.keys() - unlike
    }


def test_the_order_of_fields_makes_no_other_body(client: APIClient) -> None:
    data = client.get(f"{STRATEGIES}templates/").json()[0]["definition"]
    turned = dict(reversed(data.items()))
    post(client, "k1", {"definition": data})

    assert "Idempotent-Replayed" in post(client, "k1", {"definition": turned})


def test_without_a_key_each_request_is_its_own(client: APIClient) -> None:
    assert post(client, None).json()["id"] != post(client, None).json()["id"]


def test_the_same_key_with_another_body_is_409(client: APIClient) -> None:
    post(client, "k1")

    finding = error_of(post(client, "k1", OTHER), 409)

    assert finding.code == "idempotency_key_reused"
    assert Strategy.objects.count() == 1


def test_a_repeat_while_the_first_is_being_served_is_409(
    client: APIClient, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile: list[Any] = []
    stored = definition_parse

    def slow(definition: Any) -> Any:
        meanwhile.append(post(client_of(user), "k1"))
        return stored(definition)

    monkeypatch.setattr(services, "definition_parse", slow)
    first = post(client, "k1")

    assert error_of(meanwhile[0], 409).code == "idempotency_in_progress"
    assert first.status_code == 201
    assert Strategy.objects.count() == 1


def test_a_repeat_that_meets_a_claim_just_given_up_is_409(
    client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(**fields: Any) -> None:
        raise IntegrityError

    monkeypatch.setattr(IdempotencyRecord.objects, "create", lose)

    assert error_of(post(client, "k1"), 409).code == "idempotency_in_progress"


def test_a_key_of_another_user_is_independent(client: APIClient) -> None:
    other = client_of(UserFactory.create())
    first = post(client, "k1")

    second = post(other, "k1", OTHER)

    assert second.status_code == 201
    assert "Idempotent-Replayed" not in second
    assert first.json()["id"] != second.json()["id"]


def test_a_key_of_another_operation_is_independent(client: APIClient) -> None:
    post(client, "k1")

    response = client.post(
        "/api/v1/backtests/", BODY, headers={"Idempotency-Key": "k1"}
    )

    assert "idempotency_key_reused" not in {
        one.code for one in findings_of(response, 400)
    }


def test_a_refusal_is_not_kept_so_that_a_mended_body_may_follow(
    client: APIClient,
) -> None:
    refused = post(client, "k1", {"definition": {"name": ""}})
    mended = post(client, "k1")

    assert (refused.status_code, mended.status_code) == (400, 201)
    assert "Idempotent-Replayed" not in mended


def test_a_failure_of_ours_is_not_kept(
    client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(definition: Any) -> None:
        raise OperationalError

    with monkeypatch.context() as patch:
        patch.setattr(services, "definition_parse", fail)
        failed = post(client, "k1")

    assert failed.status_code == 503
    assert post(client, "k1").status_code == 201


def test_a_write_whose_answer_cannot_be_kept_is_undone(
    client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> None:
        raise OperationalError

    monkeypatch.setattr(idempotency, "_keep", fail)

    assert post(client, "k1").status_code == 503
    assert not Strategy.objects.exists()


@pytest.mark.parametrize(
    "key", ["", "x" * 256, "a\x00b", "a\tb", "a\x1bb", "a\x7fb", "café", "schlüssel"]
)
def test_a_key_that_cannot_be_kept_is_refused(client: APIClient, key: str) -> None:
    finding = error_of(post(client, key), 400)

    assert (finding.code, finding.attr) == (
        "idempotency_key_invalid",
        "Idempotency-Key",
    )
    assert not Strategy.objects.exists()


@pytest.mark.parametrize("key", ["x" * 255, "~", "a b", "8f14e45f-ea9b:retry/1"])
def test_a_key_of_printable_characters_is_taken(client: APIClient, key: str) -> None:
    assert post(client, key).status_code == 201
    assert "Idempotent-Replayed" in post(client, key)


def test_a_claim_of_a_process_that_died_is_given_up_after_a_while(
    client: APIClient,
) -> None:
    post(client, "k1")
    dead = IdempotencyRecord.objects.filter(key="k1")
    dead.update(status=None, body=None)
    assert error_of(post(client, "k1"), 409).code == "idempotency_in_progress"

    expired = idempotency.CLAIM_EXPIRES + timedelta(seconds=1)
    dead.update(created_at=F("created_at") - expired)

    assert post(client, "k1").status_code == 201


def test_a_kept_answer_does_not_expire_with_claims(client: APIClient) -> None:
    first = post(client, "k1")
    expired = idempotency.CLAIM_EXPIRES + timedelta(days=1)
    IdempotencyRecord.objects.update(created_at=F("created_at") - expired)

    assert post(client, "k1").content == first.content


@pytest.mark.parametrize("body", [[], 3, "text", None])
def test_a_body_that_is_no_object_is_refused_and_not_kept(
    client: APIClient, body: Any
) -> None:
    findings_of(post(client, "k1", body), 400)

    assert not IdempotencyRecord.objects.exists()


def test_a_caller_who_is_not_signed_in_claims_nothing() -> None:
    anonymous = client_of(UserFactory.create())
    anonymous.force_authenticate(None)

    assert error_of(post(anonymous, "k1"), 401).code == "not_authenticated"
    assert not IdempotencyRecord.objects.exists()
