"""What the paper venue holds for an account, while one transaction changes it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from django.db.models import CharField, Q, UUIDField

from apps.core.exact import negative, plain, plus
from apps.core.readings import Reading, Slot, readings_run
from apps.core.statements import statements_run, upserts
from apps.exchanges.errors import ExchangeRejected, InsufficientFunds
from apps.portfolio.models import PaperBalance, PaperHead

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apps.core.statements import Statement
    from apps.portfolio.models import Account

_ZERO = Decimal(0)
# In no order: in that of accounts, their rows would be locked as well.
_HEAD = Reading(
    lambda: (
        PaperHead.objects.select_for_update()
        .filter(account_id=Slot("account", UUIDField()))
        .order_by()
    )
)
_PAIR = Reading(
    lambda: PaperBalance.objects.filter(
        Q(currency=Slot("one", CharField())) | Q(currency=Slot("other", CharField())),
        account_id=Slot("account", UUIDField()),
    ).order_by()
)


def head_lock(account: Account) -> PaperHead:
    """Return an account's head, which nobody else changes until the commit."""
    found = _HEAD.objects(account=account.pk)
    if not found:
        PaperHead.objects.bulk_create(
            [PaperHead(account_id=account.pk)], ignore_conflicts=True
        )
        found = _HEAD.objects(account=account.pk)
    (head,) = found
    return head


def pair_lock(account: Account, one: str, other: str) -> tuple[PaperHead, Holdings]:
    """Lock an account's head, as `head_lock` does, and return two of its balances.

    Args:
        account: Whose they are.
        one: A currency.
        other: The other.
    """
    pair = {"account": account.pk, "one": one, "other": other}
    # The balances are read by a statement of their own, after the lock.
    heads, rows = readings_run((_HEAD, {"account": account.pk}), (_PAIR, pair))
    if not heads:
        return head_lock(account), Holdings(account, _PAIR.objects(**pair))
    (head,) = _HEAD.made(heads)
    return head, Holdings(account, _PAIR.made(rows))


def holdings_read(account: Account, *pair: str) -> Holdings:
    """Return the balances of an account whose head is locked.

    Args:
        account: Whose they are.
        pair: Two currencies; none for all balances.
    """
    if not pair:
        return Holdings(account, PaperBalance.objects.filter(account_id=account.pk))
    one, other = pair
    rows = _PAIR.objects(account=account.pk, one=one, other=other)
    return Holdings(account, rows)


class Holdings:
    """An account's balances at the paper venue; the head has to be locked.

    Args:
        account: Whose they are.
        rows: Those that may change, read under the lock.
    """

    def __init__(self, account: Account, rows: Iterable[PaperBalance]) -> None:
        self._account_id = account.pk
        self._rows = {row.currency: row for row in rows}
        self._changed: set[str] = set()

    def free(self, currency: str) -> Decimal:
        """Return what no order holds."""
        row = self._rows.get(currency)
        return row.free if row is not None else _ZERO

    def change(
        self, currency: str, *, free: Decimal = _ZERO, used: Decimal = _ZERO
    ) -> None:
        """Add to what is free and to what orders hold.

        Raises:
            InsufficientFunds: There is less than is taken.
            ExchangeRejected: There would be more than can be kept.
        """
        row = self._rows.get(currency)
        if row is None:
            row = PaperBalance(
                account_id=self._account_id, currency=currency, free=_ZERO, used=_ZERO
            )
            self._rows[currency] = row
        try:
            new_free, new_used = plus(row.free, free), plus(row.used, used)
        except OverflowError as error:
            msg = f"it would be more {currency} than can be kept: {error}"
            raise ExchangeRejected(msg, attr="quantity") from error
        if new_free < 0 or new_used < 0:
            msg = (
                f"it takes {plain(negative(free))} {currency}, and {plain(row.free)} {currency} "
                "are free"
            )
            raise InsufficientFunds(msg, attr="quantity")
        row.free, row.used = new_free, new_used
        self._changed.add(currency)

    def save(self) -> None:
        """Write what changed, in one statement."""
        statements_run(*self.changes())

    def changes(self) -> list[Statement]:
        """Return the statement that writes what changed, which is then left to the caller."""
        changed = [self._rows[one] for one in sorted(self._changed)]
        self._changed.clear()
        if not changed:
            return []
        by, what = ("account", "currency"), ("free", "used")
        return [upserts(changed, unique=by, update=what)]
