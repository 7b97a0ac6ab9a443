"""Captured order books for tests, and an engine that needs no library."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from django.conf import settings
from django.db import transaction

from apps.engines.captures import CaptureLayout, CaptureSummary
from apps.jobs.errors import JobLost
from apps.market.requests import CaptureImportRequest
from apps.market.services import CaptureSource, capture_import

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable, Iterator

    from apps.core.errors import ApplicationError
    from apps.engines.captures import CaptureRequest
    from apps.jobs.models import Job
    from apps.market.models import BookCapture
    from apps.market.services.work import ImportWork
    from apps.users.models import User

FIRST = 1_704_067_200_000_000_000  # 2024-01-01T00:00:00Z
LAST = FIRST + 600 * 1_000_000_000
SYMBOL = "BTC/USDT:USDT"
CALL = "apps.engines.runner.client.engine_call"
# Of a canonical capture, the columns that are looked at here.
EVENTS = np.dtype([("ev", "u8"), ("px", "f8"), ("qty", "f8")])


@dataclass
class FakeReader:
    """Stands for the engine: writes what looks like a capture, or refuses.

    Attributes:
        prices: Of the rows; a change of them makes another file.
        quantities: Likewise.
        changes: Fields of the summary to replace.
        error: What to raise instead.
        asked: What it was asked.
    """

    prices: tuple[float, ...] = (100.1, 100.2)
    quantities: tuple[float, ...] = (0.003, 2.0)
    changes: dict[str, Any] = field(default_factory=dict)
    error: ApplicationError | None = None
    asked: list[CaptureRequest] = field(default_factory=list)

    def __call__(
        self, *, locate: Callable[[], str], request: CaptureRequest, **bounds: float
    ) -> CaptureSummary:
        """Read a capture, as `engine_call` has it done."""
        assert all(bounds.values())
        locate()
        self.asked.append(request)
        # As an engine would, whatever the file's path leads to.
        assert all(Path(source).read_bytes() for source in request.sources)
        if self.error is not None:
            raise self.error
        rows = np.zeros(len(self.prices), EVENTS)
        rows["px"], rows["qty"] = self.prices, self.quantities
        np.savez(request.target, data=rows)
        written = Path(request.target).read_bytes()
        facts: dict[str, Any] = {
            "layout": request.layout or CaptureLayout.BINANCE_USDM,
            "first": FIRST,
            "last": LAST,
            "rows": len(rows),
            "depth_rows": 1,
            "trade_rows": 1,
            "clock_shift_ns": 1_272_156_851,
            "moments": 1,
            "crossed": 0,
            "price_tick": "0.1",
            "sha256": hashlib.sha256(written).hexdigest(),
            "findings": ("There is no snapshot.",),
        }
        return CaptureSummary(**facts | self.changes)


def somewhere() -> str:
    """Return the address of an engine that is not looked for there."""
    return "nowhere"


def capture_take(
    actor: User,
    *,
    symbol: str = SYMBOL,
    content: bytes = b"lines",
    work: ImportWork | None = None,
    **asked: Any,
) -> BookCapture:
    """Import a capture by the fake engine, which the test must have put in place."""
    path = Path(settings.DATA_DIR).parent / "capture.gz"
    path.write_bytes(content)
    return capture_import(
        actor=actor,
        sources=[CaptureSource(path, path.name)],
        request=CaptureImportRequest(venue="binance", symbol=symbol, **asked),
        locate=somewhere,
        work=work,
    )


@dataclass
class Context:
    """A run of a job, without a worker."""

    job: Job
    lost: bool = False
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.job_id: uuid.UUID = self.job.pk
        self.owner_id: uuid.UUID = self.job.owner_id
        self.payload: dict[str, Any] = self.job.payload

    def progress(self, fraction: float, message: str) -> None:
        """Remember it."""
        assert 0 <= fraction <= 1
        self.told.append(message)

    def log(self, message: str) -> None:
        """Remember it."""
        self.told.append(message)

    def resource(self, kind: str, name: str) -> str:
        """Return an address that nobody looks for."""
        assert (kind, name) == ("engine", "hftbacktest")
        return somewhere()

    @contextmanager
    def fenced(self) -> Iterator[None]:
        """Open a transaction, unless the job was lost."""
        with transaction.atomic():
            if self.lost:
                msg = "lost"
                raise JobLost(msg)
            yield


def files(data_dir: Path) -> list[str]:
    """Return the paths of all files, relative to the data directory."""
    return sorted(
        one.relative_to(data_dir).as_posix()
        for one in data_dir.rglob("*")
        if one.is_file()
    )
