"""What tests of backtests share: people, candles, and one warm engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings

from apps.analysis.services.run import backtest_run
from apps.analysis.tests.asking import ask, stored
from apps.analysis.tests.factories import (
    backtest_make,
    job_end,
    series_make,
    strategy_make,
    surroundings_of,
)
from apps.core.tests.answers import client_of
from apps.engines import registry
from apps.engines.runner.pool import EnginePool
from apps.users.tests.factories import UserFactory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rest_framework.test import APIClient

    from apps.analysis.models import Backtest
    from apps.market.models import CandleSeries
    from apps.strategies.models import Strategy
    from apps.users.models import User


@pytest.fixture(scope="session")
def pool() -> Iterator[EnginePool]:
    with EnginePool(
        idle_seconds=300,
        environment=settings.ENGINE_PROCESS_ENVIRONMENT,
        root=Path(settings.BASE_DIR),
    ) as made:
        # A host ends with the thread that started it, and jobs ask from threads.
        made.ensure("reference")
        yield made


@pytest.fixture(scope="session")
def two_engines(pool: EnginePool) -> EnginePool:
    """Two engines that are warm; they need to be installed."""
    reason = registry.unavailable_reason(registry.engine_get("vectorbt"))
    if reason is not None:
        pytest.skip(reason)
    pool.ensure("vectorbt")
    return pool


@pytest.fixture
def _all_engines_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every engine count as installed, whatever this installation has."""
    monkeypatch.setattr(
        registry, "version_of", lambda distribution: f"1 {distribution}"
    )


@pytest.fixture
def user(db: None) -> User:
    return UserFactory.create()


@pytest.fixture
def client(user: User) -> APIClient:
    return client_of(user)


@pytest.fixture
def series(user: User) -> CandleSeries:
    return series_make(user)


@pytest.fixture
def strategy(user: User) -> Strategy:
    return strategy_make(user)


@pytest.fixture
def backtest(user: User, series: CandleSeries, strategy: Strategy) -> Backtest:
    return backtest_make(user, series=series, strategy=strategy)


@pytest.fixture
def of_two(
    user: User, series: CandleSeries, strategy: Strategy, _all_engines_installed: None
) -> Backtest:
    """A backtest on two engines, of which a test may break any."""
    both = ("reference", "vectorbt")
    return backtest_make(user, series=series, strategy=strategy, engines=both)


@pytest.fixture
def body(series: CandleSeries, strategy: Strategy) -> dict[str, Any]:
    """What a client posts for a backtest on the reference engine."""
    return {
        "series": str(series.pk),
        "strategy": str(strategy.pk),
        "engines": ["reference"],
    }


@pytest.fixture
def asked(client: APIClient, body: dict[str, Any]) -> str:
    """The address of a backtest whose job has not begun."""
    return ask(client, body)


@pytest.fixture
def done(asked: str, pool: EnginePool) -> str:
    """The address of a backtest that has its result, and no picture yet."""
    backtest = stored(asked)
    backtest_run(context=surroundings_of(backtest, pool))
    job_end(backtest.job)
    return asked
