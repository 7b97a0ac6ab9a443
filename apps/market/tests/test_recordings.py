"""Recordings: parts that survive a crash, and the captures that become of them."""

from __future__ import annotations

import time
import uuid
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from django.conf import settings as django_settings
from django.utils import timezone
from hypothesis import given, settings as hypothesis_settings, strategies as st

from apps.core.files import file_path
from apps.engines.registry import engine_get, unavailable_reason
from apps.engines.runner.pool import EnginePool
from apps.exchanges.books import BookChange
from apps.jobs.models import Job
from apps.market.errors.live import RecordingEmpty
from apps.market.live.recording import Recorder
from apps.market.models import Recording, VenueMarket
from apps.market.selectors import CAPTURE_ENGINE
from apps.market.services import recordings as services
from apps.market.services.recordings import (
    recording_begin,
    recording_finish,
    recording_import,
    recording_request,
)
from apps.market.services.work import ImportWork
from apps.market.store import recordings as store
from apps.market.store.recording_parts import parts_list
from apps.market.tests.factories import user_make
from apps.market.tests.test_live_feed import MemoryStore, feeding, served, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import Settings
    from rest_framework.test import APIClient

    from apps.market.requests import CaptureImportRequest
    from apps.users.models import User
    from tests.exchange_server.fixtures import Served

__all__ = ("served",)

pytestmark = pytest.mark.django_db(transaction=True)
MISSING = unavailable_reason(engine_get(CAPTURE_ENGINE))
needs_engine = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
BTC = "BTC/USDT"
RECORD = "/api/v1/captures/record/"


@pytest.fixture(scope="module")
def pool() -> Iterator[EnginePool]:
    with EnginePool(
        idle_seconds=300,
        environment=django_settings.ENGINE_PROCESS_ENVIRONMENT,
        root=Path(django_settings.BASE_DIR),
    ) as made:
        yield made


def imported(recording: Recording, pool: EnginePool) -> Recording:
    recording_import(
        recording=recording,
        locate=lambda: pool.ensure(CAPTURE_ENGINE),
        work=ImportWork(),
        now=timezone.now,
    )
    recording.refresh_from_db()
    return recording


def change(
    bids: dict[int, int], asks: dict[int, int], *, whole: bool = False, at: int = 1
) -> BookChange:
    return BookChange(
        symbol=BTC,
        whole=whole,
        bids=tuple((Decimal(p), Decimal(q)) for p, q in bids.items()),
        asks=tuple((Decimal(p), Decimal(q)) for p, q in asks.items()),
        sequence=at,
        venue_ns=1_700_000_000_000_000_000 + at,
        received_ns=1_700_000_000_000_001_000 + at,
        resyncs=0,
    )


@needs_engine
def test_what_is_recorded_from_an_exchange_is_played_by_hftbacktest(
    served: Served, actor: User, pool: EnginePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.market.live.recording.PART_SECONDS", 0.5)
    recording = recording_request(
        actor=actor, exchange="binance", symbol=BTC, seconds=600, now=timezone.now()
    )
    latest = MemoryStore()
    with feeding(latest, "first"):
        until(lambda: len(parts_list(recording.pk)) >= 3)
    # As after a crash: another process goes on after the parts that are there.
    first = len(parts_list(recording.pk))
    with feeding(latest, "second"):
        until(lambda: len(parts_list(recording.pk)) >= first + 3)
        Recording.objects.filter(pk=recording.pk).update(until=timezone.now())
        until(lambda: Recording.objects.get(pk=recording.pk).state == "importing")
    recording.refresh_from_db()
    assert recording.resyncs == 1
    assert recording.import_job_id is not None
    assert Job.objects.get(pk=recording.import_job_id).kind == services.RECORDING_JOB
    done = imported(recording, pool)
    assert (done.state, done.message) == ("done", "")
    capture = done.capture
    assert capture is not None
    assert capture.depth_rows > 100
    assert capture.trade_rows >= 1
    assert capture.crossed == 0
    assert capture.instrument.symbol == BTC
    # Only rows of the book and trades; a clear is none.
    assert capture.rows >= capture.depth_rows + capture.trade_rows
    assert parts_list(recording.pk) == []
    # Another run of the job finds that it is done.
    assert imported(done, pool).capture == capture


def test_a_recording_that_nothing_came_of_fails(actor: User) -> None:
    recording = recording_request(
        actor=actor, exchange="binance", symbol=BTC, seconds=5, now=timezone.now()
    )
    recording_begin(recording_id=recording.pk, now=timezone.now())
    ended = {"rows": 0, "resyncs": 0, "problem": "", "now": timezone.now()}
    recording_finish(recording_id=recording.pk, **ended)  # type: ignore[arg-type]
    recording.refresh_from_db()
    assert recording.state == "failed"
    assert recording.message == "Nothing came while it was recorded."
    with pytest.raises(RecordingEmpty):
        recording_import(
            recording=recording, locate=str, work=ImportWork(), now=timezone.now
        )


def test_the_exchanges_rules_are_those_of_the_capture(
    actor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[CaptureImportRequest] = []

    def fake(**arguments: Any) -> None:
        asked.append(arguments["request"])
        raise RecordingEmpty("enough")

    monkeypatch.setattr(services, "capture_import", fake)
    recording = Recording.objects.create(
        owner=actor, exchange="binance", symbol=BTC, until=timezone.now()
    )
    VenueMarket.objects.create(
        exchange="binance",
        symbol=BTC,
        base="BTC",
        quote="USDT",
        kind="spot",
        price_tick=Decimal("0.01"),
        seen_at=timezone.now(),
    )
    store.part_write(recording.pk, 0, [(store.DEPTH | store.BUY, 1, 2, 1.0, 1.0, 1)])
    with pytest.raises(RecordingEmpty):
        recording_import(
            recording=recording, locate=str, work=ImportWork(), now=timezone.now
        )
    assert asked[0].rules.price_tick == Decimal("0.01")
    assert len(parts_list(recording.pk)) == 1


def test_a_part_that_was_cut_off_is_no_part(data_dir: Path) -> None:
    recording_id = uuid.uuid4()
    row = (store.DEPTH | store.BUY, 1, 2, 9.5, 1.0, 7)
    store.part_write(recording_id, 0, [row, row])
    torn = file_path(f"recordings/{recording_id}/00000001.parquet.partial")
    torn.write_bytes(b"PAR1 and no more")
    state = store.parts_state(recording_id)
    assert (state.following, state.rows, state.lowest_bid) == (1, 2, 9.5)
    target = data_dir / "whole.npy"
    assert store.events_write(recording_id, target) == 2
    assert len(np.load(target)) == 2


def test_a_snapshot_clears_all_that_was_ever_told(data_dir: Path) -> None:
    recorder = Recorder(uuid.uuid4(), BTC)
    recorder.change(change({90: 1}, {95: 1}))
    recorder.change(change({100: 1}, {101: 1}, whole=True, at=2))
    recorder.change(change({90: 2}, {111: 3}, at=3))
    recorder.change(change({99: 1}, {102: 1}, whole=True, at=4))
    rows = recorder._rows
    kinds = [(row[0] & store.KIND, row[3]) for row in rows]
    assert kinds[:2] == [(store.SNAPSHOT, 100.0), (store.SNAPSHOT, 101.0)]
    assert kinds[4:6] == [(store.CLEAR, 90.0), (store.CLEAR, 111.0)]
    assert recorder.resyncs == 1


@hypothesis_settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 5), st.booleans()),
        min_size=1,
        max_size=60,
    )
)
def test_events_are_in_order_for_the_exchange_and_for_us(
    found: list[tuple[int, int, bool]],
) -> None:
    rows = np.zeros(len(found), store.EVENTS)
    rows["local_ts"] = 1000 + np.cumsum([step for _, step, _ in found])
    rows["exch_ts"] = [time_ for time_, _, _ in found]
    rows["ev"] = [store.TRADE if trade else store.DEPTH for _, _, trade in found]
    rows["px"] = np.arange(len(found)) + 1.0
    events = store.events_order(rows)
    exchange = events[(events["ev"] & np.uint64(store.EXCHANGE)) > 0]
    ours = events[(events["ev"] & np.uint64(store.LOCAL)) > 0]
    assert (np.diff(exchange["exch_ts"]) >= 0).all()
    assert (np.diff(ours["local_ts"]) >= 0).all()
    # Everybody sees every row once; we in the order in which they came.
    assert ours["px"].tolist() == rows["px"].tolist()
    assert sorted(exchange["px"].tolist()) == rows["px"].tolist()
    told = rows["exch_ts"] > 0
    by_price = dict(zip(exchange["px"], exchange["exch_ts"], strict=True))
    for price, time_ in zip(rows["px"][told], rows["exch_ts"][told], strict=True):
        assert by_price[price] == time_


def test_recordings_over_the_api(client: APIClient, settings: Settings) -> None:
    settings.RECORDINGS_PER_USER = 2
    asked = {"exchange": "binance", "symbol": BTC}
    made = client.post(RECORD, {**asked, "seconds": 60}, format="json")
    assert made.status_code == 201, made.content
    assert (made.data["state"], made.data["rows"]) == ("waiting", 0)
    where = made.headers["Location"]
    assert client.get(where).data["id"] == made.data["id"]
    listed = client.get("/api/v1/captures/recordings/", {"state": "waiting"})
    assert [one["id"] for one in listed.data["results"]] == [made.data["id"]]
    recording_begin(recording_id=uuid.UUID(made.data["id"]), now=timezone.now())
    time.sleep(0.01)
    stopped = client.post(made.data["_links"]["stop"])
    assert stopped.status_code == 200
    assert client.post(made.data["_links"]["stop"]).data["errors"][0]["code"] == (
        "recording_ended"
    )
    second = client.post(RECORD, asked, format="json")
    assert second.status_code == 201
    third = client.post(RECORD, asked, format="json")
    assert (third.status_code, third.data["errors"][0]["code"]) == (
        429,
        "recordings_too_many",
    )
    ended = client.post(second.data["_links"]["stop"])
    assert (ended.data["state"], ended.data["_links"]["stop"]) == ("failed", None)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"exchange": "binanse", "symbol": BTC}, 404, "exchange_unknown"),
        ({"exchange": "binance", "symbol": "BTC"}, 400, "symbol_invalid"),
        (
            {"exchange": "binance", "symbol": BTC, "seconds": 90_000},
            400,
            "recording_too_long",
        ),
        ({"exchange": "binance", "symbol": BTC, "seconds": 0}, 400, "min_value"),
        ({"exchange": "binance", "symbol": BTC, "secs": 5}, 400, "invalid"),
    ],
    ids=["exchange", "symbol", "too-long", "no-time", "other-field"],
)
def test_a_recording_that_cannot_be_is_refused(
    client: APIClient, body: dict[str, Any], status: int, code: str
) -> None:
    answer = client.post(RECORD, body, format="json")
    assert (answer.status_code, answer.data["errors"][0]["code"]) == (status, code)


def test_another_users_recording_is_not_there(client: APIClient) -> None:
    other = Recording.objects.create(
        owner=user_make(),
        exchange="binance",
        symbol=BTC,
        until=timezone.now() + timedelta(hours=1),
    )
    where = f"/api/v1/captures/recordings/{other.pk}/"
    assert client.get(where).status_code == 404
    assert client.post(f"{where}stop/").status_code == 404
    assert client.get("/api/v1/captures/recordings/").data["results"] == []
