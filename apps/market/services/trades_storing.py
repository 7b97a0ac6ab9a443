"""Store days of trades, each as a whole or not at all."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from apps.core.files import file_delete, file_path, file_publish
from apps.market.errors.backfill import TradeDayChanged
from apps.market.models import TradeDay
from apps.market.moments import datetime_from_ns
from apps.market.requests import ImportRequest, venue_parse
from apps.market.selectors.trades import trade_day_get, trade_day_local
from apps.market.services.backfill_storing import venue_rules
from apps.market.services.orphans import orphan_remove
from apps.market.services.rules import instrument_settle
from apps.market.store.paths import trades_file

if TYPE_CHECKING:
    from datetime import date, datetime
    from pathlib import Path
    from uuid import UUID

    from apps.exchanges.contracts import Market, Trades
    from apps.market.grid import DecimalsMeter
    from apps.market.services.work import ImportWork
    from apps.market.store.trades import TradesWriter
    from apps.market.store.writing import WrittenFile
    from apps.users.models import User

DAY_NS = 86_400_000_000_000


@dataclass(slots=True)
class DayFill:
    """A day of trades that is being written.

    Attributes:
        actor: Whose it becomes.
        exchange: Where the trades come from.
        symbol: As it is stored, in upper case.
        market: What the exchange says of it.
        day: Which day, UTC.
        scratch: Where to write meanwhile.
        work: Fence of the database writes.
        base: The row that is continued; None for a new one.
        goes_on: Whether the trades of `base` are kept, and the new ones follow them.
    """

    actor: User
    exchange: str
    symbol: str
    market: Market
    day: date
    scratch: Path
    work: ImportWork
    base: TradeDay | None
    goes_on: bool
    _writer: TradesWriter = field(init=False)
    _prices: DecimalsMeter = field(init=False)
    _quantities: DecimalsMeter = field(init=False)
    _first: tuple[int, str] | None = None
    _last: tuple[int, str] | None = None

    def __post_init__(self) -> None:
        from apps.market.grid import (  # noqa: PLC0415
            MOST_PRICE_DECIMALS,
            MOST_QUANTITY_DECIMALS,
            DecimalsMeter,
        )
        from apps.market.store.trades import (  # noqa: PLC0415
            TradesWriter,
            trades_read,
        )

        self._prices = DecimalsMeter(MOST_PRICE_DECIMALS)
        self._quantities = DecimalsMeter(MOST_QUANTITY_DECIMALS)
        path = self.scratch / f"trades-{uuid.uuid4()}"
        self._writer = TradesWriter(path).__enter__()
        if self.base is not None and self.goes_on:
            for block in trades_read(trade_day_local(self.base)):
                self.add(block)

    def add(self, trades: Trades) -> None:
        """Append trades of this day, in order."""
        if not len(trades):
            return
        self._prices.measure(trades.price)
        self._quantities.measure(trades.quantity)
        if self._first is None:
            self._first = int(trades.time[0]), trades.ids[0]
        self._last = int(trades.time[-1]), trades.ids[-1]
        self._writer.write(trades)

    @property
    def rows(self) -> int:
        """How many trades there are by now."""
        return self._writer.rows

    def close(self) -> None:
        """Remove what was written, unless it was stored."""
        self._writer.__exit__(None, None, None)

    @property
    def last_ns(self) -> int | None:
        """The moment of the last trade by now."""
        return None if self._last is None else self._last[0]

    def store(self, *, complete: bool, suspect: str = "") -> TradeDay:
        """Make the file the day's.

        Args:
            complete: Whether the day is over, and these are all of its trades.
            suspect: Why trades may be missing; such a day is not complete.

        Raises:
            TradeDayChanged: Somebody else stored the same day meanwhile.
            StorageFull, StorageUnavailable: There is no room, or no bucket.
        """
        written = self._writer.finish()
        row_id = uuid.uuid4() if self.base is None else self.base.pk
        path = str(
            trades_file(venue_parse(self.exchange), self.symbol, self.day, row_id)
        )
        try:
            # Outside of the transaction: a bucket may be slow, and locks are held there.
            file_publish(path, source=written.path)
            with self.work.fence():
                return self._switch(
                    row_id, path, written, complete=complete, suspect=suspect
                )
        except IntegrityError as error:
            orphan_remove(path, TradeDay)
            raise self._changed() from error
        except BaseException:
            orphan_remove(path, TradeDay)
            raise

    def _switch(
        self,
        row_id: uuid.UUID,
        path: str,
        written: WrittenFile,
        *,
        complete: bool,
        suspect: str,
    ) -> TradeDay:
        instrument = instrument_settle(
            actor=self.actor,
            request=ImportRequest(self.exchange, self.symbol),
            price_decimals=self._prices.decimals,
            quantity_decimals=self._quantities.decimals,
            venue_rules=venue_rules(self.market),
        )
        known = (
            TradeDay.objects.select_for_update()
            .filter(owner=self.actor, instrument=instrument, day=self.day)
            .first()
        )
        before = None if self.base is None else (self.base.pk, self.base.revision)
        if (None if known is None else (known.pk, known.revision)) != before:
            raise self._changed()
        day = known or TradeDay(
            id=row_id,
            owner=self.actor,
            instrument=instrument,
            day=self.day,
            revision=0,
            price_decimals=0,
        )
        old_path = day.path
        day.revision += 1
        day.rows = written.rows
        day.first, day.first_id = _moment(self._first)
        day.last, day.last_id = _moment(self._last)
        day.complete, day.suspect = complete and not suspect, suspect
        day.price_decimals = self._prices.decimals
        day.sha256, day.size, day.path = written.sha256, written.size, path
        day.full_clean()
        day.save()
        written.publish(file_path(path))
        if old_path:
            transaction.on_commit(lambda: file_delete(old_path))
        return day

    def _changed(self) -> TradeDayChanged:
        msg = f"The trades of {self.symbol} on {self.day} were stored by another job."
        return TradeDayChanged(msg)


@transaction.atomic
def trade_day_delete(*, actor: User, day_id: UUID) -> None:
    """Delete one of the actor's days of trades, and its file after the commit.

    Raises:
        TradeDayNotFound: No such day for this actor.
    """
    day = trade_day_get(actor=actor, day_id=day_id)
    path = day.path
    day.delete()
    transaction.on_commit(lambda: file_delete(path))


def _moment(at: tuple[int, str] | None) -> tuple[datetime | None, str]:
    return (None, "") if at is None else (datetime_from_ns(at[0]), at[1])
