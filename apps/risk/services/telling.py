"""Writing down what a person should know of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from apps.core.outbox.recording import event_record, moment_text
from apps.risk.models import RiskEvent
from apps.risk.topics import TOPIC

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

_LONGEST = 400


def risk_tell(
    *,
    owner_id: UUID,
    account_id: UUID | None,
    name: str,
    detail: str,
    now: datetime,
    state: str | None = None,
    until: datetime | None = None,
    version: int | None = None,
    later: bool = False,
) -> RiskEvent:
    """Write an event down and tell it to who follows, in the caller's transaction.

    To tell takes the user's outbox until the commit, which is the last thing that a
    transaction takes. Where the caller goes on to other rows, it is told `later`, in a
    transaction of its own right after the commit: a crash between the two loses what is
    told on the stream, never the event, nor what it is about.

    Args:
        owner_id: Whom it concerns.
        account_id: Which account; None: all of the owner's.
        name: One of `apps.risk.topics.NAMES`.
        detail: What happened and why.
        now: The moment, UTC.
        state: What may be traded from then on, where that has changed.
        until: When a lock ends.
        version: Of limits.
        later: Whether the caller's transaction takes other locks after this.
    """
    body = {
        "state": state,
        "until": None if until is None else moment_text(until),
        "version": version,
    }
    event = RiskEvent.objects.create(
        owner_id=owner_id,
        account_id=account_id,
        name=name,
        detail=detail[:_LONGEST],
        body=body,
    )
    told = {"id": event.pk, "account": account_id, "detail": event.detail, **body}

    def tell() -> None:
        with transaction.atomic():
            event_record(owner=owner_id, topic=TOPIC, name=name, body=told, now=now)

    if later:
        transaction.on_commit(tell, robust=True)
    else:
        tell()
    return event
