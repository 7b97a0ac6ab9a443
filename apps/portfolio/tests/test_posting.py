"""Posting: each thing that moves money is written once, whole, and to the last unit."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.portfolio.errors.ledger import (
    LedgerAmountInvalid,
    LedgerCauseDiffers,
    LedgerOverflow,
    TransferRefused,
)
from apps.portfolio.models import (
    LedgerEntry,
    LedgerHead,
    LedgerTransaction,
    Position,
    PositionLot,
)
from apps.portfolio.selectors.ledger import balances_of, positions_of
from apps.portfolio.services.posting import (
    adjustment_post,
    deposit_post,
    fee_post,
    fill_post,
    transfer_post,
    withdrawal_post,
)
from apps.portfolio.tests.world import NOW, account_make, deposit, position_quantity

if TYPE_CHECKING:
    from apps.portfolio.models import Account

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def account() -> Account:
    return account_make()


def fill(account: Account, number: int, side: str, **changes: Any) -> LedgerTransaction:
    told: dict[str, Any] = {
        "account": account,
        "cause_id": f"BTC/USDT:{number}",
        "symbol": "BTC/USDT",
        "base": "BTC",
        "quote": "USDT",
        "side": side,
        "quantity": D(1),
        "price": D(100),
        "fee": D(0),
        "fee_currency": None,
        "at": NOW + timedelta(seconds=number),
        "now": NOW,
    }
    return fill_post(**(told | changes))


def entries(written: LedgerTransaction) -> list[tuple[str, str, Decimal]]:
    return [(one.place, one.currency, one.amount) for one in written.entries.all()]


def test_a_fill_moves_base_quote_and_fee_and_sums_to_zero(account: Account) -> None:
    deposit(account, "USDT", 1000, NOW)
    written = fill(
        account, 1, "buy", quantity=D("0.5"), fee=D("0.001"), fee_currency="BNB"
    )
    assert entries(written) == [
        ("assets", "BTC", D("0.5")),
        ("trading", "BTC", D("-0.5")),
        ("assets", "USDT", D(-50)),
        ("trading", "USDT", D(50)),
        ("assets", "BNB", D("-0.001")),
        ("fees", "BNB", D("0.001")),
    ]
    assert written.number == 2
    assert balances_of(account) == {
        "BNB": D("-0.001"),
        "BTC": D("0.5"),
        "USDT": D(950),
    }
    assert positions_of(account)[0].fees_other == {"BNB": "0.001"}


def test_a_fee_in_the_base_leaves_the_position_too(account: Account) -> None:
    fill(account, 1, "buy", fee=D("0.001"), fee_currency="BTC")
    position = positions_of(account)[0]
    assert position.quantity == balances_of(account)["BTC"] == D("0.999")
    assert (position.cost, position.fees) == (D("99.9"), D("0.1"))
    fill(account, 2, "sell", quantity=D("0.999"), price=D(110))
    position.refresh_from_db()
    assert position.quantity == position.cost == 0
    # Sold for 109.89 what cost 99.9; the fee of 0.1 is told apart.
    assert position.realised_average == position.realised_fifo == D("9.99")
    assert balances_of(account)["USDT"] == D("9.89")


def test_average_cost_and_fifo_differ_as_they_should(account: Account) -> None:
    fill(account, 1, "buy", price=D(100))
    fill(account, 2, "buy", price=D(200))
    fill(account, 3, "sell", price=D(300), quantity=D("1.5"))
    position = positions_of(account)[0]
    # Average cost 150; first in, first out: one of 100 and half of one of 200.
    assert position.realised_average == D(450) - D("1.5") * 150
    assert position.realised_fifo == D(450) - 100 - 100
    assert position.cost == 75
    lots = PositionLot.objects.values_list("number", "quantity", "price")
    assert list(lots) == [(2, D("0.5"), D(200))]


def test_a_fill_that_turns_a_position_closes_and_opens(account: Account) -> None:
    fill(account, 1, "sell", price=D(100))
    fill(account, 2, "buy", price=D(90), quantity=D(3))
    position = positions_of(account)[0]
    assert (position.quantity, position.cost) == (D(2), D(180))
    assert position.realised_average == position.realised_fifo == D(10)
    assert position.opened_at == NOW + timedelta(seconds=2)
    assert position_quantity(account, "BTC/USDT") == 2
    assert position_quantity(account, "ETH/USDT") == 0


def test_a_rebate_is_a_fee_below_zero(account: Account) -> None:
    fill(account, 1, "buy", fee=D("-0.05"), fee_currency="USDT")
    assert balances_of(account)["USDT"] == D("-99.95")
    assert positions_of(account)[0].fees == D("-0.05")


def test_a_fee_that_is_told_later_comes_to_the_same(account: Account) -> None:
    other = account_make()
    for currency, number in (("BTC", 1), ("USDT", 2), ("BNB", 3)):
        told: dict[str, Any] = {"fee": D("0.01"), "fee_currency": currency}
        fill(account, number, "buy", **told)
        fill(other, number, "buy", fee=None)
        fee_post(
            account=other,
            cause_id=f"BTC/USDT:{number}",
            symbol="BTC/USDT",
            base="BTC",
            quote="USDT",
            price=D(100),
            at=NOW,
            now=NOW,
            **told,
        )
    assert balances_of(account) == balances_of(other)
    one, two = positions_of(account)[0], positions_of(other)[0]
    for name in ("quantity", "cost", "fees", "fees_other", "realised_average"):
        assert getattr(one, name) == getattr(two, name), name


def test_a_cause_is_written_once(account: Account) -> None:
    first = fill(account, 1, "buy")
    again = fill(account, 1, "buy", at=NOW + timedelta(hours=1), strategy="other")
    assert again == first
    assert LedgerHead.objects.get().last == 1
    assert positions_of(account)[0].quantity == 1
    for changes in ({"price": D(101)}, {"fee": D(1), "fee_currency": "BTC"}):
        with pytest.raises(LedgerCauseDiffers, match="number 1"):
            fill(account, 1, "buy", **changes)
    with pytest.raises(LedgerCauseDiffers):
        fill(account, 1, "sell")
    assert LedgerHead.objects.get().last == LedgerTransaction.objects.count() == 1
    # Another account's ledger knows nothing of it.
    assert fill(account_make(), 1, "buy").number == 1


def test_a_fill_takes_few_queries(account: Account) -> None:
    deposit(account, "USDT", 1000, NOW)
    fill(account, 1, "buy", price=D(1))
    told: dict[str, Any] = {"fee": D("0.001"), "fee_currency": "BTC"}
    with (
        CaptureQueriesContext(
            connection,
        ) as adding,
        transaction.atomic(),
    ):
        fill(account, 2, "buy", **told)
    with CaptureQueriesContext(connection) as closing, transaction.atomic():
        fill(account, 3, "sell", quantity=D("0.5"), **told)
    for captured in (adding, closing):
        made = [
            one["sql"]
            for one in captured.captured_queries
            if "SAVEPOINT" not in one["sql"]
        ]
        assert len(made) <= 8, made


@pytest.mark.parametrize("lots", [1, 60, 120])
def test_many_lots_are_closed_by_one_fill(account: Account, lots: int) -> None:
    for number in range(lots):
        fill(account, number, "buy", price=D(100 + number))
    fill(account, 1000, "sell", quantity=D(lots) - D("0.5"), price=D(1000))
    left = PositionLot.objects.get()
    assert (left.number, left.quantity, left.price) == (lots, D("0.5"), D(99 + lots))
    fill(account, 1001, "sell", quantity=D("0.5"), price=D(1000))
    assert not PositionLot.objects.exists()
    position = Position.objects.get()
    assert position.realised_average == position.realised_fifo
    assert position.realised_fifo == balances_of(account)["USDT"]
    assert position.opened_at is None


def test_money_moves_between_accounts_of_one_owner_and_mode(account: Account) -> None:
    other = account_make(owner=account.owner)
    deposit(account, "USDT", 100, NOW)
    told: dict[str, Any] = {"currency": "USDT", "cause": "venue", "at": NOW, "now": NOW}
    transfer_post(source=account, target=other, amount=D("30.5"), cause_id="1", **told)
    assert balances_of(account) == {"USDT": D("69.5")}
    assert balances_of(other) == {"USDT": D("30.5")}
    strangers = (
        account,
        account_make(),
        account_make(owner=account.owner, mode="live"),
    )
    for target in strangers:
        with pytest.raises(TransferRefused):
            transfer_post(
                source=account, target=target, amount=D(1), cause_id="2", **told
            )


def test_amounts_that_cannot_be_written_are_refused(account: Account) -> None:
    told: dict[str, Any] = {
        "account": account,
        "currency": "USDT",
        "cause": "x",
        "at": NOW,
        "now": NOW,
    }
    for post, amount in (
        (deposit_post, D(0)),
        (deposit_post, D(-1)),
        (withdrawal_post, D(-1)),
        (adjustment_post, D("1e-19")),
    ):
        with pytest.raises(LedgerAmountInvalid):
            post(amount=amount, cause_id="1", **told)
    for changes in (
        {"quantity": D(0)},
        {"price": D(-1)},
        {"fee": D(1), "fee_currency": None},
    ):
        with pytest.raises(LedgerAmountInvalid):
            fill(account, 1, "buy", **changes)
    assert not LedgerTransaction.objects.exists()
    assert not LedgerHead.objects.filter(last__gt=0).exists()


@pytest.mark.django_db(transaction=True)
def test_a_sum_that_is_too_large_undoes_all(account: Account) -> None:
    most = D("999999999999999999")
    deposit(account, "USDT", most, NOW)
    told: dict[str, Any] = {
        "account": account,
        "currency": "USDT",
        "cause": "x",
        "at": NOW,
        "now": NOW,
    }
    with pytest.raises(LedgerOverflow):
        deposit_post(amount=D(1), cause_id="1", **told)
    with transaction.atomic(), pytest.raises(LedgerOverflow):
        deposit_post(amount=D(1), cause_id="1", **told)
    assert LedgerHead.objects.get().last == 1
    assert balances_of(account) == {"USDT": most}
    assert LedgerEntry.objects.count() == 2
