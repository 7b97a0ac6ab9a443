"""What the venues list, and what people watch of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.core.models import BaseModel
from apps.exchanges.contracts import MarketKind

if TYPE_CHECKING:
    from decimal import Decimal


class VenueList(models.Model):
    """When an exchange's markets were read last; its row is locked while they are stored.

    `read_at` is when the exchange was asked: an answer that was asked for earlier never
    takes the place of a later one.
    """

    exchange = models.CharField(max_length=32, primary_key=True)
    read_at = models.DateTimeField(null=True, blank=True)
    markets = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("exchange",)

    def __str__(self) -> str:
        return self.exchange


def _amount() -> models.DecimalField[Decimal | None, Decimal | None]:
    return models.DecimalField(max_digits=36, decimal_places=18, null=True, blank=True)


class VenueMarket(models.Model):
    """A market as its exchange lists it; None is what the exchange does not tell.

    It stays after the exchange has dropped it, with `gone_at`.
    """

    id = models.BigAutoField(primary_key=True)
    exchange = models.CharField(max_length=32)
    symbol = models.CharField(max_length=128)
    base = models.CharField(max_length=64)
    quote = models.CharField(max_length=64)
    settle = models.CharField(max_length=64, blank=True)
    kind = models.CharField(
        max_length=8, choices=[(one.value, one.value) for one in MarketKind]
    )
    active = models.BooleanField(default=True)
    price_tick = _amount()
    quantity_step = _amount()
    min_quantity = _amount()
    min_notional = _amount()
    maker_fee = _amount()
    taker_fee = _amount()
    listed_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("exchange", "symbol")
        indexes: ClassVar = [
            models.Index(fields=("exchange", "base"), name="venue_market_base"),
            models.Index(fields=("exchange", "quote"), name="venue_market_quote"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("exchange", "symbol"), name="venue_market_once"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[one.value for one in MarketKind]),
                name="venue_market_kind_known",
            ),
            models.CheckConstraint(
                condition=Q(gone_at__isnull=True) | Q(active=False),
                name="venue_market_gone_is_not_active",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exchange} {self.symbol}"


class Watchlist(BaseModel):
    """Markets that somebody watches, in an order of their own."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="watchlists"
    )
    name = models.CharField(max_length=80)

    class Meta:
        ordering = ("-created_at", "-id")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("owner", "name"), name="watchlist_once"),
        ]

    def __str__(self) -> str:
        return self.name


class WatchlistItem(BaseModel):
    """A market on a watchlist; its ticker is held fresh for as long as it is there."""

    watchlist = models.ForeignKey(
        Watchlist, on_delete=models.CASCADE, related_name="items"
    )
    exchange = models.CharField(max_length=32)
    symbol = models.CharField(max_length=128)
    position = models.PositiveIntegerField()
    note = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ("position", "created_at", "id")
        indexes: ClassVar = [
            models.Index(fields=("exchange", "symbol"), name="watchlist_item_market"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("watchlist", "exchange", "symbol"), name="watchlist_item_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exchange} {self.symbol}"
