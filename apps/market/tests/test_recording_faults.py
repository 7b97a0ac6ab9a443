"""Recordings when something goes wrong: cancelled, full, damaged, or written by two."""

from __future__ import annotations

import asyncio
import errno
import time
import uuid
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from django.utils import timezone

from apps.core.files import file_path
from apps.jobs.services import job_enqueue
from apps.market.live import recording as recording_module
from apps.market.live.feed import Feed, FeedOptions
from apps.market.live.ledger import Ledger
from apps.market.live.recorders import Recorders
from apps.market.live.recording import Recorder
from apps.market.models import Recording
from apps.market.selectors import data_check
from apps.market.selectors.demand import RecordingWanted, Wanted
from apps.market.services.recordings import RECORDING_JOB
from apps.market.store import recordings as store
from apps.market.store.recording_parts import holder_name, parts_list
from apps.market.tests.factories import user_make
from apps.market.tests.test_live_feed import MemoryStore
from apps.market.tests.test_recordings import BTC, change

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rest_framework.test import APIClient

    from apps.users.models import User

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/api/v1/captures/recordings/"


class FakeFeed:
    """An exchange of which nothing comes."""

    def __init__(self) -> None:
        self.refused: dict[str, tuple[str, float]] = {}
        self.inbox = SimpleNamespace(record=self.nothing, record_end=self.nothing)

    def nothing(self, recorder: Recorder) -> None:
        """Take a recorder, or let go of it."""


@pytest.fixture
def ledger(data_dir: Path) -> Iterator[Ledger]:
    """The database, with an empty folder of files."""
    assert data_dir.is_dir()
    made = Ledger()
    yield made
    made.close()


def recorder_make(rows: int = 10) -> Recorder:
    """Return a recorder that is due, with rows that are not written yet."""
    made = Recorder(uuid.uuid4(), BTC)
    made.change(change(dict.fromkeys(range(1, rows + 1), 1), {}, whole=True))
    made._since -= 60
    return made


def row_make(actor: User, state: str = "recording") -> Recording:
    return Recording.objects.create(
        owner=actor,
        exchange="binance",
        symbol=BTC,
        state=state,
        until=timezone.now() + timedelta(hours=1),
    )


def test_a_flush_that_is_cancelled_is_written_once(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*arguments: Any, **options: Any) -> None:
        time.sleep(0.3)
        store.part_write(*arguments, **options)

    monkeypatch.setattr(recording_module, "part_write", slow)

    async def work() -> Recorder:
        recorder = recorder_make(100)
        await recorder.open()
        task = asyncio.create_task(recorder.flush(last=True))
        await asyncio.sleep(0.1)
        recorder.change(change({50: 2}, {200: 1}, at=2))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await recorder.flush(last=True)
        return recorder

    recorder = asyncio.run(work())
    state = store.parts_state(recorder.id)
    assert (state.rows, state.following, recorder.written) == (102, 2, 102)
    folder = data_dir / "recordings" / str(recorder.id)
    assert {one.suffix for one in folder.iterdir()} == {".parquet"}


def test_a_damaged_part_ends_its_recording_and_no_other(
    actor: User, ledger: Ledger
) -> None:
    torn, good = row_make(actor), row_make(actor)
    store.part_write(torn.pk, 0, [(store.DEPTH | store.BUY, 1, 2, 1.0, 1.0, 1)])
    file_path(parts_list(torn.pk)[0]).write_bytes(b"PAR1 and no more")
    wanted = Wanted(
        recordings=[RecordingWanted(one.pk, BTC, one.until) for one in (torn, good)]
    )
    recorders = Recorders(ledger)
    asyncio.run(recorders.follow(FakeFeed(), wanted))  # type: ignore[arg-type]
    torn.refresh_from_db()
    assert torn.state == "failed"
    assert "cannot be read" in torn.message
    assert list(recorders._running) == [good.pk]


@pytest.mark.parametrize(
    "error",
    [OSError(errno.EIO, "Input/output error"), OverflowError("too large")],
    ids=["disk", "value"],
)
def test_what_one_recording_fails_with_ends_no_other(
    error: Exception,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bad, good = recorder_make(), recorder_make()
    broken = [True]

    def write(recording_id: uuid.UUID, *arguments: Any, **options: Any) -> None:
        if recording_id == bad.id and broken[0]:
            raise error
        store.part_write(recording_id, *arguments, **options)

    monkeypatch.setattr(recording_module, "part_write", write)
    monkeypatch.setattr("apps.market.live.recorders.FLUSH_SECONDS", 0.1)

    async def work() -> None:
        recorders = Recorders(ledger)
        for one in (bad, good):
            recorders._running[one.id] = (one, FakeFeed())  # type: ignore[assignment]
        running = asyncio.create_task(recorders.run())
        await asyncio.sleep(0.5)
        assert not running.done()
        assert (bad.written, good.written) == (0, 10)
        assert str(error) in bad.problem
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        # Nothing is lost: what could not be written is written at the end.
        broken[0] = False
        bad.change(change({5: 3}, {}, at=2))
        await recorders.leave()

    asyncio.run(work())
    assert store.parts_state(bad.id).rows == bad.written == 11


def test_two_that_record_the_same_write_over_nothing_and_double_nothing(
    data_dir: Path,
) -> None:
    async def work() -> uuid.UUID:
        first = Recorder(uuid.uuid4(), BTC)
        second = Recorder(first.id, BTC)
        await first.open()
        await second.open()
        first.change(change({90: 1}, {110: 1}, whole=True, at=1))
        first.change(change({80: 1}, {120: 1}, at=2))
        second.change(change({90: 1}, {110: 1}, whole=True, at=5))
        for one in (first, second):
            one.change(change({91: 2}, {}, at=6))
            one.change(change({92: 2}, {}, at=7))
        await asyncio.gather(first.flush(last=True), second.flush(last=True))
        return first.id

    recording_id = asyncio.run(work())
    paths = parts_list(recording_id)
    assert len(paths) == 2
    target = data_dir / "whole.npy"
    store.events_write(recording_id, target)
    rows = np.load(target)
    kinds = [
        (int(ev) & store.KIND, px)
        for ev, px in zip(rows["ev"], rows["px"], strict=True)
    ]
    assert kinds == [
        (store.SNAPSHOT, 90.0),
        (store.SNAPSHOT, 110.0),
        (store.DEPTH, 80.0),
        (store.DEPTH, 120.0),
        # What the first wrote and the second never knew of is cleared.
        (store.CLEAR, 80.0),
        (store.CLEAR, 120.0),
        (store.SNAPSHOT, 90.0),
        (store.SNAPSHOT, 110.0),
        (store.DEPTH, 91.0),
        (store.DEPTH, 92.0),
    ]


def test_who_begins_later_sorts_behind_also_with_a_slow_clock() -> None:
    first = holder_name(2_000, after="")
    assert first < holder_name(1_000, after=first) < holder_name(3_000, after=first)


def test_a_lease_that_ran_out_ends_recording(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.market.live.leases.LEASE_SECONDS", 0.5)
    recorder, exchange = recorder_make(), FakeFeed()

    async def work() -> None:
        feed = Feed(MemoryStore(), FeedOptions(holder="one"))  # type: ignore[arg-type]
        feed._feeds["binance"] = exchange  # type: ignore[assignment]
        feed._recorders._running[recorder.id] = (recorder, exchange)  # type: ignore[assignment]
        await feed._leases.take(["binance"], [])
        await feed._lapse()
        assert len(feed._recorders) == 1
        # The database does not answer meanwhile.
        await asyncio.sleep(0.6)
        await feed._lapse()
        assert len(feed._recorders) == 0
        await feed._recorders.leave()
        feed._ledger.close()

    asyncio.run(work())
    assert store.parts_state(recorder.id).rows == 10
    assert data_dir.is_dir()


def test_a_recording_that_ended_is_deleted_with_its_parts(
    client: APIClient, actor: User, data_dir: Path
) -> None:
    row = (store.DEPTH | store.BUY, 1, 2, 1.0, 1.0, 1)
    running, failed, read = (
        row_make(actor, state) for state in ("recording", "failed", "failed")
    )
    for one in (running, failed, read):
        store.part_write(one.pk, 0, [row])
    job_enqueue(
        owner=actor,
        kind=RECORDING_JOB,
        payload={"recording": str(read.pk)},
        now=timezone.now(),
    )
    for one in (running, read):
        refused = client.delete(f"{LIST}{one.pk}/")
        assert refused.status_code == 409, refused.content
        assert refused.data["errors"][0]["code"] == "recording_running"
    assert client.delete(f"{LIST}{failed.pk}/").status_code == 204
    assert client.delete(f"{LIST}{failed.pk}/").status_code == 404
    others = row_make(user_make(), "failed")
    assert client.delete(f"{LIST}{others.pk}/").status_code == 404
    kept = {one.name for one in (data_dir / "recordings").iterdir()}
    assert kept == {str(running.pk), str(read.pk)}
    assert Recording.objects.filter(pk=others.pk).exists()


@pytest.mark.usefixtures("data_dir")
def test_parts_whose_recording_is_gone_are_named(actor: User) -> None:
    row = (store.DEPTH | store.BUY, 1, 2, 1.0, 1.0, 1)
    kept, gone = row_make(actor).pk, uuid.uuid4()
    for recording_id in (kept, gone):
        store.part_write(recording_id, 0, [row])
    found = [(one.code, one.path) for one in data_check(now=timezone.now())]
    assert found == [("file_orphaned", f"recordings/{gone}/00000000.parquet")]
