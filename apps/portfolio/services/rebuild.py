"""The sums of a ledger made anew, compared with what is kept, and put in its place.

Nearly all of a ledger is read without a lock, for what is written there is never changed;
only what was added meanwhile is read while nobody may add more.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction

from apps.core.exact import exact, plain
from apps.portfolio.findings import Findings
from apps.portfolio.models import LedgerBalance, LedgerHead, Position, PositionLot
from apps.portfolio.replay import Replay
from apps.portfolio.selectors.walking import ledger_walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apps.portfolio.findings import Finding
    from apps.portfolio.models import Account
    from apps.portfolio.replay import ReplayedPosition
    from apps.portfolio.selectors.walking import WalkedTransaction

    type Progress = Callable[[int, int], None]

_AMOUNTS = ("quantity", "cost", "realised_average", "realised_fifo", "fees")
_KEPT = (*_AMOUNTS, "fees_other", "opened_at", "changed_at", "base", "quote")
_TELL_EVERY = 5_000
_ROWS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of a rebuild.

    Attributes:
        transactions: How many were read.
        entries: How many entries they had.
        differences: What was kept and is not what the entries say.
        count: How many differences there are; not all of many are told.
    """

    transactions: int
    entries: int
    differences: tuple[Finding, ...]
    count: int


def ledger_rebuild(
    *, account: Account, write: bool = True, progress: Progress | None = None
) -> Rebuilt:
    """Make an account's balances, positions and lots anew from its ledger.

    Args:
        account: Whose ledger.
        write: Whether to put right what differs; else it is only told.
        progress: Called now and then with how many transactions were read, and of how
            many.
    """
    found = Findings()
    with ledger_replayed(account, progress=progress) as replay:
        kept_compare(account, replay, found)
        if write and found.count:
            _write(account, replay)
    return Rebuilt(replay.transactions, replay.entries, tuple(found.told), found.count)


@contextmanager
def ledger_replayed(
    account: Account,
    *,
    look: Callable[[WalkedTransaction], None] | None = None,
    progress: Progress | None = None,
) -> Iterator[Replay]:
    """Replay a ledger from its beginning to its end, and hold it there.

    Args:
        account: Whose ledger.
        look: Called with each transaction before it is taken.
        progress: As for `ledger_rebuild`.
    """
    replay = Replay()

    def walk(through: int) -> None:
        for one in ledger_walk(account, after=replay.number, through=through):
            if look is not None:
                look(one)
            replay.take(one)
            if progress is not None and replay.transactions % _TELL_EVERY == 0:
                progress(replay.transactions, through)

    # By its key: in the order of accounts, their rows would be locked as well.
    heads = LedgerHead.objects.filter(pk=account.pk).order_by("pk")
    walk(heads.values_list("last", flat=True).first() or 0)
    with transaction.atomic():
        # What stands beyond the head is walked as well: it would be a finding.
        if heads.select_for_update().first() is None:
            mine = LedgerHead(account=account)
            LedgerHead.objects.bulk_create([mine], ignore_conflicts=True)
            heads.select_for_update().first()
        walk(2**62)
        yield replay


def kept_compare(account: Account, replay: Replay, found: Findings) -> None:
    """Add each difference of what is kept to what the entries say."""
    head = LedgerHead.objects.filter(pk=account.pk).values_list("last", flat=True)
    if (last := head.first() or 0) != replay.number:
        message = f"the head says {last}, the last transaction is {replay.number}"
        found.add("head_differs", replay.number, message)
    _balances_compare(account, replay, found)
    kept = {one.symbol: one for one in Position.objects.filter(account_id=account.pk)}
    for symbol in sorted(kept.keys() | replay.positions.keys()):
        position, right = kept.get(symbol), replay.positions.get(symbol)
        if position is None or right is None:
            there = "is kept without a fill" if right is None else "is not kept"
            found.add("position_differs", symbol, f"a position in {symbol} {there}")
            continue
        _position_compare(position, right, found)


def _balances_compare(account: Account, replay: Replay, found: Findings) -> None:
    rows = LedgerBalance.objects.filter(account_id=account.pk)
    kept = {(one.place, one.currency): one.amount for one in rows}
    for key in sorted(kept.keys() | replay.balances.keys()):
        have = kept.get(key, Decimal(0))
        want = replay.balances.get(key, Decimal(0))
        if have != want:
            message = f"{' '.join(key)} is kept as {plain(have)}, its entries sum to {plain(want)}"
            found.add("balance_differs", key[1], message)


def _position_compare(
    position: Position, right: ReplayedPosition, found: Findings
) -> None:
    for name in _KEPT:
        have, want = getattr(position, name), getattr(right, name)
        if have != want:
            message = f"{name} is kept as {have}, its fills make {want}"
            found.add("position_differs", position.symbol, message)
    rows = position.lots.order_by("number")
    lots = list(rows.values_list("number", "quantity", "price", "at"))
    if lots != [(one.number, one.quantity, one.price, one.at) for one in right.lots]:
        message = (
            f"its {len(lots)} lots are not the {len(right.lots)} that its fills make"
        )
        found.add("lots_differ", position.symbol, message)


def _write(account: Account, replay: Replay) -> None:
    mine = {"account_id": account.pk}
    LedgerHead.objects.filter(pk=account.pk).update(last=replay.number)
    LedgerBalance.objects.filter(**mine).delete()
    LedgerBalance.objects.bulk_create(
        LedgerBalance(account=account, place=place, currency=currency, amount=total)
        for (place, currency), total in sorted(replay.balances.items())
    )
    stale = Position.objects.filter(**mine).exclude(symbol__in=replay.positions)
    stale.delete()
    for symbol, right in sorted(replay.positions.items()):
        values = {name: getattr(right, name) for name in _KEPT}
        position, _ = Position.objects.update_or_create(
            account=account, symbol=symbol, defaults=values
        )
        position.lots.all().delete()
        PositionLot.objects.bulk_create(
            (
                PositionLot(
                    position=position,
                    number=lot.number,
                    quantity=exact(lot.quantity),
                    price=lot.price,
                    at=lot.at,
                )
                for lot in right.lots
            ),
            batch_size=_ROWS_AT_ONCE,
        )
