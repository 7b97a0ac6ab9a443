"""The exchange for tests: as a program of its own, or in a thread of this one."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import orjson

from tests.exchange_server.exchange import Exchange, ExchangeOptions
from tests.exchange_server.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Served:
    """An exchange that is listening.

    Attributes:
        url: Where its REST answers are, without a path.
        ws_url: Where its streams are, without `/ws`.
        ws_api_url: Where an account is followed.
        control_url: Where it is scripted.
        exchange: Itself, where it runs in this process; read it, script it by control.
        process_id: Of the program that it runs in.
    """

    url: str
    ws_url: str
    ws_api_url: str
    control_url: str
    exchange: Exchange | None
    process_id: int

    def control(self, path: str, body: Any = None, *, method: str | None = None) -> Any:
        """Script it, and return what it answers.

        Args:
            path: What comes after `/control/`, as `faults`.
            body: What to send as JSON; without it, the request only reads.
            method: The HTTP method, where it is neither POST nor GET.
        """
        request = Request(  # noqa: S310
            f"{self.control_url}/control/{path}",
            data=None if body is None else orjson.dumps(body),
            method=method or ("GET" if body is None else "POST"),
        )
        with urlopen(request, timeout=30) as answer:  # noqa: S310
            return orjson.loads(answer.read())

    def fault(self, kind: str, **details: Any) -> int:
        """Let something go wrong from now on; return the fault's number."""
        made = self.control("faults", {"kind": kind, **details})
        return int(made["faults"][0]["number"])

    def faults_clear(self) -> None:
        """Let everything go well again."""
        self.control("faults", method="DELETE")

    def faults_struck(self) -> dict[str, int]:
        """Return how often each kind of fault has struck."""
        counts: dict[str, int] = self.control("faults")["counts"]
        return counts

    def journal(self, kind: str | None = None, after: int = 0) -> list[dict[str, Any]]:
        """Return what happened, in order."""
        which = f"&kind={kind}" if kind else ""
        told = self.control(f"journal?after={after}{which}")
        entries: list[dict[str, Any]] = told["entries"]
        return entries

    def requests(self, path: str = "") -> list[dict[str, Any]]:
        """Return the requests that reached it, whose path contains something."""
        return [
            each["body"]
            for each in self.journal("request")
            if path in each["body"]["path"]
        ]

    def clock_set(self, **told: Any) -> None:
        """Set its clock: `skew_seconds`, `frozen_ms`."""
        self.control("clock", told)

    def price_set(self, symbol: str, price: str, **more: Any) -> None:
        """Move a market's price and hold it there; `liquidity` bounds what it fills."""
        self.control("price", {"symbol": symbol, "price": price, **more})

    def account(self, **told: Any) -> dict[str, Any]:
        """Return an account as the exchange keeps it; see `/control/account`."""
        kept: dict[str, Any] = self.control("account", told)
        return kept

    def sockets(self, do: str = "") -> dict[str, Any]:
        """Return who is connected; `drop` or `silence` them all first."""
        told: dict[str, Any] = self.control("sockets", {"do": do})
        return told

    def listening_stop(self) -> None:
        """Refuse connections."""
        self.control("listening", {"on": False})

    def listening_start(self) -> None:
        """Take connections again, at the same address."""
        self.control("listening", {"on": True})


@contextmanager
def serve(options: ExchangeOptions | None = None) -> Iterator[Served]:
    """Run an exchange in a thread of this process, for as long as the block lasts."""
    server = Server(Exchange(options or ExchangeOptions()))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="exchange", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(30)
        yield Served(
            server.url,
            server.ws_url,
            server.ws_api_url,
            server.control_url,
            server.exchange,
            os.getpid(),
        )
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(30)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@contextmanager
def serve_process(*arguments: str) -> Iterator[Served]:
    """Run an exchange as a program of its own, for as long as the block lasts.

    Args:
        *arguments: Of `python -m tests.exchange_server`, as `--ticker-rate`, `5000`.
    """
    program = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "tests.exchange_server", *arguments],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
    )
    try:
        if program.stdout is None:
            raise RuntimeError("The exchange has no output to read.")
        told = orjson.loads(program.stdout.readline())
        yield Served(exchange=None, process_id=program.pid, **told)
    finally:
        program.terminate()
        program.communicate(timeout=10)
