"""Asking for a market-making run, and deleting one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction

from apps.analysis.errors import MarketMakingRunning
from apps.analysis.kinds import MARKET_MAKING_KIND
from apps.analysis.models import MarketMakingRun
from apps.analysis.selectors import market_making_folder, market_making_get
from apps.analysis.services.market_making_checks import WITH_POWER, making_check
from apps.core.files import folder_delete, stored_path
from apps.engines.market_making import LatencyModel, QueueModel
from apps.jobs.enums import FINAL_STATES, JobQueue
from apps.jobs.services import job_enqueue
from apps.market.selectors import capture_get
from apps.market.services import engine_check

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal
    from uuid import UUID

    from apps.users.models import User

# As the engines' own contract has them, where nothing is stated.
QUEUE_POWER = 2.0
LATENCY_MS = 10.0
LATENCY_FACTOR = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotingRequest:
    """How to quote; see `apps.engines.market_making.Quoting`.

    Attributes:
        half_spread_bps: From the reservation price to the nearest quote.
        skew_bps: How far the reservation price moves against a full inventory.
        order_quantity: Each quote's size, base units.
        grid_levels: Quotes on each side.
        grid_step_bps: From one quote to the next on its side.
        max_position: The largest inventory on either side, base units.
        interval_ms: Quotes are renewed this often.
    """

    half_spread_bps: float
    skew_bps: float
    order_quantity: Decimal
    grid_levels: int
    grid_step_bps: float
    max_position: Decimal
    interval_ms: float

    def as_json(self) -> dict[str, Any]:
        """Return it as it is stored: quantities as decimal strings."""
        return {
            "half_spread_bps": self.half_spread_bps,
            "skew_bps": self.skew_bps,
            "order_quantity": f"{self.order_quantity.normalize():f}",
            "grid_levels": self.grid_levels,
            "grid_step_bps": self.grid_step_bps,
            "max_position": f"{self.max_position.normalize():f}",
            "interval_ms": self.interval_ms,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class MakingRequest:
    """Which quotes to play on which capture.

    Attributes:
        capture_id: The captured order book.
        quoting: How to quote.
        maker_fee: Rate per fill of a resting order; negative is a rebate.
        taker_fee: Rate per fill of an order that takes.
        queue_model: How a resting order moves up in its level's queue.
        queue_power: The exponent of the `power_prob` models; None: 2.
        latency_model: How long orders take.
        entry_latency_ms: To the exchange, where it is constant; None: 10.
        response_latency_ms: Back, likewise.
        latency_factor: Of the feed's latency, where it is that; None: 1.
        record_interval_ms: Equity and inventory are recorded this often.
        horizon_ms: How long after a fill the middle is looked at again.
        partial_fills: Whether an order may be filled in parts.
    """

    capture_id: UUID
    quoting: QuotingRequest
    maker_fee: Decimal
    taker_fee: Decimal
    queue_model: QueueModel = QueueModel.POWER_PROB
    queue_power: float | None = None
    latency_model: LatencyModel = LatencyModel.CONSTANT
    entry_latency_ms: float | None = None
    response_latency_ms: float | None = None
    latency_factor: float | None = None
    record_interval_ms: float = 1_000.0
    horizon_ms: float = 1_000.0
    partial_fills: bool = False


@transaction.atomic
def market_making_request(
    *, actor: User, request: MakingRequest, now: datetime
) -> MarketMakingRun:
    """Check a request as far as it can be without running it, and queue its job.

    Args:
        actor: Who asks; must own the capture.
        request: Which quotes to play on which capture.
        now: The moment of the request, UTC.

    Raises:
        CaptureNotFound: No such capture for this actor.
        EngineUnavailable: The engine that plays captures is not installed here.
        UnsupportedByEngine: It cannot honour an option.
        OptionWithoutEffect: An option of another model than the chosen one is given.
        QuotingInvalid: A quantity does not fit the market, or there would be too many
            records.

    Returns:
        The run with its queued job.
    """
    capture = capture_get(actor=actor, capture_id=request.capture_id, attr="capture")
    engine_check()
    making_check(request, capture)
    constant = request.latency_model == LatencyModel.CONSTANT
    powered = request.queue_model in WITH_POWER
    run = MarketMakingRun(
        owner=actor,
        capture=capture,
        quoting=request.quoting.as_json(),
        queue_model=request.queue_model,
        queue_power=_default(request.queue_power, QUEUE_POWER) if powered else None,
        latency_model=request.latency_model,
        entry_latency_ms=(
            _default(request.entry_latency_ms, LATENCY_MS) if constant else None
        ),
        response_latency_ms=(
            _default(request.response_latency_ms, LATENCY_MS) if constant else None
        ),
        latency_factor=(
            None if constant else _default(request.latency_factor, LATENCY_FACTOR)
        ),
        maker_fee=request.maker_fee,
        taker_fee=request.taker_fee,
        record_interval_ms=request.record_interval_ms,
        horizon_ms=request.horizon_ms,
        partial_fills=request.partial_fills,
    )
    run.job = job_enqueue(
        owner=actor,
        kind=MARKET_MAKING_KIND,
        # The capture is named so that it is not deleted while it is played.
        payload={"market_making": str(run.pk), "capture": str(capture.pk)},
        queue=JobQueue.BACKTEST,
        now=now,
    )
    run.full_clean()
    run.save()
    return run


@transaction.atomic
def market_making_delete(*, actor: User, market_making_id: UUID) -> None:
    """Delete a run that has ended, with its files.

    Raises:
        MarketMakingNotFound: No such run for this actor.
        MarketMakingRunning: Its job has not ended; cancel it first.
    """
    run = market_making_get(actor=actor, market_making_id=market_making_id)
    if run.job is not None and run.job.state not in FINAL_STATES:
        msg = "The market-making run's job has not ended; cancel it first."
        raise MarketMakingRunning(msg)
    folder = stored_path(market_making_folder(run.pk))
    run.delete()
    # Rows first: files without a row are of no harm, the reverse is a loss.
    transaction.on_commit(lambda: folder_delete(folder))


def _default(value: float | None, default: float) -> float:
    return default if value is None else value
