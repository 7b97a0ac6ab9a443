# mypy: disable-error-code="no-untyped-call"
"""Rows for tests."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth import get_user_model
from factory.declarations import (
    LazyAttribute,
    LazyFunction,
    SelfAttribute,
    Sequence,
    SubFactory,
)
from factory.django import DjangoModelFactory

from apps.market.models import CandleSeries, Instrument

if TYPE_CHECKING:
    from apps.users.models import User


class UserFactory(DjangoModelFactory):
    class Meta:
        model = get_user_model()

    username = Sequence(lambda n: f"trader-{n}")


class InstrumentFactory(DjangoModelFactory):
    class Meta:
        model = Instrument

    owner = SubFactory(UserFactory)
    venue = "binance"
    symbol = Sequence(lambda n: f"COIN{n}/USDT")
    base = LazyAttribute(lambda one: one.symbol.split("/")[0])
    quote = "USDT"
    price_tick = Decimal("0.01")
    quantity_step = Decimal("0.0001")
    min_quantity = Decimal("0.0001")
    min_notional = Decimal(0)
    rules_source = "inferred"


class CandleSeriesFactory(DjangoModelFactory):
    """A row whose file does not exist; import a file where candles are needed."""

    class Meta:
        model = CandleSeries

    instrument = SubFactory(InstrumentFactory)
    owner = SelfAttribute("instrument.owner")
    timeframe = "1h"
    first = datetime(2024, 1, 1, tzinfo=UTC)
    last = datetime(2024, 1, 2, tzinfo=UTC)
    rows = 25
    gaps = 0
    price_decimals = 2
    sha256 = hashlib.sha256(b"").hexdigest()
    path = Sequence(lambda n: f"candles/binance/coin/1h/{n}-1.parquet")
    revision = 1
    source_name = "candles.csv"
    source_format = "csv"
    time_unit = "s"
    quality = LazyFunction(dict)


def user_make() -> User:
    """Return a new person."""
    return cast("User", UserFactory())


def instrument_make(**fields: Any) -> Instrument:
    """Return a new instrument, of a person of its own where none is named."""
    return cast("Instrument", InstrumentFactory(**fields))


def series_make(**fields: Any) -> CandleSeries:
    """Return a new series, without a file, of the owner of its instrument."""
    return cast("CandleSeries", CandleSeriesFactory(**fields))
