"""Fetch the public trades of a market, day by day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.core.files.scratch import scratch_folder
from apps.exchanges.errors import ExchangeUnsupported, SymbolUnknown
from apps.jobs.services import job_enqueue
from apps.market.exchanges import exchange_config, market_data
from apps.market.moments import ns_from_datetime
from apps.market.requests import symbol_parse, venue_parse
from apps.market.services.backfill import SETTLE_NS, skew_ns
from apps.market.services.backfill_run import BackfillWork
from apps.market.services.trades_run import TradesRun
from apps.market.services.trades_storing import DAY_NS

if TYPE_CHECKING:
    from datetime import datetime

    from apps.jobs.models import Job
    from apps.market.filling.request import TradesRequest
    from apps.users.models import User

TRADES_JOB = "trades.backfill"


def trades_backfill_request(
    *, actor: User, request: TradesRequest, now: datetime
) -> Job:
    """Enqueue fetching a market's trades.

    Args:
        actor: Whose trades they become.
        request: Which ones.
        now: The moment of the request, UTC.

    Raises:
        ExchangeUnknown: There is no such exchange, or it is not allowed.
        VenueInvalid, SymbolInvalid, RangeInvalid: The request cannot be carried out.
    """
    request.check(now=now)
    exchange_config(request.exchange)
    return job_enqueue(owner=actor, kind=TRADES_JOB, payload=request.as_json(), now=now)


def trades_backfill(
    *,
    actor: User,
    request: TradesRequest,
    now: datetime,
    work: BackfillWork | None = None,
) -> dict[str, Any]:
    """Fetch a market's trades; days that are complete are not asked for again.

    Each day is stored as a whole; the day that is not over, or for which there is no time
    left, is stored as far as it goes, and continued by the next run. A day of which
    trades may be missing is stored with the reason, and is complete only once it was
    fetched anew without one.

    Args:
        actor: Whose trades they become.
        request: Which ones; days are fetched whole.
        now: The moment, UTC; the exchange's clock is reckoned from it.
        work: Progress, fence, log and patience; by default none of them.

    Raises:
        ExchangeUnknown, SymbolUnknown: There is no such exchange or market.
        ExchangeUnsupported: The exchange does not give trades.
        TradesAbsent: It has none in this range.
        ApplicationError: The exchange or the storage failed; whole days stay.

    Returns:
        Counts of days and trades, and where to go on.
    """
    # Only a process that fetches needs numpy and ccxt.
    from apps.market.filling.asking import Asker, Patience  # noqa: PLC0415

    work = work or BackfillWork()
    request.check(now=now)
    port = market_data(venue_parse(request.exchange))
    if not port.capabilities().trades:
        msg = f"{request.exchange} does not give public trades."
        raise ExchangeUnsupported(msg, attr="exchange")
    asker = Asker(port, work.patience or Patience())
    now_ns = ns_from_datetime(now) + skew_ns(asker)
    end_ns = now_ns - SETTLE_NS
    if request.end is not None:
        end_ns = min(end_ns, _midnight_after(ns_from_datetime(request.end)))
    symbol = symbol_parse(request.symbol)[0]
    markets = {one.symbol.upper(): one for one in asker.call(port.markets)}
    if symbol not in markets:
        raise SymbolUnknown.among(symbol, markets, venue=request.exchange)
    run = TradesRun(
        actor, request, work, asker, markets[symbol], symbol, end_ns, now_ns
    )
    with scratch_folder() as scratch:
        return run.result(scratch)


def _midnight_after(at: int) -> int:
    return -(-at // DAY_NS) * DAY_NS
