"""Ways to fill series from an exchange made of arrays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils import timezone

from apps.exchanges.contracts import Market
from apps.exchanges.ports import ExchangeStatus
from apps.market.enums import Timeframe
from apps.market.moments import datetime_from_ns
from apps.market.services.backfill_plans import Planned
from apps.market.services.backfill_run import BackfillWork
from apps.market.services.backfill_storing import SeriesFill, Setting
from apps.market.tests.candles import START
from apps.market.tests.exchange import SYMBOL, FakeExchange

if TYPE_CHECKING:
    from datetime import datetime

    from apps.exchanges.contracts import Candles
    from apps.market.batches import CandleBatch
    from apps.users.models import User

BEGIN = datetime_from_ns(START)
OTHER = "ETH/USDT"


def after(places: int) -> datetime:
    return BEGIN + timedelta(hours=places)


@dataclass(slots=True)
class Venue(FakeExchange):
    """Has two markets of the same bars.

    Attributes:
        skew: By how many seconds its clock is ahead; None: it does not say.
    """

    skew: float | None = 0.0

    def markets(self) -> tuple[Market, ...]:
        """Return both."""
        one = Decimal("0.01")
        rules = (one, one, one, one, one, one)
        return tuple(Market(name, name[:3], "USDT", *rules) for name in (SYMBOL, OTHER))

    def status(self) -> ExchangeStatus:
        """Say that it is there."""
        return ExchangeStatus(True, 0.0, self.skew, "closed", "")  # noqa: FBT003

    def candles_page(
        self, symbol: str, timeframe: str, since_ns: int, limit: int | None = None
    ) -> Candles:
        """Return a page, the same of both."""
        assert symbol in {SYMBOL, OTHER}
        # Named, since a class with slots is made anew by its decorator.
        return FakeExchange.candles_page(self, SYMBOL, timeframe, since_ns, limit)


def fill_of(actor: User, *, overwrite: bool = False) -> SeriesFill:
    setting = Setting(actor, "binance", overwrite, timezone.now(), BackfillWork())
    return SeriesFill(setting, Planned(SYMBOL, Timeframe.H1, None, None))


def store(actor: User, *batches: CandleBatch) -> SeriesFill:
    """Store bars as a backfill does."""
    fill = fill_of(actor)
    for batch in batches:
        fill.add(batch)
        fill.flush()
    return fill
