"""Deleting backtests and parity runs with their files, and files without a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import Error as DatabaseError, transaction
from django.db.models import Q

from apps.analysis.errors import BacktestInUse, BacktestRunning, ParityRunning
from apps.analysis.models import ParityRun
from apps.analysis.selectors import (
    backtest_get,
    parity_folder,
    parity_get,
    results_folder,
)
from apps.core.files import folder_delete, stored_path
from apps.jobs.enums import FINAL_STATES

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from django.db.models import QuerySet

    from apps.users.models import User


@transaction.atomic
def backtest_delete(*, actor: User, backtest_id: UUID) -> None:
    """Delete a backtest that has ended, its results and its files.

    Raises:
        BacktestNotFound: No such backtest for this actor.
        BacktestRunning: Its job has not ended; cancel it first.
        BacktestInUse: A parity run stands on it.
    """
    backtest = backtest_get(actor=actor, backtest_id=backtest_id)
    users = Q(backtest=backtest) | Q(native=backtest)
    parity = ParityRun.objects.filter(users).first()
    if parity is not None:
        msg = f"The parity run {parity.pk} stands on this backtest; delete that first."
        raise BacktestInUse(msg)
    if backtest.job is not None and backtest.job.state not in FINAL_STATES:
        msg = "The backtest's job has not ended; cancel it first."
        raise BacktestRunning(msg)
    folder = results_folder(backtest.pk)
    backtest.delete()
    _remove(folder)


@transaction.atomic
def parity_delete(*, actor: User, parity_id: UUID) -> None:
    """Delete a parity run that has ended, with the backtests that it made.

    Raises:
        ParityNotFound: No such run for this actor.
        ParityRunning: Its job has not ended; cancel it first.
    """
    parity = parity_get(actor=actor, parity_id=parity_id)
    if parity.job is not None and parity.job.state not in FINAL_STATES:
        msg = "The parity run's job has not ended; cancel it first."
        raise ParityRunning(msg)
    folder = parity_folder(parity.pk)
    # A comparison with a list stands on a backtest that was there before it.
    made = [parity.backtest, parity.native] if not parity.imported else []
    parity.delete()
    _remove(folder)
    for backtest in made:
        if backtest is not None and not backtest.parity_runs.exists():
            # A row that was deleted does not know its key any more.
            results = results_folder(backtest.pk)
            backtest.delete()
            _remove(results)


def folder_discard(path: str, rows: QuerySet[Any]) -> None:
    """Remove published files whose transaction failed, if no row speaks of them.

    Args:
        path: Their folder, relative to the data directory.
        rows: Those that would speak of it.
    """
    try:
        kept = rows.exists()
    except DatabaseError:
        # The commit may have happened; check_data tells when the database answers.
        kept = True
    if not kept:
        folder_delete(path)


def _remove(folder: Path) -> None:
    path = stored_path(folder)
    # Rows first: files without a row are found by check_data, the reverse is a loss.
    transaction.on_commit(lambda: folder_delete(path))
