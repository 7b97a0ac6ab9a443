"""Instruments' rules as their venues state them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from apps.core.errors import ApplicationError, Invalid
from apps.jobs.enums import JobState
from apps.jobs.models import Job
from apps.jobs.services import job_enqueue
from apps.market.enums import RulesSource
from apps.market.errors import RulesInvalid
from apps.market.errors.venues import InstrumentsNotRefreshed
from apps.market.exchanges import exchanges_allowed
from apps.market.models import Instrument, VenueList, VenueMarket
from apps.market.requests import GivenRules, venue_parse
from apps.market.services.rules import tick_check
from apps.market.services.venues import markets_refresh
from apps.market.services.work import ImportWork

if TYPE_CHECKING:
    from datetime import datetime

    from apps.users.models import User

INSTRUMENTS_JOB = "instruments.refresh"
# A list that was read within this time is not asked for again.
_FRESH = timedelta(minutes=10)
_GRID = ("price_tick", "quantity_step", "min_quantity", "min_notional")


@dataclass(slots=True)
class RulesTold:
    """What became of somebody's instruments.

    Attributes:
        updated: Those whose rules are now the venue's.
        stated: Those whose rules a person has stated; fees and listing were updated.
        kept: Those whose grid stays, because stored prices are finer than the venue's,
            or the venue states none; fees and listing were updated.
        not_listed: Those that their venue does not list, now or at all.
        failed: What went wrong, by venue; its instruments stay as they were.
        unknown: Venues that are no exchange that can be asked.
    """

    updated: int = 0
    stated: int = 0
    kept: int = 0
    not_listed: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return it for a job's result."""
        return asdict(self)


def instruments_refresh_payload(
    actor: User,  # noqa: ARG001 - as schedules call it
    payload: dict[str, Any],
) -> dict[str, Any]:
    """Return a refresh's payload, checked, as a schedule keeps it.

    Raises:
        Invalid: It has something that a refresh does not take.
        VenueInvalid: The venue is no name.
    """
    unknown = sorted(payload.keys() - {"venue"})
    if unknown:
        msg = f"A refresh of instruments takes venue, not {unknown[0]!r}."
        raise Invalid(msg, attr=unknown[0])
    venue = payload.get("venue")
    return {"venue": None if venue is None else venue_parse(str(venue))}


def instruments_refresh_request(
    *, actor: User, venue: str | None, now: datetime
) -> Job:
    """Enqueue asking venues for the rules of the actor's instruments.

    Args:
        actor: Whose instruments.
        venue: Only those of this venue; None: all.
        now: The moment of the request, UTC.

    Raises:
        VenueInvalid: The venue is no name.

    Returns:
        The job; one that is still to come where there is one.
    """
    payload = instruments_refresh_payload(actor, {"venue": venue})
    waiting = Job.objects.filter(
        owner=actor,
        kind=INSTRUMENTS_JOB,
        state__in=(JobState.QUEUED, JobState.RUNNING),
        payload=payload,
    ).first()
    return waiting or job_enqueue(
        owner=actor, kind=INSTRUMENTS_JOB, payload=payload, now=now
    )


def instruments_refresh(
    *, actor: User, venue: str | None, now: datetime, work: ImportWork | None = None
) -> RulesTold:
    """Take over what venues say of the actor's instruments.

    Args:
        actor: Whose instruments.
        venue: Only those of this venue; None: all.
        now: The moment, UTC.
        work: Progress and fence of the job that does it.

    Raises:
        InstrumentsNotRefreshed: Not one venue could be asked; says why.
    """
    work = work or ImportWork()
    mine = Instrument.objects.filter(owner=actor)
    if venue is not None:
        mine = mine.filter(venue=venue)
    venues = sorted(set(mine.values_list("venue", flat=True)))
    allowed = set(exchanges_allowed())
    told = RulesTold(unknown=[one for one in venues if one not in allowed])
    asked = [one for one in venues if one in allowed]
    for number, one in enumerate(asked):
        work.progress(number / len(asked), f"Asking {one}")
        try:
            _list_ensure(one, now, work)
        except ApplicationError as error:
            told.failed[one] = f"{error.code}: {error.message}"
            continue
        with work.fence():
            _venue_apply(actor, one, told, now)
    if asked and len(told.failed) == len(asked):
        raise InstrumentsNotRefreshed(" ".join(told.failed.values()))
    return told


def _list_ensure(exchange: str, now: datetime, work: ImportWork) -> None:
    recent = VenueList.objects.filter(pk=exchange, read_at__gte=now - _FRESH)
    if not recent.exists():
        quiet = ImportWork(fence=work.fence)
        markets_refresh(exchange=exchange, now=now, work=quiet)


def _venue_apply(actor: User, venue: str, told: RulesTold, now: datetime) -> None:
    mine = Instrument.objects.select_for_update().filter(owner=actor, venue=venue)
    # Ours are in upper case; a few venues have names in lower case.
    markets = {
        one.symbol.upper(): one for one in VenueMarket.objects.filter(exchange=venue)
    }
    for instrument in mine:
        market = markets.get(instrument.symbol)
        if market is None or market.gone_at is not None:
            told.not_listed += 1
            instrument.active = False
            instrument.delisted_at = market.gone_at if market else None
        else:
            instrument.active, instrument.delisted_at = market.active, None
            instrument.maker_fee = market.maker_fee
            instrument.taker_fee = market.taker_fee
            instrument.rules_at = now
            _grid_apply(instrument, market, told)
        instrument.full_clean()
        instrument.save()


def _grid_apply(instrument: Instrument, market: VenueMarket, told: RulesTold) -> None:
    if instrument.rules_source == RulesSource.GIVEN:
        told.stated += 1
        return
    rules = GivenRules(*(getattr(market, name) for name in _GRID))
    if rules.price_tick is None or rules.quantity_step is None:
        told.kept += 1
        return
    try:
        rules.check()
        tick_check(instrument, rules.price_tick)
    except RulesInvalid:
        told.kept += 1
        return
    for name, value in rules.stated().items():
        setattr(instrument, name, value)
    instrument.rules_source = RulesSource.VENUE
    told.updated += 1
