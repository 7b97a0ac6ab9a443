"""The rules of an instrument: given by people, or inferred from its data."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from django.db.models import Max

from apps.market.enums import RulesSource
from apps.market.errors import RulesInvalid
from apps.market.models import BookCapture, CandleSeries, Instrument, TradeDay
from apps.market.requests import symbol_parse, venue_parse
from apps.market.ticks import decimals_of_tick, tick_from_decimals

if TYPE_CHECKING:
    from apps.market.requests import (
        CaptureImportRequest,
        GivenRules,
        ImportRequest,
    )
    from apps.users.models import User

_GRID = ("price_tick", "quantity_step")


def instrument_settle(
    *,
    actor: User,
    request: ImportRequest | CaptureImportRequest,
    price_decimals: int,
    quantity_decimals: int,
    venue_rules: GivenRules | None = None,
) -> Instrument:
    """Return the instrument of an import, made or refined; within a transaction.

    What is given by a person wins, then what the venue states, unless prices are finer
    than its tick, as they were at venues that have made theirs coarser since. What is
    inferred only ever becomes finer: a file with few decimals does not prove that there
    are no more.

    Args:
        actor: Whose instrument it is.
        request: Which one, and what is stated of it.
        price_decimals: The most decimals of a price in the file.
        quantity_decimals: The most decimals of a quantity in it.
        venue_rules: What the venue states, if it was asked.

    Raises:
        RulesInvalid: The given tick is coarser than prices that are stored.
    """
    symbol, base, quote = symbol_parse(request.symbol)
    venue = venue_parse(request.venue)
    inferred = {
        "price_tick": tick_from_decimals(price_decimals),
        "quantity_step": tick_from_decimals(quantity_decimals),
    }
    instrument = (
        Instrument.objects.select_for_update()
        .filter(owner=actor, venue=venue, symbol=symbol)
        .first()
    )
    if instrument is None:
        instrument = Instrument(
            owner=actor,
            venue=venue,
            symbol=symbol,
            base=base,
            quote=quote,
            min_quantity=inferred["quantity_step"],
            min_notional=Decimal(0),
            rules_source=RulesSource.INFERRED,
            **inferred,
        )
    elif instrument.rules_source == RulesSource.INFERRED:
        for name, value in inferred.items():
            setattr(instrument, name, min(value, getattr(instrument, name)))
    elif (
        instrument.rules_source == RulesSource.VENUE
        and inferred["price_tick"] < instrument.price_tick
    ):
        instrument.price_tick = inferred["price_tick"]
        instrument.rules_source = RulesSource.INFERRED
    if venue_rules is not None:
        _venue_apply(instrument, venue_rules, inferred["price_tick"])
    return rules_apply(instrument=instrument, rules=request.rules)


def _venue_apply(instrument: Instrument, rules: GivenRules, finest: Decimal) -> None:
    """Take the venue's rules, where no person stated others and prices fit them."""
    tick, step = rules.price_tick, rules.quantity_step
    if instrument.rules_source == RulesSource.GIVEN or tick is None or step is None:
        return
    try:
        rules.check()
        tick_check(instrument, tick)
    except RulesInvalid:
        return
    if decimals_of_tick(tick) < decimals_of_tick(finest):
        return
    for name, value in rules.stated().items():
        setattr(instrument, name, value)
    instrument.rules_source = RulesSource.VENUE


def rules_apply(*, instrument: Instrument, rules: GivenRules) -> Instrument:
    """Write stated rules into an instrument and save it; within a transaction.

    Raises:
        RulesInvalid: A number is out of range, or the tick is coarser than prices that
            are stored.
    """
    rules.check()
    stated = rules.stated()
    if rules.price_tick is not None:
        tick_check(instrument, rules.price_tick)
    for name, value in stated.items():
        setattr(instrument, name, value)
    if "quantity_step" in stated and "min_quantity" not in stated:
        instrument.min_quantity = max(instrument.min_quantity, instrument.quantity_step)
    if all(name in stated for name in _GRID):
        instrument.rules_source = RulesSource.GIVEN
    instrument.full_clean()
    instrument.save()
    return instrument


def tick_check(instrument: Instrument, tick: Decimal) -> None:
    """Refuse a tick that would leave stored prices between two multiples of it.

    Raises:
        RulesInvalid: Prices of the instrument are stored with more decimals.
    """
    stored_with = (
        (CandleSeries, "series"),
        (BookCapture, "captures"),
        (TradeDay, "trades"),
    )
    for model, what in stored_with:
        stored = model.objects.filter(instrument=instrument).aggregate(
            decimals=Max("price_decimals")
        )["decimals"]
        if stored is None or decimals_of_tick(tick) >= stored:
            continue
        msg = (
            f"A price tick of {tick.normalize():f} does not fit the {what} that are "
            f"stored with {stored} decimals; delete them and import them with this tick."
        )
        raise RulesInvalid(msg, attr="price_tick")
