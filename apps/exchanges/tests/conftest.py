"""The loopback exchange, and what asks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.exchanges.adapters.ccxt.account import CcxtAccount
    from apps.exchanges.adapters.ccxt.adapter import CcxtMarketData
    from tests.exchange_server.fixtures import Served


@pytest.fixture
def served(exchange_process: Served) -> Iterator[Served]:
    """The loopback exchange, in which everything goes well."""
    exchange_process.faults_clear()
    exchange_process.clock_set(skew_seconds=0)
    yield exchange_process
    exchange_process.faults_clear()
    exchange_process.clock_set(skew_seconds=0)


@pytest.fixture
def data(served: Served) -> Iterator[CcxtMarketData]:
    """Its public data."""
    # ccxt takes seconds to import: only tests that ask for an exchange pay for it.
    from apps.exchanges.adapters.ccxt.adapter import CcxtMarketData  # noqa: PLC0415
    from apps.exchanges.tests.loopback import QUICK, config_of  # noqa: PLC0415

    opened = CcxtMarketData("binance", config_of(served), QUICK)
    yield opened
    opened.close()


@pytest.fixture
def account(exchange_server: Served) -> Iterator[CcxtAccount]:
    """An account at an exchange of the test's own, where Bitcoin costs 50,000."""
    from apps.exchanges.adapters.ccxt.account import CcxtAccount  # noqa: PLC0415
    from apps.exchanges.tests.loopback import QUICK, keyed  # noqa: PLC0415

    exchange_server.price_set("BTCUSDT", "50000")
    opened = CcxtAccount("binance", keyed(exchange_server), QUICK)
    yield opened
    opened.close()
