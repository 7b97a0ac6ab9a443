"""The markets that the exchange lists: names, grids, and when each was traded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

SCALE: Final = 10**8
HOUR_MS: Final = 3_600_000


def day_ms(year: int, month: int, day: int) -> int:
    """Return the start of a day in milliseconds since the epoch, UTC."""
    return int(datetime(year, month, day, tzinfo=UTC).timestamp()) * 1000


@dataclass(frozen=True, slots=True)
class Era:
    """A stretch of time in which a market is traded without a break.

    Attributes:
        start_ms: The first open time, on a full hour.
        end_ms: When trading ended, on a full hour; None while it goes on.
        price: Where the price begins, quote per base.
    """

    start_ms: int
    end_ms: int | None
    price: Decimal


@dataclass(frozen=True, slots=True)
class ServedMarket:
    """One market of the exchange.

    Attributes:
        base: What is bought.
        quote: What it is paid with.
        tick: Prices are multiples of it.
        step: Quantities are multiples of it.
        min_notional: The smallest order, quote units.
        eras: When it was traded; a relisted market has two.
        status: As Binance says it: `TRADING`, `BREAK` or `HALT`.
        holes: Spans `[start, end)` in milliseconds without any trade, on full minutes.
    """

    base: str
    quote: str
    tick: Decimal
    step: Decimal
    min_notional: Decimal
    eras: tuple[Era, ...]
    status: str = "TRADING"
    holes: tuple[tuple[int, int], ...] = ()

    @property
    def name(self) -> str:
        """Return the name on the wire, as `BTCUSDT`."""
        return self.base + self.quote

    @property
    def symbol(self) -> str:
        """Return the name in ccxt, as `BTC/USDT`."""
        return f"{self.base}/{self.quote}"

    @property
    def listed_ms(self) -> int:
        """Return when it was first traded."""
        return self.eras[0].start_ms

    @property
    def tick_e8(self) -> int:
        """Return the tick in units of 1e-8."""
        return int(self.tick * SCALE)

    @property
    def step_e8(self) -> int:
        """Return the step in units of 1e-8."""
        return int(self.step * SCALE)


EIGHT: Final = Decimal("0.00000001")


def eight(value: Decimal) -> str:
    """Return an amount as Binance writes it: eight places."""
    return f"{value:.8f}"


# Name, price at listing, tick, step, smallest notional, year and month of listing.
_LISTED: Final[tuple[tuple[str, str, str, str, str, int, int], ...]] = (
    ("BTC/USDT", "4261.48", "0.01", "0.00001", "5", 2017, 9),
    ("ETH/USDT", "301.13", "0.01", "0.0001", "5", 2017, 9),
    ("XRP/ETH", "0.00159", "0.0000001", "0.1", "0.001", 2018, 1),
    ("BNB/USDT", "15.7", "0.01", "0.001", "5", 2017, 12),
    ("XRP/USDT", "0.52", "0.0001", "0.1", "5", 2018, 5),
    ("SOL/USDT", "32.9", "0.01", "0.001", "5", 2020, 9),
    ("ADA/USDT", "0.25", "0.0001", "0.1", "5", 2018, 5),
    ("DOGE/USDT", "0.0301", "0.00001", "1", "1", 2019, 8),
    ("LTC/USDT", "180.1", "0.01", "0.001", "5", 2018, 1),
    ("LINK/USDT", "12.5", "0.01", "0.01", "5", 2019, 2),
    ("DOT/USDT", "6.3", "0.001", "0.01", "5", 2020, 9),
    ("AVAX/USDT", "15.2", "0.01", "0.01", "5", 2020, 10),
    ("ATOM/USDT", "9.8", "0.001", "0.01", "5", 2019, 5),
    ("UNI/USDT", "7.1", "0.001", "0.01", "5", 2020, 10),
    ("ETC/USDT", "18.4", "0.01", "0.01", "5", 2018, 7),
    ("XLM/USDT", "0.24", "0.0001", "1", "1", 2018, 6),
    ("TRX/USDT", "0.045", "0.0001", "0.1", "1", 2018, 7),
    ("FIL/USDT", "32.2", "0.001", "0.01", "5", 2020, 11),
    ("NEAR/USDT", "3.1", "0.001", "0.1", "5", 2020, 11),
    ("ALGO/USDT", "0.51", "0.0001", "1", "1", 2019, 7),
    ("AAVE/USDT", "98.7", "0.01", "0.001", "5", 2020, 11),
    ("SAND/USDT", "0.33", "0.0001", "1", "5", 2021, 1),
    ("GRT/USDT", "0.62", "0.0001", "1", "5", 2021, 1),
    ("ETH/BTC", "0.0713", "0.00001", "0.0001", "0.0001", 2017, 8),
    ("BNB/BTC", "0.0021", "0.000001", "0.001", "0.0001", 2017, 8),
    ("LTC/BTC", "0.0138", "0.000001", "0.001", "0.0001", 2017, 8),
    ("XRP/BTC", "0.000074", "0.00000001", "1", "0.0001", 2018, 1),
    ("ADA/BTC", "0.000031", "0.00000001", "0.1", "0.0001", 2018, 1),
    ("LINK/BTC", "0.000391", "0.0000001", "0.01", "0.0001", 2018, 1),
    ("BTC/EUR", "6540.1", "0.01", "0.00001", "5", 2020, 1),
)


def _listed(row: tuple[str, str, str, str, str, int, int]) -> ServedMarket:
    symbol, price, tick, step, notional, year, month = row
    base, quote = symbol.split("/")
    # Trading began in the middle of a day, as it does.
    start = day_ms(year, month, 14) + 4 * HOUR_MS
    return ServedMarket(
        base,
        quote,
        Decimal(tick),
        Decimal(step),
        Decimal(notional),
        (Era(start, None, Decimal(price)),),
    )


def relisted_market() -> ServedMarket:
    """Return a market that died and came back under its name, as LUNA did."""
    return ServedMarket(
        "LUNA",
        "USDT",
        Decimal("0.0001"),
        Decimal("0.01"),
        Decimal(5),
        (
            Era(day_ms(2020, 8, 21), day_ms(2022, 5, 13), Decimal("82.5")),
            Era(day_ms(2022, 5, 31) + 6 * HOUR_MS, None, Decimal("2.04")),
        ),
    )


def delisted_market() -> ServedMarket:
    """Return a market that is no longer traded; its past can still be read."""
    return ServedMarket(
        "SRM",
        "USDT",
        Decimal("0.0001"),
        Decimal("0.1"),
        Decimal(5),
        (Era(day_ms(2020, 8, 11), day_ms(2022, 11, 28), Decimal("0.93")),),
        status="BREAK",
    )


def default_markets(count: int = 30) -> tuple[ServedMarket, ...]:
    """Return so many traded markets, and after them a relisted and a delisted one."""
    made = [_listed(row) for row in _LISTED[:count]]
    for number in range(len(made), count):
        price = Decimal(5 + number * 7 % 400)
        made.append(
            ServedMarket(
                f"C{number:04d}",
                "USDT",
                Decimal("0.001"),
                Decimal("0.01"),
                Decimal(5),
                (Era(day_ms(2021, 1 + number % 12, 3), None, price),),
            )
        )
    return (*made, relisted_market(), delisted_market())


def market_described(market: ServedMarket) -> dict[str, Any]:
    """Return one entry of `exchangeInfo`."""
    return {
        "symbol": market.name,
        "status": market.status,
        "baseAsset": market.base,
        "baseAssetPrecision": 8,
        "quoteAsset": market.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": [
            "LIMIT",
            "LIMIT_MAKER",
            "MARKET",
            "STOP_LOSS",
            "STOP_LOSS_LIMIT",
            "TAKE_PROFIT",
            "TAKE_PROFIT_LIMIT",
        ],
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "isSpotTradingAllowed": market.status == "TRADING",
        "isMarginTradingAllowed": False,
        "filters": _filters(market),
        "permissions": [],
        "permissionSets": [["SPOT", "TRD_GRP_004"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": [
            "EXPIRE_TAKER",
            "EXPIRE_MAKER",
            "EXPIRE_BOTH",
            "DECREMENT",
        ],
    }


def _filters(market: ServedMarket) -> list[dict[str, Any]]:
    tick, step = eight(market.tick), eight(market.step)
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": tick,
            "maxPrice": eight(market.tick * 10**8),
            "tickSize": tick,
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": step,
            "maxQty": eight(market.step * 9 * 10**8),
            "stepSize": step,
        },
        {"filterType": "ICEBERG_PARTS", "limit": 10},
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": "0.00000000",
            "maxQty": eight(market.step * 10**8),
            "stepSize": "0.00000000",
        },
        {
            "filterType": "TRAILING_DELTA",
            "minTrailingAboveDelta": 10,
            "maxTrailingAboveDelta": 2000,
            "minTrailingBelowDelta": 10,
            "maxTrailingBelowDelta": 2000,
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": "5",
            "bidMultiplierDown": "0.2",
            "askMultiplierUp": "5",
            "askMultiplierDown": "0.2",
            "avgPriceMins": 5,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": eight(market.min_notional),
            "applyMinToMarket": True,
            "maxNotional": "9000000.00000000",
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
    ]
