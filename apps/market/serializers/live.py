"""Shapes of live prices."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.serializers import StrictSerializer

MOST_SYMBOLS = 200
MOST_LEVELS = 50
MOST_TRADES = 100
_LONGEST_SYMBOL = 128
_SYMBOL = "A market of the exchange, as it lists it: BTC/USDT."


class SymbolQuery(StrictSerializer):
    """Which market."""

    symbol = serializers.CharField(max_length=_LONGEST_SYMBOL, help_text=_SYMBOL)


class SymbolsQuery(StrictSerializer):
    """Which markets."""

    symbols = serializers.CharField(
        max_length=MOST_SYMBOLS * (_LONGEST_SYMBOL + 1),
        help_text=f"Up to {MOST_SYMBOLS} markets with commas between: BTC/USDT,ETH/USDT.",
    )

    def validate_symbols(self, text: str) -> list[str]:
        """Return the symbols, each once, in the order in which they are named."""
        named = (one.strip() for one in text.split(","))
        symbols = list(dict.fromkeys(one for one in named if one))
        if any(len(one) > _LONGEST_SYMBOL for one in symbols):
            msg = f"A symbol has at most {_LONGEST_SYMBOL} characters."
            raise serializers.ValidationError(msg, code="max_length")
        return symbols


class BookQuery(SymbolQuery):
    """Which order book, and how deep."""

    depth = serializers.IntegerField(
        min_value=1,
        max_value=MOST_LEVELS,
        default=20,
        help_text="Levels of either side.",
    )


class PublicTradesQuery(SymbolQuery):
    """Whose trades, and how many."""

    limit = serializers.IntegerField(
        min_value=1,
        max_value=MOST_TRADES,
        default=MOST_TRADES,
        help_text="The most trades, the latest of them.",
    )


class FreshOutput(serializers.Serializer[Any]):
    """How old an answer is."""

    exchange = serializers.CharField(help_text="The exchange's id.")
    symbol = serializers.CharField(help_text="The market.")
    received_at = serializers.DateTimeField(
        help_text="When it was received, by our clock."
    )
    age_seconds = serializers.FloatField(help_text="How long ago that was.")
    stale = serializers.BooleanField(
        help_text="Whether that is longer than LIVE_STALE_SECONDS: do not trade on it."
    )


class ExchangeStatusOutput(serializers.Serializer[Any]):
    """How an exchange is, as the process saw it that holds prices fresh."""

    exchange = serializers.CharField(help_text="The exchange's id.")
    reachable = serializers.BooleanField(help_text="Whether it answered.")
    latency_seconds = serializers.FloatField(
        allow_null=True, help_text="How long the answer took."
    )
    clock_skew_seconds = serializers.FloatField(
        allow_null=True, help_text="Its clock less ours; null where it tells no time."
    )
    circuit = serializers.CharField(
        help_text="`closed`, `open` or `half-open`: whether calls are let through."
    )
    message = serializers.CharField(
        allow_blank=True,
        help_text="What is wrong, for a person; empty where nothing is.",
    )
    at = serializers.DateTimeField(help_text="When this was seen, by our clock.")
    age_seconds = serializers.FloatField(help_text="How long ago that was.")
    stale = serializers.BooleanField(
        help_text="Whether that is so long ago that nobody watches it any more."
    )
    feed = serializers.DictField(
        help_text="What is held fresh of it: kinds, symbols, reconnects, ages."
    )


class TickerOutput(FreshOutput):
    """The last price of a market and its best offers; decimals are strings."""

    last = serializers.CharField(
        allow_null=True, help_text="Price of the last trade, quote per base."
    )
    bid = serializers.CharField(allow_null=True, help_text="Best price of a buyer.")
    ask = serializers.CharField(allow_null=True, help_text="Best price of a seller.")
    bid_quantity = serializers.CharField(
        allow_null=True, help_text="What is bid for at it, base units."
    )
    ask_quantity = serializers.CharField(
        allow_null=True, help_text="What is asked at it, base units."
    )
    base_volume = serializers.CharField(
        allow_null=True, help_text="Traded in 24 hours, base units."
    )
    venue_time = serializers.DateTimeField(
        allow_null=True, help_text="The exchange's time of it."
    )


class LiveErrorOutput(serializers.Serializer[Any]):
    """Why there is none."""

    code = serializers.CharField(
        help_text=(
            "`price_not_live` or `live_symbols_too_many`: ask again; `symbol_unknown`: "
            "ask for another."
        )
    )
    detail = serializers.CharField(help_text="For a person: what to do.")


class TickersItemOutput(serializers.Serializer[Any]):
    """One market's ticker, or why there is none."""

    symbol = serializers.CharField(help_text="The market.")
    ticker = TickerOutput(allow_null=True, help_text="Null where there is none.")
    error = LiveErrorOutput(allow_null=True, help_text="Null where there is a ticker.")


class TickersOutput(serializers.Serializer[Any]):
    """The tickers that were asked for, in the order in which they were."""

    exchange = serializers.CharField(help_text="The exchange's id.")
    results = TickersItemOutput(many=True, help_text="One for each symbol.")


def _levels(text: str) -> serializers.ListField:
    level = serializers.ListField(
        child=serializers.CharField(), min_length=2, max_length=2
    )
    return serializers.ListField(child=level, help_text=text)


class OrderBookOutput(FreshOutput):
    """The open orders of a market by price; decimals are strings."""

    bids = _levels("Price and quantity of each level, the highest price first.")
    asks = _levels("Price and quantity of each level, the lowest price first.")
    sequence = serializers.IntegerField(
        allow_null=True, help_text="The exchange's number of this state."
    )
    venue_time = serializers.DateTimeField(
        allow_null=True, help_text="The exchange's time of it."
    )
    resyncs = serializers.IntegerField(
        help_text="How often it had to be read anew since it is followed."
    )


class PublicTradeOutput(serializers.Serializer[Any]):
    """One trade of anybody's."""

    id = serializers.CharField(help_text="The exchange's name of it.")
    time = serializers.DateTimeField(help_text="When it happened.")
    price = serializers.CharField(help_text="Quote per base.")
    quantity = serializers.CharField(help_text="Base units.")
    side = serializers.ChoiceField(
        choices=["buy", "sell"], help_text="What the taker did."
    )


class PublicTradesOutput(FreshOutput):
    """The latest public trades of a market, oldest first."""

    trades = PublicTradeOutput(many=True, help_text="The trades.")
