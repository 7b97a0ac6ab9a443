"""Backtests over HTTP in tests: asking, and finding what was stored."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

from apps.analysis.models import Backtest, EngineRun
from apps.analysis.services.run import backtest_run
from apps.analysis.tests.factories import surroundings_of

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.test import APIClient

    from apps.engines.runner.pool import EnginePool

BACKTESTS = "/api/v1/backtests/"
PARTS = ("", "trades/", "equity/", "chart/")


def ask(client: APIClient, body: dict[str, Any]) -> str:
    """Ask for a backtest and return its address."""
    response = client.post(BACKTESTS, body)
    assert response.status_code == 202, response.content
    return str(response["Location"])


def stored(where: str) -> Backtest:
    """Return the backtest at an address, as it is in the database."""
    return Backtest.objects.select_related("job", "chart_job").get(
        pk=where.rstrip("/").rsplit("/", 1)[1]
    )


def run_folder(backtest_id: UUID, engine: str = "reference") -> Path:
    """Return where the files of an engine's run lie."""
    run = EngineRun.objects.get(backtest_id=backtest_id, engine=engine)
    return Path(settings.DATA_DIR) / run.path


def run(backtest: Backtest, pool: EnginePool, **changes: Any) -> Backtest:
    """Run a backtest and return it as it was stored."""
    backtest_run(context=surroundings_of(backtest, pool, **changes))
    backtest.refresh_from_db()
    return backtest


def files() -> list[Path]:
    """Return all files of results, wherever they lie."""
    root = Path(settings.DATA_DIR) / "backtests"
    return sorted(path for path in root.rglob("*") if path.is_file())
