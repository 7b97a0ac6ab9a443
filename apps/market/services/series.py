"""Change instruments and remove series."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from apps.core.files import file_delete
from apps.market.enums import RulesSource
from apps.market.errors import RulesInvalid
from apps.market.selectors.series import instrument_get, series_get
from apps.market.services.rules import rules_apply

if TYPE_CHECKING:
    from uuid import UUID

    from apps.market.models import Instrument
    from apps.market.requests import GivenRules
    from apps.users.models import User


@transaction.atomic
def series_delete(*, actor: User, series_id: UUID) -> None:
    """Delete one of the actor's candle series, and its file after the commit.

    Raises:
        SeriesNotFound: No such series for this actor.
    """
    series = series_get(actor=actor, series_id=series_id)
    path = series.path
    series.delete()
    transaction.on_commit(lambda: file_delete(path))


@transaction.atomic
def instrument_update(
    *, actor: User, instrument_id: UUID, rules: GivenRules
) -> Instrument:
    """State an instrument's rules; from then on none of them is inferred.

    Args:
        actor: Whose instrument it is.
        instrument_id: Which one.
        rules: What is stated; None stays as it is.

    Raises:
        InstrumentNotFound: No such instrument for this actor.
        RulesInvalid: Nothing is stated, a number is out of range, or the tick is coarser
            than prices that are stored.
    """
    instrument = instrument_get(actor=actor, instrument_id=instrument_id)
    if not rules.stated():
        msg = (
            "Nothing is stated; give at least one of price_tick, quantity_step, "
            "min_quantity, min_notional."
        )
        raise RulesInvalid(msg)
    instrument.rules_source = RulesSource.GIVEN
    return rules_apply(instrument=instrument, rules=rules)
