"""Where the latest is kept: in files and in Redis alike, and when either is away."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from apps.core import redis as core_redis
from apps.stream import latest
from apps.stream.errors import LiveUnavailable
from apps.stream.latest import latest_store, topic_split
from apps.stream.stores import redis as redis_store
from apps.stream.stores.files import FileLatest
from apps.stream.stores.redis import RedisLatest
from config.caches import caches_redis, layers_redis
from tests.edge.servers import ROOT, redis_run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from pathlib import Path

    from pytest_django import Settings

    from apps.stream.latest import LatestStore
    from tests.edge.servers import RedisServer

CHANNEL = "tickers:here"
A, B = "A/USDT", "B/USDT:USDT"


@pytest.fixture
def server(tmp_path: Path, settings: Settings) -> Iterator[RedisServer]:
    """A Redis that the cache and the channel layer are in."""
    usual, layers = settings.CACHES, settings.CHANNEL_LAYERS
    with redis_run(tmp_path) as running:
        settings.CACHES = usual | caches_redis(running.url)
        settings.CHANNEL_LAYERS = layers_redis(running.url)
        settings.LIVE_REDIS = True
        yield running
        with suppress(ProcessLookupError):
            running.resume()
        settings.CACHES, settings.CHANNEL_LAYERS = usual, layers


@pytest.fixture(params=["files", "redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> LatestStore:
    if request.param == "redis":
        request.getfixturevalue("server")
        return RedisLatest()
    return FileLatest(tmp_path / "live")


def write(
    store: LatestStore, values: Mapping[str, bytes], channel: str = CHANNEL
) -> None:
    asyncio.run(store.write(channel, values))


@asynccontextmanager
async def followed(store: LatestStore, *channels: str) -> AsyncIterator[list[Any]]:
    """Give what is told of channels."""
    told: list[Any] = []
    follower = store.follower(lambda *change: told.append(change))
    for channel in channels:
        follower.follow(channel)
    running = asyncio.create_task(follower.run())
    await asyncio.sleep(0.3)
    try:
        yield told
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until(holds: Any, seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


def merged(told: list[Any]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for _, values in told:
        found |= values
    return found


def test_a_topic_is_a_channel_and_a_symbol() -> None:
    assert topic_split(f"tickers:binance:{B}") == ("tickers:binance", B)
    assert topic_split("status:exchanges:kraken") == ("status:exchanges", "kraken")


def test_what_was_written_is_read(store: LatestStore) -> None:
    assert store.read([f"{CHANNEL}:{A}"]) == {}
    assert store.read_channel(CHANNEL) == {}
    write(store, {A: b'{"p":1}', B: '{"p":"é"}'.encode()})
    write(store, {A: b'{"p":2}'})
    write(store, {})
    write(store, {A: b"{}"}, "tickers:elsewhere")

    assert store.read_channel(CHANNEL) == {A: b'{"p":2}', B: '{"p":"é"}'.encode()}
    assert store.read(
        [f"{CHANNEL}:{B}", f"tickers:elsewhere:{A}", f"{CHANNEL}:C", "nowhere", ""]
    ) == {f"{CHANNEL}:{B}": '{"p":"é"}'.encode(), f"tickers:elsewhere:{A}": b"{}"}


def test_symbols_of_several_channels_are_read_at_once(store: LatestStore) -> None:
    write(store, {A: b"1", B: b"2"})
    write(store, {B: b"3"}, "books:here")
    wanted = [f"books:here:{A}", f"books:here:{B}", f"{CHANNEL}:{B}", f"{CHANNEL}:{A}"]
    told = store.read([*wanted, "trades:here:A/USDT"])
    assert told == {wanted[1]: b"3", wanted[2]: b"2", wanted[3]: b"1"}
    assert store.read([]) == {}


def test_what_is_forgotten_is_gone(store: LatestStore) -> None:
    write(store, {A: b"{}"})
    store.forget(CHANNEL)
    assert store.read_channel(CHANNEL) == {}
    write(store, {B: b"{}"})
    assert store.read_channel(CHANNEL) == {B: b"{}"}


def test_changes_are_told_of_channels_that_are_followed(store: LatestStore) -> None:
    async def run() -> None:
        async with followed(store, CHANNEL, "books:here") as told:
            await store.write(CHANNEL, {A: b"1"})
            await store.write("tickers:elsewhere", {A: b"2"})
            await store.write("books:here", {A: b"3"})
            await until(lambda: len(told) >= 2)
            assert sorted(told) == [("books:here", {A: b"3"}), (CHANNEL, {A: b"1"})]
            await store.write(CHANNEL, {B: b"4"})
            await until(lambda: len(told) >= 3)
            assert told[-1] == (CHANNEL, {B: b"4"})

    asyncio.run(run())


def test_a_channel_that_is_not_followed_any_more_is_not_told_of(
    store: LatestStore,
) -> None:
    async def run() -> None:
        told: list[Any] = []
        follower = store.follower(lambda *change: told.append(change))
        running = asyncio.create_task(follower.run())
        follower.follow(CHANNEL)
        await asyncio.sleep(0.3)
        follower.unfollow(CHANNEL)
        await store.write(CHANNEL, {A: b"1"})
        await asyncio.sleep(0.3)
        assert told == []
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(run())


def test_the_installation_says_where_it_is(settings: Settings, tmp_path: Path) -> None:
    settings.CACHE_DIR = tmp_path / "other"
    settings.LIVE_REDIS = False
    assert isinstance(latest_store(), FileLatest)
    assert latest_store() is latest_store()
    settings.LIVE_REDIS = True
    assert isinstance(latest_store(), RedisLatest)
    latest._store.cache_clear()


OTHER = """
import asyncio, django
django.setup()
from apps.stream.latest import latest_store
asyncio.run(latest_store().write("tickers:here", {"A/USDT": b'"other"'}))
"""


def test_another_process_reads_what_one_writes_and_neither_loses_the_others(
    settings: Settings, tmp_path: Path
) -> None:
    """By files; by Redis nothing lies between."""
    store = FileLatest(settings.CACHE_DIR / "live")

    async def run() -> None:
        async with followed(store, CHANNEL) as told:
            await store.write(CHANNEL, {A: b'"ours"', B: b'"ours"'})
            await until(lambda: merged(told) == {A: b'"ours"', B: b'"ours"'})
            await asyncio.to_thread(
                subprocess.run,
                [sys.executable, "-c", OTHER],
                check=True,
                cwd=ROOT,
                env={
                    "PATH": "",
                    "SECRET_KEY": "for-tests-only-" * 5,
                    "DJANGO_SETTINGS_MODULE": "config.settings",
                    "DATA_DIR": str(tmp_path / "other-data"),
                    "CACHE_DIR": str(settings.CACHE_DIR),
                    "REDIS_URL": "",
                    "DATABASE_URL": "",
                },
            )
            await until(lambda: merged(told)[A] == b'"other"')
            await store.write(CHANNEL, {B: b'"again"'})
            assert store.read_channel(CHANNEL) == {A: b'"other"', B: b'"again"'}

    asyncio.run(run())


def test_a_disk_that_takes_nothing_is_survived_and_the_newest_is_written_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING", "apps")
    folder = tmp_path / "live"
    folder.write_text("in the way")
    store = FileLatest(folder)

    write(store, {A: b"1", B: b"1"})
    write(store, {A: b"2"})
    with pytest.raises(LiveUnavailable):
        store.read_channel(CHANNEL)
    folder.unlink()
    write(store, {})

    assert store.read_channel(CHANNEL) == {A: b"2", B: b"1"}
    assert caplog.text.count("cannot be written") == 1


# --- a Redis that is away


@pytest.fixture
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_redis, "PAUSE_SECONDS", 0.2)
    monkeypatch.setattr(redis_store, "PAUSE_SECONDS", 0.2)


@pytest.mark.usefixtures("_hasty")
@pytest.mark.parametrize("away", ["kill", "pause"])
def test_without_redis_reading_fails_soon_and_writing_neither_fails_nor_waits(
    server: RedisServer, away: str
) -> None:
    store = RedisLatest()
    write(store, {A: b"1", B: b"1"})
    getattr(server, away)()

    began = time.monotonic()
    for _ in range(20):
        with pytest.raises(LiveUnavailable):
            store.read([f"{CHANNEL}:{A}"])
    for number in range(20):
        write(store, {A: str(number).encode()})
    assert time.monotonic() - began < 4

    server.start() if away == "kill" else server.resume()
    time.sleep(0.3)
    write(store, {})
    # What Redis has lost of itself comes with its next change.
    assert store.read_channel(CHANNEL)[A] == b"19"


@pytest.mark.usefixtures("_hasty")
def test_who_follows_hears_again_after_redis_was_restarted(
    server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    store = RedisLatest()

    async def run() -> None:
        async with followed(store, CHANNEL) as told:
            await store.write(CHANNEL, {A: b"1"})
            await until(lambda: len(told) == 1)
            await asyncio.to_thread(server.kill)
            await store.write(CHANNEL, {A: b"2"})
            await asyncio.to_thread(server.start)

            async def heard() -> bool:
                await store.write(CHANNEL, {A: b"3"})
                return bool(told[-1] == (CHANNEL, {A: b"3"}))

            end = time.monotonic() + 10
            while not await heard():
                assert time.monotonic() < end
                await asyncio.sleep(0.1)

    asyncio.run(run())


@pytest.mark.usefixtures("_hasty")
def test_who_follows_while_redis_is_away_hears_when_it_is_back(
    server: RedisServer,
) -> None:
    store = RedisLatest()

    async def run() -> None:
        await asyncio.to_thread(server.kill)
        async with followed(store, CHANNEL) as told:
            await asyncio.to_thread(server.start)
            end = time.monotonic() + 10
            while not told:
                assert time.monotonic() < end
                await store.write(CHANNEL, {A: b"1"})
                await asyncio.sleep(0.1)

    asyncio.run(run())
