"""Asking for what is made of a backtest that there is: run again, or compared."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django.db import transaction

from apps.analysis.errors import NotReproducible
from apps.analysis.kinds import COMPARE_KIND, REPRODUCE_KIND
from apps.analysis.models import ParityRun
from apps.analysis.parity.contracts import Tolerance
from apps.analysis.selectors import backtest_get, parity_folder, results_of
from apps.analysis.services.tidy import folder_discard
from apps.core.files import file_publish, stored_path
from apps.core.files.guard import storage_guard
from apps.jobs.enums import JobQueue
from apps.jobs.services import job_enqueue
from apps.market.errors import UploadTooLarge

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django.core.files.uploadedfile import UploadedFile

    from apps.analysis.models import Backtest
    from apps.jobs.models import Job
    from apps.users.models import User

IMPORTED = "imported"
MOST_BYTES = 64 * 1024**2


@transaction.atomic
def backtest_reproduce_request(*, actor: User, backtest_id: UUID, now: datetime) -> Job:
    """Queue a second run of a backtest, from what it says it was made of.

    Raises:
        BacktestNotFound: No such backtest for this actor.
        BacktestNotFinished: It has no result to compare with.
        NotReproducible: Its series was deleted.
    """
    backtest = _finished(actor, backtest_id)
    return job_enqueue(
        owner=actor,
        kind=REPRODUCE_KIND,
        payload={"backtest": str(backtest.pk)},
        queue=JobQueue.BACKTEST,
        now=now,
    )


def trades_compare_request(
    *,
    actor: User,
    backtest_id: UUID,
    upload: UploadedFile[Any],
    now: datetime,
    tolerance: Tolerance | None = None,
) -> ParityRun:
    """Keep a list of trades from elsewhere, and queue its comparison with a backtest.

    Args:
        actor: Who asks; must own the backtest.
        backtest_id: A backtest with a result.
        upload: CSV, or freqtrade's export as `.json` or `.zip`.
        now: The moment of the request, UTC.
        tolerance: How far apart trades may be; left out: a tick, a step, 1e-4.

    Raises:
        BacktestNotFound: No such backtest for this actor.
        BacktestNotFinished: It has no result to compare with.
        NotReproducible: Its series was deleted; its bars are needed.
        UploadTooLarge: The file is larger than 64 MiB.
        StorageFull: The disk has no room; nothing is left of it.
        StorageUnavailable: The bucket does not answer, or refuses; likewise.
    """
    if (upload.size or 0) > MOST_BYTES:
        mib = MOST_BYTES // 1024**2
        msg = f"The file has {upload.size:,} bytes; at most {mib} MiB are read."
        raise UploadTooLarge(msg, attr="file")
    run = ParityRun(
        owner=actor,
        backtest=_finished(actor, backtest_id),
        imported=IMPORTED,
        tolerance=asdict(tolerance or Tolerance()),
    )
    # The file before its row, and outside of the transaction: a disk may be slow.
    folder = parity_folder(run.pk)
    try:
        with storage_guard():
            folder.mkdir(parents=True)
            with (folder / IMPORTED).open("xb") as file:
                for chunk in upload.chunks():
                    file.write(chunk)
        file_publish(stored_path(folder / IMPORTED))
        _compare_enqueue(run, now)
    except BaseException:
        folder_discard(stored_path(folder), ParityRun.objects.filter(pk=run.pk))
        raise
    return run


@transaction.atomic
def _compare_enqueue(run: ParityRun, now: datetime) -> None:
    run.job = job_enqueue(
        owner=run.owner,
        kind=COMPARE_KIND,
        payload={"parity": str(run.pk)},
        queue=JobQueue.BACKTEST,
        now=now,
    )
    run.full_clean()
    run.save()


def _finished(actor: User, backtest_id: UUID) -> Backtest:
    backtest = backtest_get(actor=actor, backtest_id=backtest_id)
    results_of(backtest)
    if backtest.series is None:
        msg = "The backtest's series was deleted; import the same candles and run anew."
        raise NotReproducible(msg)
    return backtest
