"""Where the program keeps what its handlers need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

if TYPE_CHECKING:
    from tests.exchange_server.exchange import Exchange

EXCHANGE: Final[web.AppKey[Exchange]] = web.AppKey("exchange")
