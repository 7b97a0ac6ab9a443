"""Every read about parity runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.analysis.errors import (
    ParityNotFinished,
    ParityNotFound,
    ParityPairNotFound,
    ReportNotReady,
    ResultMissing,
)
from apps.analysis.models import ParityRun
from apps.analysis.selectors.backtests import TablePage
from apps.core.files import file_local, file_path, stored_path
from apps.jobs.enums import JobState

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from django.db.models import QuerySet

    from apps.users.models import User

PARITY = "parity"
REPORT = "report.html"
SIDES = ("first", "second")


def parity_list(*, actor: User) -> QuerySet[ParityRun]:
    """Return the actor's parity runs with what they stand on, newest first."""
    return (
        ParityRun.objects.filter(owner=actor)
        .select_related("job", "report_job", "native")
        .select_related("backtest__strategy_version__strategy")
        .select_related("backtest__series__instrument")
        .order_by("-created_at", "-id")
    )


def parity_get(*, actor: User, parity_id: UUID) -> ParityRun:
    """Return one of the actor's parity runs.

    Raises:
        ParityNotFound: There is none with this id for this actor.
    """
    parity = parity_list(actor=actor).filter(pk=parity_id).first()
    if parity is None:
        msg = f"There is no parity run {parity_id}."
        raise ParityNotFound(msg)
    return parity


def parity_folder(parity_id: UUID) -> Path:
    """Return where a parity run's files lie."""
    return file_path(f"{PARITY}/{parity_id}")


def matches_file(number: int) -> str:
    """Return the name of the file of a comparison, counted from 0."""
    return f"comparison-{number}.parquet"


def matches_page(
    *,
    parity: ParityRun,
    first: str | None,
    second: str | None,
    differing: bool,
    offset: int,
    limit: int,
) -> TablePage:
    """Return some rows of a comparison, in order of entry.

    Args:
        parity: A parity run.
        first: Whose trades are to be the first; None: the first comparison there is.
        second: Whose are to be the second; None: likewise.
        differing: Only rows whose sides are not equal.
        offset: Rows to pass over.
        limit: Rows at the most.

    Raises:
        ParityNotFinished: There is no result, yet or at all.
        ParityPairNotFound: These two were not compared.
        ResultMissing: The file is gone or damaged.
    """
    # Only a process that reads results needs pyarrow.
    from apps.analysis.results import table_read, table_rows  # noqa: PLC0415

    if not parity.verdict:
        state = parity.job.state if parity.job else "lost"
        msg = f"The parity run has no result: its job is {state}."
        raise ParityNotFinished(msg)
    number, turned = _comparison(parity.report, first, second)
    table = table_read(file_local(f"{parity.path}/{matches_file(number)}"))
    if differing:
        table = table.filter(table["cause"].is_valid())
    rows = [_row(row, turned=turned) for row in table_rows(table.slice(offset, limit))]
    following = offset + limit
    return TablePage(rows, following if following < table.num_rows else None)


def report_get(*, actor: User, parity_id: UUID) -> bytes:
    """Return a parity run's page as HTML.

    Raises:
        ParityNotFound: No such run for this actor.
        ReportNotReady: It is not made yet, or its job failed.
        ResultMissing: The file is gone.
    """
    parity = parity_get(actor=actor, parity_id=parity_id)
    job = parity.report_job
    if job is None or job.state != JobState.SUCCEEDED:
        state = f"its job is {job.state}" if job else "the run has no result"
        msg = f"The report is not ready: {state}."
        raise ReportNotReady(msg)
    path = file_local(stored_path(parity_folder(parity.pk) / REPORT))
    if not path.exists():
        msg = "The report's file is gone; run the comparison again."
        raise ResultMissing(msg)
    return path.read_bytes()


def _comparison(
    report: dict[str, Any], first: str | None, second: str | None
) -> tuple[int, bool]:
    """Return which comparison two names mean, and whether its sides are to be turned."""
    pairs = [(pair["first"], pair["second"]) for pair in report["pairs"]]
    pairs += [(one["against"], one["engine"]) for one in report["lessons"]]
    for number, (one, other) in enumerate(pairs):
        if first in {None, one} and second in {None, other}:
            return number, False
        if first in {None, other} and second in {None, one}:
            return number, True
    known = "; ".join(f"{one} and {other}" for one, other in pairs)
    asked = " and ".join(repr(name) for name in (first, second) if name is not None)
    msg = f"{asked} were not compared; there are: {known}."
    raise ParityPairNotFound(msg[:500], attr="first" if first is not None else "second")


def _row(row: dict[str, Any], *, turned: bool) -> dict[str, Any]:
    """Return a row with each side's columns in an object of their own."""
    plain: dict[str, Any] = {
        name: value
        for name, value in row.items()
        if not name.startswith(("first_", "second_"))
    }
    for side in SIDES:
        found = {
            name.removeprefix(f"{side}_"): value
            for name, value in row.items()
            if name.startswith(f"{side}_")
        }
        if found["trade"] is not None:
            found["side"] = "long" if found["side"] > 0 else "short"
        plain[side] = found if found["trade"] is not None else None
    if turned:
        plain["first"], plain["second"] = plain["second"], plain["first"]
        difference = plain["profit_difference"]
        plain["profit_difference"] = None if difference is None else -difference
    return plain
