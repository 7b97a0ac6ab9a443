"""The list of exchanges is built once by a child, whole or not at all, and then read."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from apps.exchanges import catalogue
from apps.exchanges.adapters.ccxt import installed
from apps.exchanges.catalogue import catalogue_read
from apps.exchanges.errors import ExchangeUnavailable, ExchangeUnknown
from apps.exchanges.registry import exchange_ids
from tests.edge.servers import ROOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("cache")
    catalogue_read(made)
    return made


def test_every_exchange_is_there_with_what_it_can_do(folder: Path) -> None:
    found = catalogue_read(folder)
    assert tuple(each.id for each in found.entries) == exchange_ids()
    assert found.version == installed.version()
    assert found.reason == ""
    binance = found.get("binance")
    assert binance.name == "Binance"
    assert binance.www == "https://www.binance.com"
    assert "1h" in binance.capabilities.timeframes
    assert binance.capabilities.stream_order_book
    assert binance.capabilities.candles_per_page == 1000
    assert found.get("okx").needs_password
    assert not found.get("simulated").capabilities.stream_tickers


def test_an_unknown_exchange_is_told_with_near_ones(folder: Path) -> None:
    with pytest.raises(ExchangeUnknown, match="Did you mean kraken"):
        catalogue_read(folder).get("krakn")


def test_it_is_read_without_ccxt_or_numpy(folder: Path) -> None:
    program = (
        "import sys; from pathlib import Path;"
        "from apps.exchanges.catalogue import catalogue_read;"
        "assert len(catalogue_read(Path(sys.argv[1])).entries) > 100;"
        "print(*(n for n in ('ccxt', 'numpy', 'requests') if n in sys.modules))"
    )
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []


def test_many_that_ask_at_once_build_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[object] = []
    real = subprocess.run

    def counted(*arguments: Any, **options: Any) -> Any:
        built.append(arguments)
        return real(*arguments, **options)

    monkeypatch.setattr("apps.exchanges.catalogue.subprocess.run", counted)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: catalogue_read(tmp_path), range(8)))
    assert len(built) == 1
    assert len({len(each.entries) for each in found}) == 1
    catalogue_read(tmp_path)
    assert len(built) == 1


def test_a_builder_that_fails_leaves_no_file_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "_BUILDER", "apps.exchanges.adapters.none")
    with pytest.raises(ExchangeUnavailable, match="No module named"):
        catalogue_read(tmp_path)
    assert list(tmp_path.glob("*.json")) == []


def test_without_ccxt_there_is_ours_alone_and_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installed, "version", lambda: None)
    found = catalogue_read(tmp_path)
    assert [each.id for each in found.entries] == ["simulated"]
    assert "not installed" in found.reason
    with pytest.raises(ExchangeUnavailable, match="not installed"):
        found.get("binance")
