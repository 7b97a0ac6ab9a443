"""What is told of prices, for the documentation of streams."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

MOMENT: list[Any] = ["2026-01-01T12:00:00.123456Z"]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TickerBody(_Body):
    """The newest price of a market; decimals are strings."""

    symbol: str = Field(description="The market.", examples=["BTC/USDT"])
    last: str | None = Field(description="The price of the last trade.")
    bid: str | None = Field(description="The best price of who buys.")
    ask: str | None = Field(description="The best price of who sells.")
    bid_quantity: str | None = Field(description="How much is bought at it.")
    ask_quantity: str | None = Field(description="How much is sold at it.")
    base_volume: str | None = Field(description="Traded within 24 hours, in the base.")
    venue_time: str | None = Field(
        description="The venue's time of it.", examples=MOMENT
    )
    received_at: str = Field(
        description="When it came; its age is since then.", examples=MOMENT
    )


class BookBody(_Body):
    """The best levels of an order book; pairs of price and quantity, as strings."""

    symbol: str = Field(description="The market.", examples=["BTC/USDT"])
    bids: list[tuple[str, str]] = Field(description="Who buys, the best first.")
    asks: list[tuple[str, str]] = Field(description="Who sells, the best first.")
    sequence: int | None = Field(description="The venue's number of the last change.")
    venue_time: str | None = Field(
        description="The venue's time of it.", examples=MOMENT
    )
    received_at: str = Field(
        description="When it came; its age is since then.", examples=MOMENT
    )
    resyncs: int = Field(description="How often it had to be read anew.")


class TradeBody(_Body):
    """One trade."""

    id: str = Field(description="The venue's name of it.")
    time: str = Field(description="When it was done.", examples=MOMENT)
    price: str = Field(description="At which price.")
    quantity: str = Field(description="How much, in the base.")
    side: Literal["buy", "sell"] = Field(description="What the taker did.")


class TradesBody(_Body):
    """The last trades of a market, the oldest first."""

    symbol: str = Field(description="The market.", examples=["BTC/USDT"])
    trades: list[TradeBody] = Field(description="100 of them at most.")
    received_at: str = Field(description="When the newest came.", examples=MOMENT)


class StatusBody(_Body):
    """How an exchange is reached."""

    model_config = ConfigDict(extra="allow")

    exchange: str = Field(description="Its id.", examples=["binance"])
    reachable: bool | None = Field(description="Whether it answers; null: not asked.")
    latency_seconds: float | None = Field(description="How long an answer takes.")
    clock_skew_seconds: float | None = Field(description="How far its clock is ahead.")
    circuit: str | None = Field(description="Whether calls are let through.")
    message: str | None = Field(description="What is the matter.")
    at: str = Field(description="When it was found.", examples=MOMENT)
    feed: Any = Field(description="What is held fresh of it.")
