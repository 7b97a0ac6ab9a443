"""`manage.py run_streams` as a program, and what the metrics tell of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from apps.market.gauges import live_collect
from apps.market.models import FeedLease
from apps.market.tests.live import status_tell

if TYPE_CHECKING:
    from pathlib import Path

    from tests.exchange_server.fixtures import Served

pytestmark = pytest.mark.django_db(transaction=True)


def streams(served: Served, tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start the command on the tests' database and the loopback exchange."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{database['NAME']}"
    else:
        host = f"{database['HOST']}:{database['PORT']}"
        url = (
            f"postgres://{database['USER']}:{database['PASSWORD']}@{host}"
            f"/{database['NAME']}"
        )
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "manage.py", "run_streams", *arguments],
        cwd=django_settings.BASE_DIR,
        env={
            **os.environ,
            "DATABASE_URL": url,
            "DATA_DIR": str(tmp_path / "data"),
            "CACHE_DIR": str(tmp_path / "cache"),
            "REDIS_URL": "",
            "EXCHANGE_ENDPOINTS": f"binance={served.url}",
            "EXCHANGE_RATE_LIMITS": "false",
        },
        stdout=subprocess.PIPE,
        text=True,
    )


def body(tmp_path: Path, channel: str) -> dict[str, Any] | None:
    """Return the first body of a channel, as another process reads it."""
    path = tmp_path / "cache" / "live" / f"{channel.replace(':', '%3A')}.live"
    if not path.exists():
        return None
    index, _, rest = path.read_bytes().partition(b"\n")
    found: dict[str, Any] = json.loads(rest[: json.loads(index)[0][1]])
    return found


def test_the_program_publishes_signs_and_ends_soon(
    exchange_server: Served, tmp_path: Path
) -> None:
    sign = tmp_path / "sign"
    feed = streams(
        exchange_server,
        tmp_path,
        *("--exchange", "binance", "--tickers", "BTC/USDT", "--sign", str(sign)),
    )
    try:
        end = time.monotonic() + 60
        while body(tmp_path, "tickers:binance") is None:
            assert time.monotonic() < end
            assert feed.poll() is None
            time.sleep(0.1)
        assert sign.exists()
        assert FeedLease.objects.get().exchange == "binance"
        began = time.monotonic()
        feed.send_signal(signal.SIGTERM)
        out, _ = feed.communicate(timeout=30)
    finally:
        feed.kill()
    assert time.monotonic() - began < 10
    assert feed.returncode == 0
    assert out.splitlines()[0] == "binance: holding it fresh"
    assert out.splitlines()[-1] == "ended"
    assert not FeedLease.objects.exists()
    assert body(tmp_path, "status:feed") is not None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--exchange", "binanse"], "binance"),
        (["--tickers", "BTC/USDT"], "exactly one --exchange"),
    ],
    ids=["unknown", "no-exchange"],
)
def test_wrong_arguments_are_refused(arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        call_command("run_streams", *arguments)


def test_the_metrics_tell_what_the_feed_told(live_store: Any) -> None:
    now = timezone.now()
    status_tell("binance", "kraken", now=now)
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in live_collect(now)
        for sample in family.samples
    }
    assert found["parallax_live_received_total", "binance"] == 12
    assert found["parallax_live_resyncs_total", "binance"] == 2
    assert found["parallax_live_oldest_seconds", "binance", "tickers"] == pytest.approx(
        7
    )
    assert found["parallax_live_oldest_seconds", "binance", "books"] == 0
    assert found["parallax_live_status_age_seconds", "binance"] == pytest.approx(
        2, abs=0.01
    )
    assert found["parallax_live_exchange_up", "binance"] == 1
    assert found["parallax_live_feeds",] == 0
    # An exchange that nobody holds fresh any more is not told.
    assert not any("kraken" in key for key in found)
