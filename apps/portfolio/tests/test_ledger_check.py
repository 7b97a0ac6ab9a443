"""Checking a ledger: what was tampered with is named, and what is derived is made anew."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, connection, transaction

from apps.core.exact import exact
from apps.portfolio.models import (
    LedgerBalance,
    LedgerEntry,
    LedgerHead,
    LedgerTransaction,
    Position,
    PositionLot,
)
from apps.portfolio.selectors import walking
from apps.portfolio.services.checking import ledger_check
from apps.portfolio.services.rebuild import ledger_rebuild
from apps.portfolio.tests.test_posting import fill
from apps.portfolio.tests.world import NOW, account_make, deposit

if TYPE_CHECKING:
    from apps.portfolio.models import Account

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def account() -> Account:
    made = account_make()
    deposit(made, "USDT", 1000, NOW)
    fill(made, 1, "buy", fee=D("0.001"), fee_currency="BTC")
    fill(made, 2, "buy", price=D(120), fee=D("0.1"), fee_currency="USDT")
    fill(made, 3, "sell", price=D(130), quantity=D("1.2"))
    return made


def tamper(text: str, *values: Any) -> None:
    """Change the ledger past its triggers, as somebody with the database might."""
    table = text.split()[2 if text.startswith("DELETE") else 1]
    name = f"{table}_append_only"
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT sql FROM sqlite_master WHERE name = %s", [name])
            (made,) = cursor.fetchone()
            cursor.execute(f"DROP TRIGGER {name}")
            cursor.execute(text, values)
            cursor.execute(made)
        else:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
            cursor.execute(text, values)
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {name}")


def codes(account: Account) -> dict[str, str]:
    return {one.code: one.where for one in ledger_check(account=account).findings}


def test_a_whole_ledger_has_no_findings(account: Account) -> None:
    checked = ledger_check(account=account)
    assert (checked.transactions, checked.entries, checked.count) == (4, 18, 0)
    assert ledger_check(account=account_make()).count == 0


def test_the_ledger_cannot_be_changed(account: Account) -> None:
    for rows, changes in (
        (LedgerTransaction.objects, {"memo": "x"}),
        (LedgerEntry.objects, {"currency": "ETH"}),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**changes)
    if connection.vendor == "postgresql":
        with pytest.raises(IntegrityError), transaction.atomic():
            LedgerEntry.objects.all()._raw_delete("default")
    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerEntry.objects.create(
            transaction=LedgerTransaction.objects.latest("id"),
            account=account,
            place="assets",
            currency="USDT",
            amount=D(0),
        )


def test_an_entry_that_was_changed_is_named(account: Account) -> None:
    entry = LedgerEntry.objects.get(
        transaction__number=2, place="assets", currency="USDT"
    )
    amount = exact(D(-99))
    value = f"{amount:f}" if connection.vendor == "sqlite" else amount
    tamper(
        "UPDATE portfolio_ledgerentry SET amount = %s WHERE id = %s", value, entry.pk
    )
    assert codes(account) == {"unbalanced": "2", "balance_differs": "USDT"}


def test_a_fill_that_was_changed_is_named(account: Account) -> None:
    price = exact(D(99))
    value = f"{price:f}" if connection.vendor == "sqlite" else price
    tamper("UPDATE portfolio_ledgertransaction SET price = %s WHERE number = 3", value)
    found = codes(account)
    assert found["fill_differs"] == "3"
    assert found["position_differs"] == found["lots_differ"] == "BTC/USDT"


def test_a_transaction_that_is_missing_is_named(account: Account) -> None:
    tamper(
        "DELETE FROM portfolio_ledgerentry WHERE transaction_id IN "
        "(SELECT id FROM portfolio_ledgertransaction WHERE number = 3)"
    )
    assert codes(account)["entries_missing"] == "3"
    tamper("DELETE FROM portfolio_ledgertransaction WHERE number = 3")
    assert codes(account)["number_missing"] == "4"
    tamper("DELETE FROM portfolio_ledgerentry")
    tamper("DELETE FROM portfolio_ledgertransaction")
    assert codes(account)["head_differs"] == "0"


def test_what_is_kept_and_wrong_is_named_and_made_anew(account: Account) -> None:
    right = list(LedgerBalance.objects.values_list("place", "currency", "amount"))
    lots = list(PositionLot.objects.values_list("number", "quantity", "price", "at"))
    position = Position.objects.values().get()
    LedgerBalance.objects.filter(place="assets", currency="BTC").update(amount=D(7))
    LedgerBalance.objects.filter(place="fees", currency="USDT").delete()
    LedgerBalance.objects.create(
        account=account, place="assets", currency="DOGE", amount=D(1)
    )
    Position.objects.update(cost=D(1), quantity=D(2))
    Position.objects.create(account=account, symbol="X/Y", changed_at=NOW)
    PositionLot.objects.all().delete()
    LedgerHead.objects.update(last=99)
    assert ledger_check(account=account).count == 8
    told = ledger_rebuild(account=account, write=False)
    assert told.count == 8
    assert {one.where for one in told.differences} == {
        *("4", "BTC", "USDT", "DOGE", "BTC/USDT", "X/Y")
    }
    assert ledger_rebuild(account=account).count == 8
    assert ledger_check(account=account).count == 0
    again = list(LedgerBalance.objects.values_list("place", "currency", "amount"))
    assert again == right
    values = ("number", "quantity", "price", "at")
    assert list(PositionLot.objects.values_list(*values)) == lots
    assert Position.objects.values().get() == position
    # It goes on from there.
    assert fill(account, 4, "buy").number == 5
    assert ledger_check(account=account).count == 0


def test_a_ledger_is_read_some_rows_at_a_time(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "_AT_ONCE", 2)
    monkeypatch.setattr("apps.portfolio.services.rebuild._TELL_EVERY", 1)
    told: list[tuple[int, int]] = []
    rebuilt = ledger_rebuild(
        account=account, progress=lambda done, of: told.append((done, of))
    )
    assert (rebuilt.count, rebuilt.entries) == (0, 18)
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
