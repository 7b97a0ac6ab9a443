"""Shapes of watchlists."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from apps.core.serializers import StrictSerializer
from apps.market.models import Watchlist, WatchlistItem
from apps.market.serializers.live import TickerOutput

_MOST_IN_ORDER = 200


class WatchlistInput(StrictSerializer):
    """A watchlist's name."""

    name = serializers.CharField(
        max_length=80, help_text="For people; unique among yours. Such as Majors."
    )


class WatchlistItemInput(StrictSerializer):
    """A market to watch."""

    exchange = serializers.CharField(
        max_length=32, help_text="Its id, as GET /api/v1/exchanges/ lists it."
    )
    symbol = serializers.CharField(
        max_length=128, help_text="The market as the exchange lists it: BTC/USDT."
    )
    note = serializers.CharField(
        max_length=400, default="", allow_blank=True, help_text="For people."
    )


class WatchlistItemNoteInput(StrictSerializer):
    """What is written on an item."""

    note = serializers.CharField(
        max_length=400, allow_blank=True, help_text="For people; empty removes it."
    )


class WatchlistOrderInput(StrictSerializer):
    """The items in the order in which they should stand."""

    items = serializers.ListField(
        child=serializers.UUIDField(),
        max_length=_MOST_IN_ORDER,
        help_text="The ids of all items, each once.",
    )


class WatchlistQuery(StrictSerializer):
    """What to tell of a watchlist's items."""

    prices = serializers.BooleanField(
        default=False, help_text="With the latest ticker of each item, and its age."
    )


class WatchlistItemOutput(serializers.ModelSerializer[WatchlistItem]):
    """A market on a watchlist."""

    exchange = serializers.CharField(help_text="The exchange's id.")
    symbol = serializers.CharField(help_text="The market.")
    position = serializers.IntegerField(help_text="Where it stands, from 0 on.")
    note = serializers.CharField(help_text="For people.")
    ticker = serializers.SerializerMethodField(
        help_text="Its latest ticker; null where there is none, or none is asked for."
    )

    class Meta:
        model = WatchlistItem
        fields = (
            "id",
            "exchange",
            "symbol",
            "position",
            "note",
            "ticker",
            "created_at",
        )
        read_only_fields = fields

    @extend_schema_field(TickerOutput(allow_null=True))
    def get_ticker(self, item: WatchlistItem) -> dict[str, Any] | None:
        """Return the item's ticker, where the view has read it."""
        tickers: dict[tuple[str, str], dict[str, Any]]
        tickers = self.context.get("tickers", {})
        return tickers.get((item.exchange, item.symbol))


class WatchlistLinksOutput(serializers.Serializer[Any]):
    """What can be done next."""

    self = serializers.CharField(help_text="This watchlist.")
    items = serializers.CharField(help_text="Where to add a market.")
    order = serializers.CharField(help_text="Where to put its items in order.")
    prices = serializers.CharField(help_text="This watchlist with the latest tickers.")


class WatchlistOutput(serializers.ModelSerializer[Watchlist]):
    """A watchlist, without its items."""

    name = serializers.CharField(help_text="For people.")
    item_count = serializers.IntegerField(help_text="How many markets are on it.")
    _links = serializers.SerializerMethodField(help_text="What can be done next.")

    class Meta:
        model = Watchlist
        fields: tuple[str, ...] = (
            "id",
            "name",
            "item_count",
            "created_at",
            "updated_at",
            "_links",
        )
        read_only_fields = fields

    @extend_schema_field(WatchlistLinksOutput)
    def get__links(self, watchlist: Watchlist) -> dict[str, str]:
        """Return where to go on."""
        where = {"watchlist_id": watchlist.pk}
        detail = reverse("watchlist_detail", kwargs=where)
        return {
            "self": detail,
            "items": reverse("watchlist_items", kwargs=where),
            "order": reverse("watchlist_order", kwargs=where),
            "prices": f"{detail}?prices=true",
        }


class WatchlistDetailOutput(WatchlistOutput):
    """A watchlist and its items, in their order."""

    items = WatchlistItemOutput(many=True, help_text="The markets on it.")

    class Meta(WatchlistOutput.Meta):
        fields = (*WatchlistOutput.Meta.fields, "items")
        read_only_fields = fields
