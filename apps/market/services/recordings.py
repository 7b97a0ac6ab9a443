"""Record a market's book and trades, and make a capture of it at the end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from apps.core.files import folder_delete
from apps.core.files.scratch import scratch_folder
from apps.engines.captures import CaptureLayout
from apps.jobs.services import job_enqueue
from apps.market.enums import RecordingState
from apps.market.errors.live import (
    RecordingEmpty,
    RecordingEnded,
    RecordingsTooMany,
    RecordingTooLong,
)
from apps.market.exchanges import exchange_config
from apps.market.models import Recording, VenueMarket
from apps.market.requests import (
    CaptureImportRequest,
    GivenRules,
    symbol_parse,
    venue_parse,
)
from apps.market.selectors.demand import RUNNING
from apps.market.selectors.recordings import recording_get
from apps.market.selectors.venues import symbols_check
from apps.market.services.capture_storing import CaptureSource, capture_import
from apps.market.services.captures import engine_check
from apps.market.store.paths import RECORDINGS

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from uuid import UUID

    from apps.market.models import BookCapture
    from apps.market.services.work import ImportWork
    from apps.users.models import User

RECORDING_JOB = "recording.import"
_LONGEST_MESSAGE = 400


@transaction.atomic
def recording_request(
    *, actor: User, exchange: str, symbol: str, seconds: int | None, now: datetime
) -> Recording:
    """Have a market's book and trades recorded from now on.

    Args:
        actor: Whose recording, and capture, it becomes.
        exchange: Its id.
        symbol: A market of it.
        seconds: For how long; None until it is stopped, at most RECORDING_MAX_SECONDS.
        now: The moment of the request, UTC.

    Raises:
        ExchangeUnknown: There is no such exchange, or it is not allowed.
        SymbolInvalid, SymbolUnknown: No such market.
        EngineUnavailable: The engine that reads captures is not installed.
        RecordingTooLong: Longer than RECORDING_MAX_SECONDS.
        RecordingsTooMany: RECORDINGS_PER_USER run already.

    Returns:
        The recording; `run_streams` begins it within a second.
    """
    exchange_config(exchange)
    venue_parse(exchange)
    symbol_parse(symbol)
    symbols_check(exchange=exchange, symbols=[symbol])
    engine_check()
    longest = int(settings.RECORDING_MAX_SECONDS)
    if seconds is not None and seconds > longest:
        msg = f"A recording may run {longest:,} s, not {seconds:,} (RECORDING_MAX_SECONDS)."
        raise RecordingTooLong(msg, attr="seconds")
    # The row of the actor stands for all of theirs: of two at once, one waits.
    type(actor)._default_manager.select_for_update().get(pk=actor.pk)
    running = Recording.objects.filter(owner=actor, state__in=RUNNING).count()
    if running >= settings.RECORDINGS_PER_USER:
        msg = (
            f"{running} of your recordings run already, and as many may "
            "(RECORDINGS_PER_USER); stop one, or wait for its end."
        )
        raise RecordingsTooMany(msg)
    recording = Recording(
        owner=actor,
        exchange=exchange,
        symbol=symbol,
        until=now + timedelta(seconds=longest if seconds is None else seconds),
    )
    recording.full_clean()
    recording.save()
    return recording


@transaction.atomic
def recording_stop(*, actor: User, recording_id: UUID, now: datetime) -> Recording:
    """End a recording now; what was recorded becomes a capture.

    Raises:
        RecordingNotFound: No such recording for this actor.
        RecordingEnded: It has ended already.
    """
    recording = recording_get(actor=actor, recording_id=recording_id)
    mine = Recording.objects.filter(pk=recording.pk)
    waiting = mine.filter(state=RecordingState.WAITING).update(
        state=RecordingState.FAILED,
        stopped_at=now,
        message="It was stopped before it began.",
        updated_at=now,
    )
    if not waiting:
        running = mine.filter(state=RecordingState.RECORDING, until__gt=now)
        if not running.update(until=now, updated_at=now):
            recording.refresh_from_db()
            msg = f"The recording is {recording.state} and has ended already."
            raise RecordingEnded(msg)
    recording.refresh_from_db()
    return recording


# --- what the feed process does


def recording_begin(*, recording_id: UUID, now: datetime) -> bool:
    """Note that a recording runs; False where it was stopped meanwhile."""
    mine = Recording.objects.filter(pk=recording_id)
    begun = mine.filter(state=RecordingState.WAITING).update(
        state=RecordingState.RECORDING, started_at=now, updated_at=now
    )
    return bool(begun) or mine.filter(state=RecordingState.RECORDING).exists()


def recording_note(
    *, recording_id: UUID, rows: int, resyncs: int, now: datetime
) -> None:
    """Note how much was written."""
    Recording.objects.filter(pk=recording_id, state=RecordingState.RECORDING).update(
        rows=rows, resyncs=resyncs, updated_at=now
    )


@transaction.atomic
def recording_finish(
    *, recording_id: UUID, rows: int, resyncs: int, problem: str, now: datetime
) -> None:
    """End a recording and send its import on its way, once.

    Args:
        recording_id: Which one.
        rows: That were written.
        resyncs: How often the book was read anew.
        problem: Why it could not go on; empty where its time was over.
        now: The moment, UTC.
    """
    # One row alone: SQLite locks the database anyway.
    found = Recording.objects.select_for_update().filter(
        pk=recording_id, state__in=RUNNING
    )
    recording = found.first()
    if recording is None:
        return
    recording.rows, recording.resyncs = rows, resyncs
    recording.stopped_at = max(now, recording.started_at or now)
    recording.message = problem[:_LONGEST_MESSAGE]
    if rows:
        recording.state = RecordingState.IMPORTING
        job = job_enqueue(
            owner=recording.owner,
            kind=RECORDING_JOB,
            payload={"recording": str(recording.pk)},
            now=now,
        )
        recording.import_job_id = job.pk
    else:
        recording.state = RecordingState.FAILED
        recording.message = recording.message or "Nothing came while it was recorded."
    recording.full_clean()
    recording.save()


def recording_abandon(*, recording_id: UUID, message: str, now: datetime) -> None:
    """End a recording that cannot go on nor be made a capture; its parts stay."""
    Recording.objects.filter(pk=recording_id, state__in=RUNNING).update(
        state=RecordingState.FAILED,
        stopped_at=now,
        message=message[:_LONGEST_MESSAGE],
        updated_at=now,
    )


# --- what the job does


def recording_import(
    *,
    recording: Recording,
    locate: Callable[[], str],
    work: ImportWork,
    now: Callable[[], datetime],
) -> BookCapture:
    """Make a capture of what was recorded, through the import of captures.

    Args:
        recording: It has ended; its parts are there.
        locate: Returns the address of the warm engine that reads captures.
        work: Its progress, fence and job.
        now: Returns the moment, UTC.

    Raises:
        RecordingEmpty: There is nothing to make a capture of.
        ApplicationError: As of `capture_import`; the parts stay, for another try.
    """
    # Only a process that imports needs numpy and pyarrow.
    from apps.market.store.recordings import events_write  # noqa: PLC0415

    if recording.capture is not None:
        # The run before this one ended just before it could say so.
        return recording.capture
    with scratch_folder() as scratch:
        target = scratch / "recorded.npy"
        if not events_write(recording.pk, target):
            msg = f"Nothing was recorded of {recording.symbol} at {recording.exchange}."
            raise RecordingEmpty(msg)
        label = (
            f"recorded {recording.started_at or recording.created_at:%Y-%m-%d %H:%M:%S}"
        )
        capture = capture_import(
            actor=recording.owner,
            sources=[CaptureSource(target, f"{label}.npy")],
            request=CaptureImportRequest(
                venue=recording.exchange,
                symbol=recording.symbol,
                layout=CaptureLayout.HFTBACKTEST,
                rules=_rules(recording),
            ),
            locate=locate,
            work=work,
        )
    with work.fence():
        recording.capture = capture
        recording.state = RecordingState.DONE
        recording.updated_at = now()
        recording.full_clean()
        recording.save()
    folder_delete(f"{RECORDINGS}/{recording.pk}")
    return capture


def recording_fail(*, recording_id: UUID, message: str, now: datetime) -> None:
    """Note that a recording could not be made a capture; its parts stay."""
    Recording.objects.filter(pk=recording_id, state=RecordingState.IMPORTING).update(
        state=RecordingState.FAILED,
        message=message[:_LONGEST_MESSAGE],
        updated_at=now,
    )


def _rules(recording: Recording) -> GivenRules:
    """Return the market's rules as the exchange lists them, as far as it does."""
    listed = VenueMarket.objects.filter(
        exchange=recording.exchange, symbol=recording.symbol
    ).first()
    if listed is None:
        return GivenRules()
    return GivenRules(
        price_tick=listed.price_tick,
        quantity_step=listed.quantity_step,
        min_quantity=listed.min_quantity,
        min_notional=listed.min_notional,
    )
