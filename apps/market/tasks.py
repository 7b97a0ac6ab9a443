"""Imports as jobs."""

from __future__ import annotations

import json
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.utils import timezone

import apps.market.backfill_tasks
import apps.market.recording_tasks
import apps.market.venue_tasks  # noqa: F401 - registers its jobs
from apps.core.errors import ApplicationError, Unavailable
from apps.core.files.errors import StorageUnavailable
from apps.jobs.errors import JobLost
from apps.jobs.registry import job_handler
from apps.market.enums import QualityTrigger
from apps.market.errors import QualityRefused, UploadMissing
from apps.market.requests import (
    CaptureImportRequest,
    ImportRequest,
    SimulationRequest,
)
from apps.market.selectors import CAPTURE_ENGINE, capture_list, series_list
from apps.market.selectors.data import CAPTURE_JOB, IMPORT_JOB
from apps.market.services import (
    CaptureSource,
    candles_import,
    capture_import,
    series_quality_check,
    simulated_import,
)
from apps.market.services.quality import QUALITY_JOB
from apps.market.services.simulation import SIMULATE_JOB
from apps.market.services.uploads import upload_path, upload_remove
from apps.market.services.work import ImportWork

if TYPE_CHECKING:
    from apps.jobs.registry import JobContext
    from apps.market.models import BookCapture, CandleSeries
    from apps.users.models import User

_LOG_LINE = 500


@job_handler(IMPORT_JOB)
def run_import(context: JobContext) -> dict[str, Any]:
    """Import the uploaded file of a job.

    The upload outlives a crash, so that the next run finds it; it goes with the success
    or with an error that would be the same again.
    """
    actor = _owner(context)
    upload_id = uuid.UUID(context.payload["upload"])
    try:
        series = candles_import(
            actor=actor,
            path=upload_path(upload_id),
            label=context.payload["label"],
            request=ImportRequest.from_json(context.payload["request"]),
            now=timezone.now(),
            work=_work(context),
        )
    except UploadMissing:
        # A run before this one may have ended just before it could say so.
        done = series_list(actor=actor).filter(import_job_id=context.job_id).first()
        if done is None:
            raise
        return _result(done)
    except (JobLost, StorageUnavailable):
        # Another run may be at work on the upload, or the job be run again.
        raise
    except ApplicationError as error:
        if isinstance(error, QualityRefused):
            _log_report(context, error)
        upload_remove(upload_id)
        raise
    upload_remove(upload_id)
    return _result(series)


@job_handler(SIMULATE_JOB)
def run_simulate(context: JobContext) -> dict[str, Any]:
    """Import the synthetic candles that a job asks for."""
    series = simulated_import(
        actor=_owner(context),
        request=SimulationRequest.from_json(context.payload),
        now=timezone.now(),
        work=_work(context),
    )
    return _result(series)


@job_handler(CAPTURE_JOB)
def run_capture_import(context: JobContext) -> dict[str, Any]:
    """Import the uploaded capture of a job; its uploads live as those of candles do."""
    actor = _owner(context)
    uploads = context.payload["uploads"]
    ids = [uuid.UUID(one["id"]) for one in uploads]
    try:
        capture = capture_import(
            actor=actor,
            sources=[
                CaptureSource(upload_path(upload_id), one["label"])
                for upload_id, one in zip(ids, uploads, strict=True)
            ],
            request=CaptureImportRequest.from_json(context.payload["request"]),
            locate=partial(context.resource, "engine", CAPTURE_ENGINE),
            work=_work(context),
        )
    except UploadMissing:
        # As with candles: a run before this one may have ended just before it said so.
        done = capture_list(actor=actor).filter(import_job_id=context.job_id).first()
        if done is None:
            raise
        return _capture_result(done)
    except (JobLost, Unavailable):
        # What is only down may be there when the job is retried.
        raise
    except ApplicationError:
        _remove(ids)
        raise
    _remove(ids)
    return _capture_result(capture)


@job_handler(QUALITY_JOB)
def run_quality_check(context: JobContext) -> dict[str, Any]:
    """Look at how good the candles of a series are."""
    quality = series_quality_check(
        actor=_owner(context),
        series_id=uuid.UUID(context.payload["series"]),
        now=timezone.now(),
        progress=context.progress,
        fence=context.fenced,
        trigger=QualityTrigger(context.payload.get("trigger", QualityTrigger.CHECK)),
    )
    return {
        "series_id": str(quality.series_id),
        "verdict": quality.verdict,
        "coverage": str(quality.coverage),
        "findings": quality.report["findings"],
    }


def _remove(uploads: list[uuid.UUID]) -> None:
    for upload_id in uploads:
        upload_remove(upload_id)


def _capture_result(capture: BookCapture) -> dict[str, Any]:
    return {
        "capture_id": str(capture.pk),
        "rows": capture.rows,
        "findings": capture.findings,
    }


def _owner(context: JobContext) -> User:
    return get_user_model().objects.get(pk=context.owner_id)


def _work(context: JobContext) -> ImportWork:
    return ImportWork(context.progress, context.fenced, context.job_id)


def _result(series: CandleSeries) -> dict[str, Any]:
    return {"series_id": str(series.pk), "rows": series.rows, "gaps": series.gaps}


def _log_report(context: JobContext, error: QualityRefused) -> None:
    """Write the counts of a refused file to the job's log, then the samples."""
    report = dict(error.report)
    samples = report.pop("samples", {})
    context.log(json.dumps(report)[:_LOG_LINE])
    for kind, rows in samples.items():
        for row in rows:
            context.log(f"{kind}: {json.dumps(row)}"[:_LOG_LINE])
