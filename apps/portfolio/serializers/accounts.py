"""Shapes of accounts."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from apps.core.amounts import AmountField, RateField
from apps.core.examples import SOME_ID, body_examples
from apps.core.serializers import StrictSerializer
from apps.portfolio.enums import AccountMode, PriceSource
from apps.portfolio.models import Account
from apps.portfolio.services.accounts import MOST_LATENCY_MS, REPLAY_SPEEDS

_NAME = "For people; unique among yours. Such as Main."
_MAKER = "Of an order that rested: a fraction of what is received, such as 0.001."
_TAKER = "Of an order that took: a fraction of what is received, such as 0.001."
_LATENCY = "So long after it was sent an order reaches the paper venue, milliseconds."
_SERIES = "A candle series of yours whose prices are replayed; none for live prices."
_BEGIN = "The moment in the series at which the account was made; its first by default."
_SPEED = "How many seconds of the series pass in one of ours."


@body_examples(
    {
        "On paper at live prices": {
            "name": "Paper",
            "mode": "paper",
            "exchange": "binance",
            "currency": "USDT",
        },
        "On paper at the prices of stored candles": {
            "name": "Replay",
            "mode": "paper",
            "exchange": "binance",
            "currency": "USDT",
            "price_source": "candles",
            "series_id": SOME_ID,
            "replay_speed": 3600,
        },
        "With money": {
            "name": "Main",
            "mode": "live",
            "exchange": "binance",
            "currency": "USDT",
        },
    }
)
class AccountCreateInput(StrictSerializer):
    """An account; all after `currency` is of paper accounts alone."""

    name = serializers.CharField(max_length=80, help_text=_NAME)
    mode = serializers.ChoiceField(
        choices=AccountMode.choices,
        help_text="`paper` costs nothing; `live` trades with money.",
    )
    exchange = serializers.CharField(
        max_length=32,
        help_text="Its id, as GET /api/v1/exchanges/ lists it. A paper account has the "
        "markets, rules and prices of its exchange.",
    )
    currency = serializers.CharField(
        max_length=16, help_text="What all is valued in, such as USDT."
    )
    maker_fee = RateField(required=False, help_text=f"{_MAKER} 0.001 by default.")
    taker_fee = RateField(required=False, help_text=f"{_TAKER} 0.001 by default.")
    latency_ms = serializers.IntegerField(
        required=False, min_value=0, max_value=MOST_LATENCY_MS, help_text=_LATENCY
    )
    price_source = serializers.ChoiceField(
        choices=PriceSource.choices,
        required=False,
        help_text="Whether it trades at live prices, which is the default, or at those "
        "of candles that are replayed.",
    )
    series_id = serializers.UUIDField(required=False, help_text=_SERIES)
    replay_from = serializers.DateTimeField(required=False, help_text=_BEGIN)
    replay_speed = serializers.FloatField(
        required=False,
        min_value=REPLAY_SPEEDS[0],
        max_value=REPLAY_SPEEDS[1],
        help_text=f"{_SPEED} 1 by default.",
    )


class AccountUpdateInput(StrictSerializer):
    """What may be changed; what is left out stays."""

    name = serializers.CharField(max_length=80, required=False, help_text=_NAME)
    maker_fee = RateField(required=False, help_text=f"{_MAKER} Paper accounts alone.")
    taker_fee = RateField(required=False, help_text=f"{_TAKER} Paper accounts alone.")
    latency_ms = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MOST_LATENCY_MS,
        help_text=f"{_LATENCY} Paper accounts alone.",
    )


class AccountLinksOutput(serializers.Serializer[Any]):
    """What can be done next; null where this account has no such thing."""

    self = serializers.CharField(help_text="This account.")
    close = serializers.CharField(allow_null=True, help_text="Where to close it.")
    credentials = serializers.CharField(
        allow_null=True, help_text="The keys of a live account."
    )
    preflight = serializers.CharField(
        allow_null=True, help_text="The go/no-go list of a live account."
    )
    balances = serializers.CharField(help_text="What it holds.")
    positions = serializers.CharField(help_text="What it has open.")
    ledger = serializers.CharField(help_text="Everything that moved its money.")
    valuation = serializers.CharField(help_text="What it is worth now.")
    equity = serializers.CharField(help_text="What it was worth.")
    deposits = serializers.CharField(
        allow_null=True, help_text="Where to put play money into a paper account."
    )


class AccountOutput(serializers.ModelSerializer[Account]):
    """An account."""

    name = serializers.CharField(help_text="For people.")
    mode = serializers.ChoiceField(
        choices=AccountMode.choices, help_text="Whether it trades with money."
    )
    exchange = serializers.CharField(help_text="The exchange's id.")
    currency = serializers.CharField(help_text="What all is valued in.")
    maker_fee = AmountField(help_text=f"{_MAKER} 0 for a live account.")
    taker_fee = AmountField(help_text=f"{_TAKER} 0 for a live account.")
    latency_ms = serializers.IntegerField(help_text=_LATENCY)
    price_source = serializers.ChoiceField(
        choices=PriceSource.choices,
        help_text="Where a paper account's prices are from.",
    )
    series_id = serializers.UUIDField(allow_null=True, help_text=_SERIES)
    replay_from = serializers.DateTimeField(allow_null=True, help_text=_BEGIN)
    replay_speed = serializers.FloatField(help_text=_SPEED)
    closed_at = serializers.DateTimeField(
        allow_null=True, help_text="When it was closed; null while it is open."
    )
    _links = serializers.SerializerMethodField(help_text="What can be done next.")

    class Meta:
        model = Account
        fields = (
            "id",
            "name",
            "mode",
            "exchange",
            "currency",
            "maker_fee",
            "taker_fee",
            "latency_ms",
            "price_source",
            "series_id",
            "replay_from",
            "replay_speed",
            "closed_at",
            "created_at",
            "updated_at",
            "_links",
        )
        read_only_fields = fields

    @extend_schema_field(AccountLinksOutput)
    def get__links(self, account: Account) -> dict[str, str | None]:
        """Return where to go on."""
        where = {"account_id": account.pk}
        live = account.mode == AccountMode.LIVE.value
        opened = account.closed_at is None
        names = {
            "self": "account_detail",
            "close": "account_close" if opened else None,
            "credentials": "account_credentials" if live else None,
            "preflight": "account_preflight" if live else None,
            "balances": "account_balances",
            "positions": "account_positions",
            "ledger": "account_ledger",
            "valuation": "account_valuation",
            "equity": "account_equity",
            "deposits": "account_deposits" if opened and not live else None,
        }
        return {
            link: reverse(name, kwargs=where) if name else None
            for link, name in names.items()
        }
