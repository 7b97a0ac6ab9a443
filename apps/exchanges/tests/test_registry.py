"""Exchanges are listed without being imported, and unknown ones are told with near ones."""

from __future__ import annotations

import subprocess
import sys

import pytest

from apps.exchanges import registry
from apps.exchanges.adapters.ccxt import installed
from apps.exchanges.config import ExchangeConfig
from apps.exchanges.errors import (
    ExchangeUnavailable,
    ExchangeUnknown,
    ExchangeUnsupported,
)
from tests.edge.servers import ROOT


def test_the_ids_are_those_of_ccxt_and_our_own() -> None:
    import ccxt  # noqa: PLC0415

    assert set(registry.exchange_ids()) == {*ccxt.exchanges, "simulated"}
    assert installed.version() == ccxt.__version__


def test_to_list_exchanges_imports_none_of_them() -> None:
    program = (
        "import sys; from apps.exchanges.registry import exchange_ids;"
        "assert len(exchange_ids()) > 100;"
        "print(*(n for n in ('ccxt', 'numpy', 'requests') if n in sys.modules))"
    )
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []


@pytest.mark.parametrize("name", ["binanse", "Binance", "BINANCE "])
def test_an_unknown_exchange_is_told_with_near_ones(name: str) -> None:
    for ask in (registry.exchange_open, registry.account_open, registry.stream_open):
        with pytest.raises(ExchangeUnknown, match=r"Did you mean.*binance"):
            ask(name, ExchangeConfig())


def test_without_ccxt_its_exchanges_are_out_of_reach_and_ours_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(installed, "ids", tuple)
    assert registry.exchange_ids() == ("simulated",)
    with pytest.raises(ExchangeUnavailable, match="not installed"):
        registry.exchange_open("binance", ExchangeConfig())
    assert registry.exchange_open("simulated", ExchangeConfig()).markets()
    registry.exchanges_close()


def test_the_simulated_exchange_has_no_accounts_and_no_streams() -> None:
    for ask in (registry.account_open, registry.stream_open):
        with pytest.raises(ExchangeUnsupported, match="simulated"):
            ask("simulated", ExchangeConfig())
