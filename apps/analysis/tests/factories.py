"""Backtests for tests: candles, a strategy that trades, and a job's surroundings."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction

from apps.analysis.services.request import BacktestRequest, backtest_request
from apps.core.errors import ApplicationError
from apps.engines.errors import EngineUnavailable
from apps.jobs.errors import JobLost
from apps.jobs.services import job_claim, job_succeed
from apps.market.enums import Timeframe
from apps.market.requests import SimulationRequest
from apps.market.services import simulated_import
from apps.strategies.services import strategy_create

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from apps.analysis.models import Backtest
    from apps.engines.runner.pool import EnginePool
    from apps.jobs.models import Job
    from apps.market.models import CandleSeries
    from apps.strategies.models import Strategy
    from apps.users.models import User

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = 20
BARS = DAYS * 24


def series_make(
    user: User, *, days: int = DAYS, timeframe: Timeframe = Timeframe.H1
) -> CandleSeries:
    """Import synthetic candles from `FIRST` on."""
    request = SimulationRequest(
        symbol="BTC/USDT",
        timeframe=timeframe,
        start=FIRST,
        end=FIRST + timedelta(days=days),
    )
    return simulated_import(actor=user, request=request, now=NOW)


def definition_make(**changes: object) -> dict[str, Any]:
    """Return a strategy that trades often on hourly bars, with some fields replaced."""
    data: dict[str, Any] = {
        "name": "Quick cross",
        "timeframe": "1h",
        "parameters": {
            "fast": {"default": 3, "minimum": 2, "maximum": 10},
            "slow": {"default": 9, "minimum": 5, "maximum": 400},
        },
        "indicators": {
            "fast_ma": {"indicator": "sma", "parameters": {"period": "fast"}},
            "slow_ma": {"indicator": "sma", "parameters": {"period": "slow"}},
        },
        "entry": {"long": "crosses_above(fast_ma, slow_ma)"},
        "exit": {"long": "crosses_below(fast_ma, slow_ma)"},
        "sizing": {"kind": "fixed_quote", "amount": "1000"},
        "fees": "0.001",
        "slippage": "0",
    }
    return data | changes


def strategy_make(user: User, **changes: object) -> Strategy:
    """Store such a strategy."""
    return strategy_create(actor=user, definition=definition_make(**changes))


def request_make(
    series: CandleSeries, strategy: Strategy, **changes: Any
) -> BacktestRequest:
    """Return a request for the reference engine, with some of its fields replaced."""
    fields: dict[str, Any] = {
        "series_id": series.pk,
        "strategy_id": strategy.pk,
        "engines": ("reference",),
        "capital": Decimal(10_000),
    }
    return BacktestRequest(**fields | changes)


def backtest_make(user: User, **changes: Any) -> Backtest:
    """Ask for a backtest on a series and a strategy, made where they are not given."""
    series = changes.pop("series", None) or series_make(user)
    strategy = changes.pop("strategy", None) or strategy_make(user)
    request = request_make(series, strategy, **changes)
    return backtest_request(actor=user, request=request, now=NOW)


@dataclass
class Surroundings:
    """A job's context without a worker: engines are warm ones of the test's own.

    Attributes:
        job: The job that is done.
        pool: Where warm engines are.
        broken: Engines that cannot be had.
        lost: Whether another worker has taken the job meanwhile.
    """

    job: Job
    pool: EnginePool
    broken: frozenset[str] = frozenset()
    lost: bool = False
    told: list[tuple[float, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    _asking: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.job_id: UUID = self.job.pk
        self.owner_id: UUID = self.job.owner_id
        self.payload: dict[str, Any] = self.job.payload

    def progress(self, fraction: float, message: str) -> None:
        """Remember it."""
        self.told.append((fraction, message))

    def log(self, message: str) -> None:
        """Remember it."""
        self.lines.append(message)

    @contextmanager
    def fenced(self) -> Iterator[None]:
        """Open a transaction, unless the job was lost."""
        with transaction.atomic():
            if self.lost:
                msg = "The job was cancelled."
                raise JobLost(msg)
            yield

    def resource(self, kind: str, name: str) -> str:
        """Return the address of a warm engine."""
        assert kind == "engine"
        if name in self.broken:
            msg = f"{name} does not start in this test."
            raise EngineUnavailable(msg, attr="engines")
        with self._asking:
            return self.pool.ensure(name)


def surroundings_of(
    backtest: Backtest, pool: EnginePool, **changes: Any
) -> Surroundings:
    """Return the context of a backtest's job."""
    if backtest.job is None:
        msg = "a backtest that was asked for has a job"
        raise ApplicationError(msg)
    return Surroundings(backtest.job, pool, **changes)


def job_end(job: Job | None) -> None:
    """Let a job have succeeded, as a worker would."""
    assert job is not None
    claimed = job_claim(job_id=job.pk, worker="test", now=NOW)
    assert claimed is not None
    job_succeed(job_id=job.pk, attempt=claimed.attempt, result={}, log=(), now=NOW)
