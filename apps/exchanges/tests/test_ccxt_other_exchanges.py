"""Exchanges with other layouts, units and precisions, by ccxt's own clients of them.

The answers are written after the examples in each exchange's documentation; nothing was
asked of a real one.
"""

from __future__ import annotations

from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import ccxt
import pytest

from apps.exchanges.adapters.ccxt.adapter import CcxtMarketData
from apps.exchanges.adapters.ccxt.markets import (
    FINEST_PRICE,
    FINEST_QUANTITY,
    market_from,
)
from apps.exchanges.config import ExchangeConfig
from apps.exchanges.contracts import MarketKind
from apps.exchanges.errors import ExchangeAnswerInvalid
from apps.exchanges.guard import GuardPolicy
from apps.exchanges.tests.stub import answering

if TYPE_CHECKING:
    from collections.abc import Iterator

SINCE_NS = 1_700_000_000_000_000_000 // 60_000_000_000 * 60_000_000_000
SINCE_S = SINCE_NS // 1_000_000_000

KRAKEN = {
    "/0/public/AssetPairs": {
        "error": [],
        "result": {
            "XXBTZUSD": {
                "altname": "XBTUSD", "wsname": "XBT/USD", "aclass_base": "currency",
                "base": "XXBT", "aclass_quote": "currency", "quote": "ZUSD",
                "lot": "unit", "cost_decimals": 5, "pair_decimals": 1,
                "lot_decimals": 8, "lot_multiplier": 1, "leverage_buy": [],
                "leverage_sell": [], "fees": [[0, 0.4], [10000, 0.35]],
                "fees_maker": [[0, 0.25], [10000, 0.2]], "fee_volume_currency": "ZUSD",
                "margin_call": 80, "margin_stop": 40, "ordermin": "0.00005",
                "costmin": "0.5", "tick_size": "0.1", "status": "online",
            }
        },
    },
    "/0/public/Assets": {
        "error": [],
        "result": {
            "XXBT": {"aclass": "currency", "altname": "XBT", "decimals": 10,
                     "display_decimals": 5, "status": "enabled"},
            "ZUSD": {"aclass": "currency", "altname": "USD", "decimals": 4,
                     "display_decimals": 2, "status": "enabled"},
        },
    },
    "/0/public/Ticker": {
        "error": [],
        "result": {
            "XXBTZUSD": {
                "a": ["30300.10000", "1", "1.000"], "b": ["30300.00000", "1", "1.000"],
                "c": ["30303.20000", "0.00067643"],
                "v": ["4083.67001100", "4412.73601799"],
                "p": ["30706.77771", "30689.13205"], "t": [34619, 38907],
                "l": ["29868.30000", "29868.30000"],
                "h": ["31631.00000", "31631.00000"], "o": "30502.80000",
            }
        },
    },
    "/0/public/Depth": {
        "error": [],
        "result": {
            "XXBTZUSD": {
                "asks": [["30384.10000", "2.059", 1688671659],
                         ["30387.90000", "1.500", 1688671380]],
                "bids": [["30297.00000", "1.115", 1688671636],
                         ["9999.70000", "2.002", 1688671674]],
            }
        },
    },
    "/0/public/OHLC": {
        "error": [],
        "result": {
            "XXBTZUSD": [
                [SINCE_S, "30306.1", "30306.2", "30305.7", "30305.7", "30306.1",
                 "3.39243896", 23],
                [SINCE_S + 60, "30304.5", "30304.5", "30300.0", "30300.0", "30300.0",
                 "4.42996871", 18],
            ],
            "last": SINCE_S + 60,
        },
    },
}  # fmt: skip
OKX_SWAP = {
    "alias": "", "baseCcy": "", "category": "1", "ctMult": "1", "ctType": "linear",
    "ctVal": "0.01", "ctValCcy": "BTC", "expTime": "", "instFamily": "BTC-USDT",
    "instId": "BTC-USDT-SWAP", "instType": "SWAP", "lever": "100",
    "listTime": "1611916828000", "lotSz": "0.1", "minSz": "0.1", "optType": "",
    "quoteCcy": "", "settleCcy": "USDT", "state": "live", "stk": "", "tickSz": "0.1",
    "uly": "BTC-USDT",
}  # fmt: skip
OKX = {
    "instType=SPOT": {
        "code": "0",
        "msg": "",
        "data": [
            OKX_SWAP | {
                "baseCcy": "SHIB", "quoteCcy": "USDT", "ctMult": "", "ctType": "",
                "ctVal": "", "ctValCcy": "", "instId": "SHIB-USDT", "instType": "SPOT",
                "listTime": "1620720000000", "lotSz": "1", "minSz": "100000",
                "settleCcy": "", "tickSz": "0.000000001", "uly": "", "instFamily": "",
            }
        ],
    },
    "instType=SWAP": {"code": "0", "msg": "", "data": [OKX_SWAP]},
    "instType=": {"code": "0", "msg": "", "data": []},
    "/api/v5/market/ticker": {
        "code": "0",
        "msg": "",
        "data": [
            {
                "instType": "SPOT", "instId": "SHIB-USDT", "last": "0.000008123",
                "lastSz": "1", "askPx": "0.000008124", "askSz": "11",
                "bidPx": "0.000008122", "bidSz": "5", "open24h": "0.000008",
                "high24h": "0.000009", "low24h": "0.000008",
                "volCcy24h": "2222", "vol24h": "98765432109876.54321",
                "ts": "1700000000000", "sodUtc0": "0.1", "sodUtc8": "0.1",
            }
        ],
    },
    "/api/v5/market/": {"code": "0", "msg": "", "data": []},
}  # fmt: skip
BITFINEX = {
    "/v2/conf/pub:list:currency": [["BTC", "USD"], *[[] for _ in range(10)]],
    "/v2/conf/": [
        [["BTCUSD", [None, None, None, "0.00004", "2000.0", None, None, None, None,
                     None, 0.1, 0.05]]],
        [],
        ["BTCUSD"],
        [],
        [],
    ],
    "/v2/ticker/tBTCUSD": [30000, 1.5, 30001, 2.5, 100, 0.01, 30000.5, 1234.5, 31000,
                           29000],
}  # fmt: skip


@contextmanager
def opened(exchange: str, answers: dict[str, Any]) -> Iterator[CcxtMarketData]:
    with answering(answers) as (address, _):
        config = ExchangeConfig(address, timeout_seconds=3, rate_limits=False)
        data = CcxtMarketData(exchange, config, GuardPolicy(attempts=1))
        yield data
        data.close()


def test_kraken_with_seconds_and_prices_as_text() -> None:
    with opened("kraken", KRAKEN) as data:
        (market,) = data.markets()
        assert market.symbol == "BTC/USD"
        assert market.price_tick == Decimal("0.1")
        assert market.quantity_step == Decimal("1E-8")
        assert market.min_quantity == Decimal("0.00005")
        assert market.min_notional == Decimal("0.5")
        assert market.taker_fee == Decimal("0.004")
        assert market.maker_fee == Decimal("0.0025")
        assert data.ticker("BTC/USD").last == Decimal("30303.20000")
        book = data.order_book("BTC/USD", 2)
        # As text, 9999.7 is above 30297.
        assert [price for price, _ in book.bids] == [30297, Decimal("9999.7")]
        page = data.candles_page("BTC/USD", "1m", SINCE_NS)
        assert page.time.tolist() == [SINCE_NS, SINCE_NS + 60_000_000_000]
        assert page.volume.tolist() == [3.39243896, 4.42996871]
        assert data.price_round("BTC/USD", Decimal("30303.26")) == Decimal("30303.3")


def test_okx_with_contracts_of_a_hundredth() -> None:
    with opened("okx", OKX) as data:
        markets = {each.symbol: each for each in data.markets()}
        swap, spot = markets["BTC/USDT:USDT"], markets["SHIB/USDT"]
        assert (swap.kind, swap.settle) == (MarketKind.SWAP, "USDT")
        # 0.1 contracts of 0.01 BTC each.
        assert swap.quantity_step == swap.min_quantity == Decimal("0.001")
        assert swap.listed_ns == 1_611_916_828_000_000_000
        assert spot.price_tick == Decimal("1E-9")
        assert spot.quantity_step == 1
        assert spot.min_quantity == 100_000
        ticker = data.ticker("SHIB/USDT")
        assert ticker.last == Decimal("0.000008123")
        assert ticker.base_volume == Decimal("98765432109876.54321")


def test_okx_tells_that_there_are_no_candles_and_is_believed() -> None:
    with opened("okx", OKX) as data:
        assert len(data.candles_page("SHIB/USDT", "1m", SINCE_NS)) == 0
    wrong = {"/api/v5/market/history-candles": {"code": "0", "msg": ""}} | {
        "/api/v5/market/candles": {"code": "0", "msg": ""}
    }
    with opened("okx", wrong | OKX) as data, pytest.raises(ExchangeAnswerInvalid):
        data.candles_page("SHIB/USDT", "1m", SINCE_NS)


def test_bitfinex_with_significant_digits_has_no_fixed_tick() -> None:
    with opened("bitfinex", BITFINEX) as data:
        (market,) = [each for each in data.markets() if each.symbol == "BTC/USD"]
        assert market.price_tick == FINEST_PRICE
        assert market.quantity_step == FINEST_QUANTITY
        assert market.min_quantity == Decimal("0.00004")
        assert data.price_round("BTC/USD", Decimal("30303.26")) == 30303
        assert data.price_round("BTC/USD", Decimal("0.123456")) == Decimal("0.12346")
        assert data.ticker("BTC/USD").last == Decimal("30000.5")


# --- one market at a time

RAW = {
    "symbol": "X/Y",
    "base": "X",
    "quote": "Y",
    "type": "spot",
    "active": True,
    "precision": {"price": "0.010", "amount": "0.001"},
    "limits": {"amount": {"min": "0.002"}, "cost": {"min": None}},
    "maker": "0.0015",
    "taker": 0.0025,
}


def market(mode: int = ccxt.TICK_SIZE, **changes: Any) -> Any:
    return market_from(RAW | changes, mode)


def test_a_market_is_read_by_the_precision_mode_of_its_exchange() -> None:
    assert market().price_tick == Decimal("0.01")
    assert market().taker_fee == Decimal("0.0025")
    assert market().min_notional == 0
    places = {"price": 2, "amount": "0"}
    decimals = market(ccxt.DECIMAL_PLACES, precision=places)
    assert (decimals.price_tick, decimals.quantity_step) == (Decimal("0.01"), 1)
    digits = market(ccxt.SIGNIFICANT_DIGITS, precision=places)
    assert digits.price_tick == FINEST_PRICE


def test_a_market_without_rules_has_the_finest_and_no_minimum_below_its_step() -> None:
    bare = market(precision={}, limits={}, maker=None, taker=None)
    assert (bare.price_tick, bare.quantity_step) == (FINEST_PRICE, FINEST_QUANTITY)
    assert bare.min_quantity == FINEST_QUANTITY
    assert bare.taker_fee == 0


def test_what_is_no_market_of_ours_is_left_out() -> None:
    assert market(type="index") is None
    assert market(type=None) is None
    assert market(base=None) is None
    assert market(symbol="") is None


def test_contracts_are_told_in_base_units_where_that_can_be_said() -> None:
    contract: dict[str, Any] = {"type": "swap", "contract": True, "settle": "Y"}
    contract["contractSize"] = "0.01"
    assert market(**contract, linear=True).quantity_step == Decimal("0.00001")
    assert market(**contract, linear=False).quantity_step == Decimal("0.001")


def test_a_market_that_is_off_is_told_so() -> None:
    assert market().active
    assert market(active=None).active
    assert not market(active=False).active
