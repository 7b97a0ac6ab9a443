"""The exchange runs as a program: it says where, and ends when it should."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import psutil
import pytest

from tests.exchange_server.ccxt_urls import ccxt_sync
from tests.exchange_server.fixtures import serve_process

if TYPE_CHECKING:
    from tests.exchange_server.fixtures import Served

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = [sys.executable, "-m", "tests.exchange_server", "--symbols", "2"]


def test_it_prints_where_it_is_and_ends_when_told() -> None:
    with subprocess.Popen(  # noqa: S603
        PROGRAM, cwd=ROOT, stdout=subprocess.PIPE
    ) as program:
        assert program.stdout is not None
        told = orjson.loads(program.stdout.readline())
        assert told["url"].startswith("http://127.0.0.1:")
        assert set(told) == {"url", "ws_url", "ws_api_url", "control_url"}
        program.send_signal(signal.SIGTERM)
        assert program.wait(10) == 0


def test_it_ends_with_the_one_that_started_it() -> None:
    started = (
        "import subprocess, sys, os;"
        f"p = subprocess.Popen({PROGRAM!r}, stdout=subprocess.PIPE);"
        "p.stdout.readline(); print(p.pid, flush=True); os._exit(0)"
    )
    said = subprocess.run(  # noqa: S603
        [sys.executable, "-c", started],
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=30,
    )
    process_id = int(said.stdout)
    for _ in range(60):
        if not psutil.pid_exists(process_id):
            return
        time.sleep(0.1)
    os.kill(process_id, signal.SIGKILL)
    pytest.fail("it went on alone")


def test_it_listens_on_this_machine_alone(exchange_process: Served) -> None:
    listening = [
        each.laddr.ip
        for each in psutil.Process(exchange_process.process_id).net_connections()
        if each.status == psutil.CONN_LISTEN
    ]
    assert listening
    assert set(listening) == {"127.0.0.1"}


def test_it_is_scripted_from_outside(exchange_process: Served) -> None:
    with ccxt_sync(exchange_process) as client:
        client.load_markets()
        exchange_process.price_set("BTCUSDT", "4321")
        assert client.fetch_ticker("BTC/USDT")["last"] == 4321
        assert exchange_process.requests("ticker/24hr")[-1]["status"] == 200


def test_its_rate_of_tickers_is_what_is_asked_for() -> None:
    from websockets.sync.client import connect  # noqa: PLC0415

    with serve_process("--symbols", "50", "--ticker-rate", "1000") as served:
        streams = "!ticker@arr"
        with connect(f"{served.ws_url}/ws/{streams}", max_size=None) as socket:
            socket.recv()
            begun, count, slowest = time.monotonic(), 0, 0.0
            while time.monotonic() - begun < 2:
                events = orjson.loads(socket.recv())
                count += len(events)
                names = [each["s"] for each in events]
                assert len(names) == len(set(names))
                slowest = max(slowest, time.time() * 1000 - events[0]["E"])
    assert count == pytest.approx(2000, rel=0.2)
    assert slowest < 1000
