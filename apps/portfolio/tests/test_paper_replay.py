"""Paper accounts that trade on a replay of stored candles."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from apps.exchanges.account_port import OrderKind, VenueOrderState
from apps.exchanges.errors import ExchangeRejected, SymbolUnknown
from apps.market.enums import Timeframe
from apps.market.requests import SimulationRequest
from apps.market.selectors.candles import bars_get
from apps.market.services.simulation import simulated_import
from apps.portfolio.models import PaperOrder
from apps.portfolio.paper.candles import VOLUME_SHARE, CandlePrices
from apps.portfolio.paper.matching import paper_step
from apps.portfolio.paper.venue import PaperVenue
from apps.portfolio.tests.paper import (
    BTC,
    BUY,
    LIMIT,
    SELL,
    Clock,
    ask,
    books_balance,
)
from apps.portfolio.tests.world import NOW, account_make, deposit, user_make

if TYPE_CHECKING:
    from apps.market.models import CandleSeries
    from apps.portfolio.models import Account

pytestmark = pytest.mark.django_db
D = Decimal
FIRST = NOW - timedelta(days=400)
HOUR = 3600
BARS = 24 * 6
RICH = 10**13


@pytest.fixture
def series() -> CandleSeries:
    """Six days of hours."""
    request = SimulationRequest(
        symbol=BTC,
        timeframe=Timeframe.H1,
        start=FIRST,
        end=FIRST + timedelta(hours=BARS),
    )
    return simulated_import(actor=user_make(), request=request, now=NOW)


@pytest.fixture
def account(series: CandleSeries) -> Account:
    """An account whose replay of them began an hour in, an hour in a second."""
    made = account_make(
        series.owner,
        exchange="simulated",
        price_source="candles",
        series_id=series.pk,
        replay_from=FIRST + timedelta(hours=1),
        replay_speed=HOUR,
    )
    type(made).objects.filter(pk=made.pk).update(created_at=NOW)
    made.refresh_from_db()
    deposit(made, "USDT", RICH)
    deposit(made, "BTC", 10)
    return made


@pytest.fixture
def clock() -> Clock:
    """A clock at the account's making."""
    return Clock(NOW)


def closes(series: CandleSeries) -> list[Decimal]:
    return [
        D(f"{one:.{series.price_decimals}f}") for one in bars_get(series=series).close
    ]


def test_a_market_order_is_filled_at_the_last_close_that_is_closed(
    account: Account, series: CandleSeries, clock: Clock
) -> None:
    known = closes(series)
    venue = PaperVenue(account, clock)
    for passed in (0, 0.5, 0.999, 1, 1.25, 7.5):
        clock.now = NOW + timedelta(seconds=passed)
        order = venue.order_place(ask(BUY, quantity="0.01"))
        assert order.average_price == known[int(passed)]


def test_no_candle_is_seen_before_it_is_closed(
    account: Account, series: CandleSeries
) -> None:
    for passed in (0, 0.2, 1, 2.999, 50):
        now = NOW + timedelta(seconds=passed)
        replayed = FIRST + timedelta(hours=1 + passed)
        prices = CandlePrices(account)
        told = prices.since(BTC, NOW - timedelta(days=1), now)
        assert len(told) == 1 + int(passed)
        assert FIRST + timedelta(hours=len(told)) <= replayed
        quote = prices.quote(BTC, now).quote
        assert quote is not None
        assert quote.last == told[-1].close


def test_a_resting_order_meets_each_candle_since_and_is_filled_once_passed_through(
    account: Account, series: CandleSeries, clock: Clock
) -> None:
    bars = bars_get(series=series)
    price = (closes(series)[0] * D("0.995")).quantize(D("0.01"))
    first = next(i for i in range(1, BARS) if D(str(bars.low[i])) < price)
    venue = PaperVenue(account, clock)
    order = venue.order_place(ask(BUY, LIMIT, "0.001", price))
    assert order.state is VenueOrderState.OPEN
    # A step that comes late sees the same candles as one that comes at each of them.
    clock.now = NOW + timedelta(seconds=first - 0.01)
    assert paper_step(now=clock.now).fills == 0
    clock.now = NOW + timedelta(seconds=first + 0.01)
    assert paper_step(now=clock.now).fills == 1
    (fill,) = venue.fills(BTC, 0)
    assert (fill.price, fill.maker) == (price, True)
    books_balance(account, {"USDT": D(RICH), "BTC": D(10)})


def test_a_large_order_takes_no_more_than_a_share_of_each_candles_volume(
    account: Account, series: CandleSeries, clock: Clock
) -> None:
    bars = bars_get(series=series)
    price = (closes(series)[0] * D("0.99")).quantize(D("0.01"))
    venue = PaperVenue(account, clock)
    venue.order_place(ask(BUY, LIMIT, "1000000", price))
    paper_step(now=clock.on(BARS - 1.5))
    through = [i for i in range(1, BARS - 1) if D(f"{bars.low[i]:.2f}") < price]
    step = series.instrument.quantity_step
    shares = [
        D(repr(float(bars.volume[i]))) * VOLUME_SHARE // step * step for i in through
    ]
    fills = venue.fills(BTC, 0)
    assert len(through) > 5
    assert [one.quantity for one in fills] == [one for one in shares if one]


def test_how_far_a_long_replay_was_looked_at_is_written_down(
    account: Account, clock: Clock
) -> None:
    venue = PaperVenue(account, clock)
    venue.order_place(ask(BUY, LIMIT, "10", "1"))
    assert paper_step(now=clock.on(BARS - 2)).fills == 0
    looked = PaperOrder.objects.get().looked_at
    assert looked is not None
    assert looked > NOW + timedelta(seconds=BARS - 4)


def test_a_stop_in_a_replay_is_filled_at_its_price_or_beyond_it(
    account: Account, series: CandleSeries, clock: Clock
) -> None:
    bars = bars_get(series=series)
    stop = (closes(series)[0] * D("0.99")).quantize(D("0.01"))
    first = next(i for i in range(1, BARS) if D(str(bars.low[i])) <= stop)
    venue = PaperVenue(account, clock)
    request = ask(SELL, OrderKind.STOP, "0.01", stop_price=stop)
    order = venue.order_place(request)
    paper_step(now=clock.on(first + 0.01))
    told = venue.order_get(BTC, order_id=order.id)
    assert told.state is VenueOrderState.FILLED
    assert told.average_price == min(stop, D(f"{bars.open[first]:.2f}"))


def test_after_the_last_candle_there_is_no_price(
    account: Account, clock: Clock
) -> None:
    venue = PaperVenue(account, clock)
    clock.on(BARS + 5)
    with pytest.raises(ExchangeRejected, match="no candle") as told:
        venue.order_place(ask(BUY, quantity="0.01"))
    assert told.value.code == "price_stale"
    with pytest.raises(SymbolUnknown):
        venue.order_place(ask(BUY, symbol="ETH/USDT"))
