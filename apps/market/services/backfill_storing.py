"""Put what an exchange gave into a series, chunk by chunk, each whole or not at all."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from apps.core.files.scratch import scratch_folder
from apps.market.enums import GapKind, QualityTrigger, Timeframe, TimeUnit
from apps.market.errors import CandlesConflict, SeriesFileMissing
from apps.market.models import CandleSeries
from apps.market.moments import iso_from_ns, ns_from_datetime
from apps.market.requests import GivenRules, ImportRequest, venue_parse
from apps.market.selectors.series import series_local
from apps.market.services.gaps import gaps_confirm, gaps_forget
from apps.market.services.storing import Source, series_store
from apps.market.services.work import ImportWork

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from apps.exchanges.contracts import Market
    from apps.market.batches import CandleBatch
    from apps.market.filling.plan import Hole
    from apps.market.services.backfill_plans import Planned
    from apps.users.models import User

# A chunk is stored when it is so large, or its oldest bar has waited so long: a run that
# is killed loses no more than that.
CHUNK_ROWS = 65_536
CHUNK_SECONDS = 30.0
# The series' file is written anew with each chunk: a long series takes larger ones.
_SHARE_OF_STORED = 8
_TRIES = 3
_SHOWN = 3
# The last bar of a series that was stored so soon after its close may have been half made.
_YOUNG = timedelta(minutes=5)
_SYNTHETIC = "simulated"
_FORMAT = "exchange"


@dataclass(frozen=True, slots=True)
class Setting:
    """What all series of one backfill have in common.

    Attributes:
        actor: Whose series they are.
        exchange: Where the candles come from.
        replace: Whether stored bars with other numbers are overwritten.
        now: The moment of the backfill, UTC.
        work: Its fence and job; progress is told by whoever counts all markets.
    """

    actor: User
    exchange: str
    replace: bool
    now: datetime
    work: ImportWork


@dataclass(slots=True)
class SeriesFill:
    """One series that is being filled.

    Attributes:
        setting: What it has in common with the others.
        planned: Which one it is.
        added: Bars stored that were not there before.
        revised: Stored bars to which the exchange now gives other numbers.
        examples: The first few of these.
        series: The row, once there is one.
        revised_tail: Whether the last stored bar had been half made, and was replaced.
        asked_again: A range of which confirmed gaps were asked for once more, too.
    """

    setting: Setting
    planned: Planned
    added: int = 0
    revised: int = 0
    examples: list[str] = field(default_factory=list)
    series: CandleSeries | None = None
    revised_tail: bool = False
    asked_again: tuple[int, int] | None = None
    _young: int | None = None
    _pending: list[CandleBatch] = field(default_factory=list)
    _rows: int = 0
    _since: float = 0.0
    _gaps: list[tuple[GapKind, Hole]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.series = self._current()
        self._young = None if self.series is None else _young_ns(self.series)

    def add(self, batch: CandleBatch) -> None:
        """Take in bars, in any order; they are stored when there are many of them."""
        if not self._rows:
            self._since = time.monotonic()
        self._pending.append(batch)
        self._rows += len(batch)
        stored = 0 if self.series is None else self.series.rows
        many = self._rows >= max(CHUNK_ROWS, stored // _SHARE_OF_STORED)
        if many or time.monotonic() - self._since > CHUNK_SECONDS:
            self.flush()

    def gaps_add(self, kind: GapKind, gaps: Sequence[Hole]) -> None:
        """Take in stretches that the exchange was asked for twice."""
        self._gaps += [(kind, one) for one in gaps]

    def flush(self) -> None:
        """Store what is pending.

        Raises:
            CandlesConflict, SeriesChanged: Others kept changing the series.
            StorageFull, StorageUnavailable: There is no room, or no bucket.
            JobLost: The run that does this was given up on.
        """
        from apps.market.batches import batches_join  # noqa: PLC0415
        from apps.market.filling.writing import rows_sorted  # noqa: PLC0415

        pending, self._pending, self._rows = self._pending, [], 0
        if not any(len(one) for one in pending):
            return
        chunk = rows_sorted(batches_join(pending))
        for left in reversed(range(_TRIES)):
            self.series = self._current()
            try:
                fresh, young, revised = self._compared(chunk)
                if len(young):
                    self._store(young, overwrite=True)
                    self.revised_tail = True
                if len(fresh):
                    self._store(fresh, overwrite=self.setting.replace)
            except (CandlesConflict, SeriesFileMissing):
                # Somebody stored something between the look and the write.
                if not left:
                    raise
                continue
            break
        self.revised += len(revised)
        self.examples = [*self.examples, *revised][:_SHOWN]

    def finish(self) -> None:
        """Store the rest, and which gaps are confirmed."""
        self.flush()
        again = self.asked_again
        if self.series is None or not (self._gaps or again):
            return
        with self.setting.work.fence():
            if again is not None:
                # What of it is still missing is confirmed anew.
                gaps_forget(series=self.series, start_ns=again[0], end_ns=again[1])
            for kind in GapKind:
                mine = [one for found, one in self._gaps if found is kind]
                gaps_confirm(
                    series=self.series,
                    kind=kind,
                    gaps=sorted(mine, key=lambda one: one.first),
                    now=self.setting.now,
                )
        self._gaps = []

    def _current(self) -> CandleSeries | None:
        return CandleSeries.objects.filter(
            owner=self.setting.actor,
            instrument__venue=venue_parse(self.setting.exchange),
            instrument__symbol=self.planned.symbol,
            timeframe=self.planned.timeframe,
        ).first()

    def _compared(
        self, chunk: CandleBatch
    ) -> tuple[CandleBatch, CandleBatch, list[str]]:
        """Return what is new, what was half made, and which others came different."""
        import numpy as np  # noqa: PLC0415

        from apps.market.store.reading import candles_read  # noqa: PLC0415

        if self.series is None or chunk.time[0] > ns_from_datetime(self.series.last):
            return chunk, chunk.rows(0, 0), []
        stored = candles_read(
            series_local(self.series),
            start_ns=int(chunk.time[0]),
            end_ns=int(chunk.time[-1]) + 1,
        )
        _, mine, theirs = np.intersect1d(
            stored["time"], chunk.time, assume_unique=True, return_indices=True
        )
        columns = ("open", "high", "low", "close", "volume")
        before = np.stack([stored[name][mine] for name in columns])
        differ = (before != chunk.values[:, theirs]).any(axis=0)
        young = chunk.time == self._young
        young[theirs[~differ]] = False
        if self.setting.replace:
            young[:] = False
        told = [
            f"{iso_from_ns(int(chunk.time[at]))}: {_numbers(before[:, place])} is "
            f"stored, {_numbers(chunk.values[:, at])} is given"
            for place, at in enumerate(theirs)
            if differ[place] and not young[at]
        ]
        keep = np.ones(len(chunk), dtype=np.bool_)
        # History is not changed unless somebody says so.
        keep[theirs[~differ] if self.setting.replace else theirs] = False
        return chunk.where(keep), chunk.where(young & ~keep), told

    def _store(self, chunk: CandleBatch, *, overwrite: bool) -> None:
        from apps.market.filling.writing import chunk_write  # noqa: PLC0415

        market = self.planned.market
        before = 0 if self.series is None else self.series.rows
        request = ImportRequest(
            venue=self.setting.exchange,
            symbol=self.planned.symbol,
            timeframe=self.planned.timeframe,
            replace=overwrite,
            venue_rules=None if market is None else venue_rules(market),
        )
        source = Source(
            name=f"{self.setting.exchange} backfill",
            format=_FORMAT,
            time_unit=TimeUnit.MILLISECONDS,
            synthetic=self.setting.exchange == _SYNTHETIC,
            trigger=QualityTrigger.BACKFILL,
        )
        work = self.setting.work
        with scratch_folder() as scratch:
            intake = chunk_write((chunk,), self.planned.timeframe, scratch)
            if intake is None:
                return
            self.series = series_store(
                actor=self.setting.actor,
                request=request,
                intake=intake,
                source=source,
                scratch=scratch,
                work=ImportWork(fence=work.fence, job_id=work.job_id),
                now=self.setting.now,
            )
        self.added += self.series.rows - before


def _young_ns(series: CandleSeries) -> int | None:
    """Return the open time of the last bar, if it came soon after its close."""
    last = ns_from_datetime(series.last)
    length = timedelta(seconds=Timeframe(series.timeframe).nanoseconds / 1e9)
    fetched = series.source_format == _FORMAT
    soon = series.updated_at - (series.last + length) < _YOUNG
    return last if fetched and soon else None


def venue_rules(market: Market) -> GivenRules:
    """Return a market's rules as an import takes them."""
    return GivenRules(
        market.price_tick or None,
        market.quantity_step or None,
        market.min_quantity,
        market.min_notional,
    )


def _numbers(values: Any) -> str:
    return "/".join(f"{float(one):.15g}" for one in values)
