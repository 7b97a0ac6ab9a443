"""The exchange listening: one port for its clients, one for whoever scripts it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

from tests.exchange_server.app import application
from tests.exchange_server.control import control_application
from tests.exchange_server.engine import Engine

if TYPE_CHECKING:
    from tests.exchange_server.exchange import Exchange


@dataclass(slots=True)
class Server:
    """An exchange and the sockets it listens on.

    Attributes:
        exchange: What is served.
        port: Where its clients find it; 0 takes a free one.
        control_port: Where it is scripted.
    """

    exchange: Exchange
    port: int = 0
    control_port: int = 0
    _runner: web.AppRunner = field(init=False)
    _control: web.AppRunner = field(init=False)
    _engine: asyncio.Future[None] = field(init=False)
    _site: web.TCPSite | None = None

    async def start(self) -> None:
        """Listen."""
        self._runner = web.AppRunner(
            application(self.exchange), access_log=None, shutdown_timeout=0.2
        )
        self._control = web.AppRunner(
            control_application(self), access_log=None, shutdown_timeout=0.2
        )
        await self._runner.setup()
        await self._control.setup()
        await self.listening_start()
        site = web.TCPSite(self._control, "127.0.0.1", self.control_port)
        await site.start()
        self.control_port = site.port
        self._engine = asyncio.ensure_future(Engine(self.exchange).run())

    async def listening_start(self) -> None:
        """Take connections, on the port that was had before."""
        if self._site is None:
            self._site = web.TCPSite(
                self._runner, "127.0.0.1", self.port, reuse_address=True
            )
            await self._site.start()
            self.port = self._site.port

    async def listening_stop(self) -> None:
        """Refuse connections, and end those there are."""
        if self._site is not None:
            server = self._runner.server
            await self._site.stop()
            self._site = None
            if server is not None:
                await server.shutdown(0.1)

    async def stop(self) -> None:
        """Listen no more."""
        self._engine.cancel()
        for connection in list(self.exchange.broadcast.connections):
            connection.drop()
        await self._runner.cleanup()
        await self._control.cleanup()

    @property
    def url(self) -> str:
        """Return where clients find it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        """Return where its streams are; ccxt looks for `/stream` in it to know spot."""
        return f"ws://127.0.0.1:{self.port}/stream.spot"

    @property
    def ws_api_url(self) -> str:
        """Return where questions are asked over a socket, and accounts are followed."""
        return f"ws://127.0.0.1:{self.port}/ws-api/v3"

    @property
    def control_url(self) -> str:
        """Return where it is scripted."""
        return f"http://127.0.0.1:{self.control_port}"
