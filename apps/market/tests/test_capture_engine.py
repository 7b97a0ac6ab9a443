"""Captured order books through the real engine's process: good ones, and broken ones."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.utils import timezone

from apps.engines.adapters.hftbacktest.sample import sample_capture
from apps.engines.captures import CaptureLayout
from apps.engines.errors import CaptureInvalid
from apps.engines.registry import engine_get, unavailable_reason
from apps.engines.runner.pool import EnginePool
from apps.market.models import BookCapture
from apps.market.requests import CaptureImportRequest
from apps.market.selectors import CAPTURE_ENGINE, data_check
from apps.market.services import CaptureSource, capture_import
from apps.market.tests.captures import files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apps.users.models import User

    type Damage = Callable[[list[bytes]], bytes]

MISSING = unavailable_reason(engine_get(CAPTURE_ENGINE))
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(MISSING is not None, reason=str(MISSING)),
]


@pytest.fixture(scope="module")
def pool() -> Iterator[EnginePool]:
    with EnginePool(
        idle_seconds=300,
        environment=settings.ENGINE_PROCESS_ENVIRONMENT,
        root=Path(settings.BASE_DIR),
    ) as made:
        yield made


@pytest.fixture
def lines(tmp_path: Path) -> list[bytes]:
    """The lines of a raw feed, 20 s of a change and a trade each."""
    (source,) = sample_capture(tmp_path, seconds=20).sources
    return gzip.decompress(Path(source).read_bytes()).splitlines(keepends=True)


def take(
    actor: User,
    pool: EnginePool,
    content: bytes,
    layout: CaptureLayout | None = None,
) -> BookCapture:
    path = Path(settings.DATA_DIR).parent / "feed.gz"
    path.write_bytes(content)
    return capture_import(
        actor=actor,
        sources=[CaptureSource(path, "my feed.gz")],
        request=CaptureImportRequest("binance", "MADE/UP:UP", layout),
        locate=lambda: pool.ensure(CAPTURE_ENGINE),
    )


def test_a_raw_feed_becomes_a_capture_of_what_was_in_it(
    actor: User, data_dir: Path, pool: EnginePool, lines: list[bytes]
) -> None:
    capture = take(actor, pool, gzip.compress(b"".join(lines)))
    assert capture.layout == CaptureLayout.BINANCE_USDM
    assert capture.trade_rows == 20
    assert (capture.last - capture.first).total_seconds() == 19
    assert capture.price_decimals == 1
    assert capture.instrument.quantity_step == 1
    assert data_check(now=timezone.now()) == []


def test_the_same_feed_twice_is_one_capture(
    actor: User, data_dir: Path, pool: EnginePool, lines: list[bytes]
) -> None:
    content = gzip.compress(b"".join(lines))
    first, again = take(actor, pool, content), take(actor, pool, content)
    assert (first.pk, first.sha256) == (again.pk, again.sha256)


def _backwards(lines: list[bytes]) -> bytes:
    return gzip.compress(b"".join([*lines[20:], *lines[:20]]))


def _cut_off(lines: list[bytes]) -> bytes:
    return gzip.compress(b"".join(lines))[:-40]


def _damaged(lines: list[bytes]) -> bytes:
    packed = bytearray(gzip.compress(b"".join(lines)))
    packed[len(packed) // 2] ^= 0xFF
    return bytes(packed)


def _line_broken(lines: list[bytes]) -> bytes:
    return gzip.compress(b"".join([*lines[:6], lines[6][:40] + b"\n", *lines[7:]]))


def _other(lines: list[bytes]) -> bytes:
    return b"time,open,high,low,close,volume\n1,2,3,4,5,6\n"


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_backwards, "clock runs backwards"),
        (_cut_off, "cut off"),
        (_damaged, "my_feed.gz"),
        (_line_broken, "Line 7 "),
        (_other, "is not a capture that can be read"),
    ],
)
def test_a_broken_capture_is_refused_with_its_reason_and_leaves_nothing(
    actor: User,
    data_dir: Path,
    pool: EnginePool,
    lines: list[bytes],
    damage: Damage,
    words: str,
) -> None:
    with pytest.raises(CaptureInvalid, match=words) as caught:
        take(actor, pool, damage(lines))
    assert "my_feed.gz" in caught.value.message
    assert caught.value.attr == "file"
    assert files(data_dir) == []
    assert not BookCapture.objects.exists()


def test_a_layout_that_the_file_is_not_of_is_refused(
    actor: User, data_dir: Path, pool: EnginePool, lines: list[bytes]
) -> None:
    with pytest.raises(CaptureInvalid, match=r"my_feed\.gz"):
        take(actor, pool, gzip.compress(b"".join(lines)), CaptureLayout.HFTBACKTEST)
    assert files(data_dir) == []
