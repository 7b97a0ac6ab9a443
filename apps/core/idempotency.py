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
        _key_check(key)
        record, replay = _claim(request, key)
        if replay:
            return _answer(record, replayed=True)
        try:
            with transaction.atomic():
                response = handler(view, request, *args, **kwargs)
                _keep(record, response)
        except BaseException:
            _give_up(record)
            raise
        return _answer(record, replayed=False)

    return wrapped


def _owner_id(request: Request) -> UUID:
    owner: UUID = request.user.pk  # type: ignore[assignment]  # views are authenticated
    return owner


def _key_check(key: str) -> None:
    if 1 <= len(key) <= LONGEST_KEY and key.isascii() and key.isprintable():
        return
    msg = f"Idempotency-Key must be 1-{LONGEST_KEY} printable ASCII characters."
    raise IdempotencyKeyInvalid(msg, attr="Idempotency-Key")


def _claim(request: Request, key: str) -> tuple[IdempotencyRecord, bool]:
    operation = f"{request.method} {request.path}"
    fingerprint = _fingerprint(request)
    now = timezone.now()
    IdempotencyRecord.objects.filter(
        owner_id=_owner_id(request),
        operation=operation,
        key=key,
        status__isnull=True,
        created_at__lt=now - CLAIM_EXPIRES,
    ).delete()
    try:
        with transaction.atomic():
            record = IdempotencyRecord.objects.create(
                owner_id=_owner_id(request),
                operation=operation,
                key=key,
                fingerprint=fingerprint,
            )
    except IntegrityError:
        found = IdempotencyRecord.objects.filter(
            owner_id=_owner_id(request), operation=operation, key=key
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


def _fingerprint(request: Request) -> str:
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


def _give_up(record: IdempotencyRecord) -> None:
    try:
        # Only a claim: where the connection broke at the commit, the write may stand,
        # and its answer with it.
        IdempotencyRecord.objects.filter(pk=record.pk, status__isnull=True).delete()
    except DatabaseError as error:
        # The database is away, which is what the caller is told; the claim expires.
        logger.warning("idempotency: a claim could not be given up: %s", error)


def _keep(record: IdempotencyRecord, response: Response | HttpResponse) -> None:
    data = getattr(response, "data", None)
    record.body = JSONRenderer().render(data) if data is not None else response.content
    record.status = response.status_code
    record.location = response.get("Location", "")
    kept = IdempotencyRecord.objects.filter(pk=record.pk).update(
        body=record.body, status=record.status, location=record.location
    )
    if not kept:
        msg = "Another request with this Idempotency-Key took over from this slow one."
        raise IdempotencyInProgress(msg, attr="Idempotency-Key")


def _answer(record: IdempotencyRecord, *, replayed: bool) -> HttpResponse:
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
