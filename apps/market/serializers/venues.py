"""Shapes of exchanges and of what they list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from apps.core.serializers import StrictSerializer
from apps.market.models import VenueMarket
from apps.market.selectors.exchanges import CAPABILITIES

if TYPE_CHECKING:
    from apps.market.selectors.exchanges import ExchangeKnown


EXCHANGE = OpenApiParameter(
    name="exchange",
    type=str,
    location=OpenApiParameter.PATH,
    description="Its id, as `GET /api/v1/exchanges/` lists it: binance.",
)
_CAN = {
    "candles": "It serves candles.",
    "trades": "Its public trades can be read.",
    "order_book": "Its order book can be read.",
    "ticker": "It serves tickers.",
    "stream_tickers": "Tickers can be watched over a websocket.",
    "stream_order_book": "Order books can be watched.",
    "stream_trades": "Public trades can be watched.",
}


class ExchangesQuery(StrictSerializer):
    """Which exchanges to list."""

    search = serializers.CharField(
        max_length=64,
        default="",
        allow_blank=True,
        help_text="Part of an id or a name.",
    )
    can = serializers.CharField(
        max_length=200,
        default="",
        allow_blank=True,
        help_text=(
            "What they must be able to do, with commas between: "
            f"{', '.join(CAPABILITIES)}."
        ),
    )
    timeframe = serializers.CharField(
        max_length=8,
        default="",
        allow_blank=True,
        help_text="A bar length that they must serve: 1h.",
    )
    available = serializers.BooleanField(
        allow_null=True,
        default=None,
        help_text="Only those that may be asked, or only the others.",
    )

    def validate_can(self, text: str) -> tuple[str, ...]:
        """Return what is named, or refuse what no exchange is asked for."""
        names = tuple(one.strip() for one in text.split(",") if one.strip())
        for name in names:
            if name not in CAPABILITIES:
                known = ", ".join(CAPABILITIES)
                msg = f"{name[:40]!r} is nothing that exchanges can; known: {known}."
                raise serializers.ValidationError(msg, code="invalid_choice")
        return names


class CapabilitiesOutput(serializers.Serializer[Any]):
    """What an exchange can do, as far as its adapter knows."""

    candles = serializers.BooleanField(help_text=_CAN["candles"])
    trades = serializers.BooleanField(help_text=_CAN["trades"])
    order_book = serializers.BooleanField(help_text=_CAN["order_book"])
    ticker = serializers.BooleanField(help_text=_CAN["ticker"])
    stream_tickers = serializers.BooleanField(help_text=_CAN["stream_tickers"])
    stream_order_book = serializers.BooleanField(help_text=_CAN["stream_order_book"])
    stream_trades = serializers.BooleanField(help_text=_CAN["stream_trades"])
    candles_per_page = serializers.IntegerField(
        allow_null=True, help_text="The most candles that one call to it gives."
    )


class ExchangeLinksOutput(serializers.Serializer[Any]):
    """What can be asked next."""

    self = serializers.CharField(help_text="This exchange.")
    status = serializers.CharField(help_text="How it is at the moment.")
    markets = serializers.CharField(help_text="What it lists.")
    tickers = serializers.CharField(help_text="Its live tickers.")


class ExchangeOutput(serializers.Serializer[Any]):
    """An exchange: through what it is reached, and what it can do."""

    id = serializers.CharField(source="entry.id", help_text="How it is called here.")
    name = serializers.CharField(source="entry.name", help_text="Its own name.")
    countries = serializers.ListField(
        source="entry.countries",
        child=serializers.CharField(),
        help_text="Where it is at home, ISO 3166-1 alpha-2.",
    )
    www = serializers.CharField(
        source="entry.www", allow_null=True, help_text="Its site."
    )
    docs = serializers.ListField(
        source="entry.docs",
        child=serializers.CharField(),
        help_text="Its own documentation.",
    )
    needs_password = serializers.BooleanField(
        source="entry.needs_password", help_text="Whether its keys have a third part."
    )
    adapter = serializers.CharField(
        help_text="Through what it is reached: `ccxt` or `simulated`."
    )
    adapter_version = serializers.CharField(
        allow_null=True, help_text="The version of ccxt."
    )
    available = serializers.BooleanField(help_text="Whether it may be asked here.")
    reason = serializers.CharField(help_text="Why not; empty where it may.")
    timeframes = serializers.ListField(
        source="entry.capabilities.timeframes",
        child=serializers.CharField(),
        help_text="The lengths of bars that it serves.",
    )
    capabilities = CapabilitiesOutput(
        source="entry.capabilities", help_text="What it can do."
    )
    _links = serializers.SerializerMethodField(help_text="What can be asked next.")

    @extend_schema_field(ExchangeLinksOutput)
    def get__links(self, known: ExchangeKnown) -> dict[str, str]:
        """Return where to go on."""
        where = {"exchange": known.entry.id}
        names = {"self": "exchange_detail", "status": "exchange_status"}
        names |= {"markets": "exchange_markets", "tickers": "exchange_tickers"}
        return {key: reverse(name, kwargs=where) for key, name in names.items()}


class MarketsRefreshInput(StrictSerializer):
    """How an exchange's list is read."""

    accept_loss = serializers.BooleanField(
        default=False,
        help_text=(
            "Believe an answer that lists less than half of the markets that were "
            "listed before; otherwise the job fails with `markets_lost`."
        ),
    )


class InstrumentsRefreshInput(StrictSerializer):
    """Which instruments to ask for."""

    venue = serializers.CharField(
        max_length=32,
        allow_null=True,
        default=None,
        help_text="Only those of this venue; of all venues when left out.",
    )


def _amount(text: str) -> serializers.DecimalField:
    return serializers.DecimalField(
        36, 18, normalize_output=True, allow_null=True, help_text=text
    )


class VenueMarketOutput(serializers.ModelSerializer[VenueMarket]):
    """A market as its exchange lists it; null is what the exchange does not tell."""

    symbol = serializers.CharField(help_text="Its name: BTC/USDT, or BTC/USDT:USDT.")
    base = serializers.CharField(help_text="What is bought.")
    quote = serializers.CharField(help_text="What it is paid with.")
    settle = serializers.SerializerMethodField(
        help_text="What a contract is settled in; null for spot."
    )
    active = serializers.BooleanField(help_text="Whether it is traded now.")
    price_tick = _amount("Prices are multiples of it, quote per base.")
    quantity_step = _amount("Quantities are multiples of it, base units.")
    min_quantity = _amount("The smallest order, base units.")
    min_notional = _amount("The smallest order, quote units.")
    maker_fee = _amount("Of a resting order, as a fraction of its notional.")
    taker_fee = _amount("Of an order that fills at once, likewise.")
    listed_at = serializers.DateTimeField(
        allow_null=True, help_text="When trading began, where the exchange says so."
    )
    seen_at = serializers.DateTimeField(help_text="When it was listed last.")
    gone_at = serializers.DateTimeField(
        allow_null=True, help_text="Since when it is not listed any more."
    )

    class Meta:
        model = VenueMarket
        fields = (
            "symbol",
            "base",
            "quote",
            "settle",
            "kind",
            "active",
            "price_tick",
            "quantity_step",
            "min_quantity",
            "min_notional",
            "maker_fee",
            "taker_fee",
            "listed_at",
            "seen_at",
            "gone_at",
        )
        read_only_fields = fields

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_settle(self, market: VenueMarket) -> str | None:
        """Return what it is settled in."""
        return market.settle or None


class VenueMarketsPageOutput(serializers.Serializer[Any]):
    """Markets of an exchange, by symbol, and how old the list is."""

    read_at = serializers.DateTimeField(help_text="When the exchange was asked last.")
    age_seconds = serializers.FloatField(help_text="How long ago that was.")
    markets = serializers.IntegerField(help_text="How many it listed then.")
    next = serializers.CharField(
        allow_null=True, help_text="Where the next page is; null on the last one."
    )
    previous = serializers.CharField(
        allow_null=True, help_text="Where the page before is; null on the first one."
    )
    results = VenueMarketOutput(many=True, help_text="The markets.")
