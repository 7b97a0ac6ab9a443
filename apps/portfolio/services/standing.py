"""What stands in an account's ledger, read under the lock that whoever writes holds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import CharField, FilteredRelation, Q, Subquery, UUIDField

from apps.core.readings import Reading, Slot, readings_run
from apps.core.statements import Statement
from apps.portfolio.models import LedgerHead, LedgerTransaction, Position

if TYPE_CHECKING:
    from decimal import Decimal

    from apps.portfolio.models import Account
    from apps.portfolio.services.drafts import Draft

_POSITION = (
    "id",
    "quantity",
    "cost",
    "realised_average",
    "realised_fifo",
    "fees",
    "fees_other",
    "opened_at",
    "changed_at",
)


_COUNT = "UPDATE portfolio_ledgerhead SET last = last + %s WHERE account_id = %s"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a draft meets.

    Attributes:
        number: The transaction's, if it is written.
        known: The key of the transaction that its cause was written as; None: of none.
        balances: By place and currency, of the draft's currencies.
        position: Of the draft's symbol; None where there is none, or no symbol.
    """

    number: int
    known: int | None
    balances: dict[tuple[str, str], Decimal]
    position: Position | None


def ledger_locked(account: Account, draft: Draft) -> Standing:
    """Count the account's head on, which locks it, and return what stands there.

    Args:
        account: Whose ledger.
        draft: What is to be written.
    """
    rows = _facts(account, draft)
    if not rows:
        LedgerHead.objects.bulk_create(
            [LedgerHead(account=account)], ignore_conflicts=True
        )
        rows = _facts(account, draft)
    balances = {
        (row["balance__place"], row["balance__currency"]): row["balance__amount"]
        for row in rows
        if row["balance__place"] is not None
    }
    return Standing(
        number=rows[0]["last"],
        known=rows[0]["known"],
        balances=balances,
        position=_position(account, draft, rows[0]),
    )


def head_count(account: Account, by: int) -> Statement:
    """Return the statement that counts the head on, where there is one."""
    key = LedgerHead._meta.pk.get_db_prep_value(account.pk, connection)
    return Statement(_COUNT, (by, key), 1)


def _facts(account: Account, draft: Draft) -> list[dict[str, Any]]:
    """Count the head on, and return all that is to be known: a row for each balance.

    The facts are a statement of their own: it sees what was committed while the lock was
    waited for. Without a head there are none.
    """
    currencies = sorted({leg.currency for leg in draft.legs})
    values = {f"currency_{place}": name for place, name in enumerate(currencies)}
    values |= {"cause": draft.cause, "cause_id": draft.cause_id}
    reading = _facts_reading(len(currencies), bool(draft.symbol))
    asked = {**values, "account": account.pk, "symbol": draft.symbol}
    (rows,) = readings_run((reading, asked), first=head_count(account, 1))
    names = _facts_names(bool(draft.symbol))
    return [dict(zip(names, row, strict=True)) for row in rows]


def _facts_names(of_position: bool) -> list[str]:  # noqa: FBT001
    names = ["last", "known"]
    names += [f"balance__{name}" for name in ("place", "currency", "amount")]
    return names + [f"position__{name}" for name in _POSITION if of_position]


@cache
def _facts_reading(currencies: int, of_position: bool) -> Reading[LedgerHead]:  # noqa: FBT001
    def make() -> Any:
        account, text = Slot("account", UUIDField()), CharField()
        same = LedgerTransaction.objects.filter(
            account_id=account,
            cause=Slot("cause", text),
            cause_id=Slot("cause_id", text),
        ).order_by()
        named = [Slot(f"currency_{place}", text) for place in range(currencies)]
        facts = LedgerHead.objects.filter(pk=account).annotate(
            known=Subquery(same.values("pk")[:1]),
            balance=FilteredRelation(
                "account__ledger_balances",
                condition=Q(account__ledger_balances__currency__in=named),
            ),
        )
        if of_position:
            symbol = Q(account__positions__symbol=Slot("symbol", text))
            facts = facts.annotate(
                position=FilteredRelation("account__positions", condition=symbol)
            )
        return facts.order_by().values_list(*_facts_names(of_position))

    return Reading(make)


def _position(account: Account, draft: Draft, row: dict[str, Any]) -> Position | None:
    if row.get("position__id") is None:
        return None
    found = Position(
        account=account,
        symbol=draft.symbol,
        base=draft.base,
        quote=draft.quote,
        **{name: row[f"position__{name}"] for name in _POSITION},
    )
    # It is a row already: saving it changes that.
    found._state.adding = False
    return found
