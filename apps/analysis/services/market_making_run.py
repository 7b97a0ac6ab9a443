"""Doing a market-making run: one engine's process, one capture."""

from __future__ import annotations

import platform
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django.conf import settings

from apps.analysis.errors import MarketMakingNotFound
from apps.analysis.making_results import making_hash, making_verify, making_write
from apps.analysis.models import MarketMakingRun
from apps.analysis.run_options import market_rules_of
from apps.analysis.selectors import market_making_folder
from apps.analysis.services.record import MARKET_RULES
from apps.analysis.services.tidy import folder_discard
from apps.core.files import folder_publish, stored_path
from apps.engines.market_making import (
    LatencyModel,
    MarketMakingRequest,
    QueueModel,
    Quoting,
)
from apps.engines.runner.client import engine_call
from apps.market.selectors import CAPTURE_ENGINE, capture_path, capture_verified
from apps.measures.making import making_figures

if TYPE_CHECKING:
    from pathlib import Path

    from apps.engines.market_making import MarketMakingResult
    from apps.jobs.registry import JobContext
    from apps.market.models import BookCapture

# Raised whenever the same input may give another result.
MAKING_VERSION = 1
MILLISECOND_NS = 1_000_000
RESULTS = (
    "metrics",
    "notes",
    "versions",
    "engine_seconds",
    "total_seconds",
    "provenance",
    "result_hash",
    "path",
    "updated_at",
)


def market_making_run(*, context: JobContext) -> dict[str, Any]:
    """Play a run's quotes on its capture and store what came of them.

    Raises:
        MarketMakingNotFound: The run or its capture was deleted meanwhile.
        CaptureFileMissing, CaptureFileDamaged: The capture's file is not as imported.
        CaptureInvalid, UnsupportedByEngine: The engine refuses; says why.
        ApplicationError: The engine failed; see `engine_call`.
        ResultStorageFull: The disk has no room for the result.
        StorageUnavailable: The bucket does not answer, or refuses.
        JobLost: The job was cancelled or taken over; nothing was written.
    """
    run, capture = _load(UUID(context.payload["market_making"]))
    request = request_of(run, capture)
    context.progress(0.05, f"playing {capture.rows:,} rows")
    started = time.perf_counter()
    result = _play(context, request, capture)
    making_verify(result)
    context.progress(0.9, "storing")
    # Its own name for each attempt: a run that has lost its job must not write over the
    # files of the one that has it.
    folder = market_making_folder(run.pk) / f"result-{uuid4().hex[:8]}"
    making_write(folder, result)
    run.total_seconds = time.perf_counter() - started
    figures = making_figures(result)
    run.metrics = figures
    _describe(run, capture, result, folder)
    folder_publish(run.path)
    try:
        with context.fenced():
            run.save(update_fields=RESULTS)
    except BaseException:
        folder_discard(run.path, MarketMakingRun.objects.filter(path=run.path))
        raise
    return {
        "market_making": str(run.pk),
        "fills": len(result.fills),
        "final_equity": figures["final_equity"],
    }


def request_of(run: MarketMakingRun, capture: BookCapture) -> MarketMakingRequest:
    """Return what the engine is asked: Decimal becomes float64, milliseconds nanoseconds.

    Raises:
        CaptureFileMissing: The capture's file is gone.
    """
    quoting = run.quoting
    models: dict[str, Any] = {
        "queue_power": run.queue_power,
        "entry_latency_ns": _nanoseconds(run.entry_latency_ms),
        "response_latency_ns": _nanoseconds(run.response_latency_ms),
        "latency_factor": run.latency_factor,
    }
    return MarketMakingRequest(
        capture=str(capture_path(capture=capture)),
        market=market_rules_of(capture.instrument),
        quoting=Quoting(
            half_spread_bps=float(quoting["half_spread_bps"]),
            skew_bps=float(quoting["skew_bps"]),
            order_quantity=float(quoting["order_quantity"]),
            grid_levels=quoting["grid_levels"],
            grid_step_bps=float(quoting["grid_step_bps"]),
            max_position=float(quoting["max_position"]),
            interval_ns=round(quoting["interval_ms"] * MILLISECOND_NS),
        ),
        maker_fee=float(run.maker_fee),
        taker_fee=float(run.taker_fee),
        queue_model=QueueModel(run.queue_model),
        latency_model=LatencyModel(run.latency_model),
        record_interval_ns=round(run.record_interval_ms * MILLISECOND_NS),
        horizon_ns=round(run.horizon_ms * MILLISECOND_NS),
        partial_fills=run.partial_fills,
        # Those of other models stay as the contract has them.
        **{name: value for name, value in models.items() if value is not None},
    )


def _load(run_id: UUID) -> tuple[MarketMakingRun, BookCapture]:
    run = (
        MarketMakingRun.objects.select_related("capture__instrument")
        .filter(pk=run_id)
        .first()
    )
    if run is None or run.capture is None:
        msg = "The market-making run or its capture was deleted before it could run."
        raise MarketMakingNotFound(msg)
    return run, run.capture


def _play(
    context: JobContext, request: MarketMakingRequest, capture: BookCapture
) -> MarketMakingResult:
    """Play a capture, and meanwhile see whether it is the one that was imported."""
    with ThreadPoolExecutor(max_workers=1) as threads:
        verified = threads.submit(capture_verified, capture=capture)
        result: MarketMakingResult = engine_call(
            locate=partial(context.resource, "engine", CAPTURE_ENGINE),
            request=request,
            wall_seconds=settings.ENGINE_WALL_SECONDS,
            memory_bytes=settings.ENGINE_MEMORY_BYTES,
        )
        verified.result()
    return result


def _describe(
    run: MarketMakingRun, capture: BookCapture, result: MarketMakingResult, folder: Path
) -> None:
    run.notes = list(result.notes)
    run.versions = result.versions
    run.engine_seconds = result.engine_seconds
    run.result_hash = making_hash(result)
    run.path = stored_path(folder)
    run.provenance = provenance_of(run, capture, result)


def provenance_of(
    run: MarketMakingRun, capture: BookCapture, result: MarketMakingResult
) -> dict[str, Any]:
    """Return everything that a result depends on, and what it was made with."""
    instrument = capture.instrument
    return {
        "inputs": {
            "contract": MAKING_VERSION,
            "capture": capture.sha256,
            "quoting": run.quoting,
            "queue_model": run.queue_model,
            "queue_power": run.queue_power,
            "latency_model": run.latency_model,
            "entry_latency_ms": run.entry_latency_ms,
            "response_latency_ms": run.response_latency_ms,
            "latency_factor": run.latency_factor,
            "maker_fee": f"{run.maker_fee.normalize():f}",
            "taker_fee": f"{run.taker_fee.normalize():f}",
            "record_interval_ms": run.record_interval_ms,
            "horizon_ms": run.horizon_ms,
            "partial_fills": run.partial_fills,
            "market": {
                name: f"{getattr(instrument, name).normalize():f}"
                for name in MARKET_RULES
            },
        },
        "instrument": str(instrument),
        "label": capture.label,
        "events": result.events,
        "engine": result.versions,
        "python": platform.python_version(),
    }


def _nanoseconds(milliseconds: float | None) -> int | None:
    return None if milliseconds is None else round(milliseconds * MILLISECOND_NS)
