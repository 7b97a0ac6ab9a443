"""What the venue says is held, compared with the ledger; nothing is made to fit.

The first comparison of a live account whose ledger is empty opens it with what there is.
After that a difference that stays, though every execution was looked for, is told.
"""

from __future__ import annotations

import time
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction

from apps.core.exact import WIDE, exact
from apps.market.models import VenueMarket
from apps.portfolio.enums import AccountMode, TransactionKind
from apps.portfolio.models import LedgerTransaction, Position
from apps.portfolio.selectors.ledger import balances_of
from apps.portfolio.services.posting import EXECUTION, deposit_post, withdrawal_post
from apps.trading.selectors.reconciliations import OPENING, reconciliation_done_newest
from apps.trading.services.comparing_fills import fills_compare

if TYPE_CHECKING:
    from apps.trading.models import Reconciliation
    from apps.trading.services.comparison import Comparison

# Between two looks at the same balances.
RECHECK_SECONDS = 2.0
_LOOKS = 4
# Venues cut what a fill costs at so many places; the ledger keeps every digit.
_CUT = Decimal("0.00000001")
# How far back executions are looked for that could explain a difference.
_DEEP = timedelta(days=30)
_MOST_MARKETS = 50

type Differences = dict[str, tuple[Decimal, Decimal]]


def balances_compare(work: Comparison) -> None:
    """Compare what is held by currency, and write down what nothing explains.

    Raises:
        ApplicationError: The venue could not be asked.
    """
    work.beat()
    found = _differences(work)
    if _to_be_opened(work):
        _open(work, found)
        return
    for _ in range(_LOOKS):
        if not found:
            return
        before = found
        if not fills_compare(work, _markets(work, found)):
            _pause()
        work.beat()
        found = _differences(work)
        if found == before:
            found = _deeper(work, found)
            if found == before:
                _told(work, found)
                return
    if found:
        _undecided(work, found, "balance_moving")


def _pause() -> None:
    time.sleep(RECHECK_SECONDS)


def _differences(work: Comparison) -> Differences:
    """Return ours and theirs of each currency in which they differ."""
    theirs = {one.currency: exact(one.total) for one in work.port.balances()}
    ours = balances_of(work.account)
    zero, found = Decimal(0), {}
    for currency in sorted(theirs.keys() | ours.keys()):
        pair = ours.get(currency, zero), theirs.get(currency, zero)
        apart = abs(WIDE.subtract(*pair))
        if apart and apart > _rounding(work, currency):
            found[currency] = pair
    return found


def _rounding(work: Comparison, currency: str) -> Decimal:
    fills = LedgerTransaction.objects.filter(
        account=work.account, kind=TransactionKind.FILL.value, quote=currency
    ).count()
    return fills * _CUT


def _to_be_opened(work: Comparison) -> bool:
    if work.account.mode != AccountMode.LIVE.value:
        return False
    written = LedgerTransaction.objects.filter(account=work.account)
    return (
        reconciliation_done_newest(work.account) is None
        and not written.exclude(cause=EXECUTION).exists()
    )


def _open(work: Comparison, found: Differences) -> None:
    """Begin the ledger with what there is, once it holds still."""
    _pause()
    fills_compare(work, _markets(work, found))
    again = _differences(work)
    if again != found:
        _undecided(work, again, "balance_moving")
        work.unexplained = True
        return
    with transaction.atomic():
        for currency, (ours, theirs) in found.items():
            amount = WIDE.subtract(theirs, ours)
            post = deposit_post if amount > 0 else withdrawal_post
            post(
                account=work.account,
                currency=currency,
                amount=abs(amount),
                cause=OPENING,
                cause_id=currency,
                at=work.now,
                now=work.now,
                memo="What the venue held when the account was first compared with it.",
            )
    for currency, (ours, theirs) in found.items():
        work.found(
            OPENING, currency, ours=ours, theirs=theirs, done="written as opening"
        )
    if not found:
        work.found(OPENING, work.account.exchange, done="nothing was held")


def _deeper(work: Comparison, found: Differences) -> Differences:
    """Look for executions as far back as they can be ours, unless that was done before."""
    last = reconciliation_done_newest(work.account)
    since = max(work.opened_at or work.account.created_at, work.now - _DEEP)
    in_vain = last is not None and last.unexplained and not _heals(work, last)
    if since >= work.since or in_vain:
        return found
    work.since = since
    if not fills_compare(work, _markets(work, found)):
        return found
    return _differences(work)


def _heals(work: Comparison, last: Reconciliation) -> bool:
    """Return whether this comparison could ask for what the last one could not."""
    before, now = (
        {one["subject"] for one in findings if one["kind"] == "cannot_be_asked"}
        for findings in (last.findings, work.findings)
    )
    return bool(before - now)


def _markets(work: Comparison, found: Differences) -> set[str]:
    """Return where an execution could be that explains a difference."""
    traded = Position.objects.filter(account=work.account)
    known = set(traded.values_list("symbol", flat=True))
    others = VenueMarket.objects.filter(
        exchange=work.account.exchange, base__in=found, quote__in=found
    ).order_by("symbol")
    return known | set(others.values_list("symbol", flat=True)[:_MOST_MARKETS])


def _told(work: Comparison, found: Differences) -> None:
    if work.unsettled:
        _undecided(work, found, "balance_in_flight")
        return
    work.unexplained = True
    for currency, (ours, theirs) in found.items():
        work.found("balance_differs", currency, ours=ours, theirs=theirs)


def _undecided(work: Comparison, found: Differences, kind: str) -> None:
    """Tell of what may yet turn out to be explained; what was not explained stays so."""
    last = reconciliation_done_newest(work.account)
    work.unexplained = last is not None and last.unexplained
    for currency, (ours, theirs) in found.items():
        done = "it is looked at again"
        work.found(kind, currency, ours=ours, theirs=theirs, done=done)
