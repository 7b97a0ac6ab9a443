"""How tests reach the loopback exchange."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import TYPE_CHECKING

from apps.exchanges.account_port import OrderKind, OrderRequest, OrderSide
from apps.exchanges.config import ExchangeConfig
from apps.exchanges.guard import GuardPolicy
from tests.exchange_server.exchange import KEY, SECRET

if TYPE_CHECKING:
    from tests.exchange_server.fixtures import Served

HOUR_NS = 3_600_000_000_000
SINCE_NS = 1_700_000_400_000_000_000 // HOUR_NS * HOUR_NS
QUICK = GuardPolicy(
    attempts=3,
    wait_initial=0.01,
    wait_jitter=0.01,
    wait_most=0.05,
    failures_to_open=6,
    open_first=0.3,
    pause_most=3,
)

BUY = OrderRequest(
    client_order_id="plx-1",
    symbol="BTC/USDT",
    side=OrderSide.BUY,
    kind=OrderKind.LIMIT,
    quantity=Decimal("0.5"),
    price=Decimal(40_000),
)


def config_of(served: Served, **changes: object) -> ExchangeConfig:
    """Return how a served exchange is reached without keys."""
    config = ExchangeConfig(endpoint=served.url, timeout_seconds=2, rate_limits=False)
    return dataclasses.replace(config, **changes)  # type: ignore[arg-type]


def keyed(served: Served, **changes: object) -> ExchangeConfig:
    """Return how it is reached with keys."""
    keys = {"timeout_seconds": 1, "api_key": KEY, "secret": SECRET}
    return config_of(served, **keys | changes)
