"""Writes that wait for another system, may be sent twice, and happen once.

`apps.core.idempotency` serves a request in one transaction. An order must be committed
before its venue hears of it, so here the claim, the write and the answer are committed
one after another, and the write itself is tied to the request: what it makes has
`request_key_of(request)`, unique in the database. A process that dies in between leaves
a claim that expires; the next request with the key finds by the request's key what was
made, and makes nothing.
"""

from __future__ import annotations

import functools
import hashlib
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.core.idempotency import (
    IdempotencyInProgress,
    IdempotencyKeyReused,
    answer_keep,
    claim_give_up,
    fingerprint_of,
    first_answer,
    key_check,
    owner_id_of,
)
from apps.core.long_answers import connection_release
from apps.core.models import IdempotencyRecord

if TYPE_CHECKING:
    from django.http import HttpResponse
    from rest_framework.request import Request
    from rest_framework.response import Response
    from rest_framework.views import APIView

    from apps.core.idempotency import Handler

# A twin waits so long for the first answer, and is then told to come back.
LONGEST_WAIT = 5.0
_FIRST_LOOK, _LONGEST_LOOK = 0.02, 0.25
# Longer than any send: a claim that has not expired belongs to somebody alive.
_CLAIM_MARGIN = timedelta(minutes=1)


def idempotent_outside(handler: Handler) -> Handler:
    """Make a view's method honour `Idempotency-Key` without a transaction around it.

    Only successful answers are kept: after an error the same key may be sent with a
    mended body. Requests with the key that come meanwhile wait for the first answer.
    """

    @functools.wraps(handler)
    def wrapped(
        view: APIView, request: Request, *args: Any, **kwargs: Any
    ) -> Response | HttpResponse:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return handler(view, request, *args, **kwargs)
        key_check(key)
        record = _claim_or_answer(request, key)
        if record.status is not None:
            return first_answer(record, replayed=True)
        try:
            response = handler(view, request, *args, **kwargs)
        except BaseException:
            claim_give_up(record)
            raise
        # Taken over or not: what was made is made, and this is what became of it.
        answer_keep(record, response)
        return first_answer(record, replayed=False)

    return wrapped


def request_key_of(request: Request, item: int | None = None) -> str | None:
    """Return what ties a write to its request; None: it has no `Idempotency-Key`.

    Args:
        request: With the key.
        item: Which of several writes of the request.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    parts = [str(owner_id_of(request)), f"{request.method} {request.path}", key]
    if item is not None:
        parts.append(str(item))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _claim_or_answer(request: Request, key: str) -> IdempotencyRecord:
    """Return a new claim, or the first request's record once it has its answer.

    Raises:
        IdempotencyKeyReused: The key was used with another body.
        IdempotencyInProgress: The first request takes longer than a twin waits.
    """
    claim = IdempotencyRecord(
        owner_id=owner_id_of(request),
        operation=f"{request.method} {request.path}",
        key=key,
        fingerprint=fingerprint_of(request),
    )
    until, pause = time.monotonic() + LONGEST_WAIT, _FIRST_LOOK
    while True:
        found = _claimed(claim)
        if found is None:
            return claim
        if found.fingerprint != claim.fingerprint:
            msg = "This Idempotency-Key was used with another body; choose a new key."
            raise IdempotencyKeyReused(msg, attr="Idempotency-Key")
        if found.status is not None:
            return found
        if time.monotonic() >= until:
            msg = "The first request with this Idempotency-Key is still being served."
            raise IdempotencyInProgress(msg, attr="Idempotency-Key")
        # Whoever makes the first answer may need it.
        connection_release()
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_LOOK)


def _claimed(claim: IdempotencyRecord) -> IdempotencyRecord | None:
    """Return the record that has the key; None: the claim was written just now."""
    try:
        with transaction.atomic():
            claim.save(force_insert=True)
    except IntegrityError:
        claim.pk = None
    else:
        return None
    same = IdempotencyRecord.objects.filter(
        owner_id=claim.owner_id, operation=claim.operation, key=claim.key
    )
    found = same.first()
    if found is None:
        # The first one failed this very moment; the key is free.
        return _claimed(claim)
    if found.status is None and found.created_at < timezone.now() - _claim_lasts():
        same.filter(pk=found.pk, status__isnull=True).delete()
        return _claimed(claim)
    return found


def _claim_lasts() -> timedelta:
    return 2 * timedelta(seconds=settings.EXCHANGE_TIMEOUT_SECONDS) + _CLAIM_MARGIN
