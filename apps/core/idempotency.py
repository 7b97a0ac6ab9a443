"""Writes that may be sent twice and happen once.

A client that lost an answer sends the same request with the same `Idempotency-Key`, and
gets the first answer again, byte for byte. The claim is committed before the write, the
answer in the same transaction as the write: a crash leaves either nothing or both.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, IntegrityError, transaction
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework.renderers import JSONRenderer

from apps.core.errors import Conflict, Invalid
from apps.core.models import IdempotencyRecord

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from rest_framework.request import Request
    from rest_framework.response import Response
    from rest_framework.views import APIView

    type Handler = Callable[..., Response | HttpResponse]

logger = logging.getLogger(__name__)

LONGEST_KEY = 255
# A claim without an answer is a process that died, or lost the database; its key may be
# used again after this. Where the first request is only slow, the second takes the claim
# over, and what the first has written is undone.
CLAIM_EXPIRES = timedelta(minutes=1)

IDEMPOTENCY_KEY = OpenApiParameter(
    name="Idempotency-Key",
    type=str,
    location=OpenApiParameter.HEADER,
    required=False,
    description=(
        "1-255 characters of your choice. The same key with the same body gives the "
        "first answer again, with `Idempotent-Replayed: true`."
    ),
)


class IdempotencyKeyInvalid(Invalid):
    """The key is empty, too long, or not printable ASCII."""

    code = "idempotency_key_invalid"


class IdempotencyKeyReused(Conflict):
    """The key was used with another body."""

    code = "idempotency_key_reused"


class IdempotencyInProgress(Conflict):
    """The first request with this key is still being served."""

    code = "idempotency_in_progress"


def idempotent(handler: Handler) -> Handler:
    """Make a view's method honour `Idempotency-Key`.

    Only successful answers are kept: after an error the same key may be sent with a
    mended body.
    """

    @functools.wraps(handler)
    def wrapped(
        view: APIView, request: Request, *args: Any, **kwargs: Any
    ) -> Response | HttpResponse:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return handler(view, request, *args, **kwargs)
        key_check(key)
        record, replay = _claim(request, key)
        if replay:
            return first_answer(record, replayed=True)
        try:
            with transaction.atomic():
                response = handler(view, request, *args, **kwargs)
                _keep(record, response)
        except BaseException:
            claim_give_up(record)
            raise
        return first_answer(record, replayed=False)

    return wrapped


def owner_id_of(request: Request) -> UUID:
    """Return the id of the user who asks."""
    owner: UUID = request.user.pk  # type: ignore[assignment]  # views are authenticated
    return owner


def key_check(key: str) -> None:
    """Refuse a key that is none.

    Raises:
        IdempotencyKeyInvalid: It is empty, too long, or not printable ASCII.
    """
    if 1 <= len(key) <= LONGEST_KEY and key.isascii() and key.isprintable():
        return
    msg = f"Idempotency-Key must be 1-{LONGEST_KEY} printable ASCII characters."
    raise IdempotencyKeyInvalid(msg, attr="Idempotency-Key")


def _claim(request: Request, key: str) -> tuple[IdempotencyRecord, bool]:
    operation = f"{request.method} {request.path}"
    fingerprint = fingerprint_of(request)
    now = timezone.now()
    IdempotencyRecord.objects.filter(
        owner_id=owner_id_of(request),
        operation=operation,
        key=key,
        status__isnull=True,
        created_at__lt=now - CLAIM_EXPIRES,
    ).delete()
    try:
        with transaction.atomic():
            record = IdempotencyRecord.objects.create(
                owner_id=owner_id_of(request),
                operation=operation,
                key=key,
                fingerprint=fingerprint,
            )
    except IntegrityError:
        found = IdempotencyRecord.objects.filter(
            owner_id=owner_id_of(request), operation=operation, key=key
        ).first()
    else:
        return record, False
    if found is not None and found.fingerprint != fingerprint:
        msg = "This Idempotency-Key was used with another body; choose a new key."
        raise IdempotencyKeyReused(msg, attr="Idempotency-Key")
    # None: the first one failed this very moment, and its claim is gone.
    if found is None or found.status is None:
        msg = "The first request with this Idempotency-Key is still being served."
        raise IdempotencyInProgress(msg, attr="Idempotency-Key")
    return found, True


def fingerprint_of(request: Request) -> str:
    """Return what tells a body from another."""
    digest = hashlib.sha256()
    fields: dict[str, Any] = {}
    data: Mapping[str, Any] = (
        request.data if isinstance(request.data, Mapping) else {"": request.data}
    )
    for name, value in data.items():
        if hasattr(value, "chunks"):
            digest.update(f"{name}:{value.name}:".encode())
            for chunk in value.chunks():
                digest.update(chunk)
            value.seek(0)
        else:
            fields[name] = value
    digest.update(json.dumps(fields, sort_keys=True, default=str).encode())
    return digest.hexdigest()


def claim_give_up(record: IdempotencyRecord) -> None:
    """Let a key be used again, if nothing was kept under it."""
    try:
        # Only a claim: where the connection broke at the commit, the write may stand,
        # and its answer with it.
        IdempotencyRecord.objects.filter(pk=record.pk, status__isnull=True).delete()
    except DatabaseError as error:
        # The database is away, which is what the caller is told; the claim expires.
        logger.warning("idempotency: a claim could not be given up: %s", error)


def answer_keep(record: IdempotencyRecord, response: Response | HttpResponse) -> bool:
    """Keep an answer; False where somebody else has taken the claim over."""
    data = getattr(response, "data", None)
    record.body = JSONRenderer().render(data) if data is not None else response.content
    record.status = response.status_code
    record.location = response.get("Location", "")
    kept = IdempotencyRecord.objects.filter(pk=record.pk, status__isnull=True).update(
        body=record.body, status=record.status, location=record.location
    )
    return kept > 0


def _keep(record: IdempotencyRecord, response: Response | HttpResponse) -> None:
    if not answer_keep(record, response):
        msg = "Another request with this Idempotency-Key took over from this slow one."
        raise IdempotencyInProgress(msg, attr="Idempotency-Key")


def first_answer(record: IdempotencyRecord, *, replayed: bool) -> HttpResponse:
    """Return the answer that is kept, byte for byte."""
    response = HttpResponse(
        bytes(record.body or b""),
        status=record.status or 200,
        content_type="application/json",
    )
    if record.location:
        response["Location"] = record.location
    if replayed:
        response["Idempotent-Replayed"] = "true"
    return response
