"""The ledger over HTTP."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from apps.portfolio.models import LedgerTransaction
from apps.portfolio.services.checking import ledger_check
from apps.portfolio.tests.test_posting import fill
from apps.portfolio.tests.world import NOW, account_make, deposit, user_make
from apps.users.services import api_key_create

if TYPE_CHECKING:
    from apps.portfolio.models import Account
    from apps.users.models import User

pytestmark = pytest.mark.django_db
D = Decimal
PLACES = ("balances", "positions", "ledger")


@pytest.fixture
def account(actor: User) -> Account:
    made = account_make(actor, mode="live")
    deposit(made, "USDT", 1000, NOW)
    fill(made, 1, "buy", fee=D("0.001"), fee_currency="BNB", strategy="trend")
    fill(made, 2, "sell", price=D("110.5"), quantity=D("0.4"))
    return made


def where(account: Account, what: str) -> str:
    return f"/api/v1/accounts/{account.pk}/{what}/"


def listed(client: APIClient, account: Account, **query: Any) -> list[int]:
    answer = client.get(where(account, "ledger"), query)
    assert answer.status_code == 200, answer.content
    return [one["number"] for one in answer.json()["results"]]


def test_balances_tell_totals_and_where_they_came_from(
    client: APIClient, account: Account
) -> None:
    told = client.get(where(account, "balances")).json()["balances"]
    assert [one["currency"] for one in told] == ["BNB", "BTC", "USDT"]
    assert told[1] == {
        "currency": "BTC",
        "total": "0.6",
        "places": {"assets": "0.6", "trading": "-0.6"},
    }
    assert told[2]["places"] == {
        "assets": "944.2",
        "external": "-1000",
        "trading": "55.8",
    }


def test_positions_tell_what_was_made(client: APIClient, account: Account) -> None:
    (told,) = client.get(where(account, "positions")).json()["positions"]
    assert told == {
        "symbol": "BTC/USDT",
        "base": "BTC",
        "quote": "USDT",
        "quantity": "0.6",
        "average_price": "100",
        "cost": "60",
        "realised_average": "4.2",
        "realised_fifo": "4.2",
        "fees": "0",
        "fees_other": {"BNB": "0.001"},
        "opened_at": "2026-01-02T12:00:01.000000Z",
        "changed_at": "2026-01-02T12:00:00.000000Z",
    }


def test_the_ledger_is_listed_with_its_entries(
    client: APIClient, account: Account
) -> None:
    answer = client.get(where(account, "ledger"), {"limit": 2}).json()
    assert [one["number"] for one in answer["results"]] == [3, 2]
    first = answer["results"][0]
    assert (first["kind"], first["side"], first["price"]) == ("fill", "sell", "110.5")
    assert first["entries"][2] == {
        "place": "assets",
        "currency": "USDT",
        "amount": "44.2",
    }
    rest = client.get(answer["next"]).json()["results"]
    assert [(one["number"], one["quantity"]) for one in rest] == [(1, None)]


def test_the_ledger_is_searched(client: APIClient, account: Account) -> None:
    deposit(account, "ETH", 1, NOW + timedelta(days=1))
    assert listed(client, account, kind="deposit") == [4, 1]
    assert listed(client, account, cause="execution") == [3, 2]
    assert listed(client, account, currency="BNB") == [2]
    assert listed(client, account, symbol="BTC/USDT") == [3, 2]
    assert listed(client, account, strategy="trend") == [2]
    later = (NOW + timedelta(seconds=2)).isoformat()
    assert listed(client, account, start=later) == [4, 3]
    assert listed(client, account, end=later) == [2, 1]
    assert client.get(where(account, "ledger"), {"kind": "gift"}).status_code == 400


def test_an_adjustment_is_written_once_for_a_key(
    client: APIClient, account: Account
) -> None:
    body = {"currency": "BTC", "amount": "-0.1", "reason": "a fee in BTC, not told"}
    sent = [
        client.post(
            where(account, "adjustments"),
            body,
            format="json",
            headers={"Idempotency-Key": "one"},
        )
        for _ in range(2)
    ]
    assert [one.status_code for one in sent] == [201, 201]
    assert sent[0].content == sent[1].content
    assert (sent[0].json()["kind"], sent[0].json()["number"]) == ("adjustment", 4)
    told = client.get(where(account, "balances")).json()["balances"]
    assert told[1]["total"] == "0.5"
    assert ledger_check(account=account).count == 0


@pytest.mark.parametrize(
    ("changes", "attr"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": "1e18"}, "amount"),
        ({"amount": None}, "amount"),
        ({"currency": "U\x00SDT"}, "currency"),
        ({"currency": "U" * 33}, "currency"),
        ({"reason": " "}, "reason"),
        ({"owner": "me"}, "owner"),
    ],
)
def test_an_adjustment_that_says_too_little_is_refused(
    client: APIClient, account: Account, changes: dict[str, Any], attr: str
) -> None:
    body = {"currency": "USDT", "amount": "1", "reason": "found"} | changes
    answer = client.post(where(account, "adjustments"), body, format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == attr
    assert LedgerTransaction.objects.count() == 3


def test_a_sum_that_is_too_large_is_told(client: APIClient, account: Account) -> None:
    body = {"currency": "USDT", "amount": "999999999999999999", "reason": "found"}
    answer = client.post(where(account, "adjustments"), body, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (
        422,
        "ledger_overflow",
    )


def test_a_transfer_is_recorded_in_both_ledgers(
    client: APIClient, actor: User, account: Account
) -> None:
    other = account_make(actor, mode="live")
    body = {"target": str(other.pk), "currency": "USDT", "amount": "100.5"}
    answer = client.post(where(account, "transfers"), body, format="json")
    assert answer.status_code == 201, answer.content
    assert answer.json()["entries"][0]["amount"] == "-100.5"
    told = client.get(where(other, "balances")).json()["balances"]
    assert [one["total"] for one in told] == ["100.5"]


def test_a_transfer_to_elsewhere_is_refused(
    client: APIClient, actor: User, account: Account
) -> None:
    targets = {
        account_make(actor).pk: 422,
        account.pk: 422,
        account_make(mode="live").pk: 404,
    }
    for target, status in targets.items():
        body = {"target": str(target), "currency": "USDT", "amount": "1"}
        answer = client.post(where(account, "transfers"), body, format="json")
        assert answer.status_code == status, answer.content
        assert answer.json()["errors"][0]["attr"] == "target"
    assert LedgerTransaction.objects.filter(account=account).count() == 3


def test_another_users_ledger_is_not_there(client: APIClient, account: Account) -> None:
    client.force_authenticate(user_make())
    for place in PLACES:
        assert client.get(where(account, place)).status_code == 404
    body = {"currency": "USDT", "amount": "1", "reason": "mine"}
    answer = client.post(where(account, "adjustments"), body, format="json")
    assert answer.status_code == 404
    client.force_authenticate(None)
    for place in PLACES:
        assert client.get(where(account, place)).status_code in {401, 403}


@pytest.mark.parametrize(("scope", "status"), [("trade", 403), ("admin", 201)])
def test_a_correction_needs_the_scope_admin(
    actor: User, account: Account, scope: str, status: int
) -> None:
    _, key = api_key_create(
        actor=actor,
        by=None,
        name="a program",
        scopes=["read", scope],
        expires_at=None,
        allowed_addresses=(),
        now=timezone.now(),
    )
    program = APIClient(headers={"Authorization": f"Bearer {key}"})
    body = {"currency": "USDT", "amount": "1", "reason": "found"}
    answer = program.post(where(account, "adjustments"), body, format="json")
    assert answer.status_code == status
    other = account_make(actor, mode="live")
    body = {"target": str(other.pk), "currency": "USDT", "amount": "1"}
    answer = program.post(where(account, "transfers"), body, format="json")
    assert answer.status_code == status
