"""Answers have the shape of Binance's own, as they were recorded."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.exchange_server.ccxt_urls import KEYS, ccxt_sync

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.exchange_server.fixtures import Served

_RECORDED = Path(__file__).resolve().parents[3] / "shared" / "wire" / "binance.json"
_NUMBER = re.compile(r"^-?\d+(\.\d+)?$")


@pytest.fixture(scope="module")
def recorded() -> dict[tuple[str, str], list[Any]]:
    if not _RECORDED.is_file():
        pytest.skip("The recorded answers are not beside this checkout.")
    told: dict[tuple[str, str], list[Any]] = {}
    for each in json.loads(_RECORDED.read_text()):
        if each["host"] == "api.binance.com" and each["status"] == 200:
            told.setdefault((each["method"], each["path"]), []).append(each["body"])
    return told


@pytest.fixture(scope="module")
def client(module_server: Served) -> Iterator[Any]:
    with ccxt_sync(module_server, **KEYS) as made:
        made.load_markets()
        yield made


@pytest.fixture(scope="module")
def module_server() -> Iterator[Served]:
    from tests.exchange_server.fixtures import serve  # noqa: PLC0415

    with serve() as served:
        served.price_set("BTCUSDT", "50000")
        yield served


def _kind(value: Any) -> str:
    """Return what a value is; a string that is a number is a kind of its own."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "number in a string" if _NUMBER.match(value) else "string"
    return {int: "int", float: "float", list: "list", dict: "dict"}.get(
        type(value), "null"
    )


def _shapes(value: Any, path: str = "") -> dict[str, set[str]]:
    """Return the kinds of what is at each place; list elements share a place."""
    told: dict[str, set[str]] = {path: {_kind(value)}}
    if isinstance(value, dict):
        parts = [(f"{path}.{key}", each) for key, each in value.items()]
    elif isinstance(value, list):
        row = bool(value) and not isinstance(value[0], dict | list)
        parts = [
            (f"{path}[{place if row else ''}]", each)
            for place, each in enumerate(value)
        ]
    else:
        parts = []
    for place, each in parts:
        for name, kinds in _shapes(each, place).items():
            told.setdefault(name, set()).update(kinds)
    return told


_BTC = {"symbol": "BTCUSDT"}
_ORDER = {"side": "BUY", "type": "MARKET", "quantity": "0.1"}
_LIMIT = {
    "side": "BUY",
    "type": "LIMIT",
    "quantity": "0.1",
    "price": "40000",
    "timeInForce": "GTC",
}
_ASKED: list[tuple[str, str, str, dict[str, Any]]] = [
    ("GET", "/api/v3/ping", "publicGetPing", {}),
    ("GET", "/api/v3/time", "publicGetTime", {}),
    ("GET", "/api/v3/klines", "publicGetKlines", _BTC | {"interval": "1h"}),
    ("GET", "/api/v3/depth", "publicGetDepth", _BTC),
    ("GET", "/api/v3/trades", "publicGetTrades", _BTC),
    ("GET", "/api/v3/historicalTrades", "publicGetHistoricalTrades", _BTC),
    ("GET", "/api/v3/aggTrades", "publicGetAggTrades", _BTC),
    ("GET", "/api/v3/ticker/24hr", "publicGetTicker24hr", _BTC),
    ("GET", "/api/v3/ticker/price", "publicGetTickerPrice", _BTC),
    ("GET", "/api/v3/ticker/bookTicker", "publicGetTickerBookTicker", _BTC),
    ("GET", "/api/v3/avgPrice", "publicGetAvgPrice", _BTC),
    ("GET", "/api/v3/exchangeInfo", "publicGetExchangeInfo", {}),
    ("GET", "/api/v3/account", "privateGetAccount", {}),
    ("POST", "/api/v3/order", "privatePostOrder", _BTC | _ORDER),
    ("GET", "/api/v3/openOrders", "privateGetOpenOrders", _BTC),
    ("GET", "/api/v3/allOrders", "privateGetAllOrders", _BTC),
    ("GET", "/api/v3/myTrades", "privateGetMyTrades", _BTC),
    ("POST", "/api/v3/userDataStream", "publicPostUserDataStream", {}),
    ("GET", "/sapi/v1/capital/config/getall", "sapiGetCapitalConfigGetall", {}),
]


@pytest.mark.parametrize(
    ("method", "path", "name", "asked"),
    _ASKED,
    ids=[f"{each[0]} {each[1]}" for each in _ASKED],
)
def test_an_answer_has_every_part_that_was_recorded_in_its_kind(
    recorded: dict[tuple[str, str], list[Any]],
    client: Any,
    method: str,
    path: str,
    name: str,
    asked: dict[str, Any],
) -> None:
    if path in {"/api/v3/openOrders", "/api/v3/allOrders", "/api/v3/myTrades"}:
        client.privatePostOrder(_BTC | _LIMIT)
        client.privatePostOrder(_BTC | _ORDER)
    _compared(recorded[method, path], getattr(client, name)(asked))


def test_one_order_has_its_recorded_shape_when_read_and_when_cancelled(
    recorded: dict[tuple[str, str], list[Any]], client: Any
) -> None:
    order = client.privatePostOrder(_BTC | _LIMIT)
    asked = _BTC | {"orderId": order["orderId"]}
    _compared(recorded["GET", "/api/v3/order"], client.privateGetOrder(asked))
    _compared(recorded["DELETE", "/api/v3/order"], client.privateDeleteOrder(asked))


def _compared(bodies: list[Any], made: Any) -> None:
    """Hold an answer against recorded ones: nothing is missing, nothing another kind.

    Parts may differ where the recorded answers differ among themselves, and there may
    be more: Binance adds fields, which its clients must bear.
    """
    ours = _shapes(made)
    recorded = [_shapes(body) for body in bodies if _kind(body) == _kind(made)]
    # A recording may be cut, or have a part in some of its rows only.
    shared = set.intersection(*(set(each) for each in recorded))
    for place in shared:
        if place.startswith((".symbols[].permissionSets", ".name")):
            continue
        kinds = set.union(*(each[place] for each in recorded))
        if kinds == {"string"} and place.endswith(("regex", "Regex", ".name")):
            continue
        assert place in ours, f"{place} is missing"
        allowed = kinds | ({"number in a string"} if "string" in kinds else set())
        assert ours[place] <= allowed, f"{place} is {ours[place]}, not {allowed}"
