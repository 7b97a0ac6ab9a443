"""A ledger of a million entries: reading what is held, posting, and making it all anew.

    python -m tests.benchmarks.bench_ledger [--entries N] [--database URL]

The ledger is made of fills in five markets, each with a fee. Its sums are then made anew
from the entries; after that fills are posted on top one by one, and all is checked again:
what posting keeps has to be what the entries say, to the last unit. References, in the
same run: reading every entry and doing nothing with it, and writing the same rows of a
fill without keeping any sum.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import batched
from typing import TYPE_CHECKING, Any

from tests.benchmarks.report import Figure, milliseconds, report
from tests.benchmarks.service import environment
from tests.benchmarks.timing import medians

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apps.portfolio.models import Account

ENTRIES = 1_000_000
PER_FILL = 6
AT_ONCE = 2_000
POSTED, ROUNDS, PAGE = 300, 15, 20
READ_SECONDS = 0.05
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
MARKETS = {"BTC": 60_000, "ETH": 3_000, "SOL": 150, "XRP": 2, "DOGE": 1}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=ENTRIES)
    parser.add_argument(
        "--database", help="an address; an SQLite of its own if left out"
    )
    options, _ = parser.parse_known_args()
    with environment():
        if options.database:
            os.environ["DATABASE_URL"] = options.database
        # Deferred: the environment has to stand before Django is loaded.
        import django  # noqa: PLC0415

        django.setup()
        from django.core.management import call_command  # noqa: PLC0415

        call_command("migrate", verbosity=0)
        report("ledger", lambda: measure(options.entries))


def measure(entries: int) -> list[Figure]:
    """Make the ledger, and return what was found of it."""
    account = account_made()
    begun = time.perf_counter()
    written = ledger_made(account, entries)
    made = time.perf_counter() - begun
    figures = [
        Figure("entries made in bulk", f"{written:,}", ratio=f"{written / made:,.0f}/s")
    ]
    figures += rebuild_measure(account)
    figures += posting_measure(account)
    figures += reading_measure(account)
    figures.append(equality(account))
    return figures


def account_made() -> Account:
    """Return an account of a new person."""
    from apps.portfolio.models import Account  # noqa: PLC0415
    from apps.users.models import User  # noqa: PLC0415

    name = f"bench {time.time_ns()}"
    owner = User.objects.create(username=name.replace(" ", "-"))
    return Account.objects.create(
        owner=owner, name=name, mode="paper", exchange="binance", currency="USDT"
    )


def fills(count: int) -> Iterator[dict[str, Any]]:
    """Give fills: as much is bought as sold in the long run, so that lots stay few."""
    chance = random.Random(1)  # noqa: S311
    coins = sorted(MARKETS)
    for number in range(count):
        coin = chance.choice(coins)
        price = MARKETS[coin] * chance.uniform(0.9, 1.1)
        quantity = chance.uniform(0.001, 2)
        yield {
            "symbol": f"{coin}/USDT",
            "base": coin,
            "quote": "USDT",
            "side": chance.choice(("buy", "sell")),
            "quantity": Decimal(f"{quantity:.6f}"),
            "price": Decimal(f"{price:.4f}"),
            "fee": Decimal(f"{price * quantity / 1000:.8f}"),
            "fee_currency": "USDT",
            "at": BEGIN + timedelta(seconds=number),
        }


def rows_of(
    account: Account, number: int, fill: dict[str, Any]
) -> tuple[Any, list[Any]]:
    """Return the rows of a fill, not yet written."""
    from apps.core.exact import negative, times  # noqa: PLC0415
    from apps.portfolio.models import LedgerEntry, LedgerTransaction  # noqa: PLC0415

    fields = {
        name: fill[name]
        for name in ("symbol", "base", "quote", "side", "quantity", "price", "at")
    }
    made = LedgerTransaction(
        account=account,
        number=number,
        kind="fill",
        cause="execution",
        cause_id=f"{fill['symbol']}:{number}",
        recorded_at=fill["at"],
        **fields,
    )
    signed = fill["quantity"] if fill["side"] == "buy" else -fill["quantity"]
    cash = negative(times(signed, fill["price"]))
    moved = (
        ("trading", fill["base"], signed),
        ("trading", "USDT", cash),
        ("fees", "USDT", -fill["fee"]),
    )
    entries = [
        LedgerEntry(
            transaction=made, account=account, place=place, currency=name, amount=amount
        )
        for place, name, came in moved
        for place, amount in (("assets", came), (place, negative(came)))
    ]
    return made, entries


def ledger_made(account: Account, entries: int) -> int:
    """Write a ledger of so many entries, without its sums; returns how many it has."""
    from django.db import transaction  # noqa: PLC0415

    from apps.portfolio.models import (  # noqa: PLC0415
        LedgerEntry,
        LedgerHead,
        LedgerTransaction,
    )

    count = entries // PER_FILL
    rows = (
        rows_of(account, number, fill) for number, fill in enumerate(fills(count), 1)
    )
    for some in batched(rows, AT_ONCE):
        with transaction.atomic():
            LedgerTransaction.objects.bulk_create(made for made, _ in some)
            LedgerEntry.objects.bulk_create(
                (one for _, moved in some for one in moved), batch_size=AT_ONCE
            )
    LedgerHead.objects.create(account=account, last=count)
    return count * PER_FILL


def rebuild_measure(account: Account) -> list[Figure]:
    """Time making the sums anew, against reading the entries alone."""
    from apps.portfolio.models import LedgerEntry  # noqa: PLC0415
    from apps.portfolio.services.rebuild import ledger_rebuild  # noqa: PLC0415

    def read() -> int:
        rows = LedgerEntry.objects.filter(account=account).order_by("id")
        fields = ("transaction_id", "place", "currency", "amount")
        return sum(1 for _ in rows.values_list(*fields).iterator(chunk_size=AT_ONCE))

    reading = taken(read)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rebuilding = taken(lambda: ledger_rebuild(account=account))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return [
        Figure(
            "making all sums anew",
            f"{rebuilding:.1f} s",
            f"reading every entry {reading:.1f} s",
            f"{rebuilding / reading:.2f}",
        ),
        Figure("memory that it took more", f"{grown / 1024:.0f} MB"),
    ]


def posting_measure(account: Account) -> list[Figure]:
    """Time posting fills, each in a transaction, against writing their rows alone."""
    from django.db import transaction  # noqa: PLC0415

    from apps.portfolio.models import LedgerEntry, LedgerHead  # noqa: PLC0415
    from apps.portfolio.services.posting import fill_post  # noqa: PLC0415

    other = account_made()
    LedgerHead.objects.create(account=other)
    post, bare = fills(POSTED), fills(POSTED)

    def posted(number: int) -> None:
        fill_post(account=account, cause_id=f"posted {number}", now=BEGIN, **next(post))

    def written(number: int) -> None:
        with transaction.atomic():
            made, entries = rows_of(other, number + 1, next(bare))
            made.save(force_insert=True)
            LedgerEntry.objects.bulk_create(entries)

    posting = writing = 0.0
    for number in range(POSTED):
        # In turns: what slows the machine slows both.
        posting += taken(partial(posted, number))
        writing += taken(partial(written, number))
    return [
        Figure(
            "posting a fill",
            milliseconds(posting / POSTED),
            f"its rows alone {milliseconds(writing / POSTED)}",
            f"{posting / writing:.2f}",
        ),
        Figure("fills posted", f"{POSTED / posting:,.0f}/s"),
    ]


def reading_measure(account: Account) -> list[Figure]:
    """Time reading balances, positions and a page of the ledger."""
    from apps.portfolio.selectors.ledger import (  # noqa: PLC0415
        balance_list,
        positions_of,
        transaction_list,
    )

    calls: dict[str, Callable[[], object]] = {
        "reading balances": lambda: balance_list(account),
        "reading positions": lambda: positions_of(account),
        "reading a page of the ledger": lambda: list(
            transaction_list(account=account)[:PAGE]
        ),
    }
    return [
        Figure(
            what,
            milliseconds(seconds),
            target=f"{READ_SECONDS * 1000:.0f} ms",
            met=seconds <= READ_SECONDS,
        )
        for what, seconds in medians(calls, rounds=ROUNDS).items()
    ]


def equality(account: Account) -> Figure:
    """Check all once more, now that sums were kept by posting."""
    from apps.portfolio.services.checking import ledger_check  # noqa: PLC0415

    begun = time.perf_counter()
    checked = ledger_check(account=account)
    seconds = time.perf_counter() - begun
    for one in checked.findings[:5]:
        print(one)
    return Figure(
        f"differences of {checked.entries:,} entries",
        str(checked.count),
        f"checked in {seconds:.1f} s",
        target="0",
        met=checked.count == 0,
    )


def taken(call: Callable[[], object]) -> float:
    """Return how long a call takes, seconds."""
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
