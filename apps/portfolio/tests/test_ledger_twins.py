"""Several who write into one ledger at once: each thing once, numbers without a gap."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from apps.portfolio.models import LedgerHead, LedgerTransaction
from apps.portfolio.selectors.ledger import balances_of, positions_of
from apps.portfolio.services.checking import ledger_check
from apps.portfolio.services.posting import transfer_post
from apps.portfolio.tests.test_posting import fill
from apps.portfolio.tests.world import NOW, account_make

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db(transaction=True)
D = Decimal
WRITERS = 4
EACH = 8


def in_threads(call: Callable[[int], object]) -> None:
    """Run a call several times side by side, each with a connection of its own."""

    def run(number: int) -> None:
        try:
            call(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(WRITERS) as pool:
        for done in [pool.submit(run, number) for number in range(WRITERS)]:
            done.result()


def test_executions_that_several_tell_are_written_once() -> None:
    account = account_make()

    def tell(writer: int) -> None:
        # Half of them are told by everybody, the others by one.
        for number in range(EACH):
            fill(account, number, "buy")
            side = "sell" if number % 2 else "buy"
            fill(account, 100 * (writer + 1) + number, side)

    in_threads(tell)
    rows = LedgerTransaction.objects.filter(account=account).order_by("number")
    written = EACH * (WRITERS + 1)
    assert list(rows.values_list("number", flat=True)) == list(range(1, written + 1))
    assert LedgerHead.objects.get().last == written
    assert positions_of(account)[0].quantity == balances_of(account)["BTC"] == EACH
    assert ledger_check(account=account).count == 0


def test_transfers_both_ways_at_once_wait_for_each_other_and_no_more() -> None:
    one = account_make(mode="live")
    two = account_make(owner=one.owner, mode="live")

    def move(writer: int) -> None:
        source, target = (one, two) if writer % 2 else (two, one)
        for number in range(EACH):
            transfer_post(
                source=source,
                target=target,
                currency="USDT",
                amount=D(1 + writer),
                cause="test",
                cause_id=f"{writer} {number}",
                at=NOW,
                now=NOW,
            )

    in_threads(move)
    held = (balances_of(one)["USDT"], balances_of(two)["USDT"])
    assert held == (D(-2 * EACH), D(2 * EACH))
    for account in (one, two):
        checked = ledger_check(account=account)
        assert (checked.transactions, checked.count) == (EACH * WRITERS, 0)
