"""What is stored of the markets of a backfill, and so what is to be asked for."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from apps.core.errors import ApplicationError
from apps.core.files.errors import StorageFull, StorageUnavailable
from apps.exchanges.errors import SymbolUnknown, TimeframeUnsupported
from apps.market.enums import Timeframe
from apps.market.errors import SeriesFileMissing
from apps.market.models import CandleGap, CandleSeries
from apps.market.moments import ns_from_datetime
from apps.market.requests import symbol_parse, venue_parse
from apps.market.selectors.series import series_local

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from apps.exchanges.contracts import Market
    from apps.exchanges.ports import Capabilities
    from apps.market.filling.plan import Have, MarketPlan
    from apps.market.filling.request import BackfillRequest
    from apps.users.models import User


@dataclass(frozen=True, slots=True)
class Planned:
    """One series of a backfill.

    Attributes:
        symbol: As it is stored, in upper case.
        timeframe: The bars' length.
        market: What the exchange says of it; None where it has no such market.
        plan: What to ask for; None where that cannot be.
        error: Why it cannot.
    """

    symbol: str
    timeframe: Timeframe
    market: Market | None
    plan: MarketPlan | None
    error: ApplicationError | None = None


def plans_make(
    *,
    actor: User,
    request: BackfillRequest,
    markets: Iterable[Market],
    capabilities: Capabilities,
    end_ns: int,
) -> list[Planned]:
    """Return a plan for each market and timeframe, or why there can be none.

    Args:
        actor: Whose series they are.
        request: What was asked for.
        markets: What the exchange lists.
        capabilities: What it can do.
        end_ns: Up to when bars are over, exclusive, nanoseconds by the exchange's clock,
            for each length of bars to be shortened by that length.
    """
    symbols = tuple(dict.fromkeys(symbol_parse(one)[0] for one in request.symbols))
    # Ours are in upper case; a few venues have names in lower case.
    known = {one.symbol.upper(): one for one in markets}
    rows = {
        (one.instrument.symbol, one.timeframe): one
        for one in CandleSeries.objects.filter(
            owner=actor,
            instrument__venue=venue_parse(request.exchange),
            instrument__symbol__in=symbols,
            timeframe__in=request.timeframes,
        ).select_related("instrument")
    }
    asked: dict[UUID, list[tuple[int, int]]] = defaultdict(list)
    if not request.recheck_gaps:
        for gap in CandleGap.objects.filter(series__in=rows.values()).order_by("first"):
            asked[gap.series_id].append(
                (ns_from_datetime(gap.first), ns_from_datetime(gap.last))
            )
    planned: list[Planned] = []
    for symbol, timeframe in product(symbols, dict.fromkeys(request.timeframes)):
        error = _obstacle(request, symbol, timeframe, known, capabilities)
        market = known.get(symbol)
        plan = None
        if error is None and market is not None:
            row = rows.get((symbol, timeframe))
            try:
                have = None if row is None else _have(row, asked[row.pk])
                plan = _plan(request, market, timeframe, have, end_ns)
            except (StorageFull, StorageUnavailable):
                raise
            except ApplicationError as unread:
                # Its file cannot be read; those of the others may be.
                error = unread
        planned.append(Planned(symbol, timeframe, market, plan, error))
    return planned


def _obstacle(
    request: BackfillRequest,
    symbol: str,
    timeframe: Timeframe,
    known: dict[str, Market],
    capabilities: Capabilities,
) -> ApplicationError | None:
    if symbol not in known:
        return SymbolUnknown.among(symbol, known, venue=request.exchange)
    if timeframe in capabilities.timeframes:
        return None
    served = ", ".join(capabilities.timeframes) or "none"
    finer = [
        one
        for one in Timeframe
        if one in capabilities.timeframes
        and one.nanoseconds < timeframe.nanoseconds
        and timeframe.nanoseconds % one.nanoseconds == 0
    ]
    msg = f"{request.exchange} has no {timeframe} candles; it has {served}."
    if finer:
        msg += (
            f" Fetch {finer[-1]} and resample them: POST "
            "/api/v1/candle-series/resample/."
        )
    return TimeframeUnsupported(msg, attr="timeframes")


def _have(series: CandleSeries, asked: list[tuple[int, int]]) -> Have | None:
    # Only a process that fetches needs numpy and pyarrow.
    from apps.market.filling.plan import Have, holes_find  # noqa: PLC0415
    from apps.market.store.reading import candles_read  # noqa: PLC0415

    first, last = ns_from_datetime(series.first), ns_from_datetime(series.last)
    if not series.gaps:
        return Have(first, last, asked=tuple(asked))
    try:
        time = candles_read(series_local(series), columns=("time",))["time"]
    except SeriesFileMissing:
        # Another job has stored it anew meanwhile, under another name.
        again = CandleSeries.objects.filter(pk=series.pk).first()
        if again is None:
            return None
        series = again
        first, last = ns_from_datetime(series.first), ns_from_datetime(series.last)
        time = candles_read(series_local(series), columns=("time",))["time"]
    holes = holes_find(time, Timeframe(series.timeframe).nanoseconds)
    return Have(first, last, tuple(holes), tuple(asked))


def _plan(
    request: BackfillRequest,
    market: Market,
    timeframe: Timeframe,
    have: Have | None,
    end_ns: int,
) -> MarketPlan:
    from apps.market.filling.plan import MarketPlan, spans_plan  # noqa: PLC0415

    step = timeframe.nanoseconds
    over = end_ns - step + 1
    end = over if request.end is None else min(over, ns_from_datetime(request.end))
    spans = spans_plan(
        start=ns_from_datetime(request.start),
        end=end,
        step=step,
        have=have,
        again=request.replace,
    )
    offset = None if have is None else have.first % step
    return MarketPlan(market.symbol, timeframe, spans, offset, market.listed_ns)
