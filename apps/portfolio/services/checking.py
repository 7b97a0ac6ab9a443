"""Whether a ledger is whole: its numbers, its sums, and what is kept of them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from apps.core.exact import negative, plain, times
from apps.portfolio.bookkeeping import total_add
from apps.portfolio.enums import LedgerPlace, TransactionKind
from apps.portfolio.findings import Findings
from apps.portfolio.services.rebuild import kept_compare, ledger_replayed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apps.portfolio.findings import Finding
    from apps.portfolio.models import Account
    from apps.portfolio.selectors.walking import WalkedEntry, WalkedTransaction
    from apps.portfolio.services.rebuild import Progress

_TRADING = LedgerPlace.TRADING.value
_ASSETS = LedgerPlace.ASSETS.value
# What a transaction of a kind may move, besides what the account holds.
_OTHERS: dict[str, frozenset[str]] = {
    TransactionKind.DEPOSIT: frozenset({LedgerPlace.EXTERNAL}),
    TransactionKind.WITHDRAWAL: frozenset({LedgerPlace.EXTERNAL}),
    TransactionKind.FILL: frozenset({LedgerPlace.TRADING, LedgerPlace.FEES}),
    TransactionKind.FEE: frozenset({LedgerPlace.FEES}),
    TransactionKind.FUNDING: frozenset({LedgerPlace.FUNDING}),
    TransactionKind.TRANSFER: frozenset({LedgerPlace.TRANSFERS}),
    TransactionKind.ADJUSTMENT: frozenset({LedgerPlace.ADJUSTMENTS}),
}


@dataclass(frozen=True, slots=True)
class LedgerCheck:
    """What a check found.

    Attributes:
        transactions: How many were read.
        entries: How many entries they had.
        findings: What is wrong; empty where the ledger is whole.
        count: How much is wrong; not all of very much is told.
    """

    transactions: int
    entries: int
    findings: tuple[Finding, ...]
    count: int


def ledger_check(*, account: Account, progress: Progress | None = None) -> LedgerCheck:
    """Read a whole ledger and name what is not as it should be.

    Numbers have no gap; the entries of each transaction sum to zero in each currency; a
    fill's entries are its quantity and its price; balances, positions and lots are what
    the entries make.

    Args:
        account: Whose ledger.
        progress: Called now and then with how many transactions were read, and of how
            many.
    """
    found = Findings()
    before = 0

    def look(one: WalkedTransaction) -> None:
        nonlocal before
        if one.number != before + 1:
            missing = f"{before + 1} to {one.number - 1}"
            found.add(
                "number_missing", one.number, f"the numbers {missing} are missing"
            )
        before = one.number
        _transaction_check(one, found)

    with ledger_replayed(account, look=look, progress=progress) as replay:
        kept_compare(account, replay, found)
    return LedgerCheck(
        replay.transactions, replay.entries, tuple(found.told), found.count
    )


def _transaction_check(one: WalkedTransaction, found: Findings) -> None:
    if not one.entries:
        found.add("entries_missing", one.number, f"{one.kind} has no entries")
    for currency, total in _sums(one.entries).items():
        if total:
            message = f"its entries of {currency} sum to {plain(total)} instead of 0"
            found.add("unbalanced", one.number, message)
    strange = {entry.place for entry in one.entries} - _OTHERS[one.kind] - {_ASSETS}
    if strange:
        message = f"a {one.kind} does not move {', '.join(sorted(strange))}"
        found.add("place_strange", one.number, message)
    if one.kind == TransactionKind.FILL:
        _fill_check(one, found)


def _fill_check(one: WalkedTransaction, found: Findings) -> None:
    if one.quantity is None or one.price is None:
        found.add("fill_differs", one.number, "a fill without a quantity or a price")
        return
    signed = one.quantity if one.side == "sell" else negative(one.quantity)
    want = {one.base: signed, one.quote: negative(times(signed, one.price))}
    have = _sums(entry for entry in one.entries if entry.place == _TRADING)
    for currency in sorted(want.keys() | have.keys()):
        told, right = (some.get(currency, Decimal(0)) for some in (have, want))
        if told != right:
            message = (
                f"trading {currency} is {plain(told)}; {one.side} {plain(one.quantity)} "
                f"at {plain(one.price)} makes it {plain(right)}"
            )
            found.add("fill_differs", one.number, message)


def _sums(entries: Iterable[WalkedEntry]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for entry in entries:
        total_add(sums, entry.currency, entry.amount)
    return sums
