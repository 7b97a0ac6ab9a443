"""What came into an account and what left it, and what that is worth."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from apps.core.exact import WIDE, exact
from apps.portfolio.bookkeeping import total_add
from apps.portfolio.enums import LedgerPlace, TransactionKind
from apps.portfolio.models import LedgerEntry
from apps.portfolio.selectors.valuation import account_rates, unlisted_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from apps.portfolio.models import Account
    from apps.portfolio.selectors.rates import Rate

# What comes in or leaves without being won or lost. An adjustment brings the ledger to
# what the venue says: what somebody else did with the money is no trading of ours.
FLOWS = (
    TransactionKind.DEPOSIT,
    TransactionKind.WITHDRAWAL,
    TransactionKind.TRANSFER,
    TransactionKind.ADJUSTMENT,
)


def flows_after(account: Account, through: int) -> dict[str, Decimal]:
    """Return what came in from outside, less what left, after a ledger transaction.

    Args:
        account: Whose ledger.
        through: The transaction's number.

    Returns:
        Amounts by currency, zeros left out.
    """
    entries = LedgerEntry.objects.filter(
        account=account,
        place=LedgerPlace.ASSETS,
        transaction__account=account,
        transaction__number__gt=through,
        transaction__kind__in=FLOWS,
    ).order_by()
    sums: dict[str, Decimal] = {}
    for currency, amount in entries.values_list("currency", "amount"):
        total_add(sums, currency, amount)
    return {currency: amount for currency, amount in sums.items() if amount}


def net_flow_after(account: Account, through: int, now: datetime) -> Decimal | None:
    """Return what came in after a transaction, less what left, at prices now.

    Args:
        account: Whose ledger.
        through: The transaction's number; 0 for all.
        now: The moment, UTC.

    Raises:
        LiveUnavailable: Something came in, and prices to value it cannot be read.

    Returns:
        An amount in the account's currency; None without a price, or where it is more
        than an amount can be.
    """
    flows = flows_after(account, through)
    if not flows:
        return Decimal(0)
    rates = account_rates(
        account=account, currencies=flows, into=account.currency, now=now
    )
    try:
        return flows_worth(account, flows, rates)
    except OverflowError:
        return None


def flows_worth(
    account: Account, flows: Mapping[str, Decimal], rates: Mapping[str, Rate]
) -> Decimal | None:
    """Return what flows are worth together; what no market leads on from is worth nothing.

    Args:
        account: Whose flows.
        flows: Amounts by currency.
        rates: Into the account's currency, as far as there are prices.

    Raises:
        OverflowError: It is more than an amount can be.

    Returns:
        None where one that has a market has no price.
    """
    without = [one for one in flows if one not in rates]
    unlisted = unlisted_of(account.exchange, without, account.currency)
    if len(unlisted) < len(without):
        return None
    priced = {one: amount for one, amount in flows.items() if one in rates}
    return flow_valued(priced, {one: rates[one].price for one in priced})


def flow_valued(flows: Mapping[str, Decimal], prices: Mapping[str, Decimal]) -> Decimal:
    """Return what flows are worth together.

    Args:
        flows: Amounts by currency.
        prices: Of one unit, by currency; every one of the flows'.
    """
    total = Decimal(0)
    for currency, amount in flows.items():
        total = WIDE.add(total, WIDE.multiply(amount, prices[currency]))
    return exact(total)
