"""What an account is told of itself, over the socket it follows."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Any, Final

import orjson

from tests.exchange_server.faults import FaultKind
from tests.exchange_server.ledger import Holding
from tests.exchange_server.markets import eight

if TYPE_CHECKING:
    from tests.exchange_server.exchange import Exchange
    from tests.exchange_server.faults import Fault
    from tests.exchange_server.ledger import Account
    from tests.exchange_server.markets import ServedMarket

_USER_KINDS: Final = frozenset(
    {
        FaultKind.USER_DOUBLE,
        FaultKind.USER_REORDER,
        FaultKind.USER_LATE,
        FaultKind.USER_LOST,
    }
)


def followed(key: str, *, asked: bool) -> str:
    """Return the stream of an account: over a listen key, or asked for by signature."""
    return f"{'asked' if asked else 'listened'}@{key}"


class Users:
    """The streams of accounts."""

    def __init__(self, exchange: Exchange) -> None:
        """Take the exchange."""
        self._exchange = exchange
        self._held: dict[str, list[dict[str, Any]]] = {}

    def listen_key(self, key: str) -> str:
        """Return what an account is followed by at `/ws/<listen key>`."""
        return hashlib.sha256(key.encode()).hexdigest()[:60]

    def streams_named(self, names: list[str]) -> list[str]:
        """Return the streams of the accounts whose listen keys are named."""
        return [
            followed(key, asked=False)
            for key in self._exchange.desk.accounts
            if self.listen_key(key) in names
        ]

    def report(self, account: Account, event: dict[str, Any]) -> None:
        """Tell an account what became of its order, unless a fault has it otherwise."""
        exchange = self._exchange
        fault = (
            exchange.faults.met(
                _USER_KINDS, path=f"user/{event['x']}", symbol=event["s"]
            )
            if exchange.faults
            else None
        )
        held = self._held.pop(account.key, [])
        if fault is None:
            self._told(account, event)
        else:
            self._struck(account, event, fault)
        for each in held:
            self._told(account, each)

    def _struck(self, account: Account, event: dict[str, Any], fault: Fault) -> None:
        self._exchange.journal.add(
            "fault",
            self._exchange.clock.true_ms(),
            fault=fault.kind.value,
            number=fault.number,
            path=f"user/{event['x']}",
            symbol=event["s"],
        )
        if fault.kind is FaultKind.USER_DOUBLE:
            self._told(account, event)
            self._told(account, event)
        elif fault.kind is FaultKind.USER_REORDER:
            self._held.setdefault(account.key, []).append(event)
        elif fault.kind is FaultKind.USER_LATE:
            asyncio.get_running_loop().call_later(
                fault.seconds, self._told, account, event
            )

    def position(self, account: Account, market: ServedMarket) -> None:
        """Tell an account what it has of a market's assets."""
        holdings = account.holdings
        now = self._exchange.clock.now_ms()
        assets = [
            {"a": asset, "f": eight(each.free), "l": eight(each.locked)}
            for asset in (market.base, market.quote)
            for each in (holdings.get(asset, Holding()),)
        ]
        self._told(
            account,
            {"e": "outboundAccountPosition", "E": now, "u": now, "B": assets},
        )

    def _told(self, account: Account, event: dict[str, Any]) -> None:
        broadcast = self._exchange.broadcast
        payload = orjson.dumps(event)
        broadcast.publish(followed(account.key, asked=False), payload)
        broadcast.publish(
            followed(account.key, asked=True),
            b'{"subscriptionId":0,"event":%b}' % payload,
        )
        broadcast.flush()
