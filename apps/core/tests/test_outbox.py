"""The outbox: numbers without gaps, committed in order, and what is gone is told."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection, transaction

from apps.core.backup.registry import restore_steps
from apps.core.outbox import pruning
from apps.core.outbox.models import OutboxEvent, OutboxHead
from apps.core.outbox.pruning import outbox_prune
from apps.core.outbox.reading import Head, events_read, head_read, heads_read
from apps.core.outbox.recording import BODY_MOST_BYTES, body_text, event_record
from apps.core.outbox.restored import LEAP, outbox_leap
from apps.core.outbox.topics import (
    Refusal,
    Topic,
    TopicKind,
    topic_find,
    topic_register,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django import Settings

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WRITERS, EACH = 6, 25


class _Undone(Exception):  # noqa: N818
    """Undoes a transaction."""


def owner_make(name: str = "ada") -> UUID:
    return UUID(str(get_user_model().objects.create(username=name).pk))


def record(owner: UUID, number: int = 0, *, now: datetime = NOW) -> int:
    """Record an event, and return its number."""
    with transaction.atomic():
        event_record(
            owner=owner, topic="jobs", name="queued", body={"n": number}, now=now
        )
        return int(OutboxHead.objects.get(owner_id=owner).last)


def sequences(owner: UUID) -> list[int]:
    rows = OutboxEvent.objects.filter(owner_id=owner).order_by("sequence")
    return list(rows.values_list("sequence", flat=True))


def in_threads(*calls: Callable[[], object]) -> None:
    """Run calls side by side, each with a connection of its own."""

    def run(call: Callable[[], object]) -> None:
        try:
            call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        for done in [pool.submit(run, call) for call in calls]:
            done.result()


@pytest.mark.django_db(transaction=True)
def test_parallel_writers_some_of_whom_fail_leave_no_gap_and_a_reader_sees_none() -> (
    None
):
    owner, other = owner_make(), owner_make("bob")
    kept: Counter[UUID] = Counter()
    lock = threading.Lock()
    writing = threading.Event()
    seen: list[int] = []

    def write(seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - not for secrets
        for number in range(EACH):
            whose = owner if chance.random() < 0.7 else other
            try:
                with transaction.atomic():
                    record(whose, number)
                    if chance.random() < 0.3:
                        raise _Undone
            except _Undone:
                continue
            with lock:
                kept[whose] += 1

    def read() -> None:
        # What a stream does: ask for what follows the last that it has seen.
        while not writing.is_set() or (seen and seen[-1] < head_read(owner).last):
            last = seen[-1] if seen else 0
            seen.extend(one.sequence for one in events_read(owner, after=last, limit=7))

    def write_all() -> None:
        try:
            in_threads(*(lambda seed=seed: write(seed) for seed in range(WRITERS)))
        finally:
            writing.set()

    in_threads(write_all, read)

    assert kept[owner] > WRITERS * EACH / 4
    for whose in (owner, other):
        assert sequences(whose) == list(range(1, kept[whose] + 1))
    assert seen == sequences(owner)
    assert heads_read((owner, other)) == {
        whose: Head(kept[whose]) for whose in (owner, other)
    }


@pytest.mark.django_db(transaction=True)
def test_an_event_without_a_transaction_is_refused() -> None:
    owner = owner_make()
    with pytest.raises(transaction.TransactionManagementError):
        event_record(owner=owner, topic="jobs", name="queued", body={}, now=NOW)
    assert head_read(owner) == Head()


@pytest.mark.django_db(transaction=True)
def test_what_is_undone_within_a_transaction_takes_its_number_back() -> None:
    owner = owner_make()
    with transaction.atomic():
        record(owner, 1)
        with pytest.raises(_Undone), transaction.atomic():
            record(owner, 2)
            raise _Undone
        record(owner, 3)

    events = events_read(owner, after=0, limit=10)
    assert [(one.sequence, json.loads(one.body)["n"]) for one in events] == [
        (1, 1),
        (2, 3),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("value", "told"),
    [
        (Decimal("1E-8"), "0.00000001"),
        (UUID(int=5), str(UUID(int=5))),
        (NOW, "2026-01-01T00:00:00.000000Z"),
        ("a\nb\x00\ud800é", "a\nb\x00\ud800é"),
        (None, None),
    ],
    ids=["decimal", "id", "time", "text", "nothing"],
)
def test_a_body_is_kept_as_it_was_written(value: Any, told: Any) -> None:
    owner = owner_make()
    with transaction.atomic():
        event_record(owner=owner, topic="t", name="n", body={"v": value}, now=NOW)
    (event,) = events_read(owner, after=0, limit=1)
    assert json.loads(event.body) == {"v": told}
    assert event.body.isascii()
    assert "\n" not in event.body


@pytest.mark.parametrize(
    "value", [float("nan"), object(), b"x"], ids=["nan", "object", "bytes"]
)
def test_a_body_that_is_no_json_is_refused(value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        body_text({"v": value})


@pytest.mark.django_db(transaction=True)
def test_a_body_that_no_reader_has_room_for_is_refused_and_takes_no_number() -> None:
    owner = owner_make()
    with pytest.raises(ValueError, match="bytes"), transaction.atomic():
        event_record(
            owner=owner, topic="t", name="n", body={"v": "x" * BODY_MOST_BYTES}, now=NOW
        )
    assert head_read(owner) == Head()


@pytest.mark.django_db(transaction=True)
def test_pruning_deletes_the_beginning_and_says_up_to_where(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "BATCH", 4)
    settings.OUTBOX_KEEP_SECONDS = 100
    owner, other = owner_make(), owner_make("bob")
    for number in range(10):
        record(owner, number, now=NOW + timedelta(seconds=10 * number))
    record(other, now=NOW + timedelta(seconds=90))

    deleted = outbox_prune(now=NOW + timedelta(seconds=170))

    assert deleted == 7
    assert sequences(owner) == [8, 9, 10]
    assert heads_read((owner, other)) == {owner: Head(10, 7), other: Head(1)}
    assert outbox_prune(now=NOW + timedelta(seconds=170)) == 0
    assert record(owner) == 11


@pytest.mark.django_db(transaction=True)
def test_pruning_beside_writers_leaves_no_gap(settings: Settings) -> None:
    settings.OUTBOX_KEEP_SECONDS = 1
    owner = owner_make()
    old = NOW - timedelta(seconds=60)

    def write() -> None:
        for number in range(60):
            record(owner, number, now=old if number < 40 else NOW)

    def prune() -> None:
        for _ in range(20):
            outbox_prune(now=NOW)

    in_threads(write, prune, prune)
    outbox_prune(now=NOW)

    assert head_read(owner) == Head(60, 40)
    assert sequences(owner) == list(range(41, 61))


@pytest.mark.django_db(transaction=True)
def test_the_admin_task_prunes_what_is_too_old(
    capsys: pytest.CaptureFixture[str],
) -> None:
    owner = owner_make()
    record(owner)
    call_command("prune_outbox")
    assert "deleted 1 events" in capsys.readouterr().out
    assert sequences(owner) == []


@pytest.mark.django_db(transaction=True)
def test_after_a_restore_no_number_is_given_twice_and_all_history_is_lost() -> None:
    owner, silent = owner_make(), owner_make("bob")
    record(owner)
    record(owner)

    said = outbox_leap()

    assert "2 readers" in said
    # Whoever had seen more than the backup holds is below it as well.
    for whose, last in ((owner, 2 + LEAP), (silent, LEAP)):
        assert head_read(whose) == Head(last, last)
        assert record(whose) == last + 1
    assert OutboxHead.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_restore_asks_the_outbox_to_leap() -> None:
    owner = owner_make()
    record(owner)
    assert any("begin anew" in said for said in restore_steps())
    assert head_read(owner).pruned == 1 + LEAP


def test_topics_are_found_and_what_is_not_one_is_answered_with_what_is() -> None:
    jobs = topic_find("jobs")
    assert isinstance(jobs, Topic)
    assert jobs.kind is TopicKind.OUTBOX
    ticker = topic_find("tickers:binance:BTC/USDT:USDT")
    assert isinstance(ticker, Topic)
    assert ticker.kind is TopicKind.LATEST
    for text, code, near in (
        ("job", "topic_unknown", ("jobs",)),
        ("", "topic_unknown", ()),
        ("jobs:1", "topic_malformed", ("jobs",)),
        ("tickers", "topic_malformed", ()),
        ("tickers:binance", "topic_malformed", ()),
        ("tickers:binance:", "topic_malformed", ()),
        ("tickers::BTC/USDT", "topic_malformed", ()),
    ):
        refusal = topic_find(text)
        assert isinstance(refusal, Refusal), text
        assert (refusal.code, refusal.near) == (code, near), text
        assert refusal.detail


def test_a_topic_of_two_rooms_is_a_mistake() -> None:
    topic = topic_find("jobs")
    assert isinstance(topic, Topic)
    topic_register(topic)
    other = Topic(name="jobs", kind=TopicKind.LATEST, description="", schema="")
    with pytest.raises(RuntimeError, match="twice"):
        topic_register(other)
