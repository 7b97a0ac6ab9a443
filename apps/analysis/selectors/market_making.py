"""Every read about market-making runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.analysis.enums import FillSide
from apps.analysis.errors import (
    MarketMakingNotFinished,
    MarketMakingNotFound,
    ResultMissing,
)
from apps.analysis.models import MarketMakingRun
from apps.analysis.selectors.backtests import TablePage
from apps.core.files import file_local, file_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from uuid import UUID

    from django.db.models import QuerySet

    from apps.analysis.result_rows import TableRows
    from apps.users.models import User

MARKET_MAKING = "market-making"
FILLS_FILE, EQUITY_FILE = "fills.parquet", "equity.parquet"
# As a page of JSON names them.
_FILL_COLUMNS = ("time", "side", "price", "quantity", "fee", "mid", "mid_after")


def market_making_list(*, actor: User) -> QuerySet[MarketMakingRun]:
    """Return the actor's runs with their jobs, newest first."""
    return (
        MarketMakingRun.objects.filter(owner=actor)
        .select_related("job")
        .order_by("-created_at", "-id")
    )


def market_making_get(*, actor: User, market_making_id: UUID) -> MarketMakingRun:
    """Return one of the actor's runs.

    Raises:
        MarketMakingNotFound: There is none with this id for this actor.
    """
    run = market_making_list(actor=actor).filter(pk=market_making_id).first()
    if run is None:
        msg = f"There is no market-making run {market_making_id}."
        raise MarketMakingNotFound(msg)
    return run


def market_making_folder(run_id: UUID) -> Path:
    """Return where a run's files lie."""
    return file_path(f"{MARKET_MAKING}/{run_id}")


def market_making_fills(*, run: MarketMakingRun, offset: int, limit: int) -> TablePage:
    """Return some of a run's fills, in order of time.

    Raises:
        MarketMakingNotFinished: There is no result, yet or at all.
        ResultMissing: The file is gone or damaged.
    """
    page = _page(run, FILLS_FILE, offset, limit)
    for row in page.rows:
        row["side"] = FillSide.BUY if row["side"] > 0 else FillSide.SELL
    return page


def market_making_equity(*, run: MarketMakingRun, offset: int, limit: int) -> TablePage:
    """Return some of a run's records of middle, inventory and equity, oldest first.

    Raises:
        MarketMakingNotFinished: There is no result, yet or at all.
        ResultMissing: The file is gone or damaged.
    """
    return _page(run, EQUITY_FILE, offset, limit)


def market_making_fills_rows(*, run: MarketMakingRun) -> TableRows:
    """Return all of a run's fills, in order of time, from an open file.

    Raises:
        MarketMakingNotFinished: There is no result, yet or at all.
        ResultMissing: The file is gone or damaged.
    """
    words = {"side": {1: FillSide.BUY.value, -1: FillSide.SELL.value}}
    return _rows(run, FILLS_FILE, _FILL_COLUMNS, words)


def market_making_equity_rows(*, run: MarketMakingRun) -> TableRows:
    """Return all of a run's records, oldest first, from an open file.

    Raises:
        MarketMakingNotFinished: There is no result, yet or at all.
        ResultMissing: The file is gone or damaged.
    """
    return _rows(run, EQUITY_FILE, ("time", "mid", "inventory", "equity"), {})


def _rows(
    run: MarketMakingRun,
    name: str,
    columns: Sequence[str],
    words: Mapping[str, Mapping[int, str]],
) -> TableRows:
    # Only a process that reads results needs pyarrow.
    from apps.analysis.result_rows import TableRows  # noqa: PLC0415

    _finished(run)
    return TableRows(file_local(f"{run.path}/{name}"), columns, words)


def _finished(run: MarketMakingRun) -> None:
    if not run.path:
        state = run.job.state if run.job else "lost"
        msg = f"The market-making run has no result: its job is {state}."
        raise MarketMakingNotFinished(msg)


def _page(run: MarketMakingRun, name: str, offset: int, limit: int) -> TablePage:
    # Only a process that reads results needs pyarrow.
    from apps.analysis.results import table_read, table_rows  # noqa: PLC0415

    _finished(run)
    try:
        table = table_read(file_local(f"{run.path}/{name}"))
    except ResultMissing as error:
        msg = "This result's file is gone or damaged; ask for the same run again."
        raise ResultMissing(msg) from error
    rows: list[dict[str, Any]] = table_rows(table.slice(offset, limit))
    following = offset + limit
    return TablePage(rows, following if following < table.num_rows else None)
