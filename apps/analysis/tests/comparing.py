"""Parity runs in tests: asking, doing, and lists of trades as somebody would send them."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from django.core.files.uploadedfile import SimpleUploadedFile

from apps.analysis.models import ParityRun
from apps.analysis.services.again import trades_compare_request
from apps.analysis.services.compare_run import compare_run
from apps.analysis.services.parity_request import parity_request
from apps.analysis.services.parity_run import parity_run
from apps.analysis.tests.factories import (
    NOW,
    Surroundings,
    job_end,
    request_make,
    series_make,
    strategy_make,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apps.analysis.models import Backtest
    from apps.engines.runner.pool import EnginePool
    from apps.users.models import User

PARITY = "/api/v1/parity/"
TWO = ("reference", "vectorbt")
# How our own answers name a trade's columns; a CSV of them can be sent back.
COLUMNS = (
    *("entry_time", "exit_time", "side", "quantity", "entry_price", "exit_price"),
    *("fees", "profit", "exit_reason"),
)


def parity_make(user: User, **changes: Any) -> ParityRun:
    """Ask for a parity run of two engines, on a series and a strategy of its own."""
    series = changes.pop("series", None) or series_make(user)
    strategy = changes.pop("strategy", None) or strategy_make(user)
    tolerance = changes.pop("tolerance", None)
    request = request_make(series, strategy, **{"engines": TWO} | changes)
    return parity_request(actor=user, request=request, now=NOW, tolerance=tolerance)


def parity_do(parity: ParityRun, pool: EnginePool, **changes: Any) -> ParityRun:
    """Run a parity run and return it as it was stored."""
    parity_run(context=parity_surroundings(parity, pool, **changes))
    job_end(parity.job)
    return stored(parity)


def parity_surroundings(
    parity: ParityRun, pool: EnginePool, **changes: Any
) -> Surroundings:
    """Return the context of a parity run's job."""
    assert parity.job is not None
    return Surroundings(parity.job, pool, **changes)


def stored(parity: ParityRun) -> ParityRun:
    """Return a parity run as it is in the database."""
    return ParityRun.objects.select_related("backtest", "native", "job").get(
        pk=parity.pk
    )


def trades_csv(rows: Iterable[dict[str, Any]], columns: Iterable[str] = COLUMNS) -> str:
    """Return trades, as the API answers them, as a CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def compare_ask(user: User, backtest: Backtest, content: str | bytes) -> ParityRun:
    """Send a list of trades to be compared with a backtest."""
    raw = content.encode() if isinstance(content, str) else content
    return trades_compare_request(
        actor=user,
        backtest_id=backtest.pk,
        upload=SimpleUploadedFile("trades.csv", raw),
        now=NOW,
    )


def compare_do(parity: ParityRun, pool: EnginePool, **changes: Any) -> ParityRun:
    """Compare a list that was sent, and return the comparison as it was stored."""
    compare_run(context=parity_surroundings(parity, pool, **changes))
    job_end(parity.job)
    return stored(parity)
