"""Accounts that the contract of `AccountPort` is held against.

Each begins with 100,000 USDT and 10 BTC, at a price of 50,000 USDT, and with nothing ever
ordered. To hold another adapter against the contract, add what opens it to `ACCOUNTS`.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    import pytest

    from apps.exchanges.account_port import AccountPort
    from apps.portfolio.models import Account
    from tests.exchange_server.fixtures import Served

SYMBOL = "BTC/USDT"
PRICE = "50000"


class AccountUnderTest(Protocol):
    """An account, and what moves its venue.

    Attributes:
        port: The adapter.
    """

    port: AccountPort

    def price_set(self, price: str, *, liquidity: str | None = None) -> None:
        """Move the market's price; when this returns, resting orders have met it.

        Args:
            price: Of the last trade; bid and ask are at most 0.01 away from it.
            liquidity: What can be traded at this price, base units; None for any.
        """
        ...

    def deposit(self, currency: str, amount: str) -> None:
        """Add to what the account holds."""
        ...


class LoopbackAccount:
    """An account at the loopback exchange, through ccxt."""

    def __init__(self, port: AccountPort, served: Served) -> None:
        self.port = port
        self._served = served

    def price_set(self, price: str, *, liquidity: str | None = None) -> None:
        """Move the price of the loopback exchange."""
        if liquidity is not None:
            told = {"symbol": "BTCUSDT", "liquidity": liquidity}
            self._served.control("price", told)
        self._served.price_set("BTCUSDT", price, liquidity=liquidity)

    def deposit(self, currency: str, amount: str) -> None:
        """Add to a holding of the loopback exchange."""
        self._served.account(deposit={"asset": currency, "amount": amount})


@contextmanager
def ccxt_opened(request: pytest.FixtureRequest) -> Iterator[AccountUnderTest]:
    """Open an account through ccxt at a loopback exchange of its own."""
    from apps.exchanges.adapters.ccxt.account import CcxtAccount  # noqa: PLC0415
    from apps.exchanges.tests.loopback import QUICK, keyed  # noqa: PLC0415

    served: Served = request.getfixturevalue("exchange_server")
    opened = LoopbackAccount(
        CcxtAccount("binance", keyed(served, timeout_seconds=5), QUICK), served
    )
    opened.price_set(PRICE)
    try:
        yield opened
    finally:
        opened.port.close()


class PaperAccount:
    """An account at the paper venue."""

    def __init__(self, port: AccountPort, account: Account) -> None:
        self.port = port
        self._account = account

    def price_set(self, price: str, *, liquidity: str | None = None) -> None:
        """Tell a new price, and let resting orders meet it.

        They are filled by what trades through their price alone: offers are a tick below.
        """
        from apps.portfolio.paper.matching import paper_step  # noqa: PLC0415
        from apps.portfolio.tests.world import DEEP, price_put  # noqa: PLC0415

        offer = Decimal(price) - Decimal("0.01")
        levels = [(offer, liquidity or DEEP)]
        price_put(
            "binance",
            SYMBOL,
            offer,
            offer,
            price,
            book={"bids": levels, "asks": levels},
        )
        paper_step(now=datetime.now(UTC))

    def deposit(self, currency: str, amount: str) -> None:
        """Put money into the account."""
        from apps.portfolio.services.paper import paper_credit  # noqa: PLC0415

        paper_credit(
            account=self._account,
            currency=currency,
            amount=Decimal(amount),
            now=datetime.now(UTC),
        )


@contextmanager
def paper_opened(request: pytest.FixtureRequest) -> Iterator[AccountUnderTest]:
    """Open an account at the paper venue."""
    from apps.portfolio.paper.venue import PaperVenue  # noqa: PLC0415
    from apps.portfolio.tests.world import (  # noqa: PLC0415
        account_make,
        live_store_make,
        market_make,
    )

    request.getfixturevalue("db")
    live_store_make(
        request.getfixturevalue("settings"), request.getfixturevalue("tmp_path")
    )
    market_make("binance", SYMBOL)
    account = account_make(maker_fee=Decimal("0.001"), taker_fee=Decimal("0.001"))
    opened = PaperAccount(PaperVenue(account), account)
    opened.deposit("USDT", "100000")
    opened.deposit("BTC", "10")
    opened.price_set(PRICE)
    yield opened
    opened.port.close()


ACCOUNTS: dict[
    str,
    Callable[[pytest.FixtureRequest], AbstractContextManager[AccountUnderTest]],
] = {
    "ccxt": ccxt_opened,
    "paper": paper_opened,
}
