"""Ask exchanges what they list, and keep it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Context, Decimal
from itertools import batched
from typing import TYPE_CHECKING, Any

from apps.core.errors import Invalid
from apps.jobs.enums import JobState
from apps.jobs.models import Job
from apps.jobs.services import job_enqueue
from apps.market.errors.venues import MarketsLost
from apps.market.exchanges import exchange_config, market_data
from apps.market.models import VenueList, VenueMarket
from apps.market.moments import datetime_from_ns
from apps.market.services.work import ImportWork

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from apps.exchanges.contracts import Market
    from apps.users.models import User

MARKETS_JOB = "markets.refresh"
_AMOUNTS = (
    "price_tick",
    "quantity_step",
    "min_quantity",
    "min_notional",
    "maker_fee",
    "taker_fee",
)
_TOLD = ("base", "quote", "settle", "kind", "active", *_AMOUNTS, "listed_at")
_PLACES, _WHOLE = 18, 18
_LONGEST = {"symbol": 128, "base": 64, "quote": 64, "settle": 64}
# SQLite keeps so many digits; what differs beyond them has not changed.
_KEPT = Context(prec=15)
# An answer that has lost more of what was listed is not believed.
_MOST_LOST = 0.5
_ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class MarketsStored:
    """What became of an exchange's list.

    Attributes:
        markets: How many it lists now.
        new: How many were not listed before.
        changed: How many have other rules, or are traded again or no more.
        gone: How many are not listed any more.
        left_out: How many have names that are longer than any that is kept.
    """

    markets: int
    new: int
    changed: int
    gone: int
    left_out: int

    def as_json(self) -> dict[str, int]:
        """Return it for a job's result."""
        return asdict(self)


def markets_refresh_payload(
    actor: User,  # noqa: ARG001 - as schedules call it
    payload: dict[str, Any],
) -> dict[str, Any]:
    """Return a refresh's payload, checked, as a schedule keeps it.

    Raises:
        Invalid: It has something that a refresh does not take.
        ExchangeUnknown: There is no such exchange, or it is not allowed.
    """
    unknown = sorted(payload.keys() - {"exchange", "accept_loss"})
    if unknown:
        msg = (
            f"A refresh of markets takes exchange and accept_loss, not {unknown[0]!r}."
        )
        raise Invalid(msg, attr=unknown[0])
    exchange = str(payload.get("exchange", ""))
    exchange_config(exchange)
    return {"exchange": exchange, "accept_loss": payload.get("accept_loss") is True}


def markets_refresh_request(
    *, actor: User, exchange: str, accept_loss: bool, now: datetime
) -> Job:
    """Enqueue the reading of an exchange's markets.

    Args:
        actor: Who asks.
        exchange: Which one.
        accept_loss: Believe an answer that lists far fewer markets than before.
        now: The moment of the request, UTC.

    Raises:
        ExchangeUnknown: There is no such exchange, or it is not allowed.

    Returns:
        The job; one of the actor's that is still to come where there is one.
    """
    payload = markets_refresh_payload(
        actor, {"exchange": exchange, "accept_loss": accept_loss}
    )
    waiting = Job.objects.filter(
        owner=actor,
        kind=MARKETS_JOB,
        state__in=(JobState.QUEUED, JobState.RUNNING),
        payload=payload,
    ).first()
    return waiting or job_enqueue(
        owner=actor, kind=MARKETS_JOB, payload=payload, now=now
    )


def markets_refresh(
    *,
    exchange: str,
    now: datetime,
    accept_loss: bool = False,
    work: ImportWork | None = None,
) -> MarketsStored:
    """Read an exchange's markets and store all of them, or nothing.

    Args:
        exchange: Which one.
        now: The moment at which it is asked, UTC.
        accept_loss: Believe an answer that lists far fewer markets than before.
        work: Progress and fence of the job that does it.

    Raises:
        ExchangeUnknown: There is no such exchange, or it is not allowed.
        ExchangeUnavailable, ExchangeRateLimited, ExchangeAnswerInvalid: It does not
            answer, or not as it should. Nothing was changed.
        MarketsLost: It lists less than half of what it did. Nothing was changed.
    """
    work = work or ImportWork()
    work.progress(0.0, f"Asking {exchange} for its markets")
    told = market_data(exchange).markets()
    work.progress(0.5, f"{exchange} lists {len(told):,} markets; storing them")
    with work.fence():
        return _store(exchange, told, now, accept_loss=accept_loss)


def _store(
    exchange: str, told: Iterable[Market], now: datetime, *, accept_loss: bool
) -> MarketsStored:
    VenueList.objects.get_or_create(pk=exchange)
    read = VenueList.objects.select_for_update().get(pk=exchange)
    fresh = {one.symbol: one for one in told}
    rows = {name: _row(exchange, one, now) for name, one in fresh.items() if _fits(one)}
    known = {one.symbol: one for one in VenueMarket.objects.filter(exchange=exchange)}
    left_out = len(fresh) - len(rows)
    if read.read_at is not None and read.read_at > now:
        # Somebody asked later and was faster.
        return MarketsStored(read.markets, 0, 0, 0, left_out)
    listed = {name for name, one in known.items() if one.gone_at is None}
    lost = listed - rows.keys()
    if len(lost) > _MOST_LOST * len(listed) and not accept_loss:
        msg = (
            f"{exchange} lists {len(rows):,} markets now, and {len(lost):,} of the "
            f"{len(listed):,} that it listed are missing; nothing was changed. Ask again "
            "later, or with accept_loss=true if that is so."
        )
        raise MarketsLost(msg)
    told_anew = [row for name, row in rows.items() if _differs(known.get(name), row)]
    VenueMarket.objects.bulk_create(
        told_anew,
        batch_size=_ROWS_AT_ONCE,
        update_conflicts=True,
        unique_fields=("exchange", "symbol"),
        update_fields=(*_TOLD, "seen_at", "gone_at"),
    )
    mine = VenueMarket.objects.filter(exchange=exchange)
    for symbols in batched(sorted(lost), _ROWS_AT_ONCE):
        mine.filter(symbol__in=symbols).update(active=False, gone_at=now)
    mine.filter(gone_at__isnull=True).update(seen_at=now)
    read.read_at, read.markets = now, len(rows)
    read.save()
    new = sum(1 for name in rows if name not in known)
    changed = len(told_anew) - new
    return MarketsStored(len(rows), new, changed, len(lost), left_out)


def _differs(before: VenueMarket | None, row: VenueMarket) -> bool:
    """Return whether a market is told otherwise than it is known, or is not known."""
    if before is None or before.gone_at is not None:
        return True
    return any(
        _comparable(getattr(before, name)) != _comparable(getattr(row, name))
        for name in _TOLD
    )


def _row(exchange: str, market: Market, now: datetime) -> VenueMarket:
    listed = market.listed_ns
    return VenueMarket(
        exchange=exchange,
        symbol=market.symbol,
        base=market.base,
        quote=market.quote,
        settle=market.settle or "",
        kind=market.kind.value,
        active=market.active,
        listed_at=None if listed is None else datetime_from_ns(listed),
        seen_at=now,
        **{name: _kept(getattr(market, name)) for name in _AMOUNTS},
    )


def _fits(market: Market) -> bool:
    return all(
        len(getattr(market, name) or "") <= longest
        for name, longest in _LONGEST.items()
    )


def _kept(value: Decimal) -> Decimal | None:
    """Return an amount that the database holds; None for what it cannot."""
    if not value.is_finite():
        return None
    exponent = value.normalize().as_tuple().exponent
    places = -exponent if isinstance(exponent, int) else 0
    return value if places <= _PLACES and abs(value) < Decimal(10) ** _WHOLE else None


def _comparable(value: object) -> object:
    return _KEPT.plus(value) if isinstance(value, Decimal) else value
