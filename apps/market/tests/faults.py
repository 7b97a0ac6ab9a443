"""Everything that an exchange can do wrong with candles, at once, and a quick client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.exchanges.config import ExchangeConfig
from apps.exchanges.guard import GuardPolicy
from apps.market.filling.asking import Patience

if TYPE_CHECKING:
    from apps.exchanges.ports import MarketDataPort
    from tests.exchange_server.fixtures import Served

# No answer, or one that shows what it is.
LOUD = (
    "error_before",
    "error_after",
    "drop_before",
    "drop_after",
    "truncate",
    "empty",
    "html",
    "nulls",
    "wrong_shape",
    "candles_nan",
    "candles_zero",
    "candles_null",
    "candles_impossible",
)
# All the bars are there, though not as they should be.
HARMLESS = ("candles_shuffled", "candles_reversed", "candles_doubled")
# Bars are missing, or told half made, and nothing shows it.
SILENT = ("candles_hole", "candles_unfinished")
# The usual figures are for exchanges that need seconds to come back.
POLICY = GuardPolicy(
    attempts=4,
    wait_initial=0.001,
    wait_most=0.004,
    wait_jitter=0.001,
    failures_to_open=8,
    open_first=0.01,
    open_most=0.02,
    pause_untold=0.001,
)
PATIENCE = Patience(tries=40, first_seconds=0.001, longest_seconds=0.05)


def faults_add(served: Served, *, loud: float, silent: float, seed: int = 1) -> None:
    """Let each kind of fault strike requests for candles with a probability.

    Args:
        served: The exchange.
        loud: Of each loud and each harmless kind.
        silent: Of each silent kind, which strikes the same request only once.
        seed: What chance is drawn from.
    """
    served.control("faults/seed", {"seed": seed})
    for kind in (*LOUD, *HARMLESS):
        served.fault(kind, path="klines", times=None, probability=loud, status=503)
    # Each costs the second for which the exchange says to wait.
    served.fault(
        "rate_limit", path="klines", times=None, probability=loud / 20, seconds=0.0
    )
    for kind in SILENT:
        served.fault(
            kind, path="klines", times=None, probability=silent, once_each=True
        )


def client_quick(url: str) -> MarketDataPort:
    """Return the real ccxt client behind the real guard, with shorter waits."""
    from apps.exchanges.adapters.ccxt.adapter import CcxtMarketData  # noqa: PLC0415

    config = ExchangeConfig(endpoint=url, rate_limits=False, timeout_seconds=5.0)
    return CcxtMarketData("binance", config, POLICY)
