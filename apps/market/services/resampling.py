"""Make longer bars of stored ones, or bars of stored trades."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from apps.core.files.scratch import scratch_folder
from apps.jobs.services import job_enqueue
from apps.market.enums import GapKind, QualityTrigger, Timeframe, TimeUnit
from apps.market.errors.backfill import ResampleImpossible, TradesAbsent
from apps.market.models import CandleGap, TradeDay
from apps.market.moments import ns_from_datetime
from apps.market.requests import ImportRequest
from apps.market.selectors.series import instrument_get, series_get, series_local
from apps.market.selectors.trades import trade_day_local
from apps.market.services.storing import Source, series_store
from apps.market.services.trades_storing import DAY_NS
from apps.market.services.work import ImportWork

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime
    from uuid import UUID

    from apps.exchanges.contracts import Trades
    from apps.jobs.models import Job
    from apps.market.batches import CandleBatch
    from apps.market.models import CandleSeries, Instrument
    from apps.market.resampling.request import ResampleRequest
    from apps.users.models import User

RESAMPLE_JOB = "candles.resample"


def series_resample_request(
    *, actor: User, request: ResampleRequest, now: datetime
) -> Job:
    """Enqueue making longer bars.

    Args:
        actor: Whose series and trades they are.
        request: Which bars, and of what.
        now: The moment of the request, UTC.

    Raises:
        SeriesNotFound, InstrumentNotFound: There is no such source for this actor.
        TradesAbsent: No whole day of the instrument's trades is stored.
        ResampleImpossible: Such bars cannot be made of it.

    Returns:
        The queued job; its result names the series.
    """
    if request.series_id is not None:
        _step(series_get(actor=actor, series_id=request.series_id), request.timeframe)
    else:
        _days(_instrument(actor, request.instrument_id))
    return job_enqueue(
        owner=actor, kind=RESAMPLE_JOB, payload=request.as_json(), now=now
    )


def series_resample(
    *,
    actor: User,
    request: ResampleRequest,
    now: datetime,
    work: ImportWork | None = None,
) -> CandleSeries:
    """Make bars and put them into the series of the same instrument and their length.

    A bar is made only where all that belongs to it is there: each shorter bar, or the
    whole of its time within days of trades that are complete.

    Args:
        actor: Whose series and trades they are.
        request: Which bars, and of what.
        now: The moment, UTC.
        work: Its progress, fence and job; by default none of them.

    Raises:
        SeriesNotFound, InstrumentNotFound: There is no such source for this actor.
        TradesAbsent: No whole day of the instrument's trades is stored.
        ResampleImpossible: Such bars cannot be made of it, or not one is whole.
        CandlesConflict: Stored bars have other numbers, and `replace` is not set.
        StorageFull, StorageUnavailable: There is no room, or no bucket.
    """
    work = work or ImportWork()
    if request.series_id is not None:
        series = series_get(actor=actor, series_id=request.series_id)
        instrument, name = series.instrument, f"resampled from {series.timeframe}"
        synthetic = series.synthetic
        bars = _from_series(series, request)
    else:
        instrument = _instrument(actor, request.instrument_id)
        name, synthetic = "resampled from trades", False
        bars = _from_trades(instrument, request)
    # Only a process that resamples needs numpy and pyarrow.
    from apps.market.filling.writing import chunk_write  # noqa: PLC0415

    source = Source(
        name=name,
        format="resampled",
        time_unit=TimeUnit.NANOSECONDS,
        synthetic=synthetic,
        trigger=QualityTrigger.IMPORT,
    )
    with scratch_folder() as scratch:
        work.progress(0.1, "making bars")
        intake = chunk_write(bars, request.timeframe, scratch)
        if intake is None:
            msg = (
                f"Not one whole {request.timeframe} bar can be made of what is stored."
            )
            raise ResampleImpossible(msg, attr="timeframe")
        return series_store(
            actor=actor,
            request=ImportRequest(
                instrument.venue,
                instrument.symbol,
                request.timeframe,
                replace=request.replace,
            ),
            intake=intake,
            source=source,
            scratch=scratch,
            work=work,
            now=now,
        )


def _instrument(actor: User, instrument_id: UUID | None) -> Instrument:
    if instrument_id is None:
        msg = "Say of what to make the bars: a series, or an instrument's trades."
        raise ResampleImpossible(msg, attr="series")
    return instrument_get(actor=actor, instrument_id=instrument_id)


def _step(series: CandleSeries, target: Timeframe) -> None:
    from apps.market.resampling.grid import step_check  # noqa: PLC0415

    source = Timeframe(series.timeframe)
    offset = ns_from_datetime(series.first) % source.nanoseconds
    step_check(source, target, offset=offset)


def _from_series(
    series: CandleSeries, request: ResampleRequest
) -> Iterator[CandleBatch]:
    from apps.market.resampling.bars import BarsResampler  # noqa: PLC0415
    from apps.market.store.reading import candles_batches  # noqa: PLC0415

    _step(series, request.timeframe)
    absent: list[tuple[int, int]] = []
    if request.gaps_are_empty:
        gaps = CandleGap.objects.filter(series=series, kind=GapKind.HOLE)
        absent = [
            (ns_from_datetime(one.first), ns_from_datetime(one.last))
            for one in gaps.order_by("first")
        ]
    resampler = BarsResampler(Timeframe(series.timeframe), request.timeframe, absent)
    return resampler.batches(candles_batches(series_local(series)))


def _days(instrument: Instrument) -> list[TradeDay]:
    """Return the complete days of an instrument's trades, in order."""
    days = list(
        TradeDay.objects.filter(instrument=instrument, complete=True).order_by("day")
    )
    if not days:
        parts = TradeDay.objects.filter(instrument=instrument).count()
        told = f", only {parts} that are not complete" if parts else ""
        msg = (
            f"No whole day of {instrument}'s trades is stored{told}; fetch some first."
        )
        raise TradesAbsent(msg, attr="instrument")
    return days


def _from_trades(
    instrument: Instrument, request: ResampleRequest
) -> Iterator[CandleBatch]:
    from apps.market.resampling.trades import TradesResampler  # noqa: PLC0415

    for stretch in _stretches(_days(instrument)):
        first = _day_ns(stretch[0].day)
        until = _day_ns(stretch[-1].day) + DAY_NS
        # A week is made only where all of its seven days are there.
        resampler = TradesResampler(request.timeframe, request.flat, first, until)
        yield from resampler.batches(_trades(stretch))


def _stretches(days: list[TradeDay]) -> Iterator[list[TradeDay]]:
    """Yield days that follow each other without a gap."""
    stretch: list[TradeDay] = []
    for day in days:
        if stretch and day.day - stretch[-1].day != timedelta(days=1):
            yield stretch
            stretch = []
        stretch.append(day)
    if stretch:
        yield stretch


def _trades(days: list[TradeDay]) -> Iterator[Trades]:
    from apps.market.store.trades import trades_read  # noqa: PLC0415

    for day in days:
        yield from trades_read(trade_day_local(day))


def _day_ns(day: date) -> int:
    return (day.toordinal() - _EPOCH_ORDINAL) * DAY_NS


# 1970-01-01 in the proleptic Gregorian calendar.
_EPOCH_ORDINAL = 719_163
