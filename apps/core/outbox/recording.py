"""Writing down what happened."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from itertools import batched
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection, transaction

from apps.core.outbox.models import OutboxEvent, OutboxHead
from apps.core.statements import Statement, statements_run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# A reader is sent whole events, and has little room.
BODY_MOST_BYTES = 48 * 1024

# In the dialect that both databases share: a new head, or the next numbers.
_COUNT = (
    "INSERT INTO core_outboxhead (owner_id, last, pruned) VALUES (%s, %s, 0) "
    "ON CONFLICT (owner_id) DO UPDATE SET last = core_outboxhead.last + excluded.last"
)
# Each event's number is told by the head, as it was counted on: nobody has to be asked.
_EVENTS = (
    "INSERT INTO core_outboxevent (owner_id, sequence, topic, name, body, at) VALUES "
)
_EVENT = (
    "(%s, (SELECT last FROM core_outboxhead WHERE owner_id = %s) - %s, %s, %s, %s, %s)"
)
_EVENTS_AT_ONCE = 25


def event_record(
    *, owner: UUID, topic: str, name: str, body: Mapping[str, Any], now: datetime
) -> None:
    """Write down an event in the caller's transaction, with its owner's next number.

    Call it last: from here until the end of the transaction, nobody else can record an
    event of this owner.

    Args:
        owner: The id of the user whom it concerns.
        topic: What readers follow, such as `jobs`.
        name: What happened, such as `succeeded`.
        body: What is told; values of JSON, ids, times and decimals, no secrets.
        now: When it happened, UTC.

    Raises:
        TransactionManagementError: There is no transaction that it could be part of.
        ValueError: The body is larger than a reader has room for.
    """
    if not connection.in_atomic_block:
        msg = "An event is recorded in the transaction of what it tells of."
        raise transaction.TransactionManagementError(msg)
    statements_run(
        *events_statements(owner=owner, events=[(topic, name, body)], now=now)
    )


def events_statements(
    *,
    owner: UUID,
    events: Sequence[tuple[str, str, Mapping[str, Any]]],
    now: datetime,
) -> list[Statement]:
    """Return what writes several events of an owner, as `event_record` does one.

    To be run last in a transaction, together with what the events tell of.

    Args:
        owner: The id of the user whom they concern.
        events: Topic, name and body of each, in their order.
        now: When they happened, UTC.

    Raises:
        ValueError: A body is larger than a reader has room for.
    """
    if not events:
        return []
    key = OutboxHead._meta.pk.get_db_prep_value(owner, connection)
    at = OutboxEvent._meta.get_field("at").get_db_prep_value(now, connection)
    statements = [Statement(_COUNT, (key, len(events)), 1)]
    # A database takes only so many values at once.
    for some in batched(enumerate(events, 1), _EVENTS_AT_ONCE):
        params: list[Any] = []
        for place, (topic, name, body) in some:
            params += [key, key, len(events) - place, topic, name]
            params += [_text_of(topic, name, body), at]
        sql = _EVENTS + ", ".join([_EVENT] * len(some))
        statements.append(Statement(sql, tuple(params), len(some)))
    return statements


def _text_of(topic: str, name: str, body: Mapping[str, Any]) -> str:
    text = body_text(body)
    if len(text) > BODY_MOST_BYTES:
        msg = (
            f"The body of {topic} {name} has {len(text)} bytes; {BODY_MOST_BYTES} fit."
        )
        raise ValueError(msg)
    return text


def body_text(body: Mapping[str, Any]) -> str:
    """Return a body as it is kept and sent: JSON on one line, in ASCII alone."""
    return json.dumps(body, separators=(",", ":"), allow_nan=False, default=_json_of)


def moment_text(moment: datetime) -> str:
    """Return a time as the API writes it: in UTC, with microseconds and `Z`."""
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"


def _json_of(value: object) -> str:
    match value:
        case UUID():
            return str(value)
        case datetime():
            return moment_text(value)
        case Decimal():
            return f"{value:f}"
    msg = f"{type(value).__name__} has no form in an event"
    raise TypeError(msg)
