"""The topics of prices that streams follow, and what following them asks of the feed."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from apps.core.outbox.topics import Refusal, Topic, TopicKind, topic_register
from apps.market.enums import LiveKind
from apps.market.exchanges import exchanges_allowed
from apps.stream.interest import interest_register

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from apps.core.errors import ApplicationError

_EXCHANGES = "exchanges"
# In the place of a symbol: what is said of all of them.
_ALL = "*"
_NEAR = 3
# What a row of what is wanted has room for.
SYMBOL_MOST = 128
_MALFORMED = Refusal(
    "topic_malformed",
    f"A symbol has at most {SYMBOL_MOST} characters, all of which can be printed.",
)

_DESCRIPTIONS = {
    "tickers": ("TickerBody", "The newest price: `tickers:<exchange>:<symbol>`."),
    "books": ("BookBody", "The best 50 levels: `books:<exchange>:<symbol>`."),
    "trades": ("TradesBody", "The last 100 trades: `trades:<exchange>:<symbol>`."),
}


def topics_register() -> None:
    """Make the topics known; called when the room is ready."""
    for name, (schema, description) in _DESCRIPTIONS.items():
        _register(name, description, schema, "symbols_refused")
    status = "How an exchange is reached: `status:exchanges:<exchange>`."
    _register("status", status, "StatusBody", "status_refused")
    interest_register("market", "apps.market.topics.symbols_want")


def symbols_refused(exchange: str, symbols: Sequence[str]) -> dict[str, Refusal]:
    """Say which markets of an exchange cannot be followed; a `TopicCheck`."""
    refusal = _exchange_refused(exchange)
    if refusal is not None:
        return {_ALL: refusal}
    from apps.market.selectors.venues import symbols_unknown  # noqa: PLC0415 - has models

    found = {one: _MALFORMED for one in symbols if not _storable(one)}
    rest = [one for one in symbols if one not in found]
    unknown = symbols_unknown(exchange=exchange, symbols=rest)
    return found | _refusals(unknown)


def status_refused(group: str, exchanges: Sequence[str]) -> dict[str, Refusal]:
    """Say of which exchanges no status is told; a `TopicCheck`."""
    if group != _EXCHANGES:
        detail = f"Write status:{_EXCHANGES}:<exchange>."
        return {_ALL: Refusal("topic_malformed", detail)}
    found = {one: _exchange_refused(one) for one in exchanges}
    return {one: refusal for one, refusal in found.items() if refusal is not None}


def symbols_want(
    *, channel: str, symbols: list[str], now: datetime
) -> dict[str, Refusal]:
    """Have the feed hold fresh what is followed; an `Interest`."""
    from apps.market.services.demand import demand_want  # noqa: PLC0415 - has models

    kind, _, exchange = channel.partition(":")
    if kind == LiveKind.STATUS:
        for one in symbols:
            demand_want(exchange=one, kind=kind, symbols=[""], now=now)
        return {}
    return _refusals(
        demand_want(exchange=exchange, kind=kind, symbols=symbols, now=now)
    )


def _register(name: str, description: str, schema: str, check: str) -> None:
    topic_register(
        Topic(
            name=name,
            kind=TopicKind.LATEST,
            description=description,
            schema=f"apps.market.topic_bodies.{schema}",
            check=f"apps.market.topics.{check}",
        )
    )


def _storable(symbol: str) -> bool:
    return len(symbol) <= SYMBOL_MOST and symbol.isprintable()


def _refusals(errors: Mapping[str, ApplicationError]) -> dict[str, Refusal]:
    return {one: Refusal(error.code, error.message) for one, error in errors.items()}


def _exchange_refused(exchange: str) -> Refusal | None:
    allowed = exchanges_allowed()
    if exchange in allowed:
        return None
    near = get_close_matches(exchange.lower(), allowed, n=_NEAR)
    meant = f" Did you mean {' or '.join(near)}?" if near else ""
    detail = f"There is no exchange {exchange[:40]!r} here.{meant}"
    return Refusal("exchange_unknown", detail)
