"""check_ledger: what is wrong is named, here and at the venue, and the exit code says so."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from apps.exchanges.account_port import Balance, OrderSide, VenueFill
from apps.exchanges.errors import (
    ExchangeAnswerInvalid,
    ExchangeForbidden,
    ExchangeMisconfigured,
    ExchangeRateLimited,
    ExchangeRejected,
    ExchangeUnavailable,
    ExchangeUnsupported,
    SymbolUnknown,
)
from apps.portfolio.management.commands import check_ledger
from apps.portfolio.models import LedgerBalance
from apps.portfolio.services.posting import fee_post
from apps.portfolio.services.venue_comparing import venue_compare
from apps.portfolio.tests.test_posting import fill
from apps.portfolio.tests.world import NOW, account_make, deposit

if TYPE_CHECKING:
    from apps.core.errors import ApplicationError
    from apps.portfolio.models import Account
    from apps.portfolio.services.venue_comparing import VenueComparison

pytestmark = pytest.mark.django_db
D = Decimal
NOW_NS = int(NOW.timestamp()) * 10**9
LATER = NOW + timedelta(days=10)


@dataclass
class Venue:
    """A venue that says what it is told to, two executions a page."""

    held: dict[str, Decimal]
    executions: list[VenueFill]
    exchange: str = "binance"
    closed: bool = False
    # What one answer covers at most; None for all time.
    window: timedelta | None = None
    # What each market's executions are refused with.
    refusals: dict[str, ApplicationError] = field(default_factory=dict)

    def balances(self) -> tuple[Balance, ...]:
        return tuple(
            Balance(name, total, total, D(0)) for name, total in self.held.items()
        )

    def fills(
        self, symbol: str, since_ns: int, after_id: str | None = None
    ) -> tuple[VenueFill, ...]:
        """Tell from a time on, the last one once more: so do venues without ids."""
        del after_id
        if symbol in self.refusals:
            raise self.refusals[symbol]
        found = [one for one in self.executions if one.symbol == symbol]
        found = [one for one in found if one.time_ns >= since_ns]
        if self.window is not None:
            until_ns = since_ns + int(self.window.total_seconds()) * 10**9
            found = [one for one in found if one.time_ns < until_ns]
        return tuple(found[:2])

    def close(self) -> None:
        self.closed = True


def told(number: int, side: str = "buy", **changes: Any) -> VenueFill:
    fill_ = VenueFill(
        id=str(number),
        order_id="1",
        symbol="BTC/USDT",
        side=OrderSide(side),
        price=D(100),
        quantity=D(1),
        fee=D(0),
        fee_currency=None,
        maker=None,
        time_ns=NOW_NS + number * 10**9,
    )
    return replace(fill_, **changes)


@pytest.fixture
def account() -> Account:
    made = account_make(mode="live")
    deposit(made, "USDT", 1000, NOW)
    for number in range(1, 6):
        fill(made, number, "buy")
    return made


@pytest.fixture
def venue(account: Account) -> Venue:
    return Venue({"USDT": D(500), "BTC": D(5)}, [told(one) for one in range(1, 6)])


def compare(account: Account, venue: Venue) -> VenueComparison:
    return venue_compare(account=account, port=venue, now=LATER)  # type: ignore[arg-type]


def run(*arguments: str) -> tuple[str, bool]:
    out = StringIO()
    try:
        call_command("check_ledger", *arguments, stdout=out, stderr=StringIO())
    except CommandError as error:
        return f"{out.getvalue()}{error}", False
    return out.getvalue(), True


def test_a_venue_that_agrees_gives_no_findings(account: Account, venue: Venue) -> None:
    compared = compare(account, venue)
    assert (compared.currencies, compared.executions, compared.count) == (2, 5, 0)


def test_each_difference_to_the_venue_is_named(account: Account, venue: Venue) -> None:
    venue.held = {"USDT": D("499.5"), "BTC": D(5), "BNB": D(1)}
    venue.executions[1:4] = [
        told(2, price=D(101)),
        told(3, fee=D("0.5"), fee_currency="USDT"),
        told(9, "sell", time_ns=NOW_NS + 4 * 10**9),
    ]
    compared = compare(account, venue)
    assert [(one.code, one.where) for one in compared.findings] == [
        ("venue_balance", "BNB"),
        ("venue_balance", "USDT"),
        ("execution_differs", "BTC/USDT:2"),
        ("execution_fee_differs", "BTC/USDT:3"),
        ("execution_missing_here", "BTC/USDT:9"),
        ("execution_missing_there", "BTC/USDT:4"),
    ]
    assert compared.findings[1].message == (
        "the ledger holds 500 USDT, the venue 499.5"
    )


def test_a_fee_that_was_told_later_is_no_difference(
    account: Account, venue: Venue
) -> None:
    fee: dict[str, Any] = {"fee": D("0.5"), "fee_currency": "USDT"}
    fee_post(
        account=account,
        cause_id="BTC/USDT:3",
        symbol="BTC/USDT",
        base="BTC",
        quote="USDT",
        price=D(100),
        at=NOW,
        now=NOW,
        **fee,
    )
    venue.executions[2] = told(3, **fee)
    venue.held["USDT"] = D("499.5")
    compared = compare(account, venue)
    assert compared.findings == ()


def test_executions_after_days_without_any_are_compared_where_an_answer_covers_a_day(
    account: Account, venue: Venue
) -> None:
    venue.window = timedelta(days=1)
    for number, days in ((6, 4), (7, 9)):
        fill(account, number, "buy", at=NOW + timedelta(days=days))
        venue.executions.append(told(number, time_ns=NOW_NS + days * 86_400 * 10**9))
    venue.held = {"USDT": D(300), "BTC": D(7)}
    compared = compare(account, venue)
    assert compared.findings == ()
    assert compared.executions == 7


def test_both_sides_of_a_trade_with_oneself_are_compared_though_they_have_one_id(
    account: Account, venue: Venue
) -> None:
    fill(account, 6, "sell", cause_id="BTC/USDT:5:sell")
    venue.executions.append(told(5, "sell"))
    venue.held = {"USDT": D(600), "BTC": D(4)}
    compared = compare(account, venue)
    assert compared.findings == ()
    assert compared.executions == 6
    venue.executions.pop()
    compared = compare(account, venue)
    assert [(one.code, one.where) for one in compared.findings] == [
        ("execution_missing_there", "BTC/USDT:5:sell")
    ]


@pytest.mark.parametrize(
    "refusal",
    [
        ExchangeAnswerInvalid("a trade without a price"),
        ExchangeRejected("Invalid symbol."),
        ExchangeUnsupported("ETH/USDT of binance is no spot market"),
        SymbolUnknown("venue binance has no market 'ETH/USDT'"),
    ],
)
def test_a_market_that_the_venue_refuses_is_named_and_the_others_are_compared(
    account: Account, venue: Venue, refusal: ApplicationError
) -> None:
    # By symbol it comes before the market that differs.
    early = {"cause_id": "ADA/USDT:1", "symbol": "ADA/USDT", "base": "ADA"}
    fill(account, 6, "buy", **early)
    venue.held |= {"USDT": D(400), "ADA": D(1)}
    venue.refusals["ADA/USDT"] = refusal
    venue.executions[0] = told(1, price=D(101))
    compared = compare(account, venue)
    assert [(one.code, one.where) for one in compared.findings] == [
        ("cannot_be_asked", "ADA/USDT"),
        ("execution_differs", "BTC/USDT:1"),
    ]
    assert refusal.message in compared.findings[0].message
    assert refusal.code in compared.findings[0].message


@pytest.mark.parametrize(
    "error",
    [
        ExchangeForbidden,
        ExchangeMisconfigured,
        ExchangeRateLimited,
        ExchangeUnavailable,
    ],
)
def test_a_venue_that_answers_no_market_ends_the_comparison(
    account: Account, venue: Venue, error: type[ApplicationError]
) -> None:
    venue.refusals["BTC/USDT"] = error("it is being mended")
    with pytest.raises(error):
        compare(account, venue)


def test_the_command_says_what_is_wrong_and_fails(
    account: Account, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_ledger, "account_port", lambda *_, **__: venue)
    text, fine = run("--account", str(account.pk), "--venue")
    assert fine
    assert "6 transactions, 22 entries: 0 finding(s)" in text
    assert "2 currencies, 5 executions: 0 finding(s)" in text
    assert venue.closed
    venue.held["BTC"] = D(4)
    LedgerBalance.objects.filter(place="trading").update(amount=D(1))
    text, fine = run("--all", "--venue")
    assert not fine
    assert "balance_differs BTC: trading BTC is kept as 1" in text
    assert "venue_balance BTC: the ledger holds 5 BTC, the venue 4" in text
    assert text.endswith("3 finding(s) in 1 account(s).")
    text, fine = run("--all", "--rebuild")
    assert fine
    assert "made anew from 22 entries; 2 differed" in text


def test_a_venue_that_cannot_be_asked_is_a_finding(account: Account) -> None:
    text, fine = run("--all", "--venue")
    assert not fine
    assert "LIVE_TRADING is off" in text


def test_an_account_that_is_not_there_is_refused() -> None:
    text, fine = run("--account", str(uuid4()))
    assert not fine
    assert "There is no account" in text
