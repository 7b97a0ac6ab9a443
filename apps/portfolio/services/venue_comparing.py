"""A ledger beside its venue's own books: balances, and executions one by one."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from apps.core.errors import ApplicationError
from apps.core.exact import plain
from apps.portfolio.enums import LedgerPlace
from apps.portfolio.findings import Findings
from apps.portfolio.models import LedgerTransaction
from apps.portfolio.selectors.ledger import balances_of, positions_of
from apps.portfolio.services.posting import EXECUTION, FEE
from apps.portfolio.venue_fills import VENUE_SILENT, fills_pages

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from apps.exchanges.account_port import AccountPort, VenueFill
    from apps.portfolio.findings import Finding
    from apps.portfolio.models import Account


@dataclass(frozen=True, slots=True)
class VenueComparison:
    """How a ledger and its venue differ.

    Attributes:
        currencies: How many were compared.
        executions: How many the venue told.
        findings: Each difference; empty where there is none.
        count: How many there are; not all of very many are told.
    """

    currencies: int
    executions: int
    findings: tuple[Finding, ...]
    count: int


def venue_compare(
    *, account: Account, port: AccountPort, now: datetime
) -> VenueComparison:
    """Compare an account's ledger with what its venue says.

    Executions are compared in the markets that the ledger knows, from the first one in
    the ledger on; what was traded elsewhere shows in the balances. A market that the
    venue refuses, such as one that was taken off it, is a finding of its own.

    Args:
        account: Whose ledger.
        port: Its venue.
        now: The moment, UTC, up to which executions are asked for.

    Raises:
        ExchangeUnavailable, ExchangeRateLimited, ExchangeForbidden,
        ExchangeMisconfigured: The venue could not be asked.
    """
    found = Findings()
    currencies = _balances_compare(account, port, found)
    executions = sum(
        _executions_compare(account, port, position.symbol, now, found)
        for position in positions_of(account)
    )
    return VenueComparison(currencies, executions, tuple(found.told), found.count)


def _balances_compare(account: Account, port: AccountPort, found: Findings) -> int:
    """Add each currency of which the venue holds another amount; return how many were."""
    theirs = {one.currency: one.total for one in port.balances()}
    ours = balances_of(account)
    for currency in sorted(ours.keys() | theirs.keys()):
        here = ours.get(currency, Decimal(0))
        there = theirs.get(currency, Decimal(0))
        if here != there:
            message = (
                f"the ledger holds {plain(here)} {currency}, the venue {plain(there)}"
            )
            found.add("venue_balance", currency, message)
    return len(ours.keys() | theirs.keys())


def _executions_compare(
    account: Account, port: AccountPort, symbol: str, now: datetime, found: Findings
) -> int:
    """Add each difference of a market's executions; return how many the venue told."""
    rows = LedgerTransaction.objects.filter(
        account_id=account.pk, symbol=symbol, cause=EXECUTION
    )
    begin = rows.order_by("at").values_list("at", flat=True).first()
    if begin is None:
        return 0
    told: set[str] = set()
    count = 0
    try:
        for page in fills_pages(port, symbol, since=begin, until=now):
            count += len(page)
            told |= _page_compare(rows, page, found)
    except VENUE_SILENT:
        raise
    except ApplicationError as error:
        found.add("cannot_be_asked", symbol, f"{error.message} [{error.code}]")
    else:
        _unknown_there(rows, told, found)
    return count


def _page_compare(
    rows: QuerySet[LedgerTransaction], page: tuple[VenueFill, ...], found: Findings
) -> set[str]:
    """Compare a market's executions with those of the ledger; return their names there.

    Of a trade of the account with itself the venue tells two of one id, and the ledger
    has the second one under its side as well.
    """
    names = [(f"{one.symbol}:{one.id}", one.side.value) for one in page]
    asked = {*(name for name, _ in names), *(f"{name}:{side}" for name, side in names)}
    found_here = rows.filter(cause_id__in=asked).prefetch_related("entries")
    here = {one.cause_id: one for one in found_here}
    told: set[str] = set()
    for (name, side), fill in zip(names, page, strict=True):
        cause_id = f"{name}:{side}" if f"{name}:{side}" in here else name
        _execution_compare(cause_id, fill, here.get(cause_id), found)
        told.add(cause_id)
    return told


def _execution_compare(
    cause_id: str, fill: VenueFill, here: LedgerTransaction | None, found: Findings
) -> None:
    theirs = f"{fill.side} {plain(fill.quantity)} at {plain(fill.price)}"
    if here is None:
        message = f"the venue has {theirs}, the ledger has no such execution"
        found.add("execution_missing_here", cause_id, message)
        return
    same = (here.side, here.quantity, here.price) == (
        fill.side.value,
        fill.quantity,
        fill.price,
    )
    if not same:
        ours = (
            f"{here.side} {plain(here.quantity or Decimal(0))} "
            f"at {plain(here.price or Decimal(0))}"
        )
        message = f"the venue has {theirs}, the ledger's number {here.number} {ours}"
        found.add("execution_differs", cause_id, message)
    if fill.fee is None:
        return
    paid = {
        one.currency: one.amount
        for one in here.entries.all()
        if one.place == LedgerPlace.FEES
    }
    want = {fill.fee_currency: fill.fee} if fill.fee else {}
    if paid != want and not _fee_told_later(here):
        message = f"the venue's fee is {_fees(want)}, the ledger's {_fees(paid)}"
        found.add("execution_fee_differs", cause_id, message)


def _fee_told_later(here: LedgerTransaction) -> bool:
    later = LedgerTransaction.objects.filter(
        account_id=here.account_id, cause=FEE, cause_id=here.cause_id
    )
    return later.exists()


def _fees(paid: dict[str, Decimal] | dict[str | None, Decimal]) -> str:
    told = [f"{plain(amount)} {currency}" for currency, amount in paid.items()]
    return ", ".join(told) or "nothing"


def _unknown_there(
    rows: QuerySet[LedgerTransaction], told: set[str], found: Findings
) -> None:
    """Name the executions of the ledger that the venue did not tell."""
    names = rows.order_by("number").values_list("number", "cause_id")
    for number, cause_id in names.iterator(chunk_size=2_000):
        if cause_id not in told:
            message = f"the venue does not know number {number} of the ledger"
            found.add("execution_missing_there", cause_id, message)
