"""One run of a backfill: one thread asks the exchange, another stores."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from apps.core.errors import ApplicationError
from apps.core.files.errors import StorageFull, StorageUnavailable
from apps.jobs.errors import JobLost
from apps.market.enums import GapKind
from apps.market.errors.backfill import BackfillFailed, CandlesAbsent
from apps.market.moments import iso_from_ns
from apps.market.services.backfill_outcomes import outcome_failed, outcome_told
from apps.market.services.backfill_storing import SeriesFill
from apps.market.services.work import ImportWork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apps.market.filling.asking import Asker, Patience
    from apps.market.filling.candles import Came, GapsConfirmed, MarketFill
    from apps.market.filling.pace import Pace
    from apps.market.services.backfill_plans import Planned
    from apps.market.services.backfill_storing import Setting

    type _Event = Came | GapsConfirmed | _Begun | _Ended | _Failed

# What must not be taken for the failure of one market.
_FATAL = (JobLost, StorageFull, StorageUnavailable)
_TOLD_SECONDS = 0.2


def log_ignored(line: str) -> None:
    """Tell nobody."""


def time_endless() -> bool:
    """Say that there is time."""
    return False


@dataclass(frozen=True, slots=True)
class BackfillWork(ImportWork):
    """The surroundings of a backfill.

    Attributes:
        log: Takes a line for the job's log.
        patience: How long the exchange is waited for; None: the usual.
        out_of_time: Says that the run should end; what is left is another run's.
    """

    log: Callable[[str], None] = log_ignored
    patience: Patience | None = None
    out_of_time: Callable[[], bool] = time_endless


@dataclass(frozen=True, slots=True)
class _Begun:
    """The next market is being asked for."""

    planned: Planned


@dataclass(frozen=True, slots=True)
class _Ended:
    """A market was asked for to the end."""

    fill: MarketFill


@dataclass(frozen=True, slots=True)
class _Failed:
    """The exchange failed a market."""

    error: ApplicationError


@dataclass(slots=True)
class BackfillRun:
    """One run over all markets: one thread fetches, this one stores."""

    setting: Setting
    work: BackfillWork
    asker: Asker
    plans: list[Planned]
    asked_again: tuple[int, int] | None = None
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    unfinished: bool = False
    _pace: Pace = field(init=False)
    _told: float = 0.0

    def __post_init__(self) -> None:
        from apps.market.filling.pace import Pace  # noqa: PLC0415

        bars = sum(one.plan.bars for one in self.plans if one.plan is not None)
        self._pace = Pace(bars, time.monotonic())

    def result(self) -> dict[str, Any]:
        """Fetch and store, and return what became of each market."""
        from apps.market.filling.ahead import Ahead  # noqa: PLC0415

        with Ahead(self._events(), self.asker.stop) as events:
            self._store(iter(events))
        for one in self.plans:
            if one.error is not None:
                self._failed(one, one.error)
        failed = [one for one in self.outcomes if one["status"] == "failed"]
        if failed and len(failed) == len(self.outcomes):
            raise _all_failed(failed)
        return {
            "exchange": self.setting.exchange,
            "added": sum(one["added"] for one in self.outcomes),
            "failed": len(failed),
            "unfinished": self.unfinished,
            "calls": self.asker.asked,
            "calls_repeated": self.asker.failed,
            "markets": self.outcomes,
        }

    def _events(self) -> Iterator[_Event]:
        """Ask for one market after the other; runs in a thread without a database."""
        from apps.market.filling.candles import MarketFill  # noqa: PLC0415

        for planned in self.plans:
            if planned.plan is None:
                continue
            yield _Begun(planned)
            fill = MarketFill(planned.plan, self.asker)
            try:
                yield from fill.events()
            except ApplicationError as error:
                yield _Failed(error)
            else:
                yield _Ended(fill)

    def _store(self, events: Iterator[_Event]) -> None:
        from apps.market.filling.candles import Came  # noqa: PLC0415
        from apps.market.filling.plan import SpanKind  # noqa: PLC0415

        filling: SeriesFill | None = None
        lost = False
        for event in events:
            if isinstance(event, _Begun):
                filling, lost = SeriesFill(self.setting, event.planned), False
                filling.asked_again = self.asked_again
            if filling is None or lost:
                continue
            try:
                if isinstance(event, Came):
                    self._came(filling, event)
                elif isinstance(event, _Ended):
                    filling.finish()
                    self._ended(filling, event.fill)
                elif isinstance(event, _Failed):
                    # What came before is good.
                    filling.flush()
                    self._failed(filling.planned, event.error, filling.added)
                elif not isinstance(event, _Begun):
                    lead = event.kind is SpanKind.LEAD
                    kind = GapKind.LEADING if lead else GapKind.HOLE
                    filling.gaps_add(kind, event.gaps)
            except _FATAL:
                raise
            except ApplicationError as error:
                # It cannot be stored; the others may be.
                lost = True
                self._failed(filling.planned, error, filling.added)
            if self.work.out_of_time():
                if not isinstance(event, _Ended | _Failed) and not lost:
                    filling.flush()
                self.unfinished = True
                return

    def _came(self, filling: SeriesFill, event: Came) -> None:
        came = 0 if event.batch is None else len(event.batch)
        if event.batch is not None and came:
            filling.add(event.batch)
        at = time.monotonic()
        self._pace.mark(at, done=event.settled, came=came, less=event.less)
        if at - self._told >= _TOLD_SECONDS:
            self._told = at
            name = f"{filling.planned.symbol} {filling.planned.timeframe}"
            self.work.progress(self._pace.fraction, f"{name}: {self._pace.words()}")

    def _ended(self, filling: SeriesFill, fill: MarketFill) -> None:
        if filling.series is None:
            planned = filling.planned
            self._failed(planned, _absent(self.setting.exchange, planned))
            return
        outcome = outcome_told(filling, fill)
        self.outcomes.append(outcome)
        for note in outcome["notes"]:
            self.work.log(f"{outcome['symbol']} {outcome['timeframe']}: {note}")

    def _failed(
        self, planned: Planned, error: ApplicationError, added: int = 0
    ) -> None:
        self.outcomes.append(outcome_failed(planned, error, added))
        name = f"{planned.symbol} {planned.timeframe}"
        self.work.log(f"{name} failed [{error.code}]: {error.message}")


def _absent(exchange: str, planned: Planned) -> CandlesAbsent:
    spans = () if planned.plan is None else planned.plan.spans
    if not spans:
        msg = (
            f"No {planned.timeframe} bar of {planned.symbol} is over yet in this range; "
            "try again later."
        )
        return CandlesAbsent(msg, attr="start")
    msg = (
        f"{exchange} has no {planned.timeframe} candles of {planned.symbol} from "
        f"{iso_from_ns(spans[0].start)} to {iso_from_ns(spans[-1].end)}."
    )
    return CandlesAbsent(msg, attr="symbols")


def _all_failed(failed: list[dict[str, Any]]) -> BackfillFailed:
    first = failed[0]["error"]
    name = f"{failed[0]['symbol']} {failed[0]['timeframe']}"
    more = f" The other {len(failed) - 1} failed too." if len(failed) > 1 else ""
    return BackfillFailed(
        f"{name}: {first['detail']}{more}", code=first["code"], attr=first["attr"]
    )
