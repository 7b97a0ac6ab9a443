"""The fills of an account by market and by strategy, and what they came to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from apps.portfolio.enums import LedgerPlace, TransactionKind
from apps.portfolio.models import LedgerEntry, LedgerTransaction
from apps.portfolio.trade_history import Fill, TradeSums, trades_sum

if TYPE_CHECKING:
    from datetime import datetime

    from apps.portfolio.models import Account

# More are not gone through in a request.
MOST_FILLS = 10_000
_KINDS = (TransactionKind.FILL, TransactionKind.FEE)


@dataclass(frozen=True, slots=True)
class TradeGroup:
    """What a market's fills, or a strategy's in one quote currency, came to.

    Attributes:
        name: The market or the strategy; empty where no strategy was named.
        quote: What the figures are in.
        sums: The figures.
    """

    name: str
    quote: str
    sums: TradeSums


@dataclass(frozen=True, slots=True)
class TradeGroups:
    """What an account's fills came to within a time.

    Attributes:
        by_symbol: By market.
        by_strategy: By strategy and quote currency; each one's own positions alone.
    """

    by_symbol: tuple[TradeGroup, ...]
    by_strategy: tuple[TradeGroup, ...]


def trade_groups(
    *, account: Account, start: datetime | None, end: datetime | None
) -> TradeGroups | None:
    """Return what an account's fills came to within a time; None: they are too many.

    Args:
        account: Whose.
        start: From this moment on; None: from the first.
        end: Before this moment; None: to the last.
    """
    fills = _fills(account)
    if fills is None:
        return None
    split: dict[str, dict[str, list[Fill]]] = defaultdict(lambda: defaultdict(list))
    for fill in fills:
        split[fill.symbol][fill.strategy].append(fill)
    symbols: list[TradeGroup] = []
    strategies: dict[tuple[str, str], TradeSums] = {}
    for symbol, own in sorted(split.items()):
        quote = next(iter(own.values()))[0].quote
        apart = {
            name: trades_sum(rows, start=start, end=end) for name, rows in own.items()
        }
        for name, sums in apart.items():
            strategies.setdefault((name, quote), TradeSums()).add(sums)
        if len(apart) == 1:
            (whole,) = apart.values()
        else:
            rows = [one for one in fills if one.symbol == symbol]
            whole = trades_sum(rows, start=start, end=end)
        symbols.append(TradeGroup(symbol, quote, whole))
    return TradeGroups(
        tuple(symbols),
        tuple(
            TradeGroup(name, quote, sums)
            for (name, quote), sums in sorted(strategies.items())
        ),
    )


def _fills(account: Account) -> list[Fill] | None:
    """Return an account's fills and later fees in their order; None: too many."""
    moved = LedgerTransaction.objects.filter(account=account, kind__in=_KINDS)
    rows = list(
        moved.exclude(symbol="")
        .order_by("number")
        .values_list(
            *("pk", "number", "at", "symbol", "base", "quote"),
            *("side", "quantity", "price", "strategy"),
        )[: MOST_FILLS + 1]
    )
    if len(rows) > MOST_FILLS:
        return None
    fees: dict[int, list[tuple[str, Decimal]]] = defaultdict(list)
    entries = LedgerEntry.objects.filter(
        account=account, place=LedgerPlace.FEES, transaction__kind__in=_KINDS
    ).order_by("pk")
    for key, currency, amount in entries.values_list(
        "transaction_id", "currency", "amount"
    ):
        fees[key].append((currency, amount))
    return [
        Fill(
            number=number,
            at=at,
            symbol=symbol,
            base=base,
            quote=quote,
            side=side,
            quantity=quantity or Decimal(0),
            price=price or Decimal(0),
            strategy=strategy,
            fees=tuple(fees.get(key, ())),
        )
        for key, number, at, symbol, base, quote, side, quantity, price, strategy in rows
    ]
