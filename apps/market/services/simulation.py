"""Import candles of the synthetic venue, for demonstrations and first steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.module_loading import import_string

from apps.core.files.scratch import scratch_folder
from apps.exchanges.errors import SymbolUnknown
from apps.jobs.services import job_enqueue
from apps.market.enums import CandleFormat, TimeUnit
from apps.market.errors import RangeInvalid, RowsTooMany
from apps.market.moments import datetime_from_ns, iso_from_ns, ns_from_datetime
from apps.market.requests import SIMULATED_VENUE, GivenRules, ImportRequest
from apps.market.services.storing import Source, series_store
from apps.market.services.work import ImportWork

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from apps.exchanges.contracts import CandleSource, Market
    from apps.jobs.models import Job
    from apps.market.batches import CandleBatch
    from apps.market.models import CandleSeries
    from apps.market.requests import SimulationRequest
    from apps.users.models import User

SIMULATE_JOB = "candles.simulate"
# Adapters are loaded by dotted path; nothing here leans on one.
_VENUE = "apps.exchanges.adapters.simulated.adapter.SimulatedVenue"
_BARS_AT_ONCE = 262_144
_SOURCE = Source(
    name="simulated venue",
    format=SIMULATED_VENUE,
    time_unit=TimeUnit.NANOSECONDS,
    synthetic=True,
)


@dataclass(frozen=True, slots=True)
class _SourceCandles:
    """A range of a venue's candles, read like a file."""

    venue: CandleSource
    request: SimulationRequest
    format: CandleFormat = CandleFormat.AUTO
    time_unit: TimeUnit = TimeUnit.NANOSECONDS
    line_word: str = "row"

    @property
    def expected_rows(self) -> int:
        """How many bars the range has."""
        span = ns_from_datetime(self.request.end) - ns_from_datetime(self.request.start)
        return -(-span // self.request.timeframe.nanoseconds)

    def batches(self) -> Iterator[CandleBatch]:
        """Yield the candles, oldest first."""
        # Only a process that imports needs numpy.
        import numpy as np  # noqa: PLC0415

        from apps.market.batches import CandleBatch  # noqa: PLC0415

        step = self.request.timeframe.nanoseconds
        start, end = map(ns_from_datetime, (self.request.start, self.request.end))
        for first in range(start, end, _BARS_AT_ONCE * step):
            until = min(end, first + _BARS_AT_ONCE * step)
            bars = self.venue.candles(self.request.symbol, step, first, until)
            columns = (bars.open, bars.high, bars.low, bars.close, bars.volume)
            yield CandleBatch(bars.time, np.stack(columns))


def simulated_import_request(
    *, actor: User, request: SimulationRequest, now: datetime
) -> Job:
    """Enqueue an import of synthetic candles.

    Args:
        actor: Whose series it becomes.
        request: Which candles.
        now: The moment of the request, UTC.

    Raises:
        SymbolUnknown: The synthetic venue has no such market.
        TimeframeUnsupported: It has no such bars.
        CandleRangeInvalid, RangeInvalid: The range is turned round, outside of what the
            venue has, or not over yet.
        RowsTooMany: The range has more bars than one import may have.

    Returns:
        The queued job; its result names the series.
    """
    _check(_venue(), request, now)
    return job_enqueue(
        owner=actor, kind=SIMULATE_JOB, payload=request.as_json(), now=now
    )


def simulated_import(
    *,
    actor: User,
    request: SimulationRequest,
    now: datetime,
    work: ImportWork | None = None,
) -> CandleSeries:
    """Import candles of the synthetic venue into a series marked as synthetic.

    The same request always makes the same candles.

    Args:
        actor: Whose series it becomes.
        request: Which candles.
        now: The moment of the import, UTC.
        work: Its progress, fence and job; by default none of them.

    Raises:
        SymbolUnknown, TimeframeUnsupported, CandleRangeInvalid, RangeInvalid,
            RowsTooMany: As in `simulated_import_request`.
        SeriesChanged: Other imports of the same series kept winning.
        StorageFull, StorageUnavailable: There is no room, or no bucket. Nothing was
            changed.
    """
    # Only a process that imports needs pyarrow and numpy.
    from apps.market.intake import IntakeOptions, candles_intake  # noqa: PLC0415

    work = work or ImportWork()
    venue = _venue()
    market = _check(venue, request, now)
    file = _SourceCandles(venue, request)
    options = IntakeOptions(
        timeframe=request.timeframe,
        price_tick=market.price_tick,
        max_rows=settings.IMPORT_MAX_ROWS,
        quality_limits=settings.QUALITY_LIMITS,
        now_ns=ns_from_datetime(now),
    )
    rules = GivenRules(
        market.price_tick,
        market.quantity_step,
        market.min_quantity,
        market.min_notional,
    )
    with scratch_folder() as scratch:
        return series_store(
            actor=actor,
            request=ImportRequest(SIMULATED_VENUE, market.symbol, rules=rules),
            intake=candles_intake(
                file, options, scratch=scratch, progress=work.progress
            ),
            source=_SOURCE,
            scratch=scratch,
            work=work,
            now=now,
        )


def _venue() -> CandleSource:
    venue: CandleSource = import_string(_VENUE)()
    return venue


def _check(venue: CandleSource, request: SimulationRequest, now: datetime) -> Market:
    """Return the market of a request that can be carried out."""
    markets = {market.symbol: market for market in venue.markets()}
    market = markets.get(request.symbol)
    if market is None:
        raise SymbolUnknown.among(request.symbol, markets, venue=SIMULATED_VENUE)
    start, end = ns_from_datetime(request.start), ns_from_datetime(request.end)
    if end <= start:
        msg = f"The range ends at {iso_from_ns(end)}, not after {iso_from_ns(start)}."
        raise RangeInvalid(msg, attr="end")
    if request.end > now:
        msg = (
            f"The range ends at {iso_from_ns(end)}, which is in the future; give an end "
            f"up to {datetime_from_ns(ns_from_datetime(now)):%Y-%m-%d}."
        )
        raise RangeInvalid(msg, attr="end")
    rows = _SourceCandles(venue, request).expected_rows
    if rows > settings.IMPORT_MAX_ROWS:
        msg = f"The range has {rows:,} bars; {settings.IMPORT_MAX_ROWS:,} are allowed."
        raise RowsTooMany(msg, attr="end")
    # One bar tells whether the venue has this length and the start.
    venue.candles(
        request.symbol,
        request.timeframe.nanoseconds,
        start,
        min(end, start + request.timeframe.nanoseconds),
    )
    return market
